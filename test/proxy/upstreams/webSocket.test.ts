import { describe, expect } from "bun:test";
import { createHash } from "node:crypto";
import { createServer, type Socket } from "node:net";
import type { Server, ServerWebSocket, WebSocketHandler } from "bun";
import { Deferred, Effect, Exit, Queue, Scope } from "effect";
import type { WebSocketUpstream } from "../../../src/domain/Upstream.ts";
import { makeWebSocketKind, type WebSocketBounds } from "../../../src/proxy/upstreams/webSocket.ts";
import { opened, sendAll } from "../../actors/upstreamProcess/children.ts";
import { it } from "../../support/it.ts";
import { caller, pong } from "./caller.ts";

const MiB = 1024 * 1024;

type Peer = ServerWebSocket<Headers>;

const upstreamAt = (
  url: string,
  headers: Readonly<Record<string, string>> = {},
): WebSocketUpstream => ({
  _tag: "WebSocket",
  name: "remote",
  onRestart: "resume",
  url,
  headers,
});

/** A WebSocket server for the scope, which speaks `mcp`. */
const serving = Effect.fnUntraced(function* (handler: Partial<WebSocketHandler<Headers>> = {}) {
  const peers = yield* Queue.unbounded<Peer>();
  const closes = yield* Queue.unbounded<number>();
  const server = yield* Effect.acquireRelease(
    Effect.sync(
      (): Server<Headers> =>
        Bun.serve<Headers>({
          hostname: "127.0.0.1",
          port: 0,
          fetch: (request, self) =>
            self.upgrade(request, { data: request.headers })
              ? undefined
              : new Response("no", { status: 401 }),
          websocket: {
            maxPayloadLength: 64 * MiB,
            backpressureLimit: 256 * MiB,
            open: (peer) => void Queue.offerUnsafe(peers, peer),
            message: (peer, message) => void peer.send(message),
            close: (_peer, code) => void Queue.offerUnsafe(closes, code),
            ...handler,
          },
        }),
    ),
    (running) => Effect.promise(() => running.stop(true)),
  );
  return {
    url: `ws://127.0.0.1:${server.port}/mcp`,
    peer: Queue.take(peers),
    closed: Queue.take(closes),
  };
});

const connected = (upstream: WebSocketUpstream, bounds: Partial<WebSocketBounds> = {}) =>
  opened((handlers) => makeWebSocketKind(bounds).open(upstream, handlers, caller));

const frameOfSize = (size: number) => JSON.stringify({ text: "x".repeat(size - 11) });

describe("frames", () => {
  it.effect("come back as they were, text and binary, in order under load", () =>
    Effect.gen(function* () {
      const { url } = yield* serving();
      const { link, next } = yield* connected(upstreamAt(url));
      const frames = Array.from({ length: 5000 }, (_, index) =>
        index % 3 === 0 ? new TextEncoder().encode(`bytes ${index}`) : `text ö😀 ${index}`,
      );
      frames[1000] = frameOfSize(MiB);
      frames[3000] = new Uint8Array(MiB).fill(255);
      yield* Effect.forkScoped(sendAll(link, frames));
      for (const frame of frames) {
        const back = yield* next;
        expect(typeof back).toBe(typeof frame);
        expect(Buffer.from(back).equals(Buffer.from(frame))).toBe(true);
      }
    }),
  );

  it.effect("that the upstream sends at once, before it is asked, are not lost", () =>
    Effect.gen(function* () {
      const { url } = yield* serving({
        open: (peer) => {
          for (let n = 0; n < 100; n++) peer.send(`early ${n}`);
          peer.close(4001, "that was all");
        },
      });
      const { lost, text } = yield* connected(upstreamAt(url));
      for (let n = 0; n < 100; n++) expect(yield* text).toBe(`early ${n}`);
      expect(yield* lost).toBe(`${url} closed the connection with 4001: that was all.`);
    }),
  );

  it.effect("wait at the upstream while nobody takes them", () =>
    Effect.gen(function* () {
      const { peer, url } = yield* serving();
      const { frames, link, text } = yield* connected(upstreamAt(url));
      const from = yield* peer;
      from.send("first");
      yield* text;
      link.pause();
      const large = frameOfSize(MiB);
      for (let n = 0; n < 100; n++) from.send(large);
      yield* Effect.sleep("300 millis");
      const whilePaused = frames();
      expect(whilePaused).toBeLessThan(5);
      expect(from.getBufferedAmount()).toBeGreaterThan(80 * MiB);
      link.resume();
      for (let n = 0; n < 100; n++) expect((yield* text).length).toBe(large.length);
    }),
  );

  it.effect("wait from the very beginning, where the link is paused at once", () =>
    Effect.gen(function* () {
      const large = frameOfSize(MiB);
      const { url } = yield* serving({
        open: (to) => {
          for (let n = 0; n < 50; n++) to.send(large);
        },
      });
      const { frames, link, text } = yield* opened((handlers) =>
        Effect.tap(makeWebSocketKind().open(upstreamAt(url), handlers, caller), (made) =>
          Effect.sync(made.pause),
        ),
      );
      yield* Effect.sleep("200 millis");
      expect(frames()).toBeLessThan(5);
      link.resume();
      for (let n = 0; n < 50; n++) yield* text;
    }),
  );

  it.effect("make whoever sends wait while the upstream does not read", () =>
    Effect.gen(function* () {
      const received = yield* Queue.unbounded<void>();
      const { peer, url } = yield* serving({
        message: () => void Queue.offerUnsafe(received, undefined),
      });
      const { link } = yield* connected(upstreamAt(url));
      const to = yield* peer;
      to.pause();
      const large = frameOfSize(64 * 1024);
      let sent = 0;
      let room: Promise<void> | undefined;
      while (room === undefined && sent < 10_000) {
        room = link.send(large);
        sent++;
      }
      // The bound, and what the kernel takes of a socket that nobody reads.
      expect(sent * large.length).toBeLessThan(16 * MiB);
      const waited = room ?? Promise.resolve();
      const first = () =>
        Promise.race([waited.then(() => "room"), Bun.sleep(100).then(() => "none yet")]);
      expect(yield* Effect.promise(first)).toBe("none yet");
      to.resume();
      yield* Effect.promise(() => waited);
      for (; sent > 0; sent--) yield* Queue.take(received);
    }),
  );
});

describe("the handshake", () => {
  it.effect("carries the entry's headers and the subprotocol, and offers no compression", () =>
    Effect.gen(function* () {
      const { peer, url } = yield* serving();
      yield* connected(upstreamAt(url, { Authorization: "Bearer made-up", "X-Team": "a b" }));
      const { data } = yield* peer;
      expect(data.get("authorization")).toBe("Bearer made-up");
      expect(data.get("x-team")).toBe("a b");
      expect(data.get("sec-websocket-protocol")).toBe("mcp");
      expect(data.get("sec-websocket-extensions")).toBeNull();
    }),
  );

  it.effect("that is refused says so, without the query of the address", () =>
    Effect.gen(function* () {
      const server = yield* Effect.acquireRelease(
        Effect.sync(() =>
          Bun.serve({
            hostname: "127.0.0.1",
            port: 0,
            fetch: () => new Response("", { status: 403 }),
          }),
        ),
        (running) => Effect.promise(() => running.stop(true)),
      );
      const at = `ws://127.0.0.1:${server.port}/mcp`;
      const { message } = yield* Effect.flip(connected(upstreamAt(`${at}?key=a-secret`)));
      expect(message).toStartWith(`${at} cannot be connected to: Expected 101 `);
      expect(message).not.toContain("a-secret");
    }),
  );

  it.effect("where nobody listens fails at once", () =>
    Effect.gen(function* () {
      const { message } = yield* Effect.flip(connected(upstreamAt("ws://127.0.0.1:1/")));
      expect(message).toBe("ws://127.0.0.1:1/ cannot be connected to: Failed to connect.");
    }),
  );

  it.effect("that is not answered is given up", () =>
    Effect.gen(function* () {
      const silent = yield* mute();
      const { message } = yield* Effect.flip(
        connected(upstreamAt(`ws://127.0.0.1:${silent.port}/`), { opening: "50 millis" }),
      );
      expect(message).toEndWith("it has not answered within 50ms.");
      yield* silent.gone;
    }),
  );
});

describe("an end", () => {
  for (const [how, end, reason] of [
    ["a polite one", (peer: Peer) => peer.close(1000, ""), "closed the connection"],
    [
      "a failure",
      (peer: Peer) => peer.close(1011, "out of order"),
      "says that it failed: out of order",
    ],
    ["a cut", (peer: Peer) => peer.terminate(), "is gone without a word"],
  ] as const) {
    it.effect(`by the upstream, ${how}, is told once and with its reason`, () =>
      Effect.gen(function* () {
        const { peer, url } = yield* serving();
        const { link, losses, lost } = yield* connected(upstreamAt(url));
        end(yield* peer);
        expect(yield* lost).toBe(`${url} ${reason}.`);
        expect(link.send("nobody is there")).toBeUndefined();
        yield* Effect.sleep("20 millis");
        expect(losses()).toBe(1);
      }),
    );
  }

  it.effect("by the scope closes politely, tells nobody, and lets go of who waits", () =>
    Effect.gen(function* () {
      const { closed, peer, url } = yield* serving();
      const scope = yield* Scope.make();
      const { losses } = yield* connected(upstreamAt(url)).pipe(Scope.provide(scope));
      yield* peer;
      yield* Scope.close(scope, Exit.void);
      expect(yield* closed).toBe(1000);
      expect(losses()).toBe(0);
    }),
  );

  it.effect("by the scope does not wait for an upstream that reads nothing", () =>
    Effect.gen(function* () {
      const { closed, peer, url } = yield* serving();
      const scope = yield* Scope.make();
      const { link } = yield* connected(upstreamAt(url), { closing: "100 millis" }).pipe(
        Scope.provide(scope),
      );
      const to = yield* peer;
      to.pause();
      let room: Promise<void> | undefined;
      while (room === undefined) room = link.send(frameOfSize(MiB));
      const before = performance.now();
      yield* Scope.close(scope, Exit.void);
      expect(performance.now() - before).toBeLessThan(2000);
      const waited = room;
      yield* Effect.promise(() => waited);
      to.resume();
      expect(yield* closed).toBe(1006);
    }),
  );

  it.effect("comes to an upstream that sends too large a message", () =>
    Effect.gen(function* () {
      const { closed, peer, url } = yield* serving();
      const { lost } = yield* connected(upstreamAt(url), { frameBytes: 1000 });
      (yield* peer).send("x".repeat(1001));
      expect(yield* lost).toBe(`${url} sent a message of 1001 bytes: at most 1000 are taken.`);
      expect(yield* closed).toBe(1009);
    }),
  );
});

describe("a sign of life", () => {
  it.effect("is asked for, and its absence is the end", () =>
    Effect.gen(function* () {
      const silent = yield* mute({ upgrades: true });
      const { lost } = yield* connected(upstreamAt(`ws://127.0.0.1:${silent.port}/`), {
        silence: "40 millis",
      });
      expect(yield* lost).toContain("has not given a sign of life for");
      yield* silent.gone;
    }),
  );

  it.effect("is asked for before anything is lost, however long the process stood still", () =>
    Effect.gen(function* () {
      const pings = yield* Queue.unbounded<void>();
      const { url } = yield* serving({ ping: () => void Queue.offerUnsafe(pings, undefined) });
      const { link, losses, text } = yield* connected(upstreamAt(url), { silence: "50 millis" });
      void link.send("here");
      expect(yield* text).toBe("here");
      const since = performance.now();
      while (performance.now() - since < 250);
      yield* Queue.clear(pings);
      yield* Queue.take(pings);
      void link.send("still here");
      expect(yield* text).toBe("still here");
      expect(losses()).toBe(0);
    }),
  );

  it.effect("keeps an idle connection, and one that is paused", () =>
    Effect.gen(function* () {
      const pings = yield* Queue.unbounded<void>();
      const { peer, url } = yield* serving({
        ping: () => void Queue.offerUnsafe(pings, undefined),
      });
      const { link, losses, text } = yield* connected(upstreamAt(url), { silence: "20 millis" });
      for (let n = 0; n < 10; n++) yield* Queue.take(pings);
      link.pause();
      yield* Effect.sleep("200 millis");
      link.resume();
      (yield* peer).send("still here");
      expect(yield* text).toBe("still here");
      expect(losses()).toBe(0);
    }),
  );
});

describe("a check", () => {
  const check = (url: string) =>
    makeWebSocketKind().check?.(upstreamAt(url)) ?? Effect.die("There is no check.");

  for (const answer of [{ result: {} }, { error: { code: -32601, message: "no such method" } }]) {
    it.effect(`is content with ${Object.keys(answer)[0]}, and closes its connection`, () =>
      Effect.gen(function* () {
        const { closed, url } = yield* serving({
          message: (peer, message) => {
            // A request of its own under the same id is no answer.
            peer.send(String(message));
            peer.send(pong(message, answer));
          },
        });
        yield* check(url);
        expect(yield* closed).toBe(1000);
      }),
    );
  }

  it.effect("fails where the upstream hangs up instead of answering", () =>
    Effect.gen(function* () {
      const { url } = yield* serving({ message: (peer) => peer.close(1011, "") });
      const { message } = yield* Effect.flip(check(url));
      expect(message).toBe(`${url} says that it failed.`);
    }),
  );
});

/** A port that accepts, upgrades if it is told to, and says nothing more. */
const mute = Effect.fnUntraced(function* ({ upgrades = false } = {}) {
  const gone = yield* Deferred.make<void>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => Deferred.doneUnsafe(gone, Effect.void));
    socket.on("data", (data: Buffer) => {
      const key = /sec-websocket-key: (\S+)/i.exec(data.toString("latin1"))?.[1];
      if (!upgrades || key === undefined) return;
      const accept = createHash("sha1")
        .update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
        .digest("base64");
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: mcp\r\n\r\n`,
      );
    });
  });
  yield* Effect.acquireRelease(
    Effect.callback<void>(
      (resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void)),
    ),
    () =>
      Effect.sync(() => {
        for (const socket of sockets) socket.destroy();
        server.close();
      }),
  );
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    gone: Deferred.await(gone),
  };
});
