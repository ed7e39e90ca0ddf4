import { describe, expect } from "bun:test";
import { Effect, type Layer } from "effect";
import type { HttpUpstream } from "../../../../src/domain/Upstream.ts";
import type { Access } from "../../../../src/services/Access.ts";
import { accessWith } from "../../../support/access.ts";
import { it } from "../../../support/it.ts";
import { requestsTo, serveProxy } from "../proxied.ts";
import {
  messagesIn,
  type Received,
  readerOf,
  type Script,
  scriptedServer,
  writtenStream,
} from "../scriptedServer.ts";

const json = (value: unknown, init?: ResponseInit) => Response.json(value, init);

const idIn = (body: string): unknown => {
  const message: unknown = JSON.parse(body);
  return typeof message === "object" && message !== null && "id" in message ? message.id : null;
};

const methodIn = ({ body, method }: Received): string => {
  if (body === "") return method;
  const message: unknown = JSON.parse(body);
  return typeof message === "object" && message !== null && "method" in message
    ? String(message.method)
    : "response";
};

const result = (body: string, value: unknown = {}) => ({
  jsonrpc: "2.0",
  id: idIn(body),
  result: value,
});

const request = (id: number | string, method: string, params: object = {}) => ({
  jsonrpc: "2.0",
  id,
  method,
  params,
});

const initialize = request("i", "initialize", {
  protocolVersion: "2025-11-25",
  capabilities: {},
  clientInfo: { name: "tester", version: "1" },
});

const capabilities = { tools: { listChanged: true }, logging: {} };

/** A server that keeps sessions; a new one knows none of those before. */
const sessionServer = (more: (received: Received) => Response | Promise<Response> | undefined) => {
  let sessions = 0;
  const known = new Set<string>();
  const script: Script = (received) => {
    const { body, headers, method } = received;
    if (methodIn(received) === "initialize") {
      const id = `s${++sessions}-${crypto.randomUUID()}`;
      known.add(id);
      return json(result(body, { protocolVersion: "2025-11-25", capabilities }), {
        headers: { "mcp-session-id": id },
      });
    }
    if (!known.has(headers.get("mcp-session-id") ?? "")) {
      const error = { code: -32_001, message: "Session not found" };
      return json({ jsonrpc: "2.0", id: null, error }, { status: 404 });
    }
    const answer = more(received);
    if (answer !== undefined) return answer;
    if (method === "DELETE") return new Response(null, { status: 200 });
    return body.includes('"id"') ? json(result(body)) : new Response(null, { status: 202 });
  };
  return { script, forget: () => known.clear() };
};

interface Options {
  readonly entry?: Partial<HttpUpstream>;
  readonly access?: Layer.Layer<Access>;
}

/** A proxy in front of a scripted server, and a client of it. */
const setUp = Effect.fnUntraced(function* (script: Script, { access, entry }: Options = {}) {
  const server = yield* scriptedServer(script);
  const { http, streams } = yield* serveProxy(
    [{ _tag: "Http", name: "up", url: server.url, headers: {}, onRestart: "resume", ...entry }],
    access === undefined ? {} : { access },
  );
  const url = http("up");
  const { get, post } = requestsTo(url);
  /** Opens a session and answers the headers of its requests. */
  const open = async (headers: Readonly<Record<string, string>> = {}) => {
    const response = await post(initialize, headers);
    await response.text();
    const session = {
      "mcp-session-id": response.headers.get("mcp-session-id") ?? "",
      "mcp-protocol-version": "2025-11-25",
      ...headers,
    };
    await post({ jsonrpc: "2.0", method: "notifications/initialized" }, session);
    return session;
  };
  const framesOf = (index: number) =>
    (streams[index]?.frames ?? []).map(({ direction, frame }) => [direction, String(frame)]);
  return { server, streams, url, post, get, open, framesOf };
});

const retryable = (id: number | string) => ({
  jsonrpc: "2.0",
  id,
  error: { code: -32_000, data: { retryable: true, upstream: "up" } },
});

describe("a request that goes through", () => {
  it.effect(
    "keeps its method, its bytes and MCP's headers, and loses what is for Dewey alone",
    () =>
      Effect.gen(function* () {
        const { post, server } = yield* setUp(({ body }) => json(result(body)), {
          entry: { headers: { Authorization: "Bearer upstream", "X-Own": "1" } },
        });
        const body = '{"jsonrpc":"2.0", "id":1.0,"method":"x/y","params":{"ü":1e400}}';
        yield* Effect.promise(() =>
          post(body, {
            authorization: "Bearer client",
            cookie: "a=b",
            origin: "http://localhost",
            "mcp-param-place": "x",
            "x-dewey-session": "s",
            "x-forwarded-for": "1.2.3.4",
            "x-else": "kept",
          }),
        );
        const [received] = server.received;
        expect(received).toMatchObject({ method: "POST", body });
        const headers = Object.fromEntries(received?.headers ?? []);
        expect(headers).toMatchObject({
          authorization: "Bearer upstream",
          "x-own": "1",
          origin: "http://localhost",
          "mcp-param-place": "x",
          "x-else": "kept",
          "accept-encoding": "identity",
          host: new URL(server.url).host,
        });
        for (const name of ["cookie", "x-dewey-session", "x-forwarded-for"]) {
          expect(headers).not.toHaveProperty(name);
        }
      }),
  );

  it.effect("is captured before the upstream sees it, and its answer before the client does", () =>
    Effect.gen(function* () {
      const seen: Array<number> = [];
      const { framesOf, post, streams } = yield* setUp(({ body }) => {
        seen.push(framesOf(0).length);
        return json(result(body, { a: [1] }));
      });
      const body = JSON.stringify(request(7, "tools/list"));
      const response = yield* Effect.promise(() => post(body, { "user-agent": "agent/1.0 (x)" }));
      const answer = yield* Effect.promise(() => response.text());
      expect(seen).toEqual([1]);
      expect(framesOf(0)).toEqual([
        ["to_upstream", body],
        ["to_client", answer],
      ]);
      expect(streams[0]?.description).toMatchObject({
        kind: "stateless",
        client: "agent",
        upstream: "up",
        transport: "http",
        isDewey: false,
      });
    }),
  );

  it.effect("is recorded beside its own answer, whoever uses the same id meanwhile", () =>
    Effect.gen(function* () {
      const slow = Promise.withResolvers<void>();
      const asked = Promise.withResolvers<void>();
      const { framesOf, post, streams } = yield* setUp(async ({ body }) => {
        const text = body.includes("slow") ? "slow" : "fast";
        if (text === "slow") {
          asked.resolve();
          await slow.promise;
        }
        return json(result(body, { text }));
      });
      const call = (text: string) => request(1, "tools/call", { name: "t", arguments: { text } });
      yield* Effect.promise(async () => {
        const first = post(call("slow"));
        await asked.promise;
        await (await post(call("fast"))).text();
        slow.resolve();
        await (await first).text();
        await (await post(call("fast"))).text();
      });
      // The third has one of the two for itself.
      expect(streams).toHaveLength(2);
      const textsOf = (index: number) =>
        framesOf(index).map(([, frame = ""]) => /"text":"(\w+)"/.exec(frame)?.[1]);
      // What was given back last is lent first.
      expect(textsOf(0)).toEqual(["slow", "slow", "fast", "fast"]);
      expect(textsOf(1)).toEqual(["fast", "fast"]);
    }),
  );

  it.effect("is refused where the name of its session is too long to be kept whole", () =>
    Effect.gen(function* () {
      const { post, server, streams } = yield* setUp(({ body }) => json(result(body)));
      yield* Effect.promise(async () => {
        const named = (length: number) =>
          post(request(1, "tools/list"), { "x-dewey-session": "x".repeat(length) });
        expect((await named(255)).status).toBe(200);
        const refused = await named(256);
        expect(refused.status).toBe(400);
        expect(await refused.text()).toContain("256 characters");
      });
      expect(server.received).toHaveLength(1);
      expect(streams).toHaveLength(1);
    }),
  );

  it.effect("brings back status and headers, but no cookie, of any answer", () =>
    Effect.gen(function* () {
      const { framesOf, post } = yield* setUp(({ body }) =>
        json(
          { jsonrpc: "2.0", id: idIn(body), error: { code: -32_601, message: "no" } },
          { status: 404, headers: { "x-its": "1", "set-cookie": "a=b" } },
        ),
      );
      const response = yield* Effect.promise(() => post(request(1, "x")));
      expect(response.status).toBe(404);
      expect(response.headers.get("x-its")).toBe("1");
      expect(response.headers.get("set-cookie")).toBeNull();
      expect(framesOf(0)).toHaveLength(2);
    }),
  );

  it.effect("is recorded plain where the upstream packs its answer all the same", () =>
    Effect.gen(function* () {
      const { framesOf, post } = yield* setUp(
        ({ body }) =>
          new Response(Bun.gzipSync(JSON.stringify(result(body))), {
            headers: { "content-type": "application/json", "content-encoding": "gzip" },
          }),
      );
      const response = yield* Effect.promise(() => post(request(1, "x")));
      const text = yield* Effect.promise(() => response.text());
      expect(JSON.parse(text)).toEqual({ jsonrpc: "2.0", id: 1, result: {} });
      expect(framesOf(0)[1]).toEqual(["to_client", text]);
    }),
  );

  it.effect("follows the upstream to another path, and to no other host", () =>
    Effect.gen(function* () {
      const other = yield* scriptedServer(({ body }) => json(result(body)));
      const redirect = (location: string) =>
        new Response(null, { status: 307, headers: { location } });
      let isFirst = true;
      const { post, server } = yield* setUp(({ body }) => {
        if (!isFirst) return json(result(body));
        isFirst = false;
        return redirect("/mcp/");
      });
      const followed = yield* Effect.promise(() => post(request(1, "x")));
      expect(yield* Effect.promise(() => followed.json())).toMatchObject({ result: {} });
      server.script = () => redirect(other.url);
      const refused = yield* Effect.promise(() => post(request(2, "x")));
      expect(yield* Effect.promise(() => refused.json())).toMatchObject(retryable(2));
      expect(other.received).toEqual([]);
    }),
  );

  it.effect("is given up upstream when its client goes before the answer", () =>
    Effect.gen(function* () {
      const arrived = Promise.withResolvers<AbortSignal>();
      const { framesOf, post } = yield* setUp(({ signal }) => {
        arrived.resolve(signal);
        return new Promise<Response>(() => {});
      });
      const leaving = new AbortController();
      const asked = post(request(1, "x"), {}, leaving.signal).catch(() => "gone");
      const signal = yield* Effect.promise(() => arrived.promise);
      const gone = new Promise<void>((resolve) => {
        signal.addEventListener("abort", () => resolve());
      });
      leaving.abort();
      yield* Effect.promise(() => gone);
      expect(yield* Effect.promise(() => asked)).toBe("gone");
      expect(framesOf(0)).toHaveLength(1);
    }),
  );

  it.effect("of a batch is one frame, and each request of it is answered where none can be", () =>
    Effect.gen(function* () {
      const { framesOf, post, server } = yield* setUp(() => json([]));
      yield* Effect.promise(() => server.kill());
      const body = JSON.stringify([request(1, "a"), request("b", "b")]);
      const response = yield* Effect.promise(() => post(body));
      expect(yield* Effect.promise(() => response.json())).toMatchObject([
        retryable(1),
        retryable("b"),
      ]);
      expect(framesOf(0)).toHaveLength(2);
    }),
  );
});

describe("a stream that goes through", () => {
  it.effect("comes event by event as the bytes that it is made of", () =>
    Effect.gen(function* () {
      const stream = writtenStream({ "x-accel-buffering": "no" });
      const { framesOf, post } = yield* setUp(() => stream.response);
      const response = yield* Effect.promise(() => post(request(1, "x")));
      expect(response.headers.get("x-accel-buffering")).toBe("no");
      const reader = readerOf(response);
      const first = ': hello\n\nid: 1\nretry: 5\ndata: \n\nevent: message\r\ndata: {"a":\r\n';
      stream.write(first);
      yield* Effect.promise(() => reader.until("data: \n\n"));
      expect(framesOf(0)).toHaveLength(1);
      const second = 'data: 1}\r\n\r\ndata:{"jsonrpc":"2.0","id":1,"result":{}}\n\n';
      stream.write(second);
      const text = yield* Effect.promise(() => reader.until('"result":{}}\n\n'));
      // The heads of both answers may have been sent with a comment of their own.
      expect(text.replace(/^(?::\n\n)+/, "")).toBe(first + second);
      expect(framesOf(0).slice(1)).toEqual([
        ["to_client", '{"a":\n1}'],
        ["to_client", '{"jsonrpc":"2.0","id":1,"result":{}}'],
      ]);
      stream.end();
      yield* Effect.promise(() => reader.rest());
    }),
  );

  it.effect("is given up upstream when its client goes", () =>
    Effect.gen(function* () {
      const stream = writtenStream();
      const { post } = yield* setUp(() => stream.response);
      const leaving = new AbortController();
      const response = yield* Effect.promise(() => post(request(1, "x"), {}, leaving.signal));
      stream.write('data: {"jsonrpc":"2.0","method":"notifications/x"}\n\n');
      yield* Effect.promise(() => readerOf(response).until("notifications/x"));
      leaving.abort();
      yield* Effect.promise(() => stream.gone);
    }),
  );

  it.effect("that is cut answers what is open with an error, and ends", () =>
    Effect.gen(function* () {
      const stream = writtenStream();
      const { framesOf, post, server } = yield* setUp(() => stream.response);
      const response = yield* Effect.promise(() => post(request(1, "x")));
      const reader = readerOf(response);
      stream.write('data: {"jsonrpc":"2.0","method":"notifications/x"}\n\ndata: {"half":');
      yield* Effect.promise(() => reader.until("notifications/x"));
      yield* Effect.promise(() => server.kill());
      const messages = messagesIn(yield* Effect.promise(() => reader.rest()));
      expect(messages).toMatchObject([{ method: "notifications/x" }, retryable(1)]);
      expect(framesOf(0)).toHaveLength(3);
      expect(server.received).toHaveLength(1);
    }),
  );

  it.effect("that ends without an answer is answered, where it cannot be resumed", () =>
    Effect.gen(function* () {
      const stream = writtenStream();
      const { post } = yield* setUp(() => stream.response);
      const response = yield* Effect.promise(() => post(request(1, "x")));
      stream.end();
      const text = yield* Effect.promise(() => response.text());
      expect(messagesIn(text)).toMatchObject([retryable(1)]);
    }),
  );

  it.effect("that was cut behind an event with an id goes on from there", () =>
    Effect.gen(function* () {
      const cut = writtenStream();
      const { script } = sessionServer((received) => {
        const { body, headers, method } = received;
        if (method === "GET") {
          expect(headers.get("last-event-id")).toBe("e1");
          return new Response(`id: e2\ndata: {"jsonrpc":"2.0","id":5,"result":{"a":1}}\n\n`, {
            headers: { "content-type": "text/event-stream" },
          });
        }
        return body.includes('"id":5') ? cut.response : undefined;
      });
      const { framesOf, open, post, server } = yield* setUp(script);
      const session = yield* Effect.promise(() => open());
      const response = yield* Effect.promise(() => post(request(5, "x"), session));
      const reader = readerOf(response);
      cut.write('id: e1\ndata: {"jsonrpc":"2.0","method":"notifications/x"}\n\n');
      yield* Effect.promise(() => reader.until("notifications/x"));
      yield* Effect.promise(() => server.kill());
      server.start();
      const messages = messagesIn(yield* Effect.promise(() => reader.rest()));
      expect(messages).toMatchObject([{ method: "notifications/x" }, { id: 5, result: { a: 1 } }]);
      expect(framesOf(0).at(-1)?.[1]).toContain('"a":1');
    }),
  );
});

describe("an upstream that is away", () => {
  it.effect("is tried again for a while, and what was asked arrives once", () =>
    Effect.gen(function* () {
      const { post, server } = yield* setUp(({ body }) => json(result(body)));
      yield* Effect.promise(() => server.kill());
      const asked = post(request(1, "x"));
      yield* Effect.sleep("10 millis");
      server.start();
      const response = yield* Effect.promise(() => asked);
      expect(yield* Effect.promise(() => response.json())).toMatchObject({ id: 1, result: {} });
      expect(server.received).toHaveLength(1);
    }),
  );

  it.effect("is given up after the bound, with an error that the client's session outlives", () =>
    Effect.gen(function* () {
      const { script } = sessionServer(() => undefined);
      const { framesOf, open, post, server } = yield* setUp(script);
      const session = yield* Effect.promise(() => open());
      yield* Effect.promise(() => server.kill());
      const response = yield* Effect.promise(() => post(request(1, "x"), session));
      expect(response.status).toBe(200);
      const text = yield* Effect.promise(() => response.text());
      expect(JSON.parse(text)).toMatchObject(retryable(1));
      expect(framesOf(0).at(-1)).toEqual(["to_client", text]);
      server.start();
      const again = yield* Effect.promise(() => post(request(2, "x"), session));
      expect(yield* Effect.promise(() => again.json())).toMatchObject({ id: 2, result: {} });
    }),
  );

  it.effect("that dies with a request in its hands is not asked twice", () =>
    Effect.gen(function* () {
      const arrived = Promise.withResolvers<void>();
      const { post, server } = yield* setUp(() => {
        arrived.resolve();
        return new Promise<Response>(() => {});
      });
      const asked = post(request(1, "x"));
      yield* Effect.promise(() => arrived.promise);
      yield* Effect.promise(() => server.kill());
      server.start();
      const response = yield* Effect.promise(() => asked);
      expect(yield* Effect.promise(() => response.json())).toMatchObject(retryable(1));
      expect(server.received).toHaveLength(1);
    }),
  );

  it.effect("says nothing that could be taken for an answer to a notification", () =>
    Effect.gen(function* () {
      const { framesOf, post, server } = yield* setUp(() => json({}));
      yield* Effect.promise(() => server.kill());
      const response = yield* Effect.promise(() =>
        post({ jsonrpc: "2.0", method: "notifications/x" }),
      );
      expect(response.status).toBe(502);
      expect(framesOf(0)).toHaveLength(1);
    }),
  );

  it.effect("that refuses Dewey's credentials does not send the client for others", () =>
    Effect.gen(function* () {
      const { post } = yield* setUp(
        () => new Response(null, { status: 401, headers: { "www-authenticate": "Bearer x=y" } }),
      );
      const response = yield* Effect.promise(() => post(request(1, "x")));
      expect(response.headers.get("www-authenticate")).toBeNull();
      expect(yield* Effect.promise(() => response.json())).toMatchObject(retryable(1));
    }),
  );
});

describe("a session", () => {
  it.effect("is one stream, from its initialize to its end", () =>
    Effect.gen(function* () {
      const { script } = sessionServer(() => undefined);
      const { framesOf, open, post, streams, url } = yield* setUp(script);
      const session = yield* Effect.promise(() => open());
      yield* Effect.promise(() => post(request(1, "x"), session));
      yield* Effect.promise(() => fetch(url, { method: "DELETE", headers: session }));
      expect(streams).toHaveLength(1);
      expect(streams[0]?.description).toMatchObject({ kind: "session", client: "tester" });
      expect(streams[0]?.events).toEqual(["opened", "closed"]);
      expect(framesOf(0)).toHaveLength(5);
    }),
  );

  it.effect("of a server that keeps none is not held open for nothing", () =>
    Effect.gen(function* () {
      const { open, post, streams } = yield* setUp(({ body }) =>
        body.includes('"id"')
          ? json(result(body, { protocolVersion: "2025-11-25" }))
          : new Response(null, { status: 202 }),
      );
      yield* Effect.promise(() => open());
      yield* Effect.promise(() => post(request(1, "x")));
      expect(streams.map(({ description, events }) => [description.kind, ...events])).toEqual([
        ["session", "opened", "closed"],
        ["stateless"],
      ]);
    }),
  );

  it.effect("is nobody else's", () =>
    Effect.gen(function* () {
      const { script } = sessionServer(() => undefined);
      const { open, post, server } = yield* setUp(script, {
        access: accessWith("a:a-token:proxy:team, b:b-token:proxy:team"),
      });
      const session = yield* Effect.promise(() => open({ authorization: "Bearer a-token" }));
      const before = server.received.length;
      const response = yield* Effect.promise(() =>
        post(request(1, "x"), { ...session, authorization: "Bearer b-token" }),
      );
      expect(response.status).toBe(404);
      expect(server.received).toHaveLength(before);
    }),
  );

  it.effect("goes on with a restarted upstream, under the id that the client knows", () =>
    Effect.gen(function* () {
      const { forget, script } = sessionServer(({ method }) =>
        method === "GET" ? new Response(null, { status: 405 }) : undefined,
      );
      const { get, open, post, server, streams } = yield* setUp(script);
      const session = yield* Effect.promise(() => open());
      yield* Effect.promise(() => post(request(1, "logging/setLevel", { level: "info" }), session));
      forget();
      server.received.length = 0;
      const both = yield* Effect.promise(() =>
        Promise.all([post(request(2, "x"), session), post(request(3, "x"), session)]),
      );
      for (const response of both) {
        expect(yield* Effect.promise(() => response.json())).toMatchObject({ result: {} });
      }
      const methods = server.received.map(methodIn);
      expect(methods.filter((method) => method !== "x")).toEqual([
        "initialize",
        "notifications/initialized",
        "logging/setLevel",
      ]);
      // Each was done once in the new session; one that came while it was begun was never refused.
      const done = server.received.filter(
        (received) =>
          methodIn(received) === "x" &&
          received.headers.get("mcp-session-id") !== session["mcp-session-id"],
      );
      expect(done.map(({ body }) => body).sort((a, b) => (a < b ? -1 : 1))).toEqual([
        JSON.stringify(request(2, "x")),
        JSON.stringify(request(3, "x")),
      ]);
      expect(streams[0]?.events).toEqual(["opened", "upstream_lost", "reconnected"]);
      const stream = writtenStream();
      server.script = () => stream.response;
      const listened = yield* Effect.promise(() => get(session));
      const text = yield* Effect.promise(() => readerOf(listened).until("list_changed"));
      expect(messagesIn(text)).toEqual([
        { jsonrpc: "2.0", method: "notifications/tools/list_changed" },
      ]);
    }),
  );

  it.effect("keeps the client's stream of notifications while the upstream is away", () =>
    Effect.gen(function* () {
      const first = writtenStream();
      const second = writtenStream();
      let opened = 0;
      const { forget, script } = sessionServer(({ method }) => {
        if (method !== "GET") return undefined;
        return ++opened === 1 ? first.response : second.response;
      });
      const { get, open, server } = yield* setUp(script);
      const session = yield* Effect.promise(() => open());
      const reader = readerOf(yield* Effect.promise(() => get(session)));
      first.write('id: 1\ndata: {"jsonrpc":"2.0","method":"notifications/a"}\n\n');
      yield* Effect.promise(() => reader.until("notifications/a"));
      yield* Effect.promise(() => server.kill());
      forget();
      server.start();
      yield* Effect.promise(() => reader.until("notifications/tools/list_changed"));
      second.write('data: {"jsonrpc":"2.0","method":"notifications/b"}\n\n');
      yield* Effect.promise(() => reader.until("notifications/b"));
      const [last] = server.received.filter(({ method }) => method === "GET").slice(-1);
      // The new server never had that event.
      expect(last?.headers.get("last-event-id")).toBeNull();
    }),
  );

  it.effect("ends with its upstream where the entry says so", () =>
    Effect.gen(function* () {
      const { forget, script } = sessionServer(() => undefined);
      const { open, post, streams } = yield* setUp(script, { entry: { onRestart: "close" } });
      const session = yield* Effect.promise(() => open());
      forget();
      const response = yield* Effect.promise(() => post(request(1, "x"), session));
      expect(response.status).toBe(404);
      expect(streams[0]?.events).toEqual(["opened", "closed"]);
    }),
  );

  it.effect("from before Dewey's start is the upstream's to know", () =>
    Effect.gen(function* () {
      const { post, streams } = yield* setUp(({ body, headers }) =>
        json(result(body, { session: headers.get("mcp-session-id") })),
      );
      const response = yield* Effect.promise(() =>
        post(request(1, "x"), { "mcp-session-id": "old", "user-agent": "agent/2" }),
      );
      expect(yield* Effect.promise(() => response.json())).toMatchObject({
        result: { session: "old" },
      });
      expect(streams[0]?.description).toMatchObject({ kind: "session", client: "agent" });
    }),
  );
});
