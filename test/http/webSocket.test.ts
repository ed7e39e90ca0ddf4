import { describe, expect } from "bun:test";
import { Deferred, Effect, Exit, Fiber, Latch, Logger, Queue } from "effect";
import type { Connection } from "../../src/http/Door.ts";
import { it } from "../support/it.ts";
import { echo, listening, socketDoor } from "./listening.ts";
import { handshake, openRaw, openSocket, readUntil, untilStill } from "./sockets.ts";

const silent = Effect.provide(Logger.layer([]));

describe("a WebSocket", () => {
  it.effect("carries text and bytes, in order", () =>
    Effect.gen(function* () {
      const kinds = socketDoor((connection) =>
        Effect.forever(
          Effect.flatMap(connection.take, (frames) =>
            Effect.forEach(frames, (frame) =>
              connection.send(typeof frame === "string" ? frame : `bytes ${frame.length}`),
            ),
          ),
        ),
      );
      const { ws } = yield* listening([kinds]);
      const client = yield* openSocket(ws);
      for (const frame of ["one", "", new Uint8Array(3), "four"]) yield* client.send(frame);
      expect(yield* client.next).toBe("one");
      expect(yield* client.next).toBe("");
      expect(yield* client.next).toBe("bytes 3");
      expect(yield* client.next).toBe("four");
    }),
  );

  it.effect("closes with 1000 when its door returns, and with what the door says", () =>
    Effect.gen(function* () {
      const { ws } = yield* listening([
        socketDoor((connection) => connection.take),
        socketDoor(
          (connection) =>
            Effect.andThen(connection.take, connection.close(4001, "because")).pipe(
              Effect.andThen(Effect.never),
            ),
          { paths: ["/says"] },
        ),
      ]);
      const client = yield* openSocket(ws);
      yield* client.send("go");
      expect(yield* client.closed).toEqual({ code: 1000, reason: "" });
      const other = yield* openSocket(`${ws}/says`);
      yield* other.send("go");
      expect(yield* other.closed).toEqual({ code: 4001, reason: "because" });
    }),
  );

  it.effect("that closes interrupts what serves it, and closes its scope", () =>
    Effect.gen(function* () {
      const ended = yield* Deferred.make<string>();
      const released = yield* Deferred.make<void>();
      const { ws } = yield* listening([
        {
          name: "test",
          paths: ["/"],
          onConnection: () =>
            Effect.addFinalizer(() => Deferred.succeed(released, undefined)).pipe(
              Effect.andThen(Effect.never),
              Effect.onInterrupt(() => Deferred.succeed(ended, "interrupted")),
            ),
        },
      ]);
      const client = yield* openSocket(ws);
      client.socket.close();
      expect(yield* Deferred.await(ended)).toBe("interrupted");
      yield* Deferred.await(released);
    }),
  );

  it.effect("whose door fails closes with 1011, and the others live on", () =>
    Effect.gen(function* () {
      const failing = socketDoor(
        (connection) => Effect.andThen(connection.take, Effect.die(new Error("a secret"))),
        { paths: ["/failing"] },
      );
      const { ws } = yield* listening([failing, echo]).pipe(silent);
      const bystander = yield* openSocket(ws);
      const client = yield* openSocket(`${ws}/failing`);
      yield* client.send("go");
      const closed = yield* client.closed;
      expect(closed.code).toBe(1011);
      expect(closed.reason).not.toContain("secret");
      yield* bystander.send("still here");
      expect(yield* bystander.next).toBe("still here");
    }),
  );

  it.effect("takes messages up to the bound, and closes with 1009 past it", () =>
    Effect.gen(function* () {
      const { ws } = yield* listening([echo], { bounds: { messageBytes: 1000 } });
      const client = yield* openSocket(ws);
      yield* client.send("x".repeat(1000));
      expect(yield* client.next).toHaveLength(1000);
      yield* client.send("x".repeat(1001));
      // Bun's client reports 1009 as it came; the message never reached the door.
      expect((yield* client.closed).code).toBe(1009);
    }),
  );

  it.effect("hands over each frame as it comes, in order, until it is closed", () =>
    Effect.gen(function* () {
      const ended = yield* Deferred.make<string>();
      const { ws } = yield* listening([
        socketDoor((connection) =>
          connection
            .takeEach((frame) => {
              expect(connection.sendUnsafe(`${String(frame)} taken`)).toBeUndefined();
            })
            .pipe(Effect.onExit((exit) => Deferred.succeed(ended, exit._tag))),
        ),
      ]);
      const client = yield* openSocket(ws);
      for (const frame of ["one", "two", "three"]) yield* client.send(frame);
      expect(yield* client.next).toBe("one taken");
      expect(yield* client.next).toBe("two taken");
      expect(yield* client.next).toBe("three taken");
      client.socket.close();
      expect(yield* Deferred.await(ended)).toBe("Failure");
    }),
  );

  it.effect("hands over frames that came before anybody took them", () =>
    Effect.gen(function* () {
      const go = yield* Latch.make();
      const { ws } = yield* listening([
        socketDoor((connection) =>
          Effect.andThen(
            go.await,
            connection.takeEach((frame) => void connection.sendUnsafe(frame)),
          ),
        ),
      ]);
      const client = yield* openSocket(ws);
      for (const frame of ["one", "two"]) yield* client.send(frame);
      yield* go.open;
      expect(yield* client.next).toBe("one");
      expect(yield* client.next).toBe("two");
    }),
  );

  it.effect("hands over nothing while it is paused, and everything in order afterwards", () =>
    Effect.gen(function* () {
      const taken: Array<string> = [];
      const first = yield* Latch.make();
      const all = yield* Latch.make();
      const paused = yield* Deferred.make<Connection>();
      const { ws } = yield* listening([
        socketDoor((connection) =>
          connection.takeEach((frame) => {
            taken.push(String(frame));
            if (taken.length === 1) {
              connection.pause();
              first.openUnsafe();
              Deferred.doneUnsafe(paused, Effect.succeed(connection));
            }
            if (taken.length === 1000) all.openUnsafe();
          }),
        ),
      ]);
      const client = yield* openSocket(ws);
      const connection = yield* Deferred.await(paused).pipe(Effect.forkScoped);
      for (let index = 0; index < 1000; index++) yield* client.send(String(index));
      yield* first.await;
      yield* Effect.sleep("50 millis");
      expect(taken).toEqual(["0"]);
      (yield* Fiber.join(connection)).resume();
      yield* all.await;
      expect(taken).toEqual(Array.from({ length: 1000 }, (_, index) => String(index)));
    }),
  );

  it.effect("whose taker throws closes with 1011", () =>
    Effect.gen(function* () {
      const { ws } = yield* listening([
        socketDoor((connection) =>
          connection.takeEach(() => {
            throw new Error("a secret");
          }),
        ),
      ]).pipe(silent);
      const client = yield* openSocket(ws);
      yield* client.send("go");
      const closed = yield* client.closed;
      expect(closed.code).toBe(1011);
      expect(closed.reason).not.toContain("secret");
    }),
  );

  it.effect("sends fail once it is closed", () =>
    Effect.gen(function* () {
      const result = yield* Deferred.make<string>();
      const { ws } = yield* listening([
        socketDoor((connection) =>
          connection.close(1000, "").pipe(
            Effect.andThen(connection.send("late")),
            Effect.matchEffect({
              onFailure: (error) => Deferred.succeed(result, error._tag),
              onSuccess: () => Deferred.succeed(result, "sent"),
            }),
          ),
        ),
      ]);
      yield* openSocket(ws);
      expect(yield* Deferred.await(result)).toBe("ConnectionClosed");
    }),
  );
});

/** The size of a frame that the server sends, and of its head. */
const size = 100_000;
const headSize = 10;

/** How many frames make more than what the kernel and the bound hold. */
const frameCount = 300;

/** A WebSocket whose client does not read. */
const stalled = Effect.fnUntraced(function* (port: number) {
  const socket = yield* openRaw(port);
  socket.write(`${handshake("/").join("\r\n")}\r\n\r\n`);
  const answer = yield* readUntil(socket, (text) => text.includes("\r\n\r\n"));
  socket.pause();
  return { socket, received: answer.slice(answer.indexOf("\r\n\r\n") + 4) };
});

/** The sender of numbered frames waits for the reader, which then gets them all in order. */
const expectTheRest = Effect.fnUntraced(function* (
  { received, socket }: Effect.Success<ReturnType<typeof stalled>>,
  sent: () => number,
) {
  expect(yield* untilStill(sent)).toBeLessThan(frameCount / 2);
  const rest = readUntil(socket, (text) => text.length >= frameCount * (size + headSize));
  socket.resume();
  const text = received + (yield* rest);
  for (let index = 0; index < frameCount; index++) {
    const start = index * (size + headSize) + headSize;
    expect(Number(text.slice(start, start + size))).toBe(index);
  }
});

describe("a reader that does not read", () => {
  it.effect(
    "stops the sender, loses nothing, and gets everything in order once it reads",
    () =>
      Effect.gen(function* () {
        let sent = 0;
        const { port } = yield* listening([
          socketDoor((connection) =>
            Effect.forEach(
              Array.from({ length: frameCount }, (_, index) => index),
              (index) =>
                Effect.tap(connection.send(String(index).padStart(size, "0")), () =>
                  Effect.sync(() => sent++),
                ),
            ),
          ),
        ]);
        const reader = yield* stalled(port);
        yield* expectTheRest(reader, () => sent);
      }),
    { timeout: 20_000 },
  );

  it.effect(
    "is not asked for more by a door that takes each frame, and gets all answers once it reads",
    () =>
      Effect.gen(function* () {
        let taken = 0;
        const fork = Effect.runForkWith(yield* Effect.context<never>());
        const { port } = yield* listening([
          socketDoor((connection) =>
            connection.takeEach(() => {
              const rest = connection.sendUnsafe(String(taken++).padStart(size, "0"));
              if (rest !== undefined) fork(Effect.ignore(rest));
            }),
          ),
        ]);
        const reader = yield* stalled(port);
        // A masked text frame of one byte, with a mask of zeros.
        const frame = Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0x61]);
        for (let index = 0; index < frameCount; index++) reader.socket.write(frame);
        yield* expectTheRest(reader, () => taken);
      }),
    { timeout: 20_000 },
  );

  it.effect(
    "is still listened to by a door whose two directions are independent",
    () =>
      Effect.gen(function* () {
        const heard = yield* Latch.make();
        const fork = Effect.runForkWith(yield* Effect.context<never>());
        const { port } = yield* listening([
          socketDoor((connection) =>
            connection.takeEach((frame) => {
              if (String(frame) === "b") heard.openUnsafe();
              while (true) {
                const rest = connection.sendUnsafe("x".repeat(size));
                if (rest === undefined) continue;
                fork(Effect.ignore(rest));
                break;
              }
            }, "independent"),
          ),
        ]);
        const { socket } = yield* stalled(port);
        // Masked text frames of one byte, with masks of zeros: the first fills the way back.
        for (const byte of [0x61, 0x62]) socket.write(Buffer.from([0x81, 0x81, 0, 0, 0, 0, byte]));
        yield* heard.await;
      }),
    { timeout: 20_000 },
  );

  it.effect("gets what Bun refused to hold while it caught up", () =>
    Effect.gen(function* () {
      const large = 20_000_000;
      const small = 2000;
      const { port } = yield* listening([
        socketDoor((connection) =>
          Effect.andThen(
            connection.send("x".repeat(large)),
            Effect.forEach(
              Array.from({ length: small }, (_, index) => `<${index}>`),
              connection.send,
              { concurrency: "unbounded", discard: true },
            ),
          ),
        ),
      ]);
      const socket = yield* openRaw(port);
      socket.write(`${handshake("/").join("\r\n")}\r\n\r\n`);
      // Read a little at a time, so that Bun holds much of the large frame when the small ones come.
      let text = "";
      while (!text.includes(`<${small - 1}>`)) {
        const before = text.length;
        socket.resume();
        text += yield* readUntil(socket, (soFar) => soFar.length > 200_000 || soFar.endsWith(">"));
        socket.pause();
        if (text.length === before) break;
        yield* Effect.yieldNow;
      }
      const numbers = Array.from(text.matchAll(/<(\d+)>/g), ([, digits]) => Number(digits));
      expect(numbers).toEqual(Array.from({ length: small }, (_, index) => index));
    }),
  );

  it.effect("is disconnected when it stalls", () =>
    Effect.gen(function* () {
      const outcome = yield* Deferred.make<Exit.Exit<unknown, unknown>>();
      const { port } = yield* listening(
        [
          socketDoor((connection) =>
            Effect.forever(connection.send("x".repeat(size))).pipe(
              Effect.onExit((exit) => Deferred.succeed(outcome, exit)),
            ),
          ),
        ],
        { bounds: { stall: "200 millis", closing: "100 millis" } },
      );
      yield* stalled(port);
      const exit = yield* Deferred.await(outcome);
      expect(Exit.isFailure(exit)).toBe(true);
      expect(JSON.stringify(exit)).toContain("1013");
    }),
  );

  it.effect(
    "does not get a frame whose sender gave up waiting",
    () =>
      Effect.gen(function* () {
        const full = yield* Latch.make();
        const withdrawn = yield* Latch.make();
        const { port } = yield* listening([
          socketDoor(
            Effect.fnUntraced(function* (connection) {
              const flood = yield* Effect.forkChild(
                Effect.forever(connection.send("x".repeat(size))),
              );
              yield* full.await;
              const waiting = yield* Effect.forkChild(connection.send("withdrawn"), {
                startImmediately: true,
              });
              yield* Fiber.interrupt(waiting);
              yield* Fiber.interrupt(flood);
              yield* withdrawn.open;
              yield* connection.send("last");
            }),
          ),
        ]);
        const socket = yield* openRaw(port);
        socket.write(`${handshake("/").join("\r\n")}\r\n\r\n`);
        yield* readUntil(socket, (text) => text.length > size);
        socket.pause();
        yield* Effect.sleep("500 millis");
        yield* full.open;
        yield* withdrawn.await;
        const rest = readUntil(socket, (text) => text.includes("last"));
        socket.resume();
        expect(yield* rest).not.toContain("withdrawn");
      }),
    { timeout: 20_000 },
  );
});

it.effect("a writer whose frames nobody takes is read no further, and loses nothing", () =>
  Effect.gen(function* () {
    const open = yield* Latch.make();
    const batches = yield* Queue.unbounded<number>();
    const total = 20_000;
    const { ws } = yield* listening([
      socketDoor(
        Effect.fnUntraced(function* (connection) {
          yield* open.await;
          let expected = 0;
          while (expected < total) {
            const frames = yield* connection.take;
            for (const frame of frames) {
              if (String(frame) !== String(expected++).padStart(1000, "0")) {
                return yield* Effect.die("out of order");
              }
            }
            yield* Queue.offer(batches, frames.length);
          }
          yield* connection.send("all");
        }),
      ),
    ]);
    const client = yield* openSocket(ws);
    for (let index = 0; index < total; index++) {
      client.socket.send(String(index).padStart(1000, "0"));
    }
    yield* Effect.sleep("200 millis");
    // Some of the 20 MB is still on the client's side of the wire.
    expect(client.socket.bufferedAmount).toBeGreaterThan(5_000_000);
    yield* open.open;
    expect(yield* client.next).toBe("all");
    // One read of Bun's may hold more frames than the bound, but not many.
    expect(yield* Queue.take(batches)).toBeLessThan(2000);
  }),
);
