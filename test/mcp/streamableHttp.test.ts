import { describe, expect, test } from "bun:test";
import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernTransport,
} from "@modelcontextprotocol/client";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { Effect, Logger } from "effect";
import { TestClock } from "effect/testing";
import { parseJson } from "../../src/mcp/messages.ts";
import { run } from "../http/sockets.ts";
import { accessWith } from "../support/access.ts";
import { it } from "../support/it.ts";
import { serveMcp } from "./fixtures.ts";
import { initialize } from "./handshake.ts";

const call = (id: number | string, name: string, args: object = {}) => ({
  jsonrpc: "2.0",
  id,
  method: "tools/call",
  params: { name, arguments: args },
});

const newest = "2026-07-28";

/** A request of the stateless version, with the headers that it needs. */
const modern = (method: string, params: Record<string, unknown> = {}) => ({
  body: {
    jsonrpc: "2.0",
    id: 1,
    method,
    params: {
      ...params,
      _meta: {
        "io.modelcontextprotocol/protocolVersion": newest,
        "io.modelcontextprotocol/clientCapabilities": {},
      },
    },
  },
  headers: {
    "mcp-protocol-version": newest,
    "mcp-method": method,
    ...(typeof params["name"] === "string" && { "mcp-name": params["name"] }),
  },
});

const send = (
  url: string,
  body: unknown,
  options: { readonly headers?: Record<string, string>; readonly signal?: AbortSignal } = {},
) =>
  fetch(url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...options.headers,
    },
    body: typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body),
    ...(options.signal && { signal: options.signal }),
  });

const post = (...parameters: Parameters<typeof send>) => Effect.promise(() => send(...parameters));

/** The JSON of an answer, also where it is the one event of a stream. */
const answerOf = (response: Response): Effect.Effect<unknown> =>
  Effect.promise(async () => {
    const text = await response.text();
    return parseJson(/^data: (.+)$/m.exec(text)?.[1] ?? text);
  });

/** The headers of a session that has been opened. */
const openSession = Effect.fnUntraced(function* (
  url: string,
  options: { readonly version?: string; readonly headers?: Record<string, string> } = {},
) {
  const response = yield* post(url, initialize(options.version), {
    headers: options.headers ?? {},
  });
  yield* answerOf(response);
  return { "mcp-session-id": response.headers.get("mcp-session-id") ?? "", ...options.headers };
});

const silent = Effect.provide(Logger.layer([]));

describe("clients", () => {
  it.effect("the first SDK's client lists, calls and ends its session", () =>
    Effect.gen(function* () {
      const { http } = yield* serveMcp();
      const transport = new StreamableHTTPClientTransport(new URL(http));
      const client = new Client({ name: "test", version: "1" });
      yield* Effect.promise(async () => {
        await client.connect(transport);
        expect((await client.listTools()).tools).toHaveLength(5);
        const result = await client.callTool({ name: "echo", arguments: { a: 1 } });
        expect(result["structuredContent"]).toEqual({ input: { a: 1 } });
        await transport.terminateSession();
        await client.close();
      });
    }),
  );

  test.each([
    ["legacy", "2025-11-25"],
    ["auto", "2026-07-28"],
  ] as const)("the second SDK's client in the %s mode speaks %s", (mode, version) =>
    run(
      Effect.gen(function* () {
        const { http } = yield* serveMcp();
        const client = new ModernClient(
          { name: "test", version: "1" },
          { versionNegotiation: { mode } },
        );
        yield* Effect.promise(async () => {
          await client.connect(new ModernTransport(new URL(http)));
          expect(client.getNegotiatedProtocolVersion()).toBe(version);
          expect((await client.listTools()).tools).toHaveLength(5);
          const result = await client.callTool({ name: "echo", arguments: { a: 1 } });
          expect(result.structuredContent).toEqual({ input: { a: 1 } });
          const failed = await client.callTool({ name: "fail" });
          expect(failed).toMatchObject({
            isError: true,
            structuredContent: { code: "NOT_FOUND" },
          });
          await client.close();
        });
      }),
    ),
  );
});

describe("the stateless version", () => {
  it.effect("lists for everybody to cache, and calls", () =>
    Effect.gen(function* () {
      const { http } = yield* serveMcp();
      const list = modern("tools/list");
      const listed = yield* Effect.flatMap(post(http, list.body, list), answerOf);
      expect(listed).toMatchObject({
        id: 1,
        result: { resultType: "complete", cacheScope: "public", ttlMs: 300_000 },
      });
      const { body, headers } = modern("tools/call", { name: "echo", arguments: { a: 1 } });
      const response = yield* post(http, body, { headers });
      expect(response.status).toBe(200);
      expect(response.headers.has("mcp-session-id")).toBe(false);
      expect(yield* answerOf(response)).toMatchObject({
        id: 1,
        result: { structuredContent: { input: { a: 1 } } },
      });
    }),
  );

  it.effect("answers its protocol errors with their statuses", () =>
    Effect.gen(function* () {
      const { http } = yield* serveMcp();
      const unknownTool = modern("tools/call", { name: "nothing" });
      const unknown = yield* post(http, unknownTool.body, unknownTool);
      expect(yield* answerOf(unknown)).toMatchObject({ error: { code: -32602 } });
      const other = modern("nothing/here");
      const missing = yield* post(http, other.body, other);
      expect(missing.status).toBe(404);
      expect(yield* answerOf(missing)).toMatchObject({ error: { code: -32601 } });
      const mismatch = yield* post(http, modern("tools/list").body, {
        headers: { ...modern("tools/list").headers, "mcp-method": "tools/call" },
      });
      expect(mismatch.status).toBe(400);
      expect(yield* answerOf(mismatch)).toMatchObject({ error: { code: -32020 } });
    }),
  );

  it.effect("acknowledges a subscription, and ends it with the process", () =>
    Effect.gen(function* () {
      const { http, stop } = yield* serveMcp();
      const listen = modern("subscriptions/listen", { notifications: {} });
      const response = yield* post(http, listen.body, listen);
      expect(response.headers.get("content-type")).toBe("text/event-stream");
      yield* stop;
      const text = yield* Effect.promise(() => response.text());
      expect(text).toContain("notifications/subscriptions/acknowledged");
    }),
  );

  it.effect("stops a call whose client goes", () =>
    Effect.gen(function* () {
      const { http, waiting, interrupted } = yield* serveMcp();
      const gone = new AbortController();
      const { body, headers } = modern("tools/call", { name: "wait" });
      const asked = send(http, body, { headers, signal: gone.signal }).catch(() => "gone");
      yield* waiting;
      gone.abort();
      yield* interrupted;
      expect(yield* Effect.promise(() => asked)).toBe("gone");
    }),
  );
});

describe("a session", () => {
  it.effect("keeps its version, and ends when its client says so", () =>
    Effect.gen(function* () {
      const { http } = yield* serveMcp();
      const headers = yield* openSession(http, { version: "2025-06-18" });
      expect(headers["mcp-session-id"]).not.toBe("");
      const notified = yield* post(
        http,
        { jsonrpc: "2.0", method: "notifications/initialized" },
        { headers },
      );
      expect(notified.status).toBe(202);
      const answered = yield* Effect.flatMap(post(http, call(1, "echo"), { headers }), answerOf);
      expect(answered).toMatchObject({ id: 1, result: { structuredContent: { input: {} } } });
      const ended = yield* Effect.promise(() => fetch(http, { method: "DELETE", headers }));
      expect(ended.status).toBe(200);
      expect((yield* post(http, call(2, "echo"), { headers })).status).toBe(404);
    }),
  );

  it.effect("is needed, must be known, and opens with initialize alone", () =>
    Effect.gen(function* () {
      const { http } = yield* serveMcp();
      const none = yield* post(http, call(1, "echo"));
      expect(none.status).toBe(400);
      expect(yield* answerOf(none)).toMatchObject({ error: { code: -32000 } });
      const headers = { "mcp-session-id": crypto.randomUUID() };
      const unknown = yield* post(http, call(1, "echo"), { headers });
      expect(unknown.status).toBe(404);
      expect(yield* answerOf(unknown)).toMatchObject({ error: { code: -32001 } });
      for (const method of ["GET", "DELETE"]) {
        const get = (more: Record<string, string>) =>
          Effect.promise(() =>
            fetch(http, { method, headers: { accept: "text/event-stream", ...more } }),
          );
        expect((yield* get(headers)).status).toBe(404);
        expect((yield* get({})).status).toBe(method === "GET" ? 405 : 400);
      }
    }),
  );

  it.effect("belongs to the principal who opened it", () =>
    Effect.gen(function* () {
      const access = accessWith("alice:a, bob:b, carol:c, alice:other:read");
      const { http } = yield* serveMcp({ access });
      const alice = yield* openSession(http, { headers: { authorization: "Bearer a" } });
      const asAlice = yield* post(http, call(1, "whoami"), { headers: alice });
      expect(yield* answerOf(asAlice)).toMatchObject({
        result: { structuredContent: { name: "alice" } },
      });
      const asBob = yield* post(http, call(1, "whoami"), {
        headers: { ...alice, authorization: "Bearer b" },
      });
      expect(asBob.status).toBe(404);
      // By another token of the same name, which may do less.
      const asReader = yield* post(http, call(1, "whoami"), {
        headers: { ...alice, authorization: "Bearer other" },
      });
      expect(asReader.status).toBe(404);
      const { body, headers } = modern("tools/call", { name: "whoami" });
      const stateless = yield* post(http, body, {
        headers: { ...headers, authorization: "Bearer c" },
      });
      expect(yield* answerOf(stateless)).toMatchObject({
        result: { structuredContent: { name: "carol" } },
      });
    }),
  );

  it.effect("stops what its client cancels, and ends the stream of it", () =>
    Effect.gen(function* () {
      const { http, waiting, interrupted } = yield* serveMcp();
      const headers = yield* openSession(http);
      const response = yield* post(http, call(1, "wait"), { headers });
      yield* waiting;
      const params = { requestId: 1 };
      yield* post(http, { jsonrpc: "2.0", method: "notifications/cancelled", params }, { headers });
      yield* interrupted;
      expect(yield* Effect.promise(() => response.text())).not.toMatch(/^data: ./m);
    }),
  );

  it.effect("goes on with a call whose stream was lost, as the older versions want", () =>
    Effect.gen(function* () {
      const { http, waiting, release } = yield* serveMcp();
      const headers = yield* openSession(http);
      const gone = new AbortController();
      const lost = send(http, call(1, "wait"), { headers, signal: gone.signal })
        .then((response) => response.text())
        .catch(() => "gone");
      yield* waiting;
      gone.abort();
      expect(yield* Effect.promise(() => lost)).toBe("gone");
      const other = yield* post(http, call(2, "wait"), { headers });
      yield* waiting;
      yield* release;
      expect(yield* answerOf(other)).toMatchObject({
        id: 2,
        result: { structuredContent: { waited: true } },
      });
    }),
  );

  it.effect("that nobody uses is forgotten, unless somebody waits for it", () =>
    Effect.gen(function* () {
      const { http, waiting, release } = yield* serveMcp({ sessionIdle: "400 millis" });
      const idle = yield* openSession(http);
      const busy = yield* openSession(http);
      const listens = yield* openSession(http);
      const idleFor = (times: number) =>
        Effect.repeat(TestClock.adjust("100 millis"), { times: 4 * times });
      const answer = yield* post(http, call(1, "wait"), { headers: busy });
      yield* waiting;
      const stream = yield* Effect.promise(() =>
        fetch(http, { headers: { ...listens, accept: "text/event-stream" } }),
      );
      expect(stream.status).toBe(200);
      yield* idleFor(3);
      expect((yield* post(http, call(2, "echo"), { headers: idle })).status).toBe(404);
      expect((yield* post(http, call(2, "echo"), { headers: listens })).status).toBe(200);
      yield* idleFor(3);
      yield* release;
      expect(yield* answerOf(answer)).toMatchObject({ id: 1, result: {} });
      // The time counts from the end of the call.
      yield* idleFor(0.5);
      expect((yield* post(http, call(3, "echo"), { headers: busy })).status).toBe(200);
      yield* Effect.promise(async () => stream.body?.cancel());
    }).pipe(Effect.provide(TestClock.layer())),
  );

  it.effect("makes room for a new one when there are too many", () =>
    Effect.gen(function* () {
      const { http } = yield* serveMcp({ maxSessions: 2 });
      const first = yield* openSession(http);
      const second = yield* openSession(http);
      yield* post(http, call(1, "echo"), { headers: first });
      const third = yield* openSession(http);
      const statusOf = (headers: Record<string, string>) =>
        Effect.map(post(http, call(2, "echo"), { headers }), ({ status }) => status);
      expect(yield* statusOf(first)).toBe(200);
      expect(yield* statusOf(second)).toBe(404);
      expect(yield* statusOf(third)).toBe(200);
    }),
  );

  it.effect("has batches in one version alone", () =>
    Effect.gen(function* () {
      const { http } = yield* serveMcp();
      const batch = [call(1, "echo"), call(2, "echo")];
      const without = yield* openSession(http, { version: "2025-06-18" });
      const refused = yield* post(http, batch, { headers: without });
      expect(refused.status).toBe(400);
      expect(yield* answerOf(refused)).toMatchObject({ error: { code: -32600 } });
      const headers = yield* openSession(http, { version: "2025-03-26" });
      const answered = yield* post(http, batch, { headers });
      const text = yield* Effect.promise(() => answered.text());
      expect(text.match(/^data: /gm)).toHaveLength(2);
    }),
  );

  it.effect("refuses an id that is in use", () =>
    Effect.gen(function* () {
      const { http, waiting, release } = yield* serveMcp();
      const headers = yield* openSession(http, { version: "2025-03-26" });
      const first = yield* post(http, call(1, "wait"), { headers });
      yield* waiting;
      for (const body of [call(1, "echo"), [call(2, "echo"), call(2, "echo")]]) {
        const refused = yield* post(http, body, { headers });
        expect(refused.status).toBe(400);
        expect(yield* answerOf(refused)).toMatchObject({ error: { code: -32600 } });
      }
      yield* release;
      expect(yield* answerOf(first)).toMatchObject({ id: 1, result: {} });
    }),
  );

  it.effect("past its calls in flight is refused", () =>
    Effect.gen(function* () {
      const { http, waiting, release } = yield* serveMcp({ maxInFlight: 1 });
      const headers = yield* openSession(http);
      const first = yield* post(http, call(1, "wait"), { headers });
      yield* waiting;
      const second = yield* Effect.flatMap(post(http, call(2, "echo"), { headers }), answerOf);
      expect(second).toMatchObject({ result: { structuredContent: { code: "RATE_LIMITED" } } });
      yield* release;
      expect(yield* answerOf(first)).toMatchObject({ id: 1, result: {} });
    }),
  );
});

describe("malformed input", () => {
  const cases: ReadonlyArray<readonly [string, string | Uint8Array, number, number]> = [
    ["not JSON", "{", 400, -32700],
    ["nothing", "", 400, -32700],
    ["bytes that are no UTF-8", new Uint8Array([0x22, 0xff, 0x22]), 400, -32700],
    ["a number", "1", 400, -32600],
    ["an object", "{}", 400, -32600],
    ["an empty batch", "[]", 400, -32600],
    ["a null id", '{"jsonrpc":"2.0","id":null,"method":"ping"}', 400, -32600],
    ["deep nesting", `${"[".repeat(100_000)}${"]".repeat(100_000)}`, 400, -32600],
  ];

  test.each(cases)("%s", (_, body, status, code) =>
    run(
      Effect.gen(function* () {
        const { http } = yield* serveMcp();
        const headers = yield* openSession(http);
        for (const more of [{}, headers]) {
          const response = yield* post(http, body, { headers: more });
          expect(response.status).toBe(status);
          expect(yield* answerOf(response)).toMatchObject({ jsonrpc: "2.0", error: { code } });
        }
        expect((yield* post(http, call(1, "echo"), { headers })).status).toBe(200);
      }),
    ),
  );

  it.effect("another content type is 415, another method 405", () =>
    Effect.gen(function* () {
      const { http } = yield* serveMcp();
      const text = yield* post(http, call(1, "echo"), {
        headers: { "content-type": "text/plain" },
      });
      expect(text.status).toBe(415);
      const put = yield* Effect.promise(() => fetch(http, { method: "PUT" }));
      expect(put.status).toBe(405);
      expect(put.headers.get("allow")).toContain("POST");
    }),
  );

  it.effect("a call that breaks says nothing of the cause", () =>
    Effect.gen(function* () {
      const { http } = yield* serveMcp().pipe(silent);
      const { body, headers } = modern("tools/call", { name: "die" });
      const answer = yield* Effect.flatMap(post(http, body, { headers }), answerOf);
      expect(answer).toMatchObject({ error: { code: -32603 } });
      expect(JSON.stringify(answer)).not.toContain("secret");
    }),
  );
});

it.effect("the end answers what is in flight in both eras, and ends the streams", () =>
  Effect.gen(function* () {
    const { http, waiting, release, stop, drain } = yield* serveMcp();
    const headers = yield* openSession(http);
    const stream = yield* Effect.promise(() =>
      fetch(http, { headers: { ...headers, accept: "text/event-stream" } }),
    );
    const old = yield* post(http, call(1, "wait"), { headers });
    const request = modern("tools/call", { name: "wait" });
    const recent = send(http, request.body, request);
    yield* Effect.andThen(waiting, waiting);
    yield* Effect.forkChild(stop);
    yield* drain.begun;
    yield* release;
    const waited = { result: { structuredContent: { waited: true } } };
    expect(yield* answerOf(old)).toMatchObject({ id: 1, ...waited });
    const response = yield* Effect.promise(() => recent);
    expect(yield* answerOf(response)).toMatchObject({ id: 1, ...waited });
    expect(yield* Effect.promise(() => stream.text())).not.toContain("data:");
  }),
);
