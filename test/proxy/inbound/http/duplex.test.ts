import { describe, expect } from "bun:test";
import { Effect, Option } from "effect";
import { TestClock } from "effect/testing";
import { accessWith } from "../../../support/access.ts";
import { it } from "../../../support/it.ts";
import { startUpstream, type UpstreamConnection } from "../../socketEnds.ts";
import { requestsTo, serveProxy } from "../proxied.ts";
import { messagesIn, readerOf } from "../scriptedServer.ts";

const newest = "2026-07-28";

const initialize = (version = "2025-11-25") => ({
  jsonrpc: "2.0",
  id: "i",
  method: "initialize",
  params: {
    protocolVersion: version,
    capabilities: {},
    clientInfo: { name: "tester", version: "1" },
  },
});

const call = (id: number | string, params: object = {}) => ({
  jsonrpc: "2.0",
  id,
  method: "tools/call",
  params: { name: "t", ...params },
});

const modern = (id: number | string, method: string, params: object = {}, meta: object = {}) => ({
  jsonrpc: "2.0",
  id,
  method,
  params: {
    ...params,
    _meta: {
      "io.modelcontextprotocol/protocolVersion": newest,
      "io.modelcontextprotocol/clientCapabilities": {},
      "io.modelcontextprotocol/clientInfo": { name: "tester", version: "1" },
      ...meta,
    },
  },
});

const modernHeaders = (method: string, name?: string) => ({
  "mcp-protocol-version": newest,
  "mcp-method": method,
  ...(name === undefined ? {} : { "mcp-name": name }),
});

const say = (server: UpstreamConnection, message: object) =>
  server.send(JSON.stringify({ jsonrpc: "2.0", ...message }));

/** A proxy in front of a WebSocket server that says what the test says. */
const setUp = Effect.fnUntraced(function* (options: Parameters<typeof serveProxy>[1] = {}) {
  const upstream = yield* Effect.acquireRelease(
    Effect.promise(() => startUpstream()),
    (running) => Effect.promise(() => running.stop()),
  );
  const { drain, http, streams } = yield* serveProxy(
    [{ _tag: "WebSocket", name: "up", url: upstream.url, headers: {}, onRestart: "resume" }],
    options,
  );
  const url = http("up");
  const { get, post } = requestsTo(url);
  /** Opens a session; its requests need the headers. */
  const open = async (version = "2025-11-25", more: Readonly<Record<string, string>> = {}) => {
    const answered = post(initialize(version), more);
    const server = await upstream.connections.next();
    const { id } = await server.message();
    say(server, { id, result: { protocolVersion: version, capabilities: {} } });
    const response = await answered;
    const session = {
      "mcp-session-id": response.headers.get("mcp-session-id") ?? "",
      "mcp-protocol-version": version,
      ...more,
    };
    await post({ jsonrpc: "2.0", method: "notifications/initialized" }, session);
    await server.message();
    return { server, session };
  };
  const framesOf = (index: number) =>
    (streams[index]?.frames ?? []).map(({ direction, frame }) => [direction, String(frame)]);
  return { upstream, streams, drain, framesOf, url, post, get, open };
});

describe("a session", () => {
  it.effect("answers plainly what needs no stream, and is one connection upstream", () =>
    Effect.gen(function* () {
      const { framesOf, open, post, streams } = yield* setUp();
      yield* Effect.promise(async () => {
        const { server, session } = await open();
        const answered = post('{"jsonrpc":"2.0", "id":1.0,"method":"x","params":{}}', session);
        expect(String(await server.received.next())).toBe(
          '{"jsonrpc":"2.0", "id":1.0,"method":"x","params":{}}',
        );
        server.send('{"jsonrpc":"2.0","result":{"a":1e400},"id":1}');
        const response = await answered;
        expect(response.headers.get("content-type")).toContain("application/json");
        expect(await response.text()).toBe('{"jsonrpc":"2.0","result":{"a":1e400},"id":1}');
      });
      expect(streams).toHaveLength(1);
      expect(streams[0]?.description).toMatchObject({
        kind: "session",
        client: "tester",
        transport: "http",
      });
      expect(framesOf(0)).toHaveLength(5);
    }),
  );

  it.effect("brings what a request causes on its own stream, and the rest where it is heard", () =>
    Effect.gen(function* () {
      const { get, open, post } = yield* setUp();
      yield* Effect.promise(async () => {
        const { server, session } = await open();
        const standing = readerOf(await get(session));
        const first = post(call(1, { _meta: { progressToken: "p" } }), session);
        const second = post(call(2, { _meta: { progressToken: 7 } }), session);
        await server.message();
        await server.message();
        const progress = (progressToken: unknown) => ({
          method: "notifications/progress",
          params: { progressToken, progress: 1 },
        });
        say(server, progress(7));
        say(server, progress("p"));
        say(server, { method: "notifications/tools/list_changed" });
        say(server, { id: 2, result: {} });
        say(server, { id: 1, result: {} });
        expect(messagesIn(await (await first).text())).toMatchObject([
          progress("p"),
          { id: 1, result: {} },
        ]);
        expect(messagesIn(await (await second).text())).toMatchObject([
          progress(7),
          { id: 2, result: {} },
        ]);
        await standing.until("list_changed");
      });
    }),
  );

  it.effect("lets the server ask the client, on the one stream that is open", () =>
    Effect.gen(function* () {
      const { open, post } = yield* setUp();
      yield* Effect.promise(async () => {
        const { server, session } = await open();
        const response = post(call(1), session);
        await server.message();
        say(server, { id: 100, method: "sampling/createMessage", params: {} });
        const reader = readerOf(await response);
        await reader.until("sampling/createMessage");
        const accepted = await post({ jsonrpc: "2.0", id: 100, result: { ok: 1 } }, session);
        expect(accepted.status).toBe(202);
        expect(await server.message()).toMatchObject({ id: 100, result: { ok: 1 } });
        say(server, { id: 1, result: {} });
        expect(messagesIn(await reader.rest()).at(-1)).toMatchObject({ id: 1 });
      });
    }),
  );

  it.effect("keeps for the next stream what nobody heard", () =>
    Effect.gen(function* () {
      const { get, open } = yield* setUp();
      yield* Effect.promise(async () => {
        const { server, session } = await open();
        say(server, { method: "notifications/a" });
        const reader = readerOf(await get(session));
        await reader.until("notifications/a");
        await reader.cancel();
        const again = readerOf(await get(session));
        say(server, { method: "notifications/b" });
        expect(await again.until("notifications/b")).not.toContain("notifications/a");
      });
    }),
  );

  it.effect("goes on behind the last event that a client has", () =>
    Effect.gen(function* () {
      const { get, open, post } = yield* setUp();
      yield* Effect.promise(async () => {
        const { server, session } = await open();
        const reader = readerOf(
          await Promise.all([
            post(call(1), session),
            server.message().then(() => say(server, { method: "notifications/a" })),
          ]).then(([response]) => response),
        );
        const text = await reader.until("notifications/a");
        await reader.cancel();
        const ids = [...text.matchAll(/^id: (.+)$/gm)].map(([, id = ""]) => id);
        say(server, { method: "notifications/b" });
        const [prelude = "", event = ""] = ids;
        const resumed = readerOf(await get({ ...session, "last-event-id": event }));
        const more = await resumed.until("notifications/b");
        expect(more).not.toContain("notifications/a");
        say(server, { id: 1, result: {} });
        expect(messagesIn(await resumed.rest()).at(-1)).toMatchObject({ id: 1, result: {} });
        const all = await (await get({ ...session, "last-event-id": prelude })).text();
        expect(messagesIn(all)).toMatchObject([
          { method: "notifications/a" },
          { method: "notifications/b" },
          { id: 1 },
        ]);
        const unknown = await get({ ...session, "last-event-id": "99-1" });
        expect(unknown.status).toBe(400);
      });
    }),
  );

  it.effect("takes batches in the version that has them, and in no other", () =>
    Effect.gen(function* () {
      const { open, post } = yield* setUp();
      yield* Effect.promise(async () => {
        const { server, session } = await open("2025-03-26");
        const batch = [call(1), { jsonrpc: "2.0", method: "notifications/x" }, call(2)];
        const answered = post(batch, { ...session, accept: "application/json" });
        expect(JSON.parse(String(await server.received.next()))).toEqual(batch);
        say(server, { id: 2, result: {} });
        say(server, { id: 1, result: {} });
        expect(await (await answered).json()).toMatchObject([{ id: 2 }, { id: 1 }]);
        const newer = await open();
        expect((await post(batch, newer.session)).status).toBe(400);
      });
    }),
  );

  it.effect("ends its stream with the request that was cancelled", () =>
    Effect.gen(function* () {
      const { open, post } = yield* setUp();
      yield* Effect.promise(async () => {
        const { server, session } = await open();
        const answered = post(call(1), session);
        await server.message();
        const cancelled = { method: "notifications/cancelled", params: { requestId: 1 } };
        await post({ jsonrpc: "2.0", ...cancelled }, session);
        expect(await server.message()).toMatchObject(cancelled);
        expect(messagesIn(await (await answered).text())).toEqual([]);
      });
    }),
  );

  it.effect("keeps no shutdown waiting for answers that nobody reads", () =>
    Effect.gen(function* () {
      const { drain, open, post } = yield* setUp();
      const leaving = new AbortController();
      const reader = yield* Effect.promise(async () => {
        const { server, session } = await open();
        // One whose stream had begun, because the server asks its client, and one who has heard nothing yet.
        const asked = post(call(1), session);
        await server.message();
        say(server, { id: 100, method: "sampling/createMessage", params: {} });
        const first = readerOf(await asked);
        await first.until("sampling/createMessage");
        await first.cancel();
        const waiting = post(call(2), session, leaving.signal).catch(() => "gone");
        await server.message();
        leaving.abort();
        expect(await waiting).toBe("gone");
        const third = post(call(3), session);
        await server.message();
        say(server, { method: "notifications/a" });
        return readerOf(await third);
      });
      yield* drain.begin;
      const early = yield* Effect.timeoutOption(drain.idle, "100 millis");
      expect(Option.isNone(early)).toBe(true);
      yield* Effect.promise(async () => reader.cancel());
      yield* drain.idle;
    }),
  );

  it.effect("ends by DELETE, upstream too", () =>
    Effect.gen(function* () {
      const { open, post, streams, url } = yield* setUp();
      yield* Effect.promise(async () => {
        const { server, session } = await open();
        const ended = await fetch(url, { method: "DELETE", headers: session });
        expect(ended.status).toBe(200);
        await server.closed;
        expect((await post(call(1), session)).status).toBe(404);
      });
      expect(streams[0]?.events).toEqual(["opened", "closed"]);
    }),
  );

  it.effect("that nobody uses is forgotten, unless somebody listens", () =>
    Effect.gen(function* () {
      const { get, open, post } = yield* setUp({ http: { sessionIdle: "40 seconds" } });
      const listening = yield* Effect.promise(() => open());
      const idle = yield* Effect.promise(() => open());
      const reader = readerOf(yield* Effect.promise(() => get(listening.session)));
      yield* Effect.repeat(TestClock.adjust("10 seconds"), { times: 8 });
      yield* Effect.promise(async () => {
        await idle.server.closed;
        expect((await post(call(1), idle.session)).status).toBe(404);
        say(listening.server, { method: "notifications/a" });
        await reader.until("notifications/a");
      });
      // The time counts from the end of the stream.
      yield* Effect.promise(async () => reader.cancel());
      yield* Effect.repeat(TestClock.adjust("10 seconds"), { times: 1 });
      yield* Effect.promise(async () => {
        const answered = post(call(2), listening.session);
        await listening.server.message();
        say(listening.server, { id: 2, result: {} });
        expect((await answered).status).toBe(200);
      });
    }).pipe(Effect.provide(TestClock.layer())),
  );

  it.effect("makes room for another where there may be no more, unless it is busy", () =>
    Effect.gen(function* () {
      const { get, open, post } = yield* setUp({ http: { maxSessions: 1 } });
      yield* Effect.promise(async () => {
        const first = await open();
        const second = await open();
        await first.server.closed;
        await get(second.session);
        expect((await post(initialize())).status).toBe(503);
      });
    }),
  );

  it.effect("is looked for by its id, its owner and a version that exists", () =>
    Effect.gen(function* () {
      const { open, post } = yield* setUp({
        access: accessWith("a:a-token:proxy:team, b:b-token:proxy:team"),
      });
      yield* Effect.promise(async () => {
        const { session } = await open("2025-11-25", { authorization: "Bearer a-token" });
        const other = { ...session, authorization: "Bearer b-token" };
        expect((await post(call(1), other)).status).toBe(404);
        const authorization = "Bearer a-token";
        expect((await post(call(1), { authorization })).status).toBe(400);
        const old = { ...session, "mcp-protocol-version": "1999-01-01" };
        expect((await post(call(1), old)).status).toBe(400);
        const typed = { ...session, "content-type": "text/plain" };
        expect((await post(call(1), typed)).status).toBe(415);
        expect((await post("{", session)).status).toBe(400);
      });
    }),
  );

  it.effect("outlives its upstream, and answers what that took with it", () =>
    Effect.gen(function* () {
      const { open, post, upstream } = yield* setUp();
      yield* Effect.promise(async () => {
        const { server, session } = await open();
        const answered = post(call(1), session);
        await server.message();
        server.cut();
        expect(await (await answered).json()).toMatchObject({
          id: 1,
          error: { code: -32_000, data: { retryable: true } },
        });
        const next = await upstream.connections.next();
        const repeated = await next.message();
        expect(repeated).toMatchObject({ method: "initialize" });
        say(next, {
          id: repeated["id"],
          result: { protocolVersion: "2025-11-25", capabilities: {} },
        });
        expect(await next.message()).toMatchObject({ method: "notifications/initialized" });
        const again = post(call(2), session);
        expect(await next.message()).toMatchObject({ id: 2 });
        say(next, { id: 2, result: {} });
        expect(await (await again).json()).toMatchObject({ id: 2, result: {} });
      });
    }),
  );
});

describe("stateless requests", () => {
  it.effect("share a connection under ids of their own, and see only theirs", () =>
    Effect.gen(function* () {
      const { framesOf, post, streams, upstream } = yield* setUp();
      yield* Effect.promise(async () => {
        const ask = (text: string) =>
          post(
            modern("same", "tools/call", { name: "t", arguments: { text } }, { progressToken: 5 }),
            modernHeaders("tools/call", "t"),
          );
        const answers = [ask("one"), ask("two")];
        const server = await upstream.connections.next();
        const requests = [await server.message(), await server.message()];
        const ids = requests.map(({ id }) => id);
        expect(new Set(ids).size).toBe(2);
        // The second is answered first.
        for (const { id, params } of requests.toReversed()) {
          expect(params).toMatchObject({ _meta: { progressToken: id } });
          say(server, {
            method: "notifications/progress",
            params: { progressToken: id, progress: 1 },
          });
          say(server, { id, result: { echoed: params } });
        }
        for (const [index, answered] of answers.entries()) {
          const [progress, answer] = messagesIn(await (await answered).text());
          expect(progress).toMatchObject({ params: { progressToken: 5 } });
          expect(answer).toMatchObject({
            id: "same",
            result: { echoed: { arguments: { text: ["one", "two"][index] } } },
          });
        }
      });
      expect(streams).toHaveLength(2);
      expect(streams[0]?.description).toMatchObject({ kind: "stateless", client: "tester" });
      expect(streams[1]?.description).toEqual(streams[0]?.description);
      // The record has the client's ids alone, and each answer beside its own request.
      for (const [index, text] of ["one", "two"].entries()) {
        const frames = framesOf(index).map(([, frame = ""]) => frame);
        expect(frames).toHaveLength(3);
        expect(frames.map((frame) => frame.includes(`"text":"${text}"`))).toEqual([
          true,
          false,
          true,
        ]);
        for (const frame of frames) expect(frame).toMatch(/"id":"same"|"progressToken":5,/);
      }
    }),
  );

  it.effect("go with the status that belongs to an error", () =>
    Effect.gen(function* () {
      const { post, upstream } = yield* setUp();
      yield* Effect.promise(async () => {
        const statuses: Array<number> = [];
        let server: UpstreamConnection | undefined;
        for (const code of [-32_601, -32_022, -32_602]) {
          const answered = post(modern(1, "x/y"), modernHeaders("x/y"));
          server ??= await upstream.connections.next();
          const { id } = await server.message();
          say(server, { id, error: { code, message: "no" } });
          statuses.push((await answered).status);
        }
        expect(statuses).toEqual([404, 400, 200]);
      });
    }),
  );

  it.effect("are refused where their headers say something else than their bodies", () =>
    Effect.gen(function* () {
      const { post } = yield* setUp();
      const body = modern(1, "tools/call", { name: "tür" });
      const codeOf = async (sent: unknown, headers: Readonly<Record<string, string>>) => {
        const response = await post(sent, headers);
        const [, code] = /"code":(-\d+)/.exec(await response.text()) ?? [];
        return [response.status, Number(code)];
      };
      const right = modernHeaders("tools/call", "=?base64?dMO8cg==?=");
      const { "mcp-name": _, ...unnamed } = right;
      yield* Effect.promise(async () => {
        const wrong: ReadonlyArray<Readonly<Record<string, string>>> = [
          { ...right, "mcp-protocol-version": "2025-11-25" },
          { ...right, "mcp-method": "tools/list" },
          { ...right, "mcp-name": "t" },
          { ...right, "mcp-name": "=?base64?dMO8c?=" },
          unnamed,
          {},
        ];
        for (const headers of wrong) {
          expect(await codeOf(body, headers)).toEqual([400, -32_020]);
        }
        const bare = { jsonrpc: "2.0", id: 1, method: "tools/list", params: {} };
        expect(await codeOf(bare, modernHeaders("tools/list"))).toEqual([400, -32_602]);
        expect(await codeOf("[]", {})).toEqual([400, -32_600]);
        expect(await codeOf("{", {})).toEqual([400, -32_700]);
      });
    }),
  );

  it.effect("share their connection with the notifications that come without a name", () =>
    Effect.gen(function* () {
      const { framesOf, post, streams, upstream } = yield* setUp();
      yield* Effect.promise(async () => {
        const nameless = (method: string, params: object = {}) =>
          post({ jsonrpc: "2.0", method, params }, modernHeaders(method));
        const named = (id: string, client: string, more: object = {}) =>
          post(
            modern(
              id,
              "x",
              {},
              {
                "io.modelcontextprotocol/clientInfo": { name: client, version: "1" },
                ...more,
              },
            ),
            modernHeaders("x"),
          );
        const log = { "io.modelcontextprotocol/logLevel": "info" };
        const first = named("a", "one", log);
        const one = await upstream.connections.next();
        const { id } = await one.message();
        const second = named("b", "two");
        const two = await upstream.connections.next();
        const other = await two.message();
        expect((await nameless("notifications/y")).status).toBe(202);
        expect(await two.message()).toMatchObject({ method: "notifications/y" });
        await nameless("notifications/cancelled", { requestId: "a" });
        expect(await one.message()).toMatchObject({
          method: "notifications/cancelled",
          params: { requestId: id },
        });
        say(one, { id, result: {} });
        say(two, { id: other["id"], result: {} });
        await Promise.all([first, second]);
      });
      expect(streams).toHaveLength(2);
      expect(framesOf(1).map(([direction]) => direction)).toEqual([
        "to_upstream",
        "to_upstream",
        "to_client",
      ]);
    }),
  );

  it.effect("are cancelled upstream when their clients go", () =>
    Effect.gen(function* () {
      const { framesOf, post, upstream } = yield* setUp();
      yield* Effect.promise(async () => {
        const leaving = new AbortController();
        const answered = post(modern("mine", "x"), modernHeaders("x"), leaving.signal).catch(
          () => "gone",
        );
        const server = await upstream.connections.next();
        const { id } = await server.message();
        leaving.abort();
        expect(await answered).toBe("gone");
        expect(await server.message()).toMatchObject({
          method: "notifications/cancelled",
          params: { requestId: id },
        });
        expect(framesOf(0).at(-1)?.[1]).toContain('"requestId":"mine"');
      });
    }),
  );

  it.effect("listen to what their subscriptions bring, under the ids that they know", () =>
    Effect.gen(function* () {
      const { post, upstream } = yield* setUp();
      yield* Effect.promise(async () => {
        const response = await post(
          modern("l", "subscriptions/listen", { notifications: { toolsListChanged: true } }),
          modernHeaders("subscriptions/listen"),
        );
        const server = await upstream.connections.next();
        const { id } = await server.message();
        const meta = { _meta: { "io.modelcontextprotocol/subscriptionId": id } };
        say(server, { method: "notifications/subscriptions/acknowledged", params: meta });
        say(server, { method: "notifications/tools/list_changed", params: meta });
        const reader = readerOf(response);
        const text = await reader.until("tools/list_changed");
        for (const message of messagesIn(text)) {
          expect(message).toMatchObject({
            params: { _meta: { "io.modelcontextprotocol/subscriptionId": "l" } },
          });
        }
        await reader.cancel();
        expect(await server.message()).toMatchObject({
          method: "notifications/cancelled",
          params: { requestId: id },
        });
      });
    }),
  );

  it.effect("give their connection back once they have ceased", () =>
    Effect.gen(function* () {
      const { post, upstream } = yield* setUp({ http: { sharedIdle: "20 millis" } });
      yield* Effect.promise(async () => {
        const answered = post(modern(1, "x"), modernHeaders("x"));
        const server = await upstream.connections.next();
        const { id } = await server.message();
        say(server, { id, result: {} });
        expect((await answered).status).toBe(200);
        await server.closed;
      });
    }),
  );

  it.effect("that want the log have a connection each while there are several", () =>
    Effect.gen(function* () {
      const { post, upstream } = yield* setUp();
      yield* Effect.promise(async () => {
        const ask = (id: number) =>
          post(
            modern(id, "x", {}, { "io.modelcontextprotocol/logLevel": "info" }),
            modernHeaders("x"),
          );
        const log = (text: string) => ({
          method: "notifications/message",
          params: { level: "info", data: text },
        });
        const first = ask(1);
        const one = await upstream.connections.next();
        const firstId = (await one.message())["id"];
        const second = ask(2);
        const two = await upstream.connections.next();
        const secondId = (await two.message())["id"];
        say(two, log("two"));
        say(one, log("one"));
        say(one, { id: firstId, result: {} });
        say(two, { id: secondId, result: {} });
        expect(messagesIn(await (await first).text())).toMatchObject([log("one"), { id: 1 }]);
        expect(messagesIn(await (await second).text())).toMatchObject([log("two"), { id: 2 }]);
      });
    }),
  );
});
