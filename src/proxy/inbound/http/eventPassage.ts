/**
 * The stream of an answer on its way from an upstream to a client: each event is recorded and then passed on as the
 * bytes that came. Events are held until they are whole, so that a stream that is cut ends between two of them.
 */
import { type Envelope, readEnvelope } from "../../../actors/envelope.ts";
import type { Frame } from "../../../domain/Frame.ts";
import { EventStreamParser, type StreamPiece } from "../../sse.ts";

/** What the stream goes on with where it was cut; `frames` are said before it, in the place of what got lost. */
export interface Continuation {
  readonly frames: ReadonlyArray<string>;
  readonly body: ReadableStream<Uint8Array> | undefined;
}

/** How a stream came to its end. */
export interface StreamEnd {
  /** Not cut: the upstream ended it. */
  readonly isClean: boolean;
  /** An event was longer than the bound, as it would be again. */
  readonly isTooLong: boolean;
  /** The last event that had an id. */
  readonly lastEventId: string | undefined;
}

/** What a passage needs to know. */
export interface PassageOptions {
  readonly body: ReadableStream<Uint8Array>;
  /** Resolves once the frames, which are for the client, are in the journal. */
  readonly record: (frames: ReadonlyArray<Frame>) => Promise<void>;
  /** Called for every message that passes. */
  readonly onMessage: (envelope: Envelope) => void;
  readonly onEventId: (id: string) => void;
  /** What is there to be said before all else. */
  readonly first: () => ReadonlyArray<string>;
  /** Asked once the stream has ended, and again when its continuation has. */
  readonly resume: (end: StreamEnd) => Promise<Continuation | undefined>;
  /** Called once, however the passage ends: also by a client that goes away. */
  readonly onDone: () => void;
  /** Silence after which the connection is kept alive by a comment, and found out about where nobody is there. */
  readonly silenceMillis?: number;
}

const encoder = new TextEncoder();
const comment = encoder.encode(":\n\n");

/** How long a stream may have nothing to say before its head is sent without: Bun sends it with the first bytes. */
const headMillis = 5;

const defaultSilenceMillis = 60_000;

/** A message as an event. */
export const eventOf = (frame: string): Uint8Array => encoder.encode(`data: ${frame}\n\n`);

const silent = Symbol("silent");
const stopped = Symbol("stopped");

interface Chunk {
  readonly done: boolean;
  readonly value?: Uint8Array | undefined;
}

type Read = Chunk | Error;

interface Reader {
  readonly read: () => Promise<Chunk>;
  readonly cancel: (reason?: unknown) => Promise<void>;
}

const empty: Reader = {
  read: () => Promise.resolve({ done: true }),
  cancel: () => Promise.resolve(),
};

/** One stream; it is read at the client's pace. */
class Passage {
  readonly #options: PassageOptions;
  readonly #silenceMillis: number;
  readonly #stopped = Promise.withResolvers<typeof stopped>();
  #reader: Reader;
  #parser = new EventStreamParser();
  #reading: Promise<Read> | undefined;
  #lastEventId: string | undefined;
  #hasBegun = false;
  #isDone = false;

  constructor(options: PassageOptions) {
    this.#options = options;
    this.#silenceMillis = options.silenceMillis ?? defaultSilenceMillis;
    this.#reader = options.body.getReader();
  }

  /** The next bytes for the client; undefined at the end. */
  async next(): Promise<Uint8Array | undefined> {
    if (!this.#hasBegun) {
      const owed = this.#options.first();
      if (owed.length > 0) {
        this.#hasBegun = true;
        return this.#say(owed);
      }
    }
    for (;;) {
      const outcome = await this.#readOrSilence();
      if (outcome === stopped) {
        this.cancel("The stream was ended.");
        return undefined;
      }
      if (outcome === silent) {
        this.#hasBegun = true;
        return comment;
      }
      const passed = await this.#take(outcome);
      if (passed === "end") {
        this.done();
        return undefined;
      }
      if (passed === undefined) continue;
      this.#hasBegun = true;
      return passed;
    }
  }

  /** Ends the client's stream, between two events. */
  stop(): void {
    this.#stopped.resolve(stopped);
  }

  cancel(reason: unknown): void {
    this.#reader.cancel(reason).catch(() => {});
    this.done();
  }

  done(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#options.onDone();
  }

  async #readOrSilence(): Promise<Read | typeof silent | typeof stopped> {
    this.#reading ??= this.#reader.read().catch((cause: unknown) => new Error(String(cause)));
    let timer: Timer | undefined;
    const silence = new Promise<typeof silent>((resolve) => {
      timer = setTimeout(resolve, this.#hasBegun ? this.#silenceMillis : headMillis, silent);
    });
    const outcome = await Promise.race([this.#reading, silence, this.#stopped.promise]);
    clearTimeout(timer);
    if (outcome !== silent && outcome !== stopped) this.#reading = undefined;
    return outcome;
  }

  async #take(outcome: Read): Promise<Uint8Array | "end" | undefined> {
    if (!(outcome instanceof Error) && outcome.value !== undefined) {
      const pieces = this.#parser.push(outcome.value);
      if (pieces.length > 0) return this.#pass(pieces);
      if (!this.#parser.isTooLong) return undefined;
      this.#reader.cancel().catch(() => {});
    }
    const isClean = !(outcome instanceof Error) && outcome.done;
    const more = await this.#options.resume({
      isClean,
      isTooLong: this.#parser.isTooLong,
      lastEventId: this.#lastEventId,
    });
    // What is left of a stream that nobody cut is no event, and the client's to judge.
    const rest = more === undefined && isClean ? this.#parser.end() : new Uint8Array();
    if (more?.body === undefined) {
      this.#reader = empty;
      this.#parser = new EventStreamParser();
      if (more !== undefined && more.frames.length > 0) return this.#say(more.frames);
      return rest.length === 0 ? "end" : rest;
    }
    this.#reader = more.body.getReader();
    this.#parser = new EventStreamParser();
    return more.frames.length > 0 ? this.#say(more.frames) : undefined;
  }

  async #pass(pieces: ReadonlyArray<StreamPiece>): Promise<Uint8Array> {
    const frames: Array<Frame> = [];
    for (const { data, id } of pieces) {
      if (id !== undefined) {
        this.#lastEventId = id;
        this.#options.onEventId(id);
      }
      // The first event of a stream may bring its id alone.
      if (data === undefined || data.length === 0) continue;
      frames.push(data);
      this.#options.onMessage(readEnvelope(data));
    }
    if (frames.length > 0) await this.#options.record(frames);
    const [only] = pieces;
    if (only !== undefined && pieces.length === 1) return only.raw;
    return Buffer.concat(pieces.map(({ raw }) => raw));
  }

  async #say(frames: ReadonlyArray<string>): Promise<Uint8Array> {
    await this.#options.record(frames);
    return Buffer.concat(frames.map(eventOf));
  }
}

/** The client's end of a passage, and what ends it from this side. */
export const passEvents = (
  options: PassageOptions,
): { readonly stream: ReadableStream<Uint8Array>; readonly stop: () => void } => {
  const passage = new Passage(options);
  const stream = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const bytes = await passage.next();
        if (bytes === undefined) controller.close();
        else controller.enqueue(bytes);
      },
      cancel: (reason) => passage.cancel(reason),
    },
    { highWaterMark: 0 },
  );
  return { stream, stop: () => passage.stop() };
};
