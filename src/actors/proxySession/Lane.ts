/**
 * One direction of a session: frames that were taken from one end wait, in order, until the journal has them and the
 * other end has room. When too much waits, the end that they come from is read no further.
 */
import type { Frame } from "../../domain/Frame.ts";
import type { Envelope } from "../envelope.ts";

/** What may wait before the source is paused. */
export interface LaneBounds {
  readonly frames: number;
  readonly bytes: number;
}

/** Bounds that nobody notices whose other end keeps up. */
export const defaultLaneBounds: LaneBounds = { frames: 256, bytes: 1024 * 1024 };

/** A frame on its way, and what is known of it. */
export interface Passing {
  readonly frame: Frame;
  /** Undefined for a frame of which nobody needs to know anything further on. */
  readonly envelope: Envelope | undefined;
}

/** The two ends of a lane. */
export interface LaneEnds {
  /** Takes the next frame; a promise resolves when there is room for more. */
  readonly deliver: (passing: Passing) => Promise<void> | undefined;
  readonly pause: () => void;
  readonly resume: () => void;
}

const sizeOf = (frame: Frame): number =>
  typeof frame === "string" ? frame.length : frame.byteLength;

/** One direction. */
export class Lane {
  readonly #ends: LaneEnds;
  readonly #bounds: LaneBounds;
  #waiting: Array<Passing> = [];
  /** How many of those that wait have left already; they are cut off from time to time. */
  #left = 0;
  /** How many, from the first, are in the journal. */
  #written = 0;
  #bytes = 0;
  #isHeld: boolean;
  /** Until there is room at the other end. */
  #isFull = false;
  #room: Promise<void> | undefined;
  #isPaused = false;
  #isPumping = false;
  #emptied: Array<() => void> | undefined;

  /** `isHeld`: nothing leaves before `release`. */
  constructor(ends: LaneEnds, bounds: LaneBounds, isHeld: boolean) {
    this.#ends = ends;
    this.#bounds = bounds;
    this.#isHeld = isHeld;
  }

  /** Whether the source was told to stop. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** How many frames wait. */
  get size(): number {
    return this.#waiting.length - this.#left;
  }

  /** Takes a frame in, before it is handed to the journal. */
  push(passing: Passing): void {
    this.#waiting.push(passing);
    this.#bytes += sizeOf(passing.frame);
    if (this.#isPaused) return;
    if (this.size < this.#bounds.frames && this.#bytes < this.#bounds.bytes) return;
    this.#isPaused = true;
    this.#ends.pause();
  }

  /** The first that was not in the journal yet is in it now, or cannot be kept. */
  readonly written = (): void => {
    this.#written++;
    if (!this.#isHeld && !this.#isFull && !this.#isPumping) this.#pump();
  };

  /** Keeps back what waits. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Lets what waits leave. The other end may be another one than before. */
  release(): void {
    this.#isHeld = false;
    this.#isFull = false;
    this.#room = undefined;
    this.#pump();
  }

  /** Resolves when nothing waits. */
  emptied(): Promise<void> {
    if (this.size === 0) return Promise.resolve();
    const emptied = (this.#emptied ??= []);
    return new Promise((resolve) => emptied.push(resolve));
  }

  #pump(): void {
    // What is delivered may bring about more, or hold the lane.
    if (this.#isPumping) return;
    this.#isPumping = true;
    while (!this.#isHeld && !this.#isFull && this.#written > 0) {
      const passing = this.#waiting[this.#left];
      if (passing === undefined) break;
      this.#forget(passing);
      const room = this.#ends.deliver(passing);
      if (room !== undefined) this.#waitFor(room);
    }
    this.#isPumping = false;
    this.#settle();
  }

  #forget({ frame }: Passing): void {
    this.#written--;
    this.#bytes -= sizeOf(frame);
    this.#left++;
    if (this.#left === this.#waiting.length) {
      this.#waiting = [];
      this.#left = 0;
    } else if (this.#left >= this.#bounds.frames) {
      this.#waiting = this.#waiting.slice(this.#left);
      this.#left = 0;
    }
  }

  #waitFor(room: Promise<void>): void {
    this.#isFull = true;
    this.#room = room;
    void room.then(() => {
      // Another end may have come meanwhile, whose room is its own.
      if (this.#room !== room) return;
      this.#isFull = false;
      this.#pump();
    });
  }
  #settle(): void {
    if (
      this.#isPaused &&
      this.size * 2 <= this.#bounds.frames &&
      this.#bytes * 2 <= this.#bounds.bytes
    ) {
      this.#isPaused = false;
      this.#ends.resume();
    }
    if (this.size > 0 || this.#emptied === undefined) return;
    for (const resolve of this.#emptied) resolve();
    this.#emptied = undefined;
  }
}
