// How long the feed is held, what bounds a client's subscriptions, and what is told when changes were missed: on a
// catalogue whose changes a test makes itself.
import { describe, expect } from "bun:test";
import { Effect, PubSub, Stream, SubscriptionRef } from "effect";
import type { CatalogChange, CatalogChanges, ListName } from "../../src/mcp/CatalogChange.ts";
import { parseJson } from "../../src/mcp/messages.ts";
import type { ResourceProvider } from "../../src/mcp/resources/ResourceProvider.ts";
import { handshake, openRaw, openSocket, readUntil, untilStill } from "../http/sockets.ts";
import { accessWith } from "../support/access.ts";
import { it } from "../support/it.ts";
import { serveMcp } from "./fixtures.ts";
import { initialization } from "./handshake.ts";

const things: ResourceProvider = {
  name: "things",
  templates: [],
  list: () => Effect.succeed({ resources: [] }),
  identify: (uri) => (uri.startsWith("test://") ? uri.toLowerCase() : undefined),
  read: (uri) => Effect.succeed({ contents: [{ uri, text: "" }] }),
};

/** Changes that `tell` makes, and how many follow them. */
const makeChanges = Effect.gen(function* () {
  const told = yield* PubSub.unbounded<CatalogChange>();
  const followers = yield* SubscriptionRef.make(0);
  const add = (count: number) => SubscriptionRef.update(followers, (now) => now + count);
  const follow: CatalogChanges["follow"] = Effect.gen(function* () {
    yield* Effect.acquireRelease(add(1), () => add(-1));
    return Stream.fromSubscription(yield* PubSub.subscribe(told));
  });
  return {
    changes: { lists: new Set<ListName>(["resources"]), follow },
    /** Waits until so many follow. */
    following: (count: number) =>
      SubscriptionRef.changes(followers).pipe(
        Stream.filter((now) => now === count),
        Stream.take(1),
        Stream.runDrain,
      ),
    tell: (...changes: ReadonlyArray<CatalogChange>) => PubSub.publishAll(told, changes),
  };
});

const changed = (id: string): CatalogChange => ({ _tag: "Resource", id });
const listChanged: CatalogChange = { _tag: "List", list: "resources" };

const serve = Effect.gen(function* () {
  const { changes, ...feed } = yield* makeChanges;
  const served = yield* serveMcp({ catalog: { resources: [things], changes } });
  return { ...served, ...feed };
});

const newest = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": {},
};

const listenRequest = (id: number, notifications: unknown) => ({
  jsonrpc: "2.0",
  id,
  method: "subscriptions/listen",
  params: { notifications, _meta: newest },
});

/** A client over WebSocket that counts its own requests. */
const openClient = Effect.fnUntraced(function* (url: string) {
  const { next, send: sendText, socket } = yield* openSocket(url, { protocols: ["mcp"] });
  let ids = 0;
  const send = (message: object) => sendText(JSON.stringify({ jsonrpc: "2.0", ...message }));
  const received = Effect.map(next, parseJson);
  return {
    socket,
    send,
    next: received,
    /** Sends a request and takes the next message, which has to be its answer. */
    ask: Effect.fnUntraced(function* (method: string, params: object = {}) {
      const id = ++ids;
      yield* send({ id, method, params });
      const answer = yield* received;
      expect(answer).toMatchObject({ id });
      return answer;
    }),
  };
});

const openLegacy = Effect.fnUntraced(function* (url: string) {
  const client = yield* openClient(url);
  yield* client.ask("initialize", initialization());
  yield* client.send({ method: "notifications/initialized" });
  return client;
});

/** A session over HTTP, without a stream. */
const openHttpSession = Effect.fnUntraced(function* (http: string) {
  const send = (body: object, headers: Record<string, string>) =>
    Effect.promise(() =>
      fetch(http, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          accept: "application/json, text/event-stream",
          ...headers,
        },
        body: JSON.stringify({ jsonrpc: "2.0", id: 1, ...body }),
      }),
    );
  const { headers } = yield* send({ method: "initialize", params: initialization() }, {});
  const session = headers.get("mcp-session-id") ?? "";
  return { session, post: (body: object) => send(body, { "mcp-session-id": session }) };
});

/** A text frame as a client has to send it; a mask of zeros changes nothing. */
const maskedFrame = (message: object): Uint8Array => {
  const text = Buffer.from(JSON.stringify(message));
  const head = Buffer.alloc(8);
  head.writeUInt16BE(0x81fe, 0);
  head.writeUInt16BE(text.length, 2);
  return Buffer.concat([head, text]);
};

const updated = (uri: string) => ({ method: "notifications/resources/updated", params: { uri } });
const listTold = { method: "notifications/resources/list_changed" };

describe("a session", () => {
  it.effect("follows changes only while it has subscriptions", () =>
    Effect.gen(function* () {
      const { following, ws } = yield* serve;
      const client = yield* openLegacy(ws);
      yield* following(0);
      yield* client.ask("resources/subscribe", { uri: "test://a" });
      yield* client.ask("resources/subscribe", { uri: "test://b" });
      yield* following(1);
      yield* client.ask("resources/unsubscribe", { uri: "test://a" });
      yield* following(1);
      yield* client.ask("resources/unsubscribe", { uri: "test://b" });
      yield* following(0);
      yield* client.ask("resources/subscribe", { uri: "test://a" });
      yield* following(1);
      client.socket.close();
      yield* following(0);
    }),
  );

  it.effect("is told of the list from the first time that it has fetched it", () =>
    Effect.gen(function* () {
      const { following, tell, ws } = yield* serve;
      const [early, late] = [yield* openLegacy(ws), yield* openLegacy(ws)];
      yield* early.ask("resources/list");
      yield* following(1);
      yield* tell(listChanged);
      expect(yield* early.next).toMatchObject(listTold);
      yield* late.ask("ping");
      yield* late.ask("resources/list");
      yield* following(2);
      yield* tell(listChanged);
      expect(yield* late.next).toMatchObject(listTold);
    }),
  );

  it.effect("is told by the URI that it wrote, and once for many changes", () =>
    Effect.gen(function* () {
      const { tell, ws } = yield* serve;
      const client = yield* openLegacy(ws);
      yield* client.ask("resources/subscribe", { uri: "test://A" });
      yield* tell(changed("test://b"), changed("test://a"), changed("test://a"), listChanged);
      expect(yield* client.next).toEqual({ jsonrpc: "2.0", ...updated("test://A") });
      yield* client.ask("ping");
    }),
  );

  it.effect("is told of everything that it follows when changes were missed", () =>
    Effect.gen(function* () {
      const { tell, ws } = yield* serve;
      const client = yield* openLegacy(ws);
      yield* client.ask("resources/list");
      yield* client.ask("resources/subscribe", { uri: "test://a" });
      yield* client.ask("resources/subscribe", { uri: "test://b" });
      yield* tell({ _tag: "Resync" });
      expect(yield* client.next).toMatchObject(listTold);
      expect(yield* client.next).toMatchObject(updated("test://a"));
      expect(yield* client.next).toMatchObject(updated("test://b"));
    }),
  );

  it.effect("may follow 1000 resources, and not one more", () =>
    Effect.gen(function* () {
      const { ws } = yield* serve;
      const client = yield* openLegacy(ws);
      for (let count = 0; count < 1000; count++) {
        const answer = yield* client.ask("resources/subscribe", { uri: `test://${count}` });
        expect(answer).toMatchObject({ result: {} });
      }
      const tooMany = { error: { code: -32000, data: { code: "RATE_LIMITED" } } };
      expect(yield* client.ask("resources/subscribe", { uri: "test://more" })).toMatchObject(
        tooMany,
      );
      expect(yield* client.ask("resources/subscribe", { uri: "test://0" })).toMatchObject({
        result: {},
      });
      yield* client.ask("resources/unsubscribe", { uri: "test://0" });
      expect(yield* client.ask("resources/subscribe", { uri: "test://more" })).toMatchObject({
        result: {},
      });
    }),
  );

  it.effect("cannot subscribe to what nobody knows", () =>
    Effect.gen(function* () {
      const { following, ws } = yield* serve;
      const client = yield* openLegacy(ws);
      const uri = "other://a";
      expect(yield* client.ask("resources/subscribe", { uri })).toMatchObject({
        error: { code: -32002, data: { uri } },
      });
      yield* following(0);
    }),
  );

  it.effect("over HTTP takes its subscriptions with it", () =>
    Effect.gen(function* () {
      const { following, http } = yield* serve;
      const { post, session } = yield* openHttpSession(http);
      yield* post({ method: "resources/subscribe", params: { uri: "test://a" } });
      yield* following(1);
      yield* Effect.promise(() =>
        fetch(http, { method: "DELETE", headers: { "mcp-session-id": session } }),
      );
      yield* following(0);
    }),
  );
});

const acknowledged = (id: number, notifications: object) => ({
  method: "notifications/subscriptions/acknowledged",
  params: { notifications, _meta: { "io.modelcontextprotocol/subscriptionId": id } },
});

describe("a listen request over WebSocket", () => {
  it.effect("is acknowledged first, marks what it is told, and is silent once cancelled", () =>
    Effect.gen(function* () {
      const { following, tell, ws } = yield* serve;
      const client = yield* openClient(ws);
      const first = { resourceSubscriptions: ["test://a"] };
      const second = { resourcesListChanged: true };
      yield* client.send(listenRequest(1, first));
      expect(yield* client.next).toMatchObject(acknowledged(1, first));
      yield* client.send(listenRequest(2, { ...second, toolsListChanged: true }));
      expect(yield* client.next).toMatchObject(acknowledged(2, second));
      yield* following(2);
      const mark = (id: number) => ({ "io.modelcontextprotocol/subscriptionId": id });
      yield* tell(changed("test://a"));
      expect(yield* client.next).toMatchObject({
        method: "notifications/resources/updated",
        params: { uri: "test://a", _meta: mark(1) },
      });
      yield* tell(listChanged);
      expect(yield* client.next).toMatchObject({ ...listTold, params: { _meta: mark(2) } });
      yield* client.send({ method: "notifications/cancelled", params: { requestId: 1 } });
      yield* following(1);
      yield* tell(changed("test://a"), listChanged);
      expect(yield* client.next).toMatchObject({ ...listTold, params: { _meta: mark(2) } });
      client.socket.close();
      yield* following(0);
    }),
  );

  it.effect("that is cancelled at once leaves nothing behind", () =>
    Effect.gen(function* () {
      const { following, ws } = yield* serve;
      const client = yield* openClient(ws);
      for (let id = 1; id <= 200; id++) {
        yield* client.send(listenRequest(id, { resourcesListChanged: true }));
        yield* client.send({ method: "notifications/cancelled", params: { requestId: id } });
      }
      yield* client.send(listenRequest(1000, { resourceSubscriptions: ["test://a"] }));
      let answer: unknown;
      do answer = yield* client.next;
      while (!Bun.deepMatch(acknowledged(1000, {}), answer));
      yield* following(1);
    }),
  );

  it.effect("is refused when it is malformed, repeated, or one too many", () =>
    Effect.gen(function* () {
      const { following, ws } = yield* serve;
      const client = yield* openClient(ws);
      yield* client.send(listenRequest(1, "all"));
      expect(yield* client.next).toMatchObject({ id: 1, error: { code: -32602 } });
      yield* client.send(listenRequest(1, { resourcesListChanged: true }));
      expect(yield* client.next).toMatchObject(acknowledged(1, { resourcesListChanged: true }));
      yield* client.send(listenRequest(1, { resourcesListChanged: true }));
      expect(yield* client.next).toMatchObject({ id: 1, error: { code: -32600 } });
      for (let id = 2; id <= 64; id++) {
        yield* client.send(listenRequest(id, { resourcesListChanged: true }));
        expect(yield* client.next).toMatchObject(acknowledged(id, {}));
      }
      const tooMany = { error: { code: -32000, data: { code: "RATE_LIMITED" } } };
      yield* client.send(listenRequest(65, { resourcesListChanged: true }));
      expect(yield* client.next).toMatchObject({ id: 65, ...tooMany });
      yield* following(64);
      yield* client.send({ method: "notifications/cancelled", params: { requestId: 2 } });
      const uris = Array.from({ length: 1001 }, (_, index) => `test://${index}`);
      yield* client.send(listenRequest(66, { resourceSubscriptions: uris }));
      expect(yield* client.next).toMatchObject({ id: 66, ...tooMany });
      yield* client.send(listenRequest(67, { resourceSubscriptions: uris.slice(1) }));
      expect(yield* client.next).toMatchObject(acknowledged(67, {}));
    }),
  );

  it.effect("is no request of a session", () =>
    Effect.gen(function* () {
      const { following, ws } = yield* serve;
      const client = yield* openLegacy(ws);
      const { method, params } = listenRequest(0, { resourcesListChanged: true });
      expect(yield* client.ask(method, { notifications: params.notifications })).toMatchObject({
        error: { code: -32601 },
      });
      yield* following(0);
    }),
  );
});

/** A stream of events over HTTP. */
const listen = Effect.fnUntraced(function* (
  url: string,
  notifications: unknown,
  options: { readonly token?: string; readonly signal?: AbortSignal } = {},
) {
  const response = yield* Effect.promise(() =>
    fetch(url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": "subscriptions/listen",
        ...(options.token !== undefined && { authorization: `Bearer ${options.token}` }),
      },
      body: JSON.stringify(listenRequest(7, notifications)),
      ...(options.signal !== undefined && { signal: options.signal }),
    }),
  );
  const read = async function* () {
    let text = "";
    for await (const chunk of (response.body ?? new ReadableStream()).pipeThrough(
      new TextDecoderStream(),
    )) {
      const blocks = `${text}${chunk}`.split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) {
        const data = /^data: (.*)$/m.exec(block)?.[1];
        if (data !== undefined) yield parseJson(data);
      }
    }
  };
  const events = read();
  const next = Effect.promise(async () => {
    const { done, value } = await events.next();
    return done === true ? "the end" : value;
  });
  return { response, next };
});

describe("a listen request over HTTP", () => {
  it.effect("is acknowledged, told, and ends with its client", () =>
    Effect.gen(function* () {
      const { following, http, tell } = yield* serve;
      const controller = new AbortController();
      const filter = { resourcesListChanged: true, resourceSubscriptions: ["test://A"] };
      const { next } = yield* listen(http, filter, { signal: controller.signal });
      expect(yield* next).toMatchObject(acknowledged(7, filter));
      yield* following(1);
      yield* tell(changed("test://b"), changed("test://a"));
      const _meta = { "io.modelcontextprotocol/subscriptionId": 7 };
      expect(yield* next).toMatchObject({
        method: "notifications/resources/updated",
        params: { uri: "test://A", _meta },
      });
      yield* tell({ _tag: "Resync" });
      expect(yield* next).toMatchObject({ ...listTold, params: { _meta } });
      expect(yield* next).toMatchObject(updated("test://A"));
      controller.abort();
      yield* following(0);
    }),
  );

  it.effect("ends with a result when Dewey stops", () =>
    Effect.gen(function* () {
      const { following, http, stop } = yield* serve;
      const { next } = yield* listen(http, { resourcesListChanged: true });
      yield* next;
      yield* Effect.forkScoped(stop);
      expect(yield* next).toMatchObject({ id: 7, result: { resultType: "complete" } });
      expect(yield* next).toBe("the end");
      yield* following(0);
    }),
  );

  it.effect("is refused when it is malformed or asks for too much, and leaves nothing behind", () =>
    Effect.gen(function* () {
      const { following, http } = yield* serve;
      const malformed = yield* listen(http, "all");
      expect(yield* Effect.promise(() => malformed.response.json())).toMatchObject({
        id: 7,
        error: { code: -32602 },
      });
      yield* following(0);
      const uris = Array.from({ length: 1001 }, (_, index) => `test://${index}`);
      const { response } = yield* listen(http, { resourceSubscriptions: uris });
      expect(yield* Effect.promise(() => response.json())).toMatchObject({
        id: 7,
        error: { code: -32000, data: { code: "RATE_LIMITED" } },
      });
      yield* following(0);
      const { next } = yield* listen(http, { resourceSubscriptions: uris.slice(1) });
      expect(yield* next).toMatchObject(acknowledged(7, {}));
      yield* following(1);
    }),
  );

  it.effect("that asks for nothing ends at once", () =>
    Effect.gen(function* () {
      const { following, http } = yield* serve;
      const { next } = yield* listen(http, { toolsListChanged: true });
      expect(yield* next).toMatchObject(acknowledged(7, {}));
      expect(yield* next).toMatchObject({ id: 7, result: {} });
      expect(yield* next).toBe("the end");
      yield* following(0);
    }),
  );

  it.effect("needs the scope read", () =>
    Effect.gen(function* () {
      const { changes, following } = yield* makeChanges;
      const token = "writer".padEnd(40, "x");
      const { http } = yield* serveMcp({
        catalog: { resources: [things], changes },
        access: accessWith(`writer:${token}:write`),
      });
      const { response } = yield* listen(http, { resourcesListChanged: true }, { token });
      expect(yield* Effect.promise(() => response.json())).toMatchObject({
        error: { data: { code: "FORBIDDEN" } },
      });
      yield* following(0);
    }),
  );
});

describe("a client that does not read", () => {
  /** Changes without end, and how many of them were taken. */
  const makeFlood = () => {
    let taken = 0;
    const one = Effect.sync(() => {
      taken++;
      return changed(long);
    });
    const follow = Effect.succeed(Stream.fromEffectRepeat(Effect.andThen(Effect.yieldNow, one)));
    return {
      taken: () => taken,
      catalog: { resources: [things], changes: { lists: new Set<ListName>(), follow } },
    };
  };
  const long = `test://${"x".repeat(8000)}`;
  /** What the sockets between here and there may hold. */
  const mostBytes = 32 * 1024 * 1024;

  const stalled = Effect.fnUntraced(function* (port: number, head: string, body: string) {
    const socket = yield* openRaw(port);
    socket.write(`${head}\r\nHost: localhost\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    yield* readUntil(socket, (text) => text.includes("\r\n\r\n"));
    socket.pause();
    return socket;
  });

  it.effect(
    "is not written to, over a listen stream",
    () =>
      Effect.gen(function* () {
        const { catalog, taken } = makeFlood();
        const { http } = yield* serveMcp({ catalog });
        yield* stalled(
          Number(new URL(http).port),
          "POST /mcp HTTP/1.1\r\ncontent-type: application/json\r\naccept: application/json, text/event-stream\r\nmcp-protocol-version: 2026-07-28\r\nmcp-method: subscriptions/listen",
          JSON.stringify(listenRequest(1, { resourceSubscriptions: [long] })),
        );
        expect(yield* untilStill(taken)).toBeLessThan(mostBytes / long.length);
        expect(taken()).toBeGreaterThan(0);
      }),
    { timeout: 15_000 },
  );

  it.effect(
    "is not written to, over a session's stream",
    () =>
      Effect.gen(function* () {
        const { catalog, taken } = makeFlood();
        const { http } = yield* serveMcp({ catalog });
        const { post, session } = yield* openHttpSession(http);
        yield* stalled(
          Number(new URL(http).port),
          `GET /mcp HTTP/1.1\r\naccept: text/event-stream\r\nmcp-session-id: ${session}`,
          "",
        );
        yield* post({ method: "resources/subscribe", params: { uri: long } });
        expect(yield* untilStill(taken)).toBeLessThan(mostBytes / long.length);
        expect(taken()).toBeGreaterThan(0);
      }),
    { timeout: 15_000 },
  );

  it.effect(
    "and comes back has all that was sent since, on another stream",
    () =>
      Effect.gen(function* () {
        const { catalog, taken } = makeFlood();
        const { http } = yield* serveMcp({
          catalog,
          events: { sessionEvents: 100_000, sessionBytes: 1e9, allBytes: 1e9 },
        });
        const { post, session } = yield* openHttpSession(http);
        const headers = { accept: "text/event-stream", "mcp-session-id": session };
        const socket = yield* stalled(
          Number(new URL(http).port),
          `GET /mcp HTTP/1.1\r\naccept: text/event-stream\r\nmcp-session-id: ${session}`,
          "",
        );
        yield* post({ method: "resources/subscribe", params: { uri: long } });
        const before = yield* untilStill(taken);
        const reading = readUntil(socket, (text) => /^id: \d+$/m.test(text));
        socket.resume();
        const [, id = ""] = /^id: (\d+)$/m.exec(yield* reading) ?? [];
        socket.pause();
        const again = yield* Effect.promise(() =>
          fetch(http, { headers: { ...headers, "last-event-id": id } }),
        );
        expect(again.status).toBe(200);
        yield* Effect.promise(async () => {
          if (again.body === null) throw new Error("There is no stream.");
          const chunks: AsyncIterable<Uint8Array> = again.body;
          let bytes = 0;
          for await (const chunk of chunks) {
            bytes += chunk.length;
            if (bytes > 2 * mostBytes) break;
          }
        });
        expect(taken()).toBeGreaterThan(before);
      }),
    { timeout: 15_000 },
  );

  it.effect(
    "is not written to, over WebSocket",
    () =>
      Effect.gen(function* () {
        const { catalog, taken } = makeFlood();
        const { ws } = yield* serveMcp({ catalog });
        const socket = yield* openRaw(Number(new URL(ws).port));
        socket.write(`${handshake("/mcp").join("\r\n")}\r\n\r\n`);
        yield* readUntil(socket, (text) => text.includes("\r\n\r\n"));
        socket.write(maskedFrame(listenRequest(1, { resourceSubscriptions: [long] })));
        socket.pause();
        expect(yield* untilStill(taken)).toBeLessThan(mostBytes / long.length);
        expect(taken()).toBeGreaterThan(0);
      }),
    { timeout: 15_000 },
  );
});
