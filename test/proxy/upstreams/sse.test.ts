import { describe, expect } from "bun:test";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { text as wholeText } from "node:stream/consumers";
import { Effect, Exit, Queue, Scope } from "effect";
import type { SseUpstream } from "../../../src/domain/Upstream.ts";
import { makeSseKind, type SseBounds } from "../../../src/proxy/upstreams/sse.ts";
import { opened, sendAll } from "../../actors/upstreamProcess/children.ts";
import { it } from "../../support/it.ts";
import { caller, pong } from "./caller.ts";

const MiB = 1024 * 1024;

const upstreamAt = (url: string, headers: Readonly<Record<string, string>> = {}): SseUpstream => ({
  _tag: "Sse",
  name: "remote",
  onRestart: "resume",
  url,
  headers,
});

/** The server's end of an event stream. */
interface EventStream {
  readonly headers: IncomingHttpHeaders;
  /** Resolves once there is room for more. */
  readonly write: (text: string) => Promise<void>;
  readonly end: () => void;
  readonly gone: Effect.Effect<void>;
}

interface Post {
  readonly body: string;
  readonly headers: IncomingHttpHeaders;
}

/** What a server answers to a post: its status. */
type Answer = (post: Post) => Promise<number> | number;

/** A server of the transport for the scope, which begins each stream so. */
const serving = Effect.fnUntraced(function* (
  answer: Answer = () => 202,
  first = "event: endpoint\ndata: messages?session=1\n\n",
) {
  const streams = yield* Queue.unbounded<EventStream>();
  const posts = yield* Queue.unbounded<Post>();
  const server = createServer((request, response) => {
    const { headers, method, url } = request;
    if (method === "GET" && url === "/a/sse") {
      response.writeHead(200, { "Content-Type": "text/event-stream; charset=utf-8" });
      response.write(first);
      const gone = Promise.withResolvers<void>();
      response.on("close", gone.resolve);
      Queue.offerUnsafe(streams, {
        headers,
        write: (text) =>
          new Promise((resolve) => {
            if (response.write(text)) resolve();
            else response.once("drain", resolve);
          }),
        end: () => void response.end(),
        gone: Effect.promise(() => gone.promise),
      });
    } else if (method === "POST" && url === "/a/messages?session=1") {
      void wholeText(request).then(async (body) => {
        const post = { body, headers };
        Queue.offerUnsafe(posts, post);
        response.writeHead(await answer(post)).end();
      });
    } else {
      response.writeHead(404).end();
    }
  });
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => {
      server.listen(0, "127.0.0.1", () => resume(Effect.void));
    }),
    () =>
      Effect.sync(() => {
        server.close();
        server.closeAllConnections();
      }),
  );
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const at = `http://127.0.0.1:${port}/a`;
  return { at, url: `${at}/sse`, stream: Queue.take(streams), post: Queue.take(posts) };
});

const connected = (upstream: SseUpstream, bounds: Partial<SseBounds> = {}) =>
  opened((handlers) => makeSseKind(bounds).open(upstream, handlers, caller));

describe("frames", () => {
  it.effect("are posted one after the other as they are, with the entry's headers", () =>
    Effect.gen(function* () {
      let open = 0;
      let most = 0;
      const { post, stream, url } = yield* serving(async () => {
        most = Math.max(most, ++open);
        await Bun.sleep(0);
        open--;
        return 202;
      });
      const { link } = yield* connected(upstreamAt(url, { Authorization: "Bearer made-up" }));
      expect((yield* stream).headers.authorization).toBe("Bearer made-up");
      const frames = Array.from({ length: 300 }, (_, index) => `{"n": ${index}, "t":"ö😀"}`);
      frames[100] = JSON.stringify("x".repeat(MiB));
      yield* Effect.forkScoped(sendAll(link, frames));
      for (const frame of frames) {
        const { body, headers } = yield* post;
        expect(body).toBe(frame);
        expect(headers.authorization).toBe("Bearer made-up");
        expect(headers["content-type"]).toBe("application/json");
      }
      expect(most).toBe(1);
    }),
  );

  it.effect("go on when a post is answered only after its work is done", () =>
    Effect.gen(function* () {
      const second = Promise.withResolvers<number>();
      let count = 0;
      const { post, url } = yield* serving(() => {
        if (++count === 1) return second.promise;
        second.resolve(200);
        return 200;
      });
      const { link } = yield* connected(upstreamAt(url), { patience: "20 millis" });
      yield* sendAll(link, ["call", "the answer that the call needs"]);
      expect((yield* post).body).toBe("call");
      expect((yield* post).body).toBe("the answer that the call needs");
    }),
  );

  it.effect("come from the stream in order, whole, and of other events none", () =>
    Effect.gen(function* () {
      const { stream, url } = yield* serving();
      const { text } = yield* connected(upstreamAt(url));
      const { write } = yield* stream;
      const large = JSON.stringify("ö".repeat(MiB));
      yield* Effect.promise(async () => {
        await write(": a comment\n\nevent: message\ndata: one\n\nevent: other\ndata: no\n\n");
        await write("data: two\ndata: lines\r\n\r\n");
        await write(`id: 7\ndata: ${large}\n\n`);
      });
      expect(yield* text).toBe("one");
      expect(yield* text).toBe("two\nlines");
      expect(yield* text).toBe(large);
    }),
  );

  it.effect("that come with the address are not lost", () =>
    Effect.gen(function* () {
      const { url } = yield* serving(
        undefined,
        "event: endpoint\ndata: /a/messages?session=1\n\ndata: early\n\n",
      );
      const { text } = yield* connected(upstreamAt(url));
      expect(yield* text).toBe("early");
    }),
  );

  it.effect("wait at the upstream while nobody takes them", () =>
    Effect.gen(function* () {
      const { stream, url } = yield* serving();
      const { frames, link, text } = yield* connected(upstreamAt(url));
      const { write } = yield* stream;
      link.pause();
      const event = `data: ${"x".repeat(64 * 1024)}\n\n`;
      let written = 0;
      const all = Effect.promise(async () => {
        for (; written < 1000; written++) await write(event);
      });
      yield* Effect.forkScoped(all);
      yield* Effect.sleep("300 millis");
      // What the system's buffers and those of the server take.
      expect(written).toBeLessThan(400);
      expect(frames()).toBe(0);
      link.resume();
      for (let n = 0; n < 1000; n++) expect((yield* text).length).toBe(64 * 1024);
    }),
  );

  it.effect("make whoever sends wait while posts are not answered", () =>
    Effect.gen(function* () {
      const go = Promise.withResolvers<number>();
      const { url } = yield* serving(() => go.promise);
      const { link } = yield* connected(upstreamAt(url), { posts: 4, patience: "1 minute" });
      const rooms = ["1", "2", "3", "4"].map((frame) => link.send(frame));
      expect(rooms.slice(0, 3)).toEqual([undefined, undefined, undefined]);
      const room = rooms[3]?.then(() => "room") ?? "at once";
      const first = () => Promise.race([room, Bun.sleep(50).then(() => "none yet")]);
      expect(yield* Effect.promise(first)).toBe("none yet");
      go.resolve(200);
      expect(yield* Effect.promise(async () => room)).toBe("room");
    }),
  );
});

describe("a connection", () => {
  it.effect("that answers with something else is refused", () =>
    Effect.gen(function* () {
      const { at } = yield* serving();
      const { message } = yield* Effect.flip(connected(upstreamAt(`${at}/elsewhere?key=secret`)));
      expect(message).toBe(`${at}/elsewhere cannot be connected to: it answers with status 404.`);
    }),
  );

  it.effect("where nobody listens is refused", () =>
    Effect.gen(function* () {
      const { message } = yield* Effect.flip(connected(upstreamAt("http://127.0.0.1:1/sse")));
      expect(message).toStartWith("http://127.0.0.1:1/sse cannot be connected to: ");
    }),
  );

  it.effect("that names no address is given up, and let go of", () =>
    Effect.gen(function* () {
      const { stream, url } = yield* serving(undefined, ": hello\n\n");
      const { message } = yield* Effect.flip(
        connected(upstreamAt(url), { opening: "50 millis" }).pipe(Effect.scoped),
      );
      expect(message).toBe(`${url} has named no address for messages within 50ms.`);
      yield* (yield* stream).gone;
    }),
  );

  it.effect("that names somebody else's address is refused: credentials are not for them", () =>
    Effect.gen(function* () {
      const { url } = yield* serving(
        undefined,
        "event: endpoint\ndata: http://127.0.0.1:2/take\n\n",
      );
      const { message } = yield* Effect.flip(connected(upstreamAt(url)));
      expect(message).toBe(`${url} names an address for messages that is not its own.`);
    }),
  );
});

describe("an end", () => {
  it.effect("of the stream is a loss, told after its last message", () =>
    Effect.gen(function* () {
      const { stream, url } = yield* serving();
      const { losses, lost, text } = yield* connected(upstreamAt(url));
      const { end, write } = yield* stream;
      void write("data: last\n\n");
      end();
      expect(yield* text).toBe("last");
      expect(yield* lost).toBe(`${url} ended its event stream.`);
      yield* Effect.sleep("20 millis");
      expect(losses()).toBe(1);
    }),
  );

  it.effect("is what a message is that the upstream refuses", () =>
    Effect.gen(function* () {
      const { stream, url } = yield* serving(() => 404);
      const { link, lost } = yield* connected(upstreamAt(url));
      void link.send("{}");
      expect(yield* lost).toBe(`${url} answered a message with status 404.`);
      yield* (yield* stream).gone;
    }),
  );

  it.effect("is what a message is that is too large", () =>
    Effect.gen(function* () {
      const { stream, url } = yield* serving();
      const { lost } = yield* connected(upstreamAt(url), { frameBytes: 1000 });
      void (yield* stream).write(`data: ${"x".repeat(2000)}`);
      expect(yield* lost).toBe(`${url} sent a message of more than 1000 bytes.`);
    }),
  );

  it.effect("of the scope closes the stream, and tells nobody", () =>
    Effect.gen(function* () {
      const { stream, url } = yield* serving(() => Promise.withResolvers<number>().promise);
      const scope = yield* Scope.make();
      const { link, losses } = yield* connected(upstreamAt(url)).pipe(Scope.provide(scope));
      void link.send("{}");
      const { gone } = yield* stream;
      yield* Scope.close(scope, Exit.void);
      yield* gone;
      expect(losses()).toBe(0);
    }),
  );
});

describe("a check", () => {
  it.effect("is content with an answer on the stream, and closes it", () =>
    Effect.gen(function* () {
      const { post, stream, url } = yield* serving();
      const check = makeSseKind().check?.(upstreamAt(url)) ?? Effect.die("There is no check.");
      const answering = Effect.gen(function* () {
        const { gone, write } = yield* stream;
        const { body } = yield* post;
        void write(`data: ${pong(body)}\n\n`);
        yield* gone;
      });
      yield* Effect.all([check, answering], { concurrency: "unbounded" });
    }),
  );
});
