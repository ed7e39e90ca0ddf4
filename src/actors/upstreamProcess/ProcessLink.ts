/** The pipes of a running child as a link: a line is a frame. */
import type { Frame } from "../../domain/Frame.ts";
import type { Link, LinkHandlers } from "../links.ts";
import type { Complaints } from "./complaints.ts";
import { frameOf, Lines, onOneLine } from "./lines.ts";

type Child = Bun.Subprocess<"pipe", "pipe", "pipe">;

/** What is used of a stream's reader, on which the types of Bun and of Node do not agree. */
interface Reader {
  readonly read: () => Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  readonly cancel: () => Promise<void>;
}

/** What may wait to be read by the program before whoever sends is told to wait. */
const roomBytes = 1024 * 1024;

/** After so many bytes of output others get a turn. */
const turnBytes = 16 * 1024;

/** How long the last output may take once the program has ended: what it started may hold the pipe open. */
const lastOutputMillis = 250;

/** How long the exit code may take once the output has ended. */
const exitMillis = 1000;

const howItEnded = ({ exitCode, signalCode }: Child): string => {
  if (signalCode !== null) return `was ended by ${signalCode}`;
  if (exitCode !== null) return `ended with code ${exitCode}`;
  return "closed its output";
};

/** What a write that fails would say, the end of the child says better. */
const quiet = (written: number | Promise<number>): void => {
  if (typeof written !== "number") void written.catch(() => {});
};

/** Speaks with one child. It tells of the loss after the last frame. */
export class ProcessLink implements Link {
  readonly #child: Child;
  readonly #handlers: LinkHandlers;
  readonly #lines: Lines;
  readonly #frameBytes: number;
  readonly #reader: Reader;
  readonly #complaints: Complaints;
  #waitingBytes = 0;
  #room: PromiseWithResolvers<void> | undefined;
  #isLeaving = false;
  /** How many pieces of output came. */
  #chunks = 0;
  #paused: PromiseWithResolvers<void> | undefined;
  #isDone = false;

  constructor(child: Child, handlers: LinkHandlers, complaints: Complaints, frameBytes: number) {
    this.#child = child;
    this.#handlers = handlers;
    this.#complaints = complaints;
    this.#frameBytes = frameBytes;
    this.#lines = new Lines(frameBytes);
    this.#reader = child.stdout.getReader();
  }

  readonly send = (frame: Frame): Promise<void> | undefined => {
    if (this.#isDone) return undefined;
    this.#write(onOneLine(frame));
    this.#waitingBytes += frame.length + 1;
    if (this.#waitingBytes < roomBytes) return undefined;
    this.#room ??= Promise.withResolvers<void>();
    return this.#room.promise;
  };

  readonly pause = (): void => {
    this.#paused ??= Promise.withResolvers<void>();
  };

  readonly resume = (): void => {
    this.#paused?.resolve();
    this.#paused = undefined;
  };

  /** Its input ends behind what was sent. */
  readonly endInput = (): void => {
    void Promise.resolve(this.#child.stdin.end()).catch(() => {});
  };

  /** Nothing more is told to the handlers; what still comes is read and dropped, so that the program can end in peace. */
  detach(): void {
    this.#isDone = true;
    this.resume();
    this.#hasRoom();
  }

  /** Lets go of the pipe: somebody may hold its other end who is out of reach. */
  async cancel(): Promise<void> {
    await this.#reader.cancel().catch(() => {});
  }

  /** Lets the program begin, and hands on what it prints, to its end. */
  async run(): Promise<void> {
    this.#write("");
    await Promise.race([this.#read(), this.#silence()]);
    if (!this.#lines.isTooLong) await Promise.race([this.#child.exited, Bun.sleep(exitMillis)]);
    await this.#complaints.heard(lastOutputMillis);
    if (this.#isDone) return;
    this.detach();
    this.#handlers.onLost(this.#reason());
  }

  /** Waits until the program has ended and nothing comes any more. */
  async #silence(): Promise<void> {
    await this.#child.exited;
    let heard: number;
    do {
      heard = this.#chunks;
      await this.#paused?.promise;
      await Bun.sleep(lastOutputMillis);
    } while (this.#paused !== undefined || heard !== this.#chunks);
  }

  /** Frames that leave in one turn leave together. */
  #write(line: Frame): void {
    const { stdin } = this.#child;
    try {
      if (typeof line === "string") quiet(stdin.write(`${line}\n`));
      else {
        quiet(stdin.write(line));
        quiet(stdin.write("\n"));
      }
    } catch {
      // The pipe is broken; the end of the child says why.
    }
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    this.#isLeaving = false;
    try {
      const written = this.#child.stdin.flush();
      if (typeof written === "number") this.#hasRoom();
      else written.then(this.#hasRoom, this.#hasRoom);
    } catch {
      this.#hasRoom();
    }
  }

  readonly #hasRoom = (): void => {
    this.#waitingBytes = 0;
    this.#room?.resolve();
    this.#room = undefined;
  };

  #reason(): string {
    if (this.#lines.isTooLong) {
      return `The program printed a line of more than ${this.#frameBytes} bytes.`;
    }
    const last = this.#complaints.last;
    const ended = `The program ${howItEnded(this.#child)}`;
    return last === undefined ? `${ended}.` : `${ended}. Its last words: ${last}`;
  }

  async #read(): Promise<void> {
    const take = (line: Uint8Array) => {
      if (!this.#isDone) this.#handlers.onFrame(frameOf(line));
    };
    try {
      while (!this.#lines.isTooLong) {
        await this.#paused?.promise;
        const { done, value } = await this.#reader.read();
        if (done || value === undefined) break;
        this.#chunks++;
        this.#lines.push(value, take);
        if (value.length >= turnBytes) await new Promise(setImmediate);
      }
      if (!this.#lines.isTooLong) this.#lines.end(take);
    } catch {
      // A broken pipe is an end like any other.
    }
  }
}
