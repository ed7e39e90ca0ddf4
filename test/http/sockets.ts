/** Clients for tests: WebSockets with what they received, and raw sockets that say exactly what is written. */
import { connect, type Socket } from "node:net";
import { Deferred, Effect, Queue, type Scope } from "effect";

/** How a WebSocket was closed. */
export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** A WebSocket that is open until the scope closes. */
export const openSocket = Effect.fnUntraced(function* (
  url: string,
  options: {
    readonly protocols?: ReadonlyArray<string>;
    readonly headers?: Record<string, string>;
    readonly tls?: { readonly ca: string };
  } = {},
) {
  const received = yield* Queue.unbounded<string>();
  const opened = yield* Deferred.make<void, Closed>();
  const closed = yield* Deferred.make<Closed>();
  const socket = yield* Effect.acquireRelease(
    Effect.sync(
      () =>
        new WebSocket(url, {
          protocols: [...(options.protocols ?? [])],
          headers: options.headers ?? {},
          ...(options.tls === undefined ? {} : { tls: options.tls }),
        }),
    ),
    (open) => Effect.sync(() => open.close()),
  );
  socket.addEventListener("message", ({ data }) => Queue.offerUnsafe(received, String(data)));
  socket.addEventListener("open", () => Deferred.doneUnsafe(opened, Effect.void));
  socket.addEventListener("close", ({ code, reason }) => {
    Deferred.doneUnsafe(closed, Effect.succeed({ code, reason }));
    Deferred.doneUnsafe(opened, Effect.fail({ code, reason }));
  });
  yield* Deferred.await(opened);
  return {
    socket,
    send: (data: string | Uint8Array) => Effect.sync(() => socket.send(data)),
    next: Queue.take(received),
    closed: Deferred.await(closed),
  };
});

/** A TCP connection that reads only while it is told to. */
export const openRaw = Effect.fnUntraced(function* (port: number) {
  const socket: Socket = yield* Effect.acquireRelease(
    Effect.callback<Socket>((resume) => {
      const open = connect(port, "127.0.0.1", () => resume(Effect.succeed(open)));
      open.on("error", () => {});
    }),
    (open) => Effect.sync(() => open.destroy()),
  );
  return socket;
});

/** Everything that a socket gives until it ends or `enough` has come. */
export const readUntil = (socket: Socket, enough: (text: string) => boolean) =>
  Effect.callback<string>((resume) => {
    let text = "";
    const done = () => resume(Effect.succeed(text));
    const take = (chunk: Buffer) => {
      text += chunk.toString("latin1");
      if (enough(text)) done();
    };
    socket.on("data", take).on("end", done).on("close", done);
    return Effect.sync(() => {
      socket.off("data", take).off("end", done).off("close", done);
    });
  });

/** Waits until a count has begun to grow, and has stopped; answers it. */
export const untilStill = Effect.fnUntraced(function* (count: () => number) {
  while (count() === 0) yield* Effect.sleep("1 millis");
  let before = 0;
  while (before !== count()) {
    before = count();
    yield* Effect.sleep("100 millis");
  }
  return before;
});

const headEnd = "\r\n\r\n";

/** Sends the head of a request as it stands, and returns the head of the answer. */
export const rawHead = (port: number, lines: ReadonlyArray<string>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const socket = yield* openRaw(port);
      socket.write(`${lines.join("\r\n")}${headEnd}`);
      const text = yield* readUntil(socket, (soFar) => soFar.includes(headEnd));
      return text.slice(0, text.indexOf(headEnd));
    }),
  );

/** The head of a WebSocket handshake. */
export const handshake = (path: string, ...more: ReadonlyArray<string>): ReadonlyArray<string> => [
  `GET ${path} HTTP/1.1`,
  ...(more.some((line) => line.startsWith("Host:")) ? [] : ["Host: localhost"]),
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  ...more,
];

/** Runs a test to its end, and frees what it acquired. */
export const run = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>): Promise<A> =>
  Effect.runPromise(Effect.scoped(effect));
