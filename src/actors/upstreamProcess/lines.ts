/** Bytes into lines and a message into a line, for pipes that carry one message a line. */
import type { Frame } from "../../domain/Frame.ts";

const newline = 0x0a;
const carriageReturn = 0x0d;

/** Takes chunks as they come, and gives the lines that they complete, without their ends; empty ones are left out. */
export class Lines {
  readonly #limit: number;
  #chunks: Array<Uint8Array> = [];
  #size = 0;
  #isTooLong = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether a line is longer than the bound; nothing is taken from there on. */
  get isTooLong(): boolean {
    return this.#isTooLong;
  }

  push(chunk: Uint8Array, take: (line: Uint8Array) => void): void {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      this.#add(chunk.subarray(start, end));
      start = end + 1;
      this.#complete(take);
      if (this.#isTooLong) return;
    }
    this.#add(chunk.subarray(start));
  }

  /** The last line, where the input ended without a newline. */
  end(take: (line: Uint8Array) => void): void {
    this.#complete(take);
  }

  #add(part: Uint8Array): void {
    if (part.length === 0) return;
    this.#chunks.push(part);
    this.#size += part.length;
    if (this.#size > this.#limit) {
      this.#isTooLong = true;
      this.#chunks = [];
    }
  }

  #complete(take: (line: Uint8Array) => void): void {
    const [only, ...more] = this.#chunks;
    if (only === undefined) return;
    const line = more.length === 0 ? only : Buffer.concat(this.#chunks);
    this.#chunks = [];
    this.#size = 0;
    const bare = line.at(-1) === carriageReturn ? line.subarray(0, -1) : line;
    if (bare.length > 0) take(bare);
  }
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A line as a frame: text, or its bytes where it is no UTF-8. */
export const frameOf = (line: Uint8Array): Frame => {
  try {
    return decoder.decode(line);
  } catch {
    return line.slice();
  }
};

const space = 0x20;

/** A frame on one line: between the tokens of JSON a line's end is as good as a space, and inside of one it cannot be. */
export const onOneLine = (frame: Frame): Frame => {
  if (typeof frame === "string")
    return /[\r\n]/.test(frame) ? frame.replace(/[\r\n]/g, " ") : frame;
  if (!frame.includes(newline) && !frame.includes(carriageReturn)) return frame;
  return frame.map((byte) => (byte === newline || byte === carriageReturn ? space : byte));
};
