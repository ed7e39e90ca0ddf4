import { describe, expect, test } from "bun:test";
import { Deferred, Effect, Fiber, Logger } from "effect";
import { NotFound } from "../../src/domain/Errors.ts";
import type { Door } from "../../src/http/Door.ts";
import { it } from "../support/it.ts";
import { echo, httpDoor, listening } from "./listening.ts";
import { handshake, openRaw, openSocket, rawHead, readUntil, run } from "./sockets.ts";

const anyText: unknown = expect.any(String);

const silent = Effect.provide(Logger.layer([]));

const get = (url: string, init: RequestInit = {}) => Effect.promise(() => fetch(url, init));

const bodyOf = (response: Response): Effect.Effect<unknown> =>
  Effect.promise(() => response.json());

describe("routing", () => {
  it.effect("each door has its paths, and the rest is 404", () =>
    Effect.gen(function* () {
      const named = (name: string, ...paths: Array<string>): Door => ({
        name,
        paths,
        onRequest: ({ url }) => Effect.succeed(new Response(`${name} ${url.search}`)),
      });
      const { http } = yield* listening([named("a", "/", "/a"), named("b", "/a", "/b")]);
      const text = (path: string) =>
        Effect.flatMap(get(`${http}${path}`), (response) => Effect.promise(() => response.text()));
      expect(yield* text("/")).toBe("a ");
      expect(yield* text("/a?x=1")).toBe("a ?x=1");
      expect(yield* text("/b")).toBe("b ");
      const other = yield* get(`${http}/b/c`);
      expect(other.status).toBe(404);
      expect(yield* bodyOf(other)).toMatchObject({ code: "NOT_FOUND", retryable: false });
    }),
  );

  it.effect("a door may have all paths that begin so; exact ones come first", () =>
    Effect.gen(function* () {
      const named = (name: string, door: Partial<Door>): Door => ({
        name,
        paths: [],
        onRequest: ({ url }) => Effect.succeed(new Response(`${name} ${url.pathname}`)),
        ...door,
      });
      const { http } = yield* listening([
        named("wide", { paths: ["/mcp"], prefixes: ["/mcp/"] }),
        named("exact", { paths: ["/mcp/health"] }),
      ]);
      const text = (path: string) =>
        Effect.flatMap(get(`${http}${path}`), (response) => Effect.promise(() => response.text()));
      expect(yield* text("/mcp")).toBe("wide /mcp");
      expect(yield* text("/mcp/a%2Fb/c")).toBe("wide /mcp/a%2Fb/c");
      expect(yield* text("/mcp/health")).toBe("exact /mcp/health");
      expect((yield* get(`${http}/mcpx`)).status).toBe(404);
    }),
  );

  it.effect("a door may look at an upgrade before it takes place, and refuse it", () =>
    Effect.gen(function* () {
      const { port, ws } = yield* listening([
        {
          name: "looking",
          paths: ["/"],
          onUpgrade: ({ url }) => {
            const name = url.searchParams.get("name");
            return name === null
              ? Effect.fail(new NotFound({ message: "Name somebody." }))
              : Effect.succeed((connection) => Effect.ignore(connection.send(`hello ${name}`)));
          },
        },
      ]);
      const client = yield* openSocket(`${ws}/?name=you`);
      expect(yield* client.next).toBe("hello you");
      expect(yield* rawHead(port, handshake("/"))).toStartWith("HTTP/1.1 404");
    }),
  );

  it.effect("a door says when it is the wrong way in", () =>
    Effect.gen(function* () {
      const { http, port } = yield* listening([
        echo,
        { name: "web", paths: ["/web"], onRequest: () => Effect.succeed(new Response("hello")) },
      ]);
      const plain = yield* get(http);
      expect(plain.status).toBe(426);
      expect(plain.headers.get("upgrade")).toBe("websocket");
      expect(yield* rawHead(port, handshake("/web"))).toStartWith("HTTP/1.1 200");
      const noKey = handshake("/").filter((line) => !line.startsWith("Sec-WebSocket-Key"));
      expect(yield* rawHead(port, noKey)).toStartWith("HTTP/1.1 400");
    }),
  );

  test.each([
    ["mcp", "mcp"],
    ["foo, mcp", "mcp"],
    ["second, mcp", "mcp"],
    ["foo,second", "second"],
    ["foo", undefined],
    [undefined, undefined],
  ])("of the subprotocols %p the answer is %p", (offered, chosen) =>
    run(
      Effect.gen(function* () {
        const { port } = yield* listening([{ ...echo, subprotocols: ["mcp", "second"] }]);
        const lines = offered === undefined ? [] : [`Sec-WebSocket-Protocol: ${offered}`];
        const head = yield* rawHead(port, handshake("/", ...lines));
        expect(head).toStartWith("HTTP/1.1 101");
        expect(/Sec-WebSocket-Protocol: (.*)/i.exec(head)?.[1]).toBe(chosen);
      }),
    ),
  );
});

describe("an HTTP request", () => {
  it.effect("that its client gives up is interrupted", () =>
    Effect.gen(function* () {
      const started = yield* Deferred.make<void>();
      const ended = yield* Deferred.make<void>();
      const { http } = yield* listening([
        httpDoor(() =>
          Deferred.succeed(started, undefined).pipe(
            Effect.andThen(Effect.never),
            Effect.onInterrupt(() => Deferred.succeed(ended, undefined)),
          ),
        ),
      ]);
      const gone = new AbortController();
      const asked = fetch(http, { signal: gone.signal }).catch(() => "aborted");
      yield* Deferred.await(started);
      gone.abort();
      yield* Deferred.await(ended);
      expect(yield* Effect.promise(() => asked)).toBe("aborted");
    }),
  );

  it.effect("whose door fails is answered with 500 and an id, and nothing of the cause", () =>
    Effect.gen(function* () {
      const { http } = yield* listening([httpDoor(() => Effect.die(new Error("a secret")))]).pipe(
        silent,
      );
      const response = yield* get(http);
      expect(response.status).toBe(500);
      const body = yield* bodyOf(response);
      expect(body).toMatchObject({ code: "INTERNAL", details: { error_id: anyText } });
      expect(JSON.stringify(body)).not.toContain("secret");
    }),
  );

  it.effect("may be as large as the bound, and is answered with 413 past it", () =>
    Effect.gen(function* () {
      const { http } = yield* listening(
        [
          httpDoor(({ request }) =>
            Effect.promise(async () => new Response(String((await request.text()).length))),
          ),
        ],
        { bounds: { messageBytes: 1000 } },
      );
      const post = (length: number) => get(http, { method: "POST", body: "x".repeat(length) });
      expect((yield* post(1000)).status).toBe(200);
      expect((yield* post(1001)).status).toBe(413);
    }),
  );
});

describe("the end", () => {
  it.effect("answers what is in flight, closes with 1001, and accepts nothing new", () =>
    Effect.gen(function* () {
      const started = yield* Deferred.make<void>();
      const release = yield* Deferred.make<void>();
      const { http, ws, stop, drain } = yield* listening([
        echo,
        {
          name: "web",
          paths: ["/web"],
          onRequest: () =>
            Deferred.succeed(started, undefined).pipe(
              Effect.andThen(Deferred.await(release)),
              Effect.as(new Response("answered")),
            ),
        },
      ]);
      const client = yield* openSocket(ws);
      const inFlight = fetch(`${http}/web`).then((response) => response.text());
      yield* Deferred.await(started);
      const stopped = yield* Effect.forkChild(stop);
      yield* drain.begun;
      const refused = yield* Effect.promise(() =>
        fetch(`${http}/web`).then(
          ({ status }) => status,
          () => "refused",
        ),
      );
      expect(refused).toBe("refused");
      yield* client.send("still served");
      expect(yield* client.next).toBe("still served");
      yield* Deferred.succeed(release, undefined);
      expect(yield* Effect.promise(() => inFlight)).toBe("answered");
      expect((yield* client.closed).code).toBe(1001);
      yield* Fiber.join(stopped);
    }),
  );

  it.effect("refuses a request that was still arriving", () =>
    Effect.gen(function* () {
      const { port, drain } = yield* listening([
        httpDoor(() => Effect.succeed(new Response("served"))),
      ]);
      const head = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
      const socket = yield* openRaw(port);
      socket.write(head.slice(0, 10));
      // Once a later request has been answered, Bun has read what this one sent so far.
      yield* rawHead(port, ["GET / HTTP/1.1", "Host: localhost"]);
      yield* drain.begin;
      socket.write(head.slice(10));
      const text = yield* readUntil(socket, (soFar) => soFar.includes("UNAVAILABLE"));
      expect(text).toStartWith("HTTP/1.1 503");
    }),
  );

  it.effect("comes at the deadline, whatever is in flight", () =>
    Effect.gen(function* () {
      const interrupted = yield* Deferred.make<void>();
      const started = yield* Deferred.make<void>();
      const { http, stop } = yield* listening(
        [
          httpDoor(() =>
            Deferred.succeed(started, undefined).pipe(
              Effect.andThen(Effect.never),
              Effect.onInterrupt(() => Deferred.succeed(interrupted, undefined)),
            ),
          ),
        ],
        { shutdownTimeout: "100 millis" },
      ).pipe(silent);
      const answer = fetch(http).then(({ status }) => status);
      yield* Deferred.await(started);
      yield* stop;
      yield* Deferred.await(interrupted);
      expect(yield* Effect.promise(() => answer)).toBe(503);
    }),
  );

  it.effect("ends streams that would never end by themselves", () =>
    Effect.gen(function* () {
      let close = () => {};
      const { http, stop } = yield* listening([
        {
          ...httpDoor(() =>
            Effect.sync(() => {
              const body = new ReadableStream({
                start: (controller) => {
                  controller.enqueue("open ");
                  close = () => {
                    controller.enqueue("closed");
                    controller.close();
                  };
                },
              });
              return new Response(body);
            }),
          ),
          endStreams: Effect.sync(() => close()),
        },
      ]);
      const response = yield* get(http);
      yield* stop;
      expect(yield* Effect.promise(() => response.text())).toBe("open closed");
    }),
  );
});

it.effect("a port in use is a sentence", () =>
  Effect.gen(function* () {
    const { port } = yield* listening([echo]);
    const error = yield* Effect.flip(listening([echo], { port }));
    expect(error.message).toContain(`127.0.0.1:${port}`);
    expect(error.message).toContain("choose another");
  }),
);
