/** A connection without a wire: on one side what a door serves, on the other the link of a session. */
import { Array as Arrays, Effect } from "effect";
import type { Link, LinkHandlers } from "../../actors/links.ts";
import { type Connection, ConnectionClosed, type Frame } from "../../http/Door.ts";

/** Frames that may wait to be taken before whoever sends is told to wait. */
const mostWaiting = 64;

/** One direction: frames go straight to who takes them, and wait while nobody does. */
class Pipe {
  #queue: Array<Frame> = [];
  #taker: ((frame: Frame) => void) | undefined;
  #isHeld = false;
  #room: PromiseWithResolvers<void> | undefined;

  /** As a link sends. */
  push(frame: Frame): Promise<void> | undefined {
    if (this.#taker !== undefined && !this.#isHeld && this.#queue.length === 0) {
      this.#taker(frame);
      return undefined;
    }
    this.#queue.push(frame);
    if (this.#queue.length < mostWaiting) return undefined;
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  takenBy(taker: ((frame: Frame) => void) | undefined): void {
    this.#taker = taker;
    this.#handOver();
  }

  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    this.#handOver();
  }

  takeAll(): ReadonlyArray<Frame> {
    return this.#emptied();
  }

  /** Nobody takes anything any more. */
  end(): void {
    this.#taker = undefined;
    this.#emptied();
  }

  #emptied(): ReadonlyArray<Frame> {
    const frames = this.#queue;
    this.#queue = [];
    this.#room?.resolve();
    this.#room = undefined;
    return frames;
  }

  #handOver(): void {
    // What a taker does may hold the pipe, or end it.
    while (this.#taker !== undefined && !this.#isHeld) {
      const frame = this.#queue.shift();
      if (frame === undefined) break;
      this.#taker(frame);
    }
    if (this.#queue.length >= mostWaiting) return;
    this.#room?.resolve();
    this.#room = undefined;
  }
}

let connections = 0;

/** Both sides. */
export class MemoryConnection implements Connection {
  // Those of sockets are positive.
  readonly id = --connections;
  readonly subprotocol = "mcp";
  readonly arrival: Connection["arrival"];
  /** The session's side. */
  readonly link: Link;
  readonly #onLost: LinkHandlers["onLost"];
  readonly #toDoor = new Pipe();
  readonly #toSession = new Pipe();
  readonly #waiting = new Set<(closed: ConnectionClosed) => void>();
  #closed: ConnectionClosed | undefined;

  constructor(arrival: Connection["arrival"], { onFrame, onLost }: LinkHandlers) {
    this.arrival = arrival;
    this.#onLost = onLost;
    this.#toSession.takenBy(onFrame);
    this.link = {
      send: (frame) => (this.#closed === undefined ? this.#toDoor.push(frame) : undefined),
      pause: () => this.#toSession.hold(true),
      resume: () => this.#toSession.hold(false),
    };
  }

  get take(): Connection["take"] {
    return Effect.callback((resume) => {
      if (this.#closed !== undefined) return resume(Effect.fail(this.#closed));
      const frames = this.#toDoor.takeAll();
      if (Arrays.isReadonlyArrayNonEmpty(frames)) return resume(Effect.succeed(frames));
      const done = () => {
        this.#toDoor.takenBy(undefined);
        this.#waiting.delete(closed);
      };
      const closed = (error: ConnectionClosed) => resume(Effect.fail(error));
      this.#waiting.add(closed);
      this.#toDoor.takenBy((frame) => {
        done();
        resume(Effect.succeed([frame]));
      });
      return Effect.sync(done);
    });
  }

  takeEach(take: (frame: Frame) => void): Effect.Effect<never, ConnectionClosed> {
    return Effect.callback((resume) => {
      if (this.#closed !== undefined) return resume(Effect.fail(this.#closed));
      const done = () => {
        this.#toDoor.takenBy(undefined);
        this.#waiting.delete(closed);
      };
      const closed = (error: ConnectionClosed) => resume(Effect.fail(error));
      this.#waiting.add(closed);
      this.#toDoor.takenBy((frame) => {
        try {
          take(frame);
        } catch (defect) {
          done();
          resume(Effect.die(defect));
        }
      });
      return Effect.sync(done);
    });
  }

  pause(): void {
    this.#toDoor.hold(true);
  }

  resume(): void {
    this.#toDoor.hold(false);
  }

  readonly send: Connection["send"] = (frame) =>
    Effect.suspend(() => this.sendUnsafe(frame) ?? Effect.void);

  sendUnsafe(frame: Frame): Effect.Effect<void, ConnectionClosed> | undefined {
    if (this.#closed !== undefined) return Effect.fail(this.#closed);
    const room = this.#toSession.push(frame);
    return room === undefined ? undefined : Effect.promise(() => room);
  }

  close(code: number, reason: string): Effect.Effect<void> {
    return Effect.sync(() => {
      if (this.end(code, reason)) this.#onLost(`Dewey closed the connection (${code}): ${reason}`);
    });
  }

  /** Nobody is told of it: the session itself is over. Answers whether it was open. */
  end(code: number, reason: string): boolean {
    if (this.#closed !== undefined) return false;
    const closed = new ConnectionClosed({ code, reason });
    this.#closed = closed;
    this.#toDoor.end();
    this.#toSession.end();
    for (const fail of [...this.#waiting]) fail(closed);
    this.#waiting.clear();
    return true;
  }
}
