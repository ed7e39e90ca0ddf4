/** MCP over standard input and output, one message a line: what `dewey stdio` serves to the client that started it. */
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { type Duration, Effect, Schema, Stream } from "effect";
import { anonymous } from "../domain/Principal.ts";
import { Drain } from "../services/Drain.ts";
import { makeCalls } from "./Calls.ts";
import { Catalog } from "./Catalog.ts";
import { type Line, LineSplitter } from "./lines.ts";
import { notJson, tooLarge } from "./messages.ts";
import { serverMaker } from "./server.ts";
import { ListenTransport, mostListens } from "./subscriptions/ListenTransport.ts";
import { makeTelling } from "./subscriptions/telling.ts";
import { WireTransport } from "./WireTransport.ts";

/** The two ends of the pipe, and the bounds. */
export interface StdioOptions {
  readonly input: ReadableStream<Uint8Array>;
  /** Resolves when the line has been taken; rejects when nobody reads any more. */
  readonly write: (line: string) => Promise<void>;
  /** How long calls in flight may take to finish at the end. */
  readonly shutdownTimeout: Duration.Input;
  readonly messageBytes?: number;
  readonly maxInFlight?: number;
}

/** The client's pipe broke; there is nobody left to serve. */
class PipeBroken extends Schema.TaggedError<PipeBroken>()("PipeBroken", {
  cause: Schema.Defect(),
}) {}

/** Both ends as this process has them. */
interface ProcessPipes {
  readonly input: StdioOptions["input"];
  readonly write: (line: string | Uint8Array) => Promise<void>;
}

/** This process's own standard input and output. */
export const processPipes = (): ProcessPipes => {
  // A client that closes its end is noticed by the write that fails; without a listener it would end the process.
  process.stdout.on("error", () => {});
  return {
    input: Bun.stdin.stream(),
    write: (line) =>
      new Promise((resolve, reject) => {
        process.stdout.write(line, (error) => (error ? reject(error) : resolve()));
      }),
  };
};

/**
 * Serves the one client until its input ends, and then answers what is in flight. Interrupting it answers that too,
 * within the timeout.
 */
export const serveClient = Effect.fn("stdio.serveClient")(function* (options: StdioOptions) {
  const { input, write, messageBytes = 16 * 1024 * 1024, maxInFlight = 64 } = options;
  const drain = yield* Drain;
  const catalog = yield* Catalog;
  const makeServer = serverMaker(catalog);
  const tell = (yield* makeTelling(catalog))(anonymous);
  const calls = (yield* makeCalls(maxInFlight))(anonymous);
  let written = Promise.resolve();
  const transport = new WireTransport({
    write: (text) => {
      const writing = write(`${text}\n`);
      written = writing.catch(() => {});
      return writing;
    },
    close: () => {},
    enter: drain.enter,
    answered: calls.answered,
  });
  yield* Effect.addFinalizer(() => Effect.sync(() => transport.disconnected()));
  serveStdio(() => makeServer(calls, tell), {
    transport: new ListenTransport({ wire: transport, catalog, principal: anonymous, tell }),
    maxSubscriptions: mostListens,
  });

  const receive = (line: Line) => {
    if ("text" in line) transport.receive(line.text);
    else transport.refuse(line.fault === "tooLong" ? tooLarge(messageBytes) : notJson);
  };
  const splitter = new LineSplitter(messageBytes);
  const read = Stream.fromReadableStream({
    evaluate: () => input,
    onError: (cause) => new PipeBroken({ cause }),
  }).pipe(
    Stream.runForEach((chunk) => {
      splitter.push(chunk).forEach(receive);
      // A client that does not read its answers is not read either.
      return Effect.promise(() => written);
    }),
    Effect.catchTag("PipeBroken", (error) => Effect.logDebug("The client's pipe broke.", error)),
    Effect.andThen(Effect.sync(() => splitter.end().forEach(receive))),
  );
  const answered = Effect.promise(() => transport.answered());

  yield* Effect.andThen(read, answered).pipe(
    Effect.onInterrupt(() =>
      Effect.andThen(
        drain.begin,
        answered.pipe(Effect.interruptible, Effect.timeoutOption(options.shutdownTimeout)),
      ),
    ),
  );
}, Effect.scoped);
