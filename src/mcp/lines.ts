/** Bytes into lines, of which none may be longer than a bound; a longer one is told of and skipped. */

/** A line without its end, or why it cannot be read. */
export type Line = { readonly text: string } | { readonly fault: "tooLong" | "notUtf8" };

const newline = 0x0a;

/** Takes chunks as they come, and gives the lines that they complete. */
export class LineSplitter {
  readonly #limit: number;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });
  #chunks: Array<Uint8Array> = [];
  #size = 0;
  #skipping = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(chunk: Uint8Array): Array<Line> {
    const lines: Array<Line> = [];
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      this.#add(chunk.subarray(start, end), lines);
      start = end + 1;
      lines.push(...this.#complete());
    }
    this.#add(chunk.subarray(start), lines);
    return lines;
  }

  /** The last line, where the input ended without a newline. */
  end(): Array<Line> {
    return this.#complete();
  }

  #add(part: Uint8Array, lines: Array<Line>): void {
    if (this.#skipping || part.length === 0) return;
    this.#size += part.length;
    if (this.#size > this.#limit) {
      this.#skipping = true;
      this.#chunks = [];
      lines.push({ fault: "tooLong" });
    } else {
      this.#chunks.push(part);
    }
  }

  #complete(): Array<Line> {
    const bytes = Buffer.concat(this.#chunks);
    this.#chunks = [];
    this.#size = 0;
    this.#skipping = false;
    try {
      const text = this.#decoder.decode(bytes).trim();
      return text === "" ? [] : [{ text }];
    } catch {
      return [{ fault: "notUtf8" }];
    }
  }
}
