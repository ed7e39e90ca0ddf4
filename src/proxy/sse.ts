/** Bytes of an event stream into its events, of which none may be longer than a bound. */
import type { Frame } from "../domain/Frame.ts";

/** A piece of the stream that stands for itself: an event, or lines that say nothing to whom events are for. */
export interface StreamPiece {
  /** As it stood in the stream, with the empty line behind it. */
  readonly raw: Uint8Array;
  /** Text where it is UTF-8; undefined where the piece has no data at all. */
  readonly data: Frame | undefined;
  readonly event: string | undefined;
  readonly id: string | undefined;
  /** After how many milliseconds the stream may be asked for again. */
  readonly retry: number | undefined;
}

/** The largest message that Dewey takes from anybody. */
export const mostEventBytes = 16 * 1024 * 1024;

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const colon = 0x3a;
const space = 0x20;
const byteOrderMark = [0xef, 0xbb, 0xbf] as const;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder();

const textOf = (bytes: Uint8Array): Frame => {
  try {
    return decoder.decode(bytes);
  } catch {
    return bytes;
  }
};

const joinLines = (lines: ReadonlyArray<Uint8Array>): Uint8Array => {
  const [first] = lines;
  if (first !== undefined && lines.length === 1) return first;
  const feed = Uint8Array.of(lineFeed);
  return Buffer.concat(lines.flatMap((line, index) => (index === 0 ? [line] : [feed, line])));
};

/** Takes chunks as they come, and gives the pieces that they complete. */
export class EventStreamParser {
  readonly #limit: number;
  /** What belongs to no piece yet: joined only where a line may end, so that a long one is not copied for each chunk. */
  #chunks: Array<Uint8Array> = [];
  #size = 0;
  /** How far the chunks, once joined, were read: up to the beginning of a line. */
  #seen = 0;
  #isStart = true;
  #data: Array<Uint8Array> = [];
  #hasFields = false;
  #event: string | undefined;
  #id: string | undefined;
  #retry: number | undefined;
  #isTooLong = false;

  constructor(limit: number = mostEventBytes) {
    this.#limit = limit;
  }

  /** Whether an event is longer than the bound; nothing is read from there on. */
  get isTooLong(): boolean {
    return this.#isTooLong;
  }

  push(chunk: Uint8Array): Array<StreamPiece> {
    const pieces: Array<StreamPiece> = [];
    if (this.#isTooLong || chunk.length === 0) return pieces;
    const mayEndLine = chunk.includes(lineFeed) || this.#endsInReturn() || this.#isStart;
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (mayEndLine || chunk.includes(carriageReturn)) {
      let bytes = this.#join();
      for (let line = this.#nextLine(bytes); line !== undefined; line = this.#nextLine(bytes)) {
        if (line.length > 0 && line[0] !== colon) this.#readField(line);
        // A comment between two events need not wait for the next of them.
        else if (line.length === 0 || !this.#hasFields) {
          pieces.push(this.#takePiece(bytes.subarray(0, this.#seen)));
          bytes = bytes.subarray(this.#seen);
          this.#seen = 0;
        }
      }
      this.#chunks = [bytes];
      this.#size = bytes.length;
    }
    this.#isTooLong = this.#size > this.#limit;
    return pieces;
  }

  /** What came after the last piece, once the stream has ended. */
  end(): Uint8Array {
    return this.#join();
  }

  #endsInReturn(): boolean {
    return this.#chunks.at(-1)?.at(-1) === carriageReturn;
  }

  #join(): Uint8Array {
    const [only] = this.#chunks;
    return only !== undefined && this.#chunks.length === 1 ? only : Buffer.concat(this.#chunks);
  }

  #nextLine(bytes: Uint8Array): Uint8Array | undefined {
    if (this.#isStart) {
      // The mark may come in parts.
      if (bytes.length < byteOrderMark.length && bytes[0] === byteOrderMark[0]) return undefined;
      this.#isStart = false;
      if (byteOrderMark.every((byte, index) => bytes[index] === byte)) this.#seen = 3;
    }
    const feed = bytes.indexOf(lineFeed, this.#seen);
    const upToFeed = feed < 0 ? bytes : bytes.subarray(0, feed);
    const carriage = upToFeed.indexOf(carriageReturn, this.#seen);
    const end = carriage < 0 ? feed : carriage;
    // Whether a line feed belongs to a return at the end, the next chunk will tell.
    if (end < 0 || (end === carriage && end + 1 === bytes.length)) return undefined;
    const line = bytes.subarray(this.#seen, end);
    this.#seen = end + (end === carriage && bytes[end + 1] === lineFeed ? 2 : 1);
    return line;
  }

  #readField(line: Uint8Array): void {
    this.#hasFields = true;
    const at = line.indexOf(colon);
    const name = lenient.decode(at < 0 ? line : line.subarray(0, at));
    const value =
      at < 0 ? new Uint8Array() : line.subarray(line[at + 1] === space ? at + 2 : at + 1);
    switch (name) {
      case "data":
        this.#data.push(value);
        break;
      case "event":
        this.#event = lenient.decode(value);
        break;
      case "id":
        this.#id = lenient.decode(value);
        break;
      case "retry": {
        const text = lenient.decode(value);
        if (/^\d+$/.test(text)) this.#retry = Number(text);
      }
    }
  }

  #takePiece(raw: Uint8Array): StreamPiece {
    const piece: StreamPiece = {
      raw,
      data: this.#data.length === 0 ? undefined : textOf(joinLines(this.#data)),
      event: this.#event,
      id: this.#id,
      retry: this.#retry,
    };
    this.#data = [];
    this.#hasFields = false;
    this.#event = undefined;
    this.#id = undefined;
    this.#retry = undefined;
    return piece;
  }
}
