import { describe, expect } from "bun:test";
import { Effect, Schema } from "effect";
import type { HttpUpstream } from "../../../src/domain/Upstream.ts";
import { makeHttpKind } from "../../../src/proxy/upstreams/http.ts";
import { listener } from "../../actors/upstreamProcess/children.ts";
import { it } from "../../support/it.ts";
import { quick } from "../inbound/proxied.ts";
import {
  type Received,
  type Script,
  scriptedServer,
  writtenStream,
} from "../inbound/scriptedServer.ts";
import { caller } from "./caller.ts";

const newest = "2026-07-28";

const json = (value: unknown, init?: ResponseInit) => Response.json(value, init);

const Sent = Schema.Struct({
  id: Schema.optionalKey(Schema.Union([Schema.String, Schema.Number])),
  method: Schema.optionalKey(Schema.String),
});
const decodeSent = Schema.decodeUnknownSync(Schema.fromJsonString(Sent));

const sentIn = ({ body }: Received) => (body === "" ? {} : decodeSent(body));

const methodsOf = (received: ReadonlyArray<Received>) =>
  received.map((one) => sentIn(one).method ?? (one.body === "" ? one.method : "response"));

const result = (received: Received, value: unknown = {}) => ({
  jsonrpc: "2.0",
  id: sentIn(received).id,
  result: value,
});

const text = (message: object) => JSON.stringify({ jsonrpc: "2.0", ...message });

const initialize = text({
  id: "i",
  method: "initialize",
  params: { protocolVersion: "2025-06-18", capabilities: {} },
});

const initialized = text({ method: "notifications/initialized" });

/** A server of the older versions, which keeps one session and has no stream unless told. */
const legacy =
  (more: (received: Received) => Response | Promise<Response> | undefined): Script =>
  (received) => {
    const answer = more(received);
    if (answer !== undefined) return answer;
    const { id, method } = sentIn(received);
    if (method === "initialize") {
      return json(result(received, { protocolVersion: "2025-06-18" }), {
        headers: { "mcp-session-id": "s1" },
      });
    }
    if (received.method === "GET") return new Response(null, { status: 405 });
    return id === undefined ? new Response(null, { status: 202 }) : json(result(received));
  };

/** A link to a scripted server, and what it tells. */
const linked = Effect.fnUntraced(function* (script: Script, more: Partial<HttpUpstream> = {}) {
  const server = yield* scriptedServer(script);
  const heard = yield* listener;
  const upstream: HttpUpstream = {
    _tag: "Http",
    name: "remote",
    onRestart: "resume",
    url: server.url,
    headers: {},
    ...more,
  };
  const link = yield* makeHttpKind(quick).open(upstream, heard.handlers, caller);
  const next = Effect.map(heard.text, (frame): unknown => JSON.parse(frame));
  const { frames, losses, lost } = heard;
  return { server, link, next, lost, losses, frames };
});

const modern = (id: number, method: string, params: object = {}) =>
  text({
    id,
    method,
    params: {
      ...params,
      _meta: {
        "io.modelcontextprotocol/protocolVersion": newest,
        "io.modelcontextprotocol/clientCapabilities": {},
      },
    },
  });

describe("frames of a session", () => {
  it.effect("are posted in order, with the session and the version that were agreed on", () =>
    Effect.gen(function* () {
      const { link, next, server } = yield* linked(
        legacy(() => undefined),
        { headers: { "X-Own": "1" } },
      );
      void link.send(initialize);
      yield* next;
      void link.send(initialized);
      void link.send(text({ id: 1, method: "tools/list" }));
      expect(yield* next).toMatchObject({ id: 1 });
      const posts = server.received.filter(({ method }) => method === "POST");
      expect(methodsOf(posts)).toEqual(["initialize", "notifications/initialized", "tools/list"]);
      expect(posts[0]?.headers.get("mcp-session-id")).toBeNull();
      for (const { headers } of posts.slice(1)) {
        expect(Object.fromEntries(headers)).toMatchObject({
          "mcp-session-id": "s1",
          "mcp-protocol-version": "2025-06-18",
          "x-own": "1",
        });
      }
    }),
  );

  it.effect("that are no requests do not overtake one, nor wait for its answer", () =>
    Effect.gen(function* () {
      const asked = Promise.withResolvers<Response>();
      const { link, next, server } = yield* linked(
        legacy((received) => (sentIn(received).id === 1 ? asked.promise : undefined)),
      );
      void link.send(initialize);
      yield* next;
      const cancelled = { method: "notifications/cancelled", params: { requestId: 1 } };
      void link.send(text({ id: 1, method: "tools/call" }));
      void link.send(text(cancelled));
      void link.send(text({ id: 2, method: "tools/call" }));
      expect(yield* next).toMatchObject({ id: 2 });
      expect(methodsOf(server.received)).toEqual([
        "initialize",
        "tools/call",
        "notifications/cancelled",
        "tools/call",
      ]);
      asked.resolve(json({ jsonrpc: "2.0", id: 1, result: {} }));
      expect(yield* next).toMatchObject({ id: 1 });
    }),
  );

  it.effect("come from the streams of the posts, and from that of the session", () =>
    Effect.gen(function* () {
      const standing = writtenStream();
      const { link, next } = yield* linked(
        legacy((received) => {
          if (received.method === "GET") return standing.response;
          if (sentIn(received).id !== 1) return undefined;
          return new Response(
            `data: ${text({ method: "notifications/a" })}\n\ndata: ${text({ id: 1, result: {} })}\n\n`,
            { headers: { "content-type": "text/event-stream" } },
          );
        }),
      );
      void link.send(initialize);
      yield* next;
      void link.send(initialized);
      void link.send(text({ id: 1, method: "x" }));
      expect(yield* next).toMatchObject({ method: "notifications/a" });
      expect(yield* next).toMatchObject({ id: 1 });
      standing.write(`data: ${text({ method: "notifications/b" })}\n\n`);
      expect(yield* next).toMatchObject({ method: "notifications/b" });
    }),
  );

  it.effect("go on behind the last event where a stream was cut", () =>
    Effect.gen(function* () {
      const cut = writtenStream();
      const { link, next, server } = yield* linked(
        legacy((received) => {
          if (received.method !== "GET") {
            return sentIn(received).id === 1 ? cut.response : undefined;
          }
          return new Response(`id: 2\ndata: ${text({ id: 1, result: {} })}\n\n`, {
            headers: { "content-type": "text/event-stream" },
          });
        }),
      );
      void link.send(initialize);
      yield* next;
      void link.send(text({ id: 1, method: "x" }));
      cut.write(`id: 1\nretry: 10\ndata: ${text({ method: "notifications/a" })}\n\n`);
      expect(yield* next).toMatchObject({ method: "notifications/a" });
      cut.end();
      expect(yield* next).toMatchObject({ id: 1 });
      expect(server.received.at(-1)?.headers.get("last-event-id")).toBe("1");
    }),
  );

  it.effect("that are answered with an error of HTTP get one of JSON-RPC", () =>
    Effect.gen(function* () {
      const bodies: Record<string, Response> = {
        1: new Response("down", { status: 503 }),
        2: new Response("no", { status: 401 }),
        3: json(
          { jsonrpc: "2.0", id: null, error: { code: -32_001, message: "m" } },
          { status: 400 },
        ),
        4: json({ jsonrpc: "2.0", id: 4, error: { code: -32_601, message: "m" } }, { status: 404 }),
      };
      const { link, losses, next } = yield* linked(
        (received) => bodies[String(sentIn(received).id)] ?? json(result(received)),
      );
      const codes: Array<unknown> = [];
      for (const id of [1, 2, 3, 4]) {
        void link.send(text({ id, method: "x" }));
        codes.push(yield* next);
      }
      expect(codes).toMatchObject([
        { id: 1, error: { code: -32_000, data: { retryable: true } } },
        { id: 2, error: { code: -32_000 } },
        { id: 3, error: { code: -32_001 } },
        { id: 4, error: { code: -32_601 } },
      ]);
      expect(losses()).toBe(0);
    }),
  );

  it.effect("end with an error at once where the upstream died on them", () =>
    Effect.gen(function* () {
      const arrived = Promise.withResolvers<void>();
      const { link, next, server } = yield* linked(
        legacy((received) => {
          if (sentIn(received).id !== 1) return undefined;
          arrived.resolve();
          return new Promise<Response>(() => {});
        }),
      );
      void link.send(initialize);
      yield* next;
      void link.send(text({ id: 1, method: "x" }));
      yield* Effect.promise(() => arrived.promise);
      yield* Effect.promise(() => server.kill());
      expect(yield* next).toMatchObject({ id: 1, error: { data: { retryable: true } } });
      expect(methodsOf(server.received)).toEqual(["initialize", "x"]);
    }),
  );
});

describe("a link", () => {
  it.effect("is lost with its session", () =>
    Effect.gen(function* () {
      const { link, lost, next } = yield* linked(
        legacy((received) =>
          sentIn(received).id === 1
            ? new Response("Session not found", { status: 404 })
            : undefined,
        ),
      );
      void link.send(initialize);
      yield* next;
      void link.send(text({ id: 1, method: "x" }));
      expect(yield* lost).toContain("session");
    }),
  );

  it.effect("is lost when the upstream cannot be reached any more", () =>
    Effect.gen(function* () {
      const { link, lost, next, server } = yield* linked(legacy(() => undefined));
      void link.send(initialize);
      yield* next;
      yield* Effect.promise(() => server.kill());
      void link.send(text({ id: 1, method: "x" }));
      expect(yield* lost).toContain("cannot be reached");
    }),
  );

  it.effect("is not opened to where nobody listens", () =>
    Effect.gen(function* () {
      const server = yield* scriptedServer(() => new Response());
      yield* Effect.promise(() => server.kill());
      const { handlers } = yield* listener;
      const { message } = yield* Effect.flip(
        makeHttpKind(quick).open(
          { _tag: "Http", name: "remote", onRestart: "resume", url: server.url, headers: {} },
          handlers,
          caller,
        ),
      );
      expect(message).toContain("remote");
    }),
  );

  it.effect("gives up what is open at its end, and ends the session", () =>
    Effect.gen(function* () {
      const stream = writtenStream();
      const ended = Promise.withResolvers<Received>();
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { link, next } = yield* linked(
            legacy((received) => {
              if (received.method === "DELETE") ended.resolve(received);
              return sentIn(received).id === 1 ? stream.response : undefined;
            }),
          );
          void link.send(initialize);
          yield* next;
          void link.send(text({ id: 1, method: "x" }));
          stream.write(`data: ${text({ method: "notifications/a" })}\n\n`);
          yield* next;
        }),
      );
      yield* Effect.promise(() => stream.gone);
      const { headers } = yield* Effect.promise(() => ended.promise);
      expect(headers.get("mcp-session-id")).toBe("s1");
    }),
  );

  it.effect("reads nothing while it is paused", () =>
    Effect.gen(function* () {
      const { frames, link, next, server } = yield* linked(legacy(() => undefined));
      link.pause();
      void link.send(initialize);
      while (server.received.length === 0) yield* Effect.sleep("1 millis");
      // Nothing tells of a frame that is not handed over.
      yield* Effect.sleep("30 millis");
      expect(frames()).toBe(0);
      link.resume();
      expect(yield* next).toMatchObject({ id: "i" });
    }),
  );
});

describe("the newest version", () => {
  it.effect("has in its headers what its bodies say, and what the tools want there", () =>
    Effect.gen(function* () {
      const schema = {
        type: "object",
        properties: {
          place: {
            type: "object",
            properties: { city: { type: "string", "x-mcp-header": "City" } },
          },
          count: { type: "integer", "x-mcp-header": "Count" },
          list: { type: "array", items: { type: "string", "x-mcp-header": "Never" } },
        },
      };
      const { link, next, server } = yield* linked((received) =>
        json(
          result(
            received,
            sentIn(received).method === "tools/list"
              ? { tools: [{ name: "tür", inputSchema: schema }] }
              : {},
          ),
        ),
      );
      void link.send(modern(1, "tools/list"));
      yield* next;
      const args = { place: { city: "Zürich" }, count: 3, list: ["x"] };
      void link.send(modern(2, "tools/call", { name: "tür", arguments: args }));
      yield* next;
      const [first, second] = server.received.map(({ headers }) => Object.fromEntries(headers));
      expect(first).toMatchObject({ "mcp-protocol-version": newest, "mcp-method": "tools/list" });
      expect(second).toMatchObject({
        "mcp-method": "tools/call",
        "mcp-name": "=?base64?dMO8cg==?=",
        "mcp-param-city": "=?base64?WsO8cmljaA==?=",
        "mcp-param-count": "3",
      });
      expect(second).not.toHaveProperty("mcp-param-never");
    }),
  );

  it.effect("cancels a request by the end of its connection", () =>
    Effect.gen(function* () {
      const stream = writtenStream();
      const { link, next, server } = yield* linked(() => stream.response);
      void link.send(modern(1, "x"));
      stream.write(`data: ${text({ method: "notifications/a" })}\n\n`);
      yield* next;
      void link.send(text({ method: "notifications/cancelled", params: { requestId: 1 } }));
      yield* Effect.promise(() => stream.gone);
      expect(server.received).toHaveLength(1);
    }),
  );
});
