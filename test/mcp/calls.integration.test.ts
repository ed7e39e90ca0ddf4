// What becomes of calls in the database when they are cancelled, abandoned, or overtaken by the end of the process.
import { afterAll, beforeAll, expect } from "bun:test";
import { Effect, Exit, Fiber, Schedule, Scope } from "effect";
import { parseJson } from "../../src/mcp/messages.ts";
import { openSocket } from "../http/sockets.ts";
import { freshDatabase, startDewey } from "../rpc/deweyProcess.ts";
import { holdRow } from "../support/heldRow.ts";
import { it } from "../support/it.ts";

const scope = Scope.makeUnsafe();
let database: Effect.Success<typeof freshDatabase>;
let dewey: Effect.Success<ReturnType<typeof startDewey>>;

beforeAll(async () => {
  database = await Effect.runPromise(Scope.provide(freshDatabase, scope));
  dewey = await Effect.runPromise(Scope.provide(startDewey(database), scope));
}, 60_000);

afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)));

const http = () => `http://127.0.0.1:${dewey.port}/mcp`;

/** A client that has written `key`, and speaks JSON. */
const openClient = Effect.fnUntraced(function* (port: number, key: string) {
  const client = yield* openSocket(`ws://127.0.0.1:${port}/mcp`, { protocols: ["mcp"] });
  const send = (message: object) => client.send(JSON.stringify({ jsonrpc: "2.0", ...message }));
  const call = (id: number, name: string, input: object) =>
    send({ id, method: "tools/call", params: { name, arguments: input } });
  const next = Effect.map(client.next, parseJson);
  yield* call(0, "write_context", { key, content: "before" });
  yield* next;
  return { ...client, send, call, next };
});

const hold = (key: string) =>
  holdRow(database, `SELECT 1 FROM shared_context WHERE key = '${key}'`);

const after = { content: "after" };

it.effect("a cancelled call stops its query, and changes nothing", () =>
  Effect.gen(function* () {
    const key = "cancelled";
    const client = yield* openClient(dewey.port, key);
    const row = yield* hold(key);
    yield* client.call(1, "write_context", { key, ...after });
    yield* row.when(true);
    const params = { requestId: 1, reason: "enough" };
    yield* client.send({ method: "notifications/cancelled", params });
    yield* row.when(false);
    yield* row.letGo;
    yield* client.call(2, "read_context", { key });
    expect(yield* client.next).toMatchObject({
      id: 2,
      result: { structuredContent: { content: "before", version: 1 } },
    });
  }),
);

it.effect("a client that goes frees what its call held", () =>
  Effect.gen(function* () {
    const key = "abandoned";
    const client = yield* openClient(dewey.port, key);
    const row = yield* hold(key);
    yield* client.call(1, "write_context", { key, ...after });
    yield* row.when(true);
    client.socket.close();
    yield* row.when(false);
    yield* row.letGo;
  }),
);

it.effect("a stateless request whose client goes stops its query", () =>
  Effect.gen(function* () {
    const key = "stateless";
    yield* openClient(dewey.port, key);
    const row = yield* hold(key);
    const gone = new AbortController();
    const asked = fetch(http(), {
      method: "POST",
      signal: gone.signal,
      headers: {
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": "tools/call",
        "mcp-name": "write_context",
      },
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method: "tools/call",
        params: {
          name: "write_context",
          arguments: { key, ...after },
          _meta: {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
          },
        },
      }),
    }).catch(() => "gone");
    yield* row.when(true);
    gone.abort();
    yield* row.when(false);
    yield* row.letGo;
    expect(yield* Effect.promise(() => asked)).toBe("gone");
  }),
);

it.effect("a row that is held stops nobody else", () =>
  Effect.gen(function* () {
    const key = "held";
    const client = yield* openClient(dewey.port, key);
    const row = yield* hold(key);
    yield* client.call(1, "write_context", { key, ...after });
    yield* row.when(true);
    yield* client.call(2, "write_context", { key: "free", content: "free" });
    expect(yield* client.next).toMatchObject({ id: 2, result: { structuredContent: {} } });
    yield* row.letGo;
    expect(yield* client.next).toMatchObject({
      id: 1,
      result: { structuredContent: { version: 2 } },
    });
  }),
);

it.effect(
  "a process that is told to stop answers what is in flight, refuses the rest, and exits with 0",
  () =>
    Effect.gen(function* () {
      const own = yield* startDewey(database);
      const key = "ending";
      const client = yield* openClient(own.port, key);
      const row = yield* hold(key);
      yield* client.call(1, "write_context", { key, ...after });
      yield* row.when(true);
      const ended = yield* Effect.forkChild(own.end("SIGTERM"), { startImmediately: true });
      let id = 1;
      const refused = Effect.gen(function* () {
        yield* client.call(++id, "read_context", { key });
        return yield* client.next;
      });
      // The signal takes a moment to arrive; from then on every call is refused.
      yield* Effect.repeat(refused, {
        until: (reply) => JSON.stringify(reply).includes('"UNAVAILABLE"'),
        schedule: Schedule.spaced(10),
      });
      yield* row.letGo;
      expect(yield* client.next).toMatchObject({
        id: 1,
        result: { structuredContent: { version: 2 } },
      });
      expect((yield* client.closed).code).toBe(1001);
      expect(yield* Fiber.join(ended)).toBe(0);
    }),
  { timeout: 30_000 },
);
