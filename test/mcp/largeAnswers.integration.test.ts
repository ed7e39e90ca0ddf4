// Many large answers at once, far more than may wait to be read: every one of them comes, over every transport, to
// clients that read; and a client that does not read makes the process hold no more than its share.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect } from "node:net";
import { type Context, Effect, Exit, Layer, Scope } from "effect";
import { AllAnswers, clientAnswerBytes, ProcessAnswers } from "../../src/http/AnswerBudget.ts";
import { listen } from "../../src/http/Listener.ts";
import { Catalog } from "../../src/mcp/Catalog.ts";
import { makeMcpDoor } from "../../src/mcp/McpDoor.ts";
import { toolOf } from "../../src/mcp/McpTool.ts";
import { parseJson } from "../../src/mcp/messages.ts";
import { serveClient } from "../../src/mcp/stdio.ts";
import { Access } from "../../src/services/Access.ts";
import { Drain } from "../../src/services/Drain.ts";
import { handshake } from "../http/sockets.ts";
import { initialize } from "./handshake.ts";

const answerBytes = 2_000_000;
const calls = 60;
const scope = Scope.makeUnsafe();
const all = new AllAnswers();
let made = 0;

const large = toolOf(
  { name: "large", inputSchema: { type: "object" }, annotations: { readOnlyHint: true } },
  () =>
    Effect.sync(() => {
      made++;
      return { text: "x".repeat(answerBytes) };
    }),
);

const layer = Layer.mergeAll(
  Drain.layer,
  Access.layerOpen,
  Layer.succeed(Catalog, Catalog.of({ tools: new Map([["large", large]]) })),
  Layer.succeed(ProcessAnswers, all),
);

const inScope = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>) =>
  Effect.runPromise(Scope.provide(effect, scope));

let context: Context.Context<Layer.Success<typeof layer>>;
let port: number;

beforeAll(async () => {
  context = await inScope(Layer.build(layer));
  const listening = Effect.gen(function* () {
    return yield* listen({
      hostname: "127.0.0.1",
      port: 0,
      doors: [yield* makeMcpDoor()],
      allowed: { hosts: [], origins: [] },
      shutdownTimeout: "1 second",
    });
  });
  port = (await inScope(Effect.provideContext(listening, context))).port;
});

afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)));

const call = (id: number, meta?: object) =>
  JSON.stringify({
    jsonrpc: "2.0",
    id,
    method: "tools/call",
    params: { name: "large", arguments: {}, ...(meta && { _meta: meta }) },
  });

const opening = JSON.stringify(initialize());

/** The ids of the answers, and whether each was whole. */
const collect = (count: number) => {
  const ids = new Set<unknown>();
  const done = Promise.withResolvers<number>();
  return {
    take: (text: string) => {
      const message = parseJson(text);
      if (typeof message !== "object" || message === null || !("id" in message)) return;
      if (message.id === "init") return;
      expect(text.length).toBeGreaterThan(2 * answerBytes);
      ids.add(message.id);
      if (ids.size === count) done.resolve(ids.size);
    },
    all: done.promise,
  };
};

/** After everything was read, nothing is counted any more. */
const nothingWaits = async () => {
  while (all.bytes > 0) await Bun.sleep(5);
  expect(all.waiting.size).toBe(0);
};

test("over a WebSocket", async () => {
  const { take, all: answered } = collect(calls);
  const socket = new WebSocket(`ws://127.0.0.1:${port}/mcp`, "mcp");
  socket.addEventListener("message", ({ data }) => take(String(data)));
  await new Promise((resolve) => socket.addEventListener("open", resolve));
  socket.send(opening);
  for (let id = 1; id <= calls; id++) socket.send(call(id));
  expect(await answered).toBe(calls);
  socket.close();
  await nothingWaits();
}, 30_000);

test("over stdio", async () => {
  const { take, all: answered } = collect(calls);
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const input = writable.getWriter();
  const serving = serveClient({
    input: readable,
    write: async (line) => take(line),
    shutdownTimeout: "1 second",
  });
  await inScope(Effect.forkScoped(Effect.provideContext(serving, context)));
  const lines = [opening, ...Array.from({ length: calls }, (_, index) => call(index + 1))];
  await input.write(new TextEncoder().encode(lines.map((line) => `${line}\n`).join("")));
  expect(await answered).toBe(calls);
  await nothingWaits();
}, 30_000);

const post = (body: string, headers: Record<string, string>) =>
  fetch(`http://127.0.0.1:${port}/mcp`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...headers,
    },
    body,
  });

const readAll = async (bodyOf: (id: number) => string, headers: Record<string, string>) => {
  const { take, all: answered } = collect(calls);
  const requests = Array.from({ length: calls }, async (_, index) => {
    const text = await (await post(bodyOf(index + 1), headers)).text();
    take(/^data: (.+)$/m.exec(text)?.[1] ?? text);
  });
  await Promise.all(requests);
  expect(await answered).toBe(calls);
  await nothingWaits();
};

test("in a session over HTTP", async () => {
  const opened = await post(opening, {});
  await opened.text();
  await readAll(call, { "mcp-session-id": opened.headers.get("mcp-session-id") ?? "" });
}, 30_000);

test(
  "over HTTP without a session",
  () =>
    readAll(
      (id) =>
        call(id, {
          "io.modelcontextprotocol/protocolVersion": "2026-07-28",
          "io.modelcontextprotocol/clientCapabilities": {},
        }),
      {
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": "tools/call",
        "mcp-name": "large",
      },
    ),
  30_000,
);

/** A frame of a short text, masked with zeros. */
const frameOf = (text: string) => {
  const head = Buffer.alloc(8);
  head[0] = 0x81;
  head[1] = 0x80 | 126;
  head.writeUInt16BE(Buffer.byteLength(text), 2);
  return Buffer.concat([head, Buffer.from(text)]);
};

test("a client that does not read has no more than its share waiting, and frees it when it goes", async () => {
  const before = made;
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  const head = handshake("/mcp", "Sec-WebSocket-Protocol: mcp").join("\r\n");
  await new Promise((resolve) => {
    socket.once("data", resolve);
    socket.write(`${head}\r\n\r\n`);
  });
  socket.pause();
  socket.write(frameOf(opening));
  for (let id = 1; id <= calls; id++) socket.write(frameOf(call(id)));
  const countAfter = async (millis: number) => {
    await Bun.sleep(millis);
    return made;
  };
  let last = before;
  // From the first answer on, until no more are made.
  for (let now = last; now === before || now !== last; ) {
    last = now;
    now = await countAfter(now === before ? 5 : 300);
  }
  expect(all.bytes).toBeGreaterThan(answerBytes);
  expect(all.bytes).toBeLessThanOrEqual(clientAnswerBytes);
  expect(made - before).toBeLessThan(calls / 2);
  socket.destroy();
  await nothingWaits();
}, 30_000);
