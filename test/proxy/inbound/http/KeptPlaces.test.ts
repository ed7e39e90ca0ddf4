import { describe, expect, test } from "bun:test";
import { Effect } from "effect";
import { anonymous, type Principal } from "../../../../src/domain/Principal.ts";
import {
  type KeptPlace,
  KeptPlaces,
  NoPlace,
} from "../../../../src/proxy/inbound/http/KeptPlaces.ts";
import type { StreamableHttpOptions } from "../../../../src/proxy/inbound/streamableHttp.ts";
import { accessWith } from "../../../support/access.ts";
import { it } from "../../../support/it.ts";
import { messageOf } from "../../message.ts";
import { startUpstream } from "../../socketEnds.ts";
import { requestsTo, serveProxy } from "../proxied.ts";
import { type Script, scriptedServer } from "../scriptedServer.ts";

const caller = (name: string, space = "team"): Principal => ({
  name,
  space,
  scopes: new Set(["proxy"]),
});

/** Places whose takers are known by name, and the names of those that had to go. */
const placesOf = (maxSessions: number, maxSessionsPerCaller: number) => {
  const places = new KeptPlaces({ maxSessions, maxSessionsPerCaller });
  const ended: Array<string> = [];
  const busy = new Set<string>();
  const take = (principal: Principal, name: string) =>
    places.take(principal, {
      isBusy: () => busy.has(name),
      end: () => void ended.push(name),
    });
  return { take, ended, busy };
};

const taken = (place: KeptPlace | NoPlace): KeptPlace => {
  if (place instanceof NoPlace) throw new Error(place.message);
  return place;
};

const refused = (place: KeptPlace | NoPlace): number | undefined =>
  place instanceof NoPlace ? place.status : undefined;

describe("a caller's bound", () => {
  const a = caller("a");

  test("ends what the caller has not used for longest and nobody waits for", () => {
    const { busy, ended, take } = placesOf(100, 3);
    const first = taken(take(a, "1"));
    taken(take(a, "2"));
    taken(take(a, "3"));
    first.touch();
    busy.add("2");
    taken(take(a, "4"));
    expect(ended).toEqual(["3"]);
    taken(take(a, "5"));
    expect(ended).toEqual(["3", "1"]);
  });

  test("refuses the caller who is busy with all of it, and nobody else", () => {
    const { busy, ended, take } = placesOf(100, 1);
    const first = taken(take(a, "1"));
    busy.add("1");
    expect(refused(take(a, "2"))).toBe(429);
    taken(take(caller("b"), "3"));
    taken(take(caller("a", "other"), "4"));
    expect(ended).toEqual([]);
    first.leave();
    first.leave();
    taken(take(a, "5"));
    busy.add("5");
    expect(refused(take(a, "6"))).toBe(429);
  });

  test("is none where callers are not told apart", () => {
    const { take } = placesOf(100, 1);
    for (const name of ["1", "2", "3"]) taken(take(anonymous, name));
    // A token of that name is a caller like any other.
    const named = caller(anonymous.name, anonymous.space);
    taken(take(named, "4"));
    const { busy, take: takeBusy } = placesOf(100, 1);
    busy.add("1");
    taken(takeBusy(named, "1"));
    expect(refused(takeBusy(named, "2"))).toBe(429);
  });
});

describe("the bound of all", () => {
  test("is made room under by who keeps most, and by nobody who keeps as little", () => {
    const { ended, take } = placesOf(3, 10);
    taken(take(caller("a"), "a1"));
    taken(take(caller("a"), "a2"));
    taken(take(caller("b"), "b1"));
    taken(take(caller("c"), "c1"));
    expect(ended).toEqual(["a1"]);
    // Each keeps one: only the own is left to end.
    taken(take(caller("b"), "b2"));
    expect(ended).toEqual(["a1", "b1"]);
  });

  test("refuses who would have to take from others what they use", () => {
    const { busy, ended, take } = placesOf(2, 10);
    taken(take(caller("a"), "a1"));
    taken(take(caller("a"), "a2"));
    busy.add("a1").add("a2");
    expect(refused(take(caller("b"), "b1"))).toBe(503);
    busy.delete("a2");
    taken(take(caller("b"), "b2"));
    expect(ended).toEqual(["a2"]);
  });
});

const access = () => accessWith("a:a-token:proxy:team-a, b:b-token:proxy:team-b");
const asA = { authorization: "Bearer a-token" };
const asB = { authorization: "Bearer b-token" };

const newest = "2026-07-28";

const initialize = {
  jsonrpc: "2.0",
  id: "i",
  method: "initialize",
  params: {
    protocolVersion: "2025-11-25",
    capabilities: {},
    clientInfo: { name: "tester", version: "1" },
  },
};

const ask = { jsonrpc: "2.0", id: 1, method: "x", params: {} };

const modern = {
  jsonrpc: "2.0",
  id: 1,
  method: "x",
  params: {
    _meta: {
      "io.modelcontextprotocol/protocolVersion": newest,
      "io.modelcontextprotocol/clientCapabilities": {},
      "io.modelcontextprotocol/clientInfo": { name: "tester", version: "1" },
    },
  },
};

const modernHeaders = { "mcp-protocol-version": newest, "mcp-method": "x" };

/** Requests to the proxy, by the names of its upstreams. */
const clientOf = (http: (name: string) => string) => {
  const post = (name: string, body: unknown, headers: Readonly<Record<string, string>>) =>
    requestsTo(http(name)).post(body, headers);
  const get = (name: string, headers: Readonly<Record<string, string>>) =>
    requestsTo(http(name)).get(headers);
  /** Opens a session; its requests need the headers. */
  const open = async (name: string, headers: Readonly<Record<string, string>>) => {
    const response = await post(name, initialize, headers);
    expect(response.status).toBe(200);
    await response.text();
    return { ...headers, "mcp-session-id": response.headers.get("mcp-session-id") ?? "" };
  };
  const statusOf = async (name: string, headers: Readonly<Record<string, string>>) => {
    const response = await post(name, ask, headers);
    await response.text();
    return response.status;
  };
  const end = (name: string, headers: Readonly<Record<string, string>>) =>
    fetch(http(name), { method: "DELETE", headers });
  return { post, get, open, end, statusOf };
};

const agreed = { protocolVersion: "2025-11-25", capabilities: {} };

/** A proxy in front of a WebSocket server that answers everything at once. */
const beforeSocket = Effect.fnUntraced(function* (bounds: StreamableHttpOptions) {
  const upstream = yield* Effect.acquireRelease(
    Effect.promise(() =>
      startUpstream((frame, connection) => {
        const { id, method } = messageOf(frame);
        if (id === undefined) return;
        const result = method === "initialize" ? agreed : {};
        connection.send(JSON.stringify({ jsonrpc: "2.0", id, result }));
      }),
    ),
    (running) => Effect.promise(() => running.stop()),
  );
  const { http } = yield* serveProxy(
    [{ _tag: "WebSocket", name: "up", url: upstream.url, headers: {}, onRestart: "resume" }],
    { access: access(), http: bounds },
  );
  return { upstream, ...clientOf(http) };
});

/** A server that opens sessions, and says whether it knows that of a request. */
const sessionServer = () => {
  const known = new Set<string>();
  const script: Script = ({ body, headers, method }) => {
    if (body.includes('"initialize"')) {
      const id = crypto.randomUUID();
      known.add(id);
      return Response.json(
        { jsonrpc: "2.0", id: "i", result: agreed },
        { headers: { "mcp-session-id": id } },
      );
    }
    if (!known.has(headers.get("mcp-session-id") ?? "")) {
      const error = { code: -32_001, message: "Session not found" };
      return Response.json({ jsonrpc: "2.0", id: null, error }, { status: 404 });
    }
    if (method === "GET") {
      return new Response(new ReadableStream({ start: (stream) => stream.enqueue(": here\n\n") }), {
        headers: { "content-type": "text/event-stream" },
      });
    }
    return Response.json({ jsonrpc: "2.0", id: 1, result: {} });
  };
  return { script, known };
};

describe("sessions before a duplex upstream", () => {
  it.effect("are bounded for each token, whose own longest unused one ends first", () =>
    Effect.gen(function* () {
      const { get, open, post, statusOf, upstream } = yield* beforeSocket({
        maxSessionsPerCaller: 2,
      });
      yield* Effect.promise(async () => {
        const others = await open("up", asB);
        await upstream.connections.next();
        const first = await open("up", asA);
        const connection = await upstream.connections.next();
        const second = await open("up", asA);
        expect(await statusOf("up", second)).toBe(200);
        const third = await open("up", asA);
        await connection.closed;
        expect(await statusOf("up", first)).toBe(404);
        expect(await statusOf("up", second)).toBe(200);
        expect(await statusOf("up", others)).toBe(200);
        // Busy ones end for nobody.
        await get("up", second);
        await get("up", third);
        const response = await post("up", initialize, asA);
        expect(response.status).toBe(429);
        expect(response.headers.get("retry-after")).toBe("1");
        expect(await response.json()).toMatchObject({
          id: "i",
          error: { code: -32_000, data: { retryable: true } },
        });
        await open("up", asB);
      });
    }),
  );

  it.effect("give their places back when they end", () =>
    Effect.gen(function* () {
      const { end, get, open, post, statusOf, upstream } = yield* beforeSocket({
        maxSessionsPerCaller: 2,
        sharedIdle: "20 millis",
      });
      yield* Effect.promise(async () => {
        const oldest = await open("up", asA);
        await upstream.connections.next();
        const session = await open("up", asA);
        await upstream.connections.next();
        await end("up", session);
        await (await post("up", modern, { ...modernHeaders, ...asA })).text();
        await (await upstream.connections.next()).closed;
        const latest = await open("up", asA);
        // Of those that ended by themselves nothing is left to make room by.
        expect(await statusOf("up", oldest)).toBe(200);
        await get("up", oldest);
        await get("up", latest);
        expect((await post("up", initialize, asA)).status).toBe(429);
        await end("up", oldest);
        await open("up", asA);
      });
    }),
  );

  it.effect("share the bound with the connections of stateless requests", () =>
    Effect.gen(function* () {
      const { get, open, post, statusOf, upstream } = yield* beforeSocket({
        maxSessionsPerCaller: 2,
      });
      yield* Effect.promise(async () => {
        const session = await open("up", asA);
        await upstream.connections.next();
        const stateless = async (name: string, who = asA) => {
          const headers = { ...modernHeaders, "x-dewey-session": name, ...who };
          const response = await post("up", modern, headers);
          await response.text();
          return response.status;
        };
        expect(await stateless("1")).toBe(200);
        const shared = await upstream.connections.next();
        expect(await statusOf("up", session)).toBe(200);
        expect(await stateless("2")).toBe(200);
        await shared.closed;
        expect(await statusOf("up", session)).toBe(200);
        await get("up", session);
        const last = await open("up", asA);
        await get("up", last);
        expect(await stateless("3")).toBe(429);
        expect(await stateless("3", asB)).toBe(200);
      });
    }),
  );
});

describe("sessions of an HTTP upstream", () => {
  it.effect("are bounded for each token, before the upstream is asked for one more", () =>
    Effect.gen(function* () {
      const { script } = sessionServer();
      const server = yield* scriptedServer(script);
      const { http } = yield* serveProxy(
        [{ _tag: "Http", name: "up", url: server.url, headers: {}, onRestart: "resume" }],
        { access: access(), http: { maxSessionsPerCaller: 2 } },
      );
      const { end, get, open, post, statusOf } = clientOf(http);
      yield* Effect.promise(async () => {
        const others = await open("up", asB);
        const first = await open("up", asA);
        await end("up", await open("up", asA));
        const second = await open("up", asA);
        expect(await statusOf("up", first)).toBe(200);
        const third = await open("up", asA);
        expect(await statusOf("up", second)).toBe(404);
        expect(await statusOf("up", first)).toBe(200);
        expect(await statusOf("up", others)).toBe(200);
        await get("up", first);
        await get("up", third);
        const before = server.received.length;
        expect((await post("up", initialize, asA)).status).toBe(429);
        expect(server.received).toHaveLength(before);
        await end("up", third);
        await open("up", asA);
      });
    }),
  );

  it.effect("take no place where the upstream opens none", () =>
    Effect.gen(function* () {
      const { known, script } = sessionServer();
      const server = yield* scriptedServer(() =>
        Response.json({ jsonrpc: "2.0", id: "i", result: agreed }),
      );
      const { http } = yield* serveProxy(
        [{ _tag: "Http", name: "up", url: server.url, headers: {}, onRestart: "resume" }],
        { access: access(), http: { maxSessionsPerCaller: 1 } },
      );
      const { open, post } = clientOf(http);
      yield* Effect.promise(async () => {
        await open("up", asA);
        await open("up", asA);
        server.script = () => new Response(null, { status: 500 });
        expect((await post("up", initialize, asA)).status).toBe(500);
        server.script = script;
        await open("up", asA);
        expect(known.size).toBe(1);
      });
    }),
  );

  it.effect("that nobody here knows are nobody's where callers are told apart", () =>
    Effect.gen(function* () {
      const { script } = sessionServer();
      const server = yield* scriptedServer(script);
      const serve = () =>
        serveProxy(
          [{ _tag: "Http", name: "up", url: server.url, headers: {}, onRestart: "resume" }],
          { access: access() },
        );
      const before = clientOf((yield* serve()).http);
      // As after a restart: this one has heard of no session.
      const { http, streams } = yield* serve();
      const after = clientOf(http);
      yield* Effect.promise(async () => {
        const session = await before.open("up", asA);
        const asked = server.received.length;
        for (const who of [asB, asA]) {
          expect(await after.statusOf("up", { ...session, ...who })).toBe(404);
          expect((await after.get("up", { ...session, ...who })).status).toBe(404);
          expect((await after.end("up", { ...session, ...who })).status).toBe(404);
        }
        expect(server.received).toHaveLength(asked);
        expect(streams).toHaveLength(0);
        expect(await before.statusOf("up", session)).toBe(200);
        // What a client does on a 404.
        expect(await after.statusOf("up", await after.open("up", asA))).toBe(200);
      });
    }),
  );

  it.effect("that the upstream does not know either take no place", () =>
    Effect.gen(function* () {
      const { known, script } = sessionServer();
      const server = yield* scriptedServer((received) =>
        received.headers.get("mcp-session-id") === "odd"
          ? new Response("What is this?", { status: 400 })
          : script(received),
      );
      const { http, streams } = yield* serveProxy(
        [{ _tag: "Http", name: "up", url: server.url, headers: {}, onRestart: "resume" }],
        { http: { maxSessions: 1 } },
      );
      const { get, open, statusOf } = clientOf(http);
      yield* Effect.promise(async () => {
        const session = await open("up", {});
        expect(await statusOf("up", { "mcp-session-id": "unknown" })).toBe(404);
        expect(await statusOf("up", { "mcp-session-id": "odd" })).toBe(400);
        expect(await statusOf("up", session)).toBe(200);
        await get("up", session);
        // One from before Dewey's start is entered once the upstream has answered it, if there is room.
        known.add("old");
        expect(await statusOf("up", { "mcp-session-id": "old" })).toBe(200);
        expect(await statusOf("up", session)).toBe(200);
      });
      expect(streams.map(({ events }) => events)).toEqual([
        ["opened"],
        ["opened", "closed"],
        ["opened", "closed"],
        ["opened", "closed"],
      ]);
    }),
  );

  it.effect("from before Dewey's start are one stream for all who ask at a time", () =>
    Effect.gen(function* () {
      const arrived = Promise.withResolvers<void>();
      const answer = Promise.withResolvers<void>();
      let waiting = 0;
      const server = yield* scriptedServer(async () => {
        if (++waiting === 2) arrived.resolve();
        await answer.promise;
        return Response.json({ jsonrpc: "2.0", id: 1, result: {} });
      });
      const { http, streams } = yield* serveProxy([
        { _tag: "Http", name: "up", url: server.url, headers: {}, onRestart: "resume" },
      ]);
      const { statusOf } = clientOf(http);
      yield* Effect.promise(async () => {
        const both = [1, 2].map(() => statusOf("up", { "mcp-session-id": "old" }));
        await arrived.promise;
        answer.resolve();
        expect(await Promise.all(both)).toEqual([200, 200]);
        expect(await statusOf("up", { "mcp-session-id": "old" })).toBe(200);
      });
      expect(streams.map(({ events }) => events)).toEqual([["opened"]]);
      expect(streams[0]?.frames).toHaveLength(6);
    }),
  );
});
