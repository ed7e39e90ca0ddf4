import { describe, expect, test } from "bun:test";
import { Client as ModernClient } from "@modelcontextprotocol/client";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { WebSocketClientTransport } from "@modelcontextprotocol/sdk/client/websocket.js";
import { Effect, Logger } from "effect";
import { parseJson } from "../../src/mcp/messages.ts";
import { openSocket, run } from "../http/sockets.ts";
import { it } from "../support/it.ts";
import { serveMcp } from "./fixtures.ts";
import { initialize } from "./handshake.ts";
import { SocketTransport } from "./SocketTransport.ts";

const call = (id: number | string, name: string, args: object = {}) => ({
  jsonrpc: "2.0",
  id,
  method: "tools/call",
  params: { name, arguments: args },
});

/** A bare client that has initialized, and speaks JSON. */
const openSession = Effect.fnUntraced(function* (url: string, version?: string) {
  const client = yield* openSocket(url, { protocols: ["mcp"] });
  const next = Effect.map(client.next, parseJson);
  const send = (message: unknown) => client.send(JSON.stringify(message));
  yield* send(initialize(version));
  const initialized = yield* next;
  yield* send({ jsonrpc: "2.0", method: "notifications/initialized" });
  return { ...client, send, sendText: client.send, next, initialized };
});

const anyError: unknown = expect.objectContaining({ code: -32600 });

const silent = Effect.provide(Logger.layer([]));

describe("clients", () => {
  it.effect("the first SDK's client lists and calls", () =>
    Effect.gen(function* () {
      const { ws } = yield* serveMcp();
      const client = new Client({ name: "test", version: "1" });
      yield* Effect.promise(() => client.connect(new WebSocketClientTransport(new URL(ws))));
      const { tools } = yield* Effect.promise(() => client.listTools());
      expect(tools.map(({ name }) => name)).toEqual(["echo", "fail", "die", "whoami", "wait"]);
      const result = yield* Effect.promise(() =>
        client.callTool({ name: "echo", arguments: { a: 1 } }),
      );
      expect(result["structuredContent"]).toEqual({ input: { a: 1 } });
      expect(result["content"]).toEqual([{ type: "text", text: '{"input":{"a":1}}' }]);
      yield* Effect.promise(() => client.close());
    }),
  );

  test.each(["legacy", "auto"] as const)("the second SDK's client in the %s mode", (mode) =>
    run(
      Effect.gen(function* () {
        const { ws } = yield* serveMcp();
        const client = new ModernClient(
          { name: "test", version: "1" },
          { versionNegotiation: { mode } },
        );
        yield* Effect.promise(() => client.connect(new SocketTransport(ws)));
        expect(client.getNegotiatedProtocolVersion()).toBe(
          mode === "legacy" ? "2025-11-25" : "2026-07-28",
        );
        expect(client.getServerVersion()).toMatchObject({ name: "dewey", version: "0.1.0" });
        expect(client.getInstructions()).toContain("dewey_search");
        const { tools } = yield* Effect.promise(() => client.listTools());
        expect(tools).toHaveLength(5);
        const result = yield* Effect.promise(() =>
          client.callTool({ name: "fail", arguments: {} }),
        );
        expect(result).toMatchObject({ isError: true, structuredContent: { code: "NOT_FOUND" } });
        yield* Effect.promise(() => client.close());
      }),
    ),
  );

  test.each(["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"])(
    "version %s is agreed on",
    (version) =>
      run(
        Effect.gen(function* () {
          const { ws } = yield* serveMcp();
          const { initialized } = yield* openSession(ws, version);
          expect(initialized).toMatchObject({ result: { protocolVersion: version } });
        }),
      ),
  );

  it.effect("an unknown version gets the newest that has sessions", () =>
    Effect.gen(function* () {
      const { ws } = yield* serveMcp();
      const { initialized } = yield* openSession(ws, "1999-01-01");
      expect(initialized).toMatchObject({ result: { protocolVersion: "2025-11-25" } });
    }),
  );

  it.effect("a client that offers no subprotocol is served at / too", () =>
    Effect.gen(function* () {
      const { ws } = yield* serveMcp();
      const client = yield* openSocket(ws.replace("/mcp", "/"));
      yield* client.send(JSON.stringify(initialize()));
      expect(parseJson(yield* client.next)).toMatchObject({ id: "init", result: {} });
    }),
  );
});

describe("calls", () => {
  it.effect("are answered as they finish, many at once", () =>
    Effect.gen(function* () {
      const { ws, waiting, release } = yield* serveMcp();
      const client = yield* openSession(ws);
      yield* client.send(call(1, "wait"));
      yield* waiting;
      yield* client.send(call(2, "echo"));
      expect(yield* client.next).toMatchObject({ id: 2 });
      yield* release;
      expect(yield* client.next).toMatchObject({
        id: 1,
        result: { structuredContent: { waited: true } },
      });
    }),
  );

  it.effect("without arguments have none", () =>
    Effect.gen(function* () {
      const { ws } = yield* serveMcp();
      const client = yield* openSession(ws);
      yield* client.send({ ...call(1, "echo"), params: { name: "echo" } });
      expect(yield* client.next).toMatchObject({ result: { structuredContent: { input: {} } } });
    }),
  );

  it.effect("that fail are results that a model can read", () =>
    Effect.gen(function* () {
      const { ws } = yield* serveMcp();
      const client = yield* openSession(ws);
      yield* client.send(call(1, "fail"));
      expect(yield* client.next).toEqual({
        jsonrpc: "2.0",
        id: 1,
        result: {
          isError: true,
          content: [{ type: "text", text: "NOT_FOUND: Nothing of that name." }],
          structuredContent: {
            code: "NOT_FOUND",
            message: "Nothing of that name.",
            retryable: false,
          },
        },
      });
    }),
  );

  it.effect("of what does not exist, or in a wrong form, are protocol errors", () =>
    Effect.gen(function* () {
      const { ws } = yield* serveMcp();
      const client = yield* openSession(ws);
      const codeOf = Effect.fnUntraced(function* (message: object) {
        yield* client.send({ jsonrpc: "2.0", id: 1, ...message });
        return yield* client.next;
      });
      const invalid = { id: 1, error: { code: -32602 } };
      expect(yield* codeOf(call(1, "nothing"))).toMatchObject(invalid);
      expect(yield* codeOf({ method: "tools/call", params: { arguments: {} } })).toMatchObject(
        invalid,
      );
      expect(
        yield* codeOf({ method: "tools/call", params: { name: "echo", arguments: [1] } }),
      ).toMatchObject(invalid);
      expect(yield* codeOf({ method: "tools/list", params: { cursor: "x" } })).toMatchObject(
        invalid,
      );
      expect(yield* codeOf({ method: "nothing/here" })).toMatchObject({
        error: { code: -32601 },
      });
      expect(yield* codeOf({ method: "ping" })).toMatchObject({ result: {} });
    }),
  );

  it.effect("that break say nothing of the cause", () =>
    Effect.gen(function* () {
      const { ws } = yield* serveMcp().pipe(silent);
      const client = yield* openSession(ws);
      yield* client.send(call(1, "die"));
      const answer = yield* client.next;
      expect(answer).toMatchObject({ id: 1, error: { code: -32603 } });
      expect(JSON.stringify(answer)).not.toContain("secret");
      yield* client.send({ jsonrpc: "2.0", id: 2, method: "die" });
      const plain = yield* client.next;
      expect(plain).toMatchObject({ id: 2, error: { code: -32603 } });
      expect(JSON.stringify(plain)).not.toContain("secret");
    }),
  );

  it.effect("stop when they are cancelled, and are not answered", () =>
    Effect.gen(function* () {
      const { ws, waiting, interrupted } = yield* serveMcp();
      const client = yield* openSession(ws);
      yield* client.send(call(1, "wait"));
      yield* client.send({ jsonrpc: "2.0", id: 2, method: "wait" });
      yield* waiting;
      yield* waiting;
      for (const requestId of [1, 2]) {
        yield* client.send({
          jsonrpc: "2.0",
          method: "notifications/cancelled",
          params: { requestId },
        });
        yield* interrupted;
      }
      yield* client.send(call(1, "echo"));
      expect(yield* client.next).toMatchObject({ id: 1, result: { structuredContent: {} } });
    }),
  );

  it.effect("stop when their client goes", () =>
    Effect.gen(function* () {
      const { ws, waiting, interrupted } = yield* serveMcp();
      const client = yield* openSession(ws);
      yield* client.send(call(1, "wait"));
      yield* client.send({ jsonrpc: "2.0", id: 2, method: "wait" });
      yield* waiting;
      yield* waiting;
      client.socket.close();
      yield* interrupted;
      yield* interrupted;
    }),
  );

  it.effect("past the bound are refused until one is answered", () =>
    Effect.gen(function* () {
      const { ws, waiting, release } = yield* serveMcp({ maxInFlight: 2 });
      const client = yield* openSession(ws);
      for (const id of [1, 2]) yield* client.send(call(id, "wait"));
      yield* Effect.andThen(waiting, waiting);
      yield* client.send(call(3, "echo"));
      expect(yield* client.next).toMatchObject({
        id: 3,
        result: {
          isError: true,
          structuredContent: { code: "RATE_LIMITED", retryable: true, details: { limit: 2 } },
        },
      });
      yield* release;
      yield* Effect.andThen(client.next, client.next);
      yield* client.send(call(4, "echo"));
      expect(yield* client.next).toMatchObject({ result: { structuredContent: { input: {} } } });
    }),
  );
});

describe("the first Dewey's form", () => {
  it.effect("answers with the plain result, without any handshake", () =>
    Effect.gen(function* () {
      const { ws } = yield* serveMcp();
      const client = yield* openSocket(ws);
      yield* client.send('{"jsonrpc":"2.0","id":"a","method":"echo","params":{"x":1}}');
      expect(parseJson(yield* client.next)).toEqual({
        jsonrpc: "2.0",
        id: "a",
        result: { input: { x: 1 } },
      });
      yield* client.send('{"jsonrpc":"2.0","id":2,"method":"echo"}');
      expect(parseJson(yield* client.next)).toMatchObject({ id: 2, result: { input: {} } });
    }),
  );

  it.effect("answers failures with JSON-RPC errors that hold the same error", () =>
    Effect.gen(function* () {
      const { ws } = yield* serveMcp();
      const client = yield* openSocket(ws);
      yield* client.send('{"jsonrpc":"2.0","id":1,"method":"fail","params":{}}');
      expect(parseJson(yield* client.next)).toEqual({
        jsonrpc: "2.0",
        id: 1,
        error: {
          code: -32000,
          message: "Nothing of that name.",
          data: { code: "NOT_FOUND", message: "Nothing of that name.", retryable: false },
        },
      });
    }),
  );
});

describe("malformed input", () => {
  const parseError = { id: null, error: { code: -32700 } };
  const invalid = (id: unknown = null) => ({ id, error: { code: -32600 } });
  const cases: ReadonlyArray<readonly [string, string | Uint8Array, object]> = [
    ["not JSON", "{", parseError],
    ["nothing", "", parseError],
    ["a binary frame", new TextEncoder().encode('{"jsonrpc":"2.0"}'), parseError],
    ["a number", "1", invalid()],
    ["null", "null", invalid()],
    ["a string", '"x"', invalid()],
    ["an object", "{}", invalid()],
    ["no version", '{"id":1,"method":"ping"}', invalid(1)],
    ["another version", '{"jsonrpc":"1.0","id":1,"method":"ping"}', invalid(1)],
    ["a null id", '{"jsonrpc":"2.0","id":null,"method":"ping"}', invalid()],
    ["a broken id", '{"jsonrpc":"2.0","id":1.5,"method":"ping"}', invalid()],
    ["a huge id", '{"jsonrpc":"2.0","id":1e400,"method":"ping"}', invalid()],
    ["an object as id", '{"jsonrpc":"2.0","id":{},"method":"ping"}', invalid()],
    ["no method", '{"jsonrpc":"2.0","id":"a"}', invalid("a")],
    ["params that are a list", '{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}', invalid(1)],
    ["a batch", '[{"jsonrpc":"2.0","id":1,"method":"ping"}]', invalid()],
    ["an empty batch", "[]", invalid()],
    ["deep nesting", `${"[".repeat(100_000)}${"]".repeat(100_000)}`, { id: null, error: {} }],
    [
      "deep nesting in a message",
      `{"jsonrpc":"2.0","id":1,"x":${'{"a":'.repeat(5000)}1${"}".repeat(5000)}}`,
      invalid(1),
    ],
  ];

  test.each(cases)("%s gets the protocol's error, and the connection lives on", (_, text, error) =>
    run(
      Effect.gen(function* () {
        const { ws } = yield* serveMcp();
        const client = yield* openSession(ws);
        yield* client.sendText(text);
        expect(yield* client.next).toMatchObject({ jsonrpc: "2.0", ...error });
        yield* client.send(call(7, "echo"));
        expect(yield* client.next).toMatchObject({ id: 7, result: {} });
      }),
    ),
  );

  it.effect("responses to nothing are not answered", () =>
    Effect.gen(function* () {
      const { ws } = yield* serveMcp();
      const client = yield* openSession(ws);
      yield* client.send({ jsonrpc: "2.0", id: 99, result: {} });
      yield* client.send({ jsonrpc: "2.0", id: [], result: 1 });
      yield* client.send(call(7, "echo"));
      expect(yield* client.next).toMatchObject({ id: 7 });
    }),
  );

  it.effect("an id in use is refused", () =>
    Effect.gen(function* () {
      const { ws, waiting, release } = yield* serveMcp();
      const client = yield* openSession(ws);
      yield* client.send(call(1, "wait"));
      yield* waiting;
      yield* client.send(call(1, "echo"));
      expect(yield* client.next).toMatchObject(invalid(1));
      yield* release;
      expect(yield* client.next).toMatchObject({ id: 1, result: {} });
    }),
  );
});

describe("batches", () => {
  it.effect("answer ids in use too", () =>
    Effect.gen(function* () {
      const { ws, waiting, release } = yield* serveMcp();
      const client = yield* openSession(ws, "2025-03-26");
      yield* client.send(call(1, "wait"));
      yield* waiting;
      const unknown = { jsonrpc: "2.0", id: 3, method: "nothing/here" };
      yield* client.send([unknown, call(1, "echo"), call(2, "echo"), call(2, "echo")]);
      const answers = yield* client.next;
      expect(answers).toHaveLength(4);
      for (const id of [1, 2]) {
        const refused: unknown = expect.objectContaining({ id, error: anyError });
        expect(answers).toContainEqual(refused);
      }
      yield* release;
      expect(yield* client.next).toMatchObject({ id: 1, result: {} });
    }),
  );

  it.effect("are answered together where the version has them", () =>
    Effect.gen(function* () {
      const { ws, waiting, release } = yield* serveMcp();
      const client = yield* openSession(ws, "2025-03-26");
      yield* client.send([
        call(1, "wait"),
        { jsonrpc: "2.0", method: "notifications/initialized" },
        call(2, "echo"),
        { broken: true },
        { jsonrpc: "2.0", id: 3, method: "echo", params: {} },
      ]);
      yield* waiting;
      yield* client.send(call(4, "echo"));
      expect(yield* client.next).toMatchObject({ id: 4 });
      yield* release;
      const answers = yield* client.next;
      expect(answers).toHaveLength(4);
      expect(answers).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ id: 1 }),
          expect.objectContaining({ id: 2 }),
          expect.objectContaining({ id: 3 }),
          expect.objectContaining({ id: null }),
        ]),
      );
    }),
  );

  it.effect("do not wait for what was cancelled", () =>
    Effect.gen(function* () {
      const { ws, waiting, interrupted } = yield* serveMcp();
      const client = yield* openSession(ws, "2025-03-26");
      yield* client.send([call(1, "wait"), call(2, "echo")]);
      yield* waiting;
      yield* client.send({
        jsonrpc: "2.0",
        method: "notifications/cancelled",
        params: { requestId: 1 },
      });
      yield* interrupted;
      expect(yield* client.next).toMatchObject([{ id: 2 }]);
    }),
  );
});

it.effect("the end does not wait for subscriptions", () =>
  Effect.gen(function* () {
    const { ws, stop } = yield* serveMcp();
    const client = yield* openSocket(ws);
    const _meta = {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientCapabilities": {},
    };
    const params = { notifications: {}, _meta };
    const listen = { jsonrpc: "2.0", id: 1, method: "subscriptions/listen", params };
    yield* client.send(JSON.stringify(listen));
    expect(parseJson(yield* client.next)).toMatchObject({
      method: "notifications/subscriptions/acknowledged",
    });
    yield* stop;
    expect((yield* client.closed).code).toBe(1001);
  }),
);

it.effect("the end answers what is in flight and refuses what comes", () =>
  Effect.gen(function* () {
    const { ws, waiting, release, stop, drain } = yield* serveMcp();
    const client = yield* openSession(ws);
    yield* client.send(call(1, "wait"));
    yield* waiting;
    yield* Effect.forkChild(stop);
    yield* drain.begun;
    yield* client.send(call(2, "echo"));
    expect(yield* client.next).toMatchObject({
      id: 2,
      result: { isError: true, structuredContent: { code: "UNAVAILABLE", retryable: true } },
    });
    yield* client.send({ jsonrpc: "2.0", id: 3, method: "echo" });
    expect(yield* client.next).toMatchObject({
      id: 3,
      error: { code: -32000, data: { code: "UNAVAILABLE" } },
    });
    yield* release;
    expect(yield* client.next).toMatchObject({
      id: 1,
      result: { structuredContent: { waited: true } },
    });
    expect((yield* client.closed).code).toBe(1001);
  }),
);
