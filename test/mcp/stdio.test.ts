import { expect } from "bun:test";
import { Context, Effect, Fiber, Layer, Queue } from "effect";
import { Catalog } from "../../src/mcp/Catalog.ts";
import { serveClient } from "../../src/mcp/stdio.ts";
import { Drain } from "../../src/services/Drain.ts";
import { it } from "../support/it.ts";
import { makeTools } from "./fixtures.ts";
import { initialization } from "./handshake.ts";

/** A client at the other end of the pipes. */
const serve = Effect.gen(function* () {
  const watched = yield* makeTools;
  const context = yield* Layer.build(
    Layer.mergeAll(Drain.layer, Layer.succeed(Catalog, Catalog.of({ tools: watched.tools }))),
  );
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const output = yield* Queue.unbounded<unknown>();
  const serving = yield* serveClient({
    input: readable,
    write: async (line) => {
      expect(line).toEndWith("\n");
      Queue.offerUnsafe(output, JSON.parse(line));
    },
    shutdownTimeout: "5 seconds",
    messageBytes: 1000,
  }).pipe(Effect.provideContext(context), Effect.forkScoped);
  const input = writable.getWriter();
  const write = (text: string) => Effect.promise(() => input.write(new TextEncoder().encode(text)));
  const send = (message: object) => write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  return {
    ...watched,
    serving,
    drain: Context.get(context, Drain),
    write,
    send,
    initialize: Effect.andThen(
      send({
        id: 0,
        method: "initialize",
        params: initialization(),
      }),
      Queue.take(output),
    ),
    call: (id: number, name: string) =>
      send({ id, method: "tools/call", params: { name, arguments: {} } }),
    next: Queue.take(output),
    end: Effect.promise(() => input.close()),
  };
});

it.effect("answers the client, and ends with its input", () =>
  Effect.gen(function* () {
    const client = yield* serve;
    expect(yield* client.initialize).toMatchObject({ id: 0, result: {} });
    yield* client.call(1, "whoami");
    expect(yield* client.next).toMatchObject({
      id: 1,
      result: { structuredContent: { name: "anonymous", space: "default" } },
    });
    yield* client.end;
    yield* Fiber.join(client.serving);
  }),
);

it.effect("answers what is in flight when its input ends", () =>
  Effect.gen(function* () {
    const client = yield* serve;
    yield* client.initialize;
    yield* client.call(1, "wait");
    yield* client.waiting;
    yield* client.end;
    yield* client.release;
    expect(yield* client.next).toMatchObject({ id: 1, result: {} });
    yield* Fiber.join(client.serving);
  }),
);

it.effect("answers what is in flight when it is told to stop", () =>
  Effect.gen(function* () {
    const client = yield* serve;
    yield* client.initialize;
    yield* client.call(1, "wait");
    yield* client.waiting;
    const stopped = yield* Effect.forkChild(Fiber.interrupt(client.serving));
    yield* client.drain.begun;
    yield* client.release;
    expect(yield* client.next).toMatchObject({ id: 1, result: {} });
    yield* Fiber.join(stopped);
  }),
);

it.effect("malformed lines get the protocol's errors, and the next is served", () =>
  Effect.gen(function* () {
    const client = yield* serve;
    yield* client.initialize;
    yield* client.write("{\n");
    expect(yield* client.next).toMatchObject({ id: null, error: { code: -32700 } });
    yield* client.write(`"${"x".repeat(2000)}"\n`);
    expect(yield* client.next).toMatchObject({ id: null, error: { code: -32000 } });
    yield* client.send({ id: 5, method: "echo", params: {} });
    expect(yield* client.next).toMatchObject({ id: 5, error: { code: -32601 } });
    yield* client.call(6, "echo");
    expect(yield* client.next).toMatchObject({ id: 6, result: {} });
  }),
);
