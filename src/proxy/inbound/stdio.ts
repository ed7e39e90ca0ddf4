/**
 * The one client that started this process and speaks over its standard input and output, one message a line. The lines
 * pass as the bytes that came.
 */
import { type Duration, Effect } from "effect";
import { type ClientLink, makeProxySession } from "../../actors/ProxySession.ts";
import type { ConnectBounds } from "../../actors/proxySession/connectBounds.ts";
import { frameOf, Lines, onOneLine } from "../../actors/upstreamProcess/lines.ts";
import type { Frame } from "../../domain/Frame.ts";
import { Drain } from "../../services/Drain.ts";
import { makeOpen } from "../openUpstream.ts";
import type { UpstreamKinds } from "../upstreams/registry.ts";
import { type Call, descriptionOf } from "./Inbound.ts";

/** The two ends of the pipe, and the bounds. */
export interface StdioOptions {
  readonly input: ReadableStream<Uint8Array>;
  /** Resolves when the bytes have been taken; rejects when nobody reads any more. */
  readonly write: (bytes: Uint8Array) => Promise<void>;
  /** How long requests in flight may take to finish at the end, of the input too. */
  readonly shutdownTimeout: Duration.Input;
  /** A longer line ends the session. */
  readonly messageBytes?: number;
  readonly connectBounds?: Partial<ConnectBounds>;
}

const MiB = 1024 * 1024;

/** What may wait to be read by the client before nothing more is sent. */
const roomBytes = MiB;

const newline = 0x0a;

const encoder = new TextEncoder();

const lineOf = (frame: Frame): Uint8Array => {
  const line = onOneLine(frame);
  if (typeof line === "string") return encoder.encode(`${line}\n`);
  const bytes = new Uint8Array(line.length + 1);
  bytes.set(line);
  bytes[line.length] = newline;
  return bytes;
};

const readerOf = (input: ReadableStream<Uint8Array>) => input.getReader();

/** The pipes as the end of a session. */
class PipeLink implements ClientLink {
  readonly #options: StdioOptions;
  readonly #reader: ReturnType<typeof readerOf>;
  readonly #broken = Promise.withResolvers<void>();
  #waitingBytes = 0;
  #lastWrite = Promise.resolve();
  #paused: PromiseWithResolvers<void> | undefined;
  #isGone = false;

  constructor(options: StdioOptions) {
    this.#options = options;
    this.#reader = readerOf(options.input);
  }

  readonly send = (frame: Frame): Promise<void> | undefined => {
    const bytes = lineOf(frame);
    this.#waitingBytes += bytes.length;
    const writing = this.#options.write(bytes).then(
      () => {
        this.#waitingBytes -= bytes.length;
      },
      () => this.#leave(),
    );
    this.#lastWrite = writing;
    return this.#waitingBytes < roomBytes ? undefined : writing;
  };

  /** Whether the client reads no more. */
  get isGone(): boolean {
    return this.#isGone;
  }

  readonly pause = (): void => {
    this.#paused ??= Promise.withResolvers<void>();
  };

  readonly resume = (): void => {
    this.#paused?.resolve();
    this.#paused = undefined;
  };

  /** The session's end is the process's: whoever serves waits for it. */
  readonly close = (): void => {};

  /** Resolves when what was sent has been taken, or nobody takes anything. */
  written(): Promise<void> {
    return Promise.race([this.#lastWrite, this.#broken.promise]);
  }

  /** Hands on the client's lines until its input ends or it reads no more; false after a line that was too long. */
  async read(receive: (frame: Frame) => void): Promise<boolean> {
    const { messageBytes = 16 * MiB } = this.#options;
    const lines = new Lines(messageBytes);
    const take = (line: Uint8Array) => receive(frameOf(line));
    while (!lines.isTooLong) {
      await this.#paused?.promise;
      const { value } = await this.#reader.read();
      if (value === undefined) break;
      lines.push(value, take);
    }
    if (!lines.isTooLong) lines.end(take);
    return !lines.isTooLong;
  }

  /** Reads nothing more. */
  release(): void {
    this.resume();
    this.#reader.cancel().catch(() => {});
  }

  /** A client that reads no more is gone, whether it still writes or not. */
  #leave(): void {
    this.#isGone = true;
    this.#broken.resolve();
    this.release();
  }
}

/**
 * Serves the one client until its input ends, and then lets the upstream finish. Interrupting it waits for what is in
 * flight. Neither takes longer than the timeout.
 */
export const serveStdio = Effect.fn("stdio.serveStdio")(function* (
  kinds: UpstreamKinds,
  call: Call,
  options: StdioOptions,
) {
  const drain = yield* Drain;
  const client = yield* Effect.acquireRelease(
    Effect.sync(() => new PipeLink(options)),
    (link) => Effect.sync(() => link.release()),
  );
  const session = yield* makeProxySession({
    description: descriptionOf(call, "stdio"),
    upstream: call.upstream,
    open: yield* makeOpen(kinds, call),
    client,
    ...(options.connectBounds === undefined ? {} : { connectBounds: options.connectBounds }),
  });
  const inTime = (effect: Effect.Effect<void>) =>
    effect.pipe(Effect.interruptible, Effect.timeoutOption(options.shutdownTimeout));
  const read = Effect.promise(() => client.read(session.receive)).pipe(
    Effect.tap((isWhole) =>
      isWhole ? Effect.void : Effect.logError("The client sent a line that is too long."),
    ),
    Effect.andThen(
      Effect.suspend(() =>
        client.isGone ? Effect.void : inTime(session.finish(options.shutdownTimeout)),
      ),
    ),
  );
  const ended = Effect.flatMap(session.ended, ({ reason }) => Effect.logError(reason));

  yield* Effect.raceFirst(read, ended).pipe(
    Effect.onInterrupt(() => Effect.andThen(drain.begin, inTime(drain.idle))),
    Effect.ensuring(inTime(Effect.promise(() => client.written()))),
  );
}, Effect.scoped);
