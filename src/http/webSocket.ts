/**
 * Bun's WebSocket as a `Connection`: a bounded queue in, which pauses the socket when it is full, and sends that wait
 * for a slow reader. A reader that stalls is cut off (1013), so that nothing grows on its behalf.
 */
import type { ServerWebSocket } from "bun";
import { Array as Arrays, Duration, Effect, type Fiber } from "effect";
import type { Visitor } from "../services/Access.ts";
import {
  type Connection,
  ConnectionClosed,
  type Door,
  type Frame,
  type ServeConnection,
} from "./Door.ts";

/** The bounds of one connection. */
export interface ConnectionBounds {
  /** A larger message closes the connection with 1009; a larger HTTP body is answered with 413. */
  readonly messageBytes: number;
  /** What may wait to be taken before the socket is read no further. */
  readonly inboxFrames: number;
  readonly inboxBytes: number;
  /** What Bun may buffer for a reader that is slow. */
  readonly outboxBytes: number;
  /** How long a reader may make no progress at all before it is disconnected. */
  readonly stall: Duration.Input;
  /** How long the other side has to finish a closing handshake. */
  readonly closing: Duration.Input;
}

const MiB = 1024 * 1024;

/** Bounds that a client notices only when it misbehaves. */
export const defaultBounds: ConnectionBounds = {
  messageBytes: 16 * MiB,
  inboxFrames: 256,
  inboxBytes: 1 * MiB,
  outboxBytes: 1 * MiB,
  stall: "30 seconds",
  closing: "2 seconds",
};

/** What rides on Bun's socket from the upgrade on. */
export interface SocketData {
  readonly door: Door;
  readonly serve: ServeConnection;
  readonly visitor: Visitor;
  /** Gives back the place that the connection takes. */
  readonly leave: () => void;
  readonly subprotocol: string | undefined;
  /** Stops looking at whether the token is still good. */
  unwatch?: () => void;
  connection?: WebSocketConnection;
}

type Socket = ServerWebSocket<SocketData>;
type Resume = (effect: Effect.Effect<void, ConnectionClosed>) => void;
type Frames = Arrays.NonEmptyReadonlyArray<Frame>;
type Taker = (effect: Effect.Effect<Frames, ConnectionClosed>) => void;

interface EachTaker {
  readonly take: (frame: Frame) => void;
  readonly isIndependent: boolean;
  readonly resume: (effect: Effect.Effect<never, ConnectionClosed>) => void;
}

interface Waiting {
  readonly frame: Frame;
  readonly resume: Resume;
}

const sizeOf = (frame: Frame): number =>
  typeof frame === "string" ? frame.length : frame.byteLength;

let connections = 0;

/** One open socket; the listener feeds it Bun's events. */
export class WebSocketConnection implements Connection {
  readonly id = ++connections;
  readonly arrival: Connection["arrival"];
  readonly subprotocol: string | undefined;
  /** The door's fiber, interrupted when the socket closes. */
  fiber: Fiber.Fiber<unknown, unknown> | undefined;

  readonly #socket: Socket;
  readonly #bounds: ConnectionBounds;
  #inbox: Array<Frame> = [];
  #inboxBytes = 0;
  #taker: Taker | undefined;
  #eachTaker: EachTaker | undefined;
  #full = false;
  #isHeld = false;
  readonly #outbox: Array<Waiting> = [];
  readonly #writers = new Set<Resume>();
  #stallTimer: Timer | undefined;
  #closingTimer: Timer | undefined;
  #closed: ConnectionClosed | undefined;

  constructor(socket: Socket, bounds: ConnectionBounds) {
    this.#socket = socket;
    this.#bounds = bounds;
    this.arrival = socket.data.visitor;
    this.subprotocol = socket.data.subprotocol;
  }

  get take(): Connection["take"] {
    return Effect.callback<Frames, ConnectionClosed>((resume) => {
      const frames = this.#takeAll();
      if (frames !== undefined) return resume(Effect.succeed(frames));
      if (this.#closed !== undefined) return resume(Effect.fail(this.#closed));
      this.#taker = resume;
      return Effect.sync(() => {
        this.#taker = undefined;
      });
    });
  }

  takeEach(
    take: (frame: Frame) => void,
    directions: "coupled" | "independent" = "coupled",
  ): Effect.Effect<never, ConnectionClosed> {
    return Effect.callback<never, ConnectionClosed>((resume) => {
      if (this.#closed !== undefined) return resume(Effect.fail(this.#closed));
      this.#eachTaker = { take, isIndependent: directions === "independent", resume };
      this.#handOver();
      return Effect.sync(() => {
        this.#eachTaker = undefined;
      });
    });
  }

  pause(): void {
    this.#isHeld = true;
  }

  resume(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#handOver();
  }

  readonly send: Connection["send"] = (frame) =>
    Effect.suspend(() => this.sendUnsafe(frame) ?? Effect.void);

  sendUnsafe(frame: Frame): Effect.Effect<void, ConnectionClosed> | undefined {
    if (this.#closed !== undefined) return Effect.fail(this.#closed);
    if (this.#full) return this.#queued(frame);
    switch (this.#write(frame)) {
      case "sent":
        return undefined;
      case "buffered":
        return this.#roomAgain();
      case "refused":
        return this.#queued(frame);
    }
  }

  close(code: number, reason: string): Effect.Effect<void> {
    return Effect.sync(() => this.#end(code, reason));
  }

  /** A frame came in. */
  received(frame: Frame): void {
    if (this.#closed !== undefined) return;
    this.#inbox.push(frame);
    this.#inboxBytes += sizeOf(frame);
    if (
      this.#inbox.length >= this.#bounds.inboxFrames ||
      this.#inboxBytes >= this.#bounds.inboxBytes
    ) {
      this.#socket.pause();
    }
    if (this.#eachTaker !== undefined) return this.#handOver();
    if (this.#taker === undefined) return;
    const frames = this.#takeAll();
    if (frames !== undefined) this.#wakeTaker(Effect.succeed(frames));
  }

  /** The client read something of what Bun holds for it. */
  drained(): void {
    if (this.#closed !== undefined) return;
    this.#full = false;
    while (!this.#full) {
      const next = this.#outbox[0];
      if (next === undefined) break;
      const outcome = this.#write(next.frame);
      if (outcome === "refused") break;
      this.#outbox.shift();
      if (outcome === "sent") next.resume(Effect.void);
      else this.#writers.add(next.resume);
    }
    clearTimeout(this.#stallTimer);
    if (this.#socket.getBufferedAmount() > 0) this.#expectProgress();
    if (this.#full) return;
    const writers = [...this.#writers];
    this.#writers.clear();
    for (const resume of writers) resume(Effect.void);
    this.#handOver();
  }

  /** The socket is gone. */
  closed(code: number, reason: string): void {
    clearTimeout(this.#closingTimer);
    this.#settle(new ConnectionClosed({ code, reason }));
    this.fiber?.interruptUnsafe();
  }

  /** Cuts the connection off without a handshake. */
  terminate(): void {
    this.#socket.terminate();
  }

  #roomAgain() {
    return Effect.callback<void, ConnectionClosed>((resume) => {
      this.#writers.add(resume);
      return Effect.sync(() => this.#writers.delete(resume));
    });
  }

  #queued(frame: Frame) {
    return Effect.callback<void, ConnectionClosed>((resume) => {
      const waiting = { frame, resume };
      this.#outbox.push(waiting);
      return Effect.sync(() => {
        const index = this.#outbox.indexOf(waiting);
        if (index >= 0) this.#outbox.splice(index, 1);
        else this.#writers.delete(resume);
      });
    });
  }

  #takeAll(): Frames | undefined {
    const frames = this.#inbox;
    if (!Arrays.isArrayNonEmpty(frames)) return undefined;
    this.#inbox = [];
    this.#inboxBytes = 0;
    if (this.#socket.isPaused) this.#socket.resume();
    return frames;
  }

  #handOver(): void {
    const taker = this.#eachTaker;
    if (taker === undefined) return;
    try {
      // What the taker does may fill the client's side, or close the connection.
      while (this.#mayTake(taker)) {
        const frame = this.#inbox.shift();
        if (frame === undefined) break;
        this.#inboxBytes -= sizeOf(frame);
        taker.take(frame);
      }
    } catch (defect) {
      this.#eachTaker = undefined;
      taker.resume(Effect.die(defect));
    }
    if (this.#inbox.length === 0 && this.#socket.isPaused) this.#socket.resume();
  }

  #mayTake({ isIndependent }: EachTaker): boolean {
    return this.#closed === undefined && !this.#isHeld && (isIndependent || !this.#full);
  }

  #wakeTaker(effect: Effect.Effect<Frames, ConnectionClosed>): void {
    const taker = this.#taker;
    this.#taker = undefined;
    taker?.(effect);
  }

  /** Bun answers 0 for a frame that it dropped, −1 for one that it took although the client reads slowly. */
  #write(frame: Frame): "sent" | "buffered" | "refused" {
    const outcome = this.#socket.send(frame);
    if (outcome > 0 || this.#isSentEmpty(frame)) return "sent";
    this.#full = true;
    this.#expectProgress();
    return outcome === 0 ? "refused" : "buffered";
  }

  /** An empty frame is answered with 0 too, its length. */
  #isSentEmpty(frame: Frame): boolean {
    return sizeOf(frame) === 0 && this.#socket.getBufferedAmount() <= this.#bounds.outboxBytes;
  }

  #expectProgress(): void {
    clearTimeout(this.#stallTimer);
    this.#stallTimer = setTimeout(
      () => this.#end(1013, "The client does not read."),
      Duration.toMillis(this.#bounds.stall),
    );
  }

  #end(code: number, reason: string): void {
    if (this.#closed !== undefined) return;
    this.#settle(new ConnectionClosed({ code, reason }));
    if (this.#socket.isPaused) this.#socket.resume();
    this.#closingTimer = setTimeout(
      () => this.#socket.terminate(),
      Duration.toMillis(this.#bounds.closing),
    );
    this.#socket.close(code, reason);
  }

  #settle(closed: ConnectionClosed): void {
    if (this.#closed !== undefined) return;
    this.#closed = closed;
    clearTimeout(this.#stallTimer);
    this.#inbox = [];
    this.#wakeTaker(Effect.fail(closed));
    this.#eachTaker?.resume(Effect.fail(closed));
    this.#eachTaker = undefined;
    for (const waiting of this.#outbox.splice(0)) waiting.resume(Effect.fail(closed));
    for (const resume of this.#writers) resume(Effect.fail(closed));
    this.#writers.clear();
  }
}
