/** An event stream that is written to: what its reader has not taken yet waits here, and whoever writes is told so. */
import { whenTaken } from "../../../http/takenBody.ts";
import { eventStreamHeaders } from "./answers.ts";

/** What may wait for the reader before whoever writes is told to wait. */
const mostWaiting = 1024 * 1024;

/** How long a stream may have nothing to say before its head is sent without: Bun sends it with the first bytes. */
const headMillis = 5;

/**
 * Silence after which a comment shows whether the reader is still there, and those in between that the stream is: proxies
 * give one up that says nothing for a minute.
 */
const silenceMillis = 25_000;

const comment = ":\n\n";
const encoder = new TextEncoder();

/** An event of a message; with an id where the stream can go on behind it. */
export const eventText = (data: string, id?: string): string => {
  // JSON may stand on several lines.
  const lines = data.includes("\n") || data.includes("\r") ? data.split(/\r\n|\n|\r/) : [data];
  const text = lines.map((line) => `data: ${line}\n`).join("");
  return id === undefined ? `${text}\n` : `id: ${id}\n${text}\n`;
};

/** One stream, from its first event to its end or its reader's. */
export class EventWriter {
  readonly response: Response;
  #waiting: Array<string> = [];
  #bytes = 0;
  #isEnded = false;
  #isGone = false;
  #hasBegun = false;
  #wake: (() => void) | undefined;
  #room: PromiseWithResolvers<void> | undefined;

  /** `gone` is called once, when nothing will be read any more: at the end too. */
  constructor(headers: Readonly<Record<string, string>>, gone: () => void) {
    const stream = new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          const text = await this.#next();
          if (text === undefined) controller.close();
          else controller.enqueue(encoder.encode(text));
        },
        cancel: () => this.#leave(),
      },
      { highWaterMark: 0 },
    );
    const head = { headers: { ...eventStreamHeaders, ...headers } };
    this.response = whenTaken(new Response(stream, head), () => {
      this.#leave();
      gone();
    });
  }

  /** Undefined where there is room for more; else resolves when there is, or when nobody reads. */
  write(text: string): Promise<void> | undefined {
    if (this.#isEnded || this.#isGone) return undefined;
    this.#waiting.push(text);
    this.#bytes += text.length;
    this.#woken();
    if (this.#bytes <= mostWaiting) return undefined;
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  /** Ends the stream behind what was written. */
  end(): void {
    this.#isEnded = true;
    this.#woken();
  }

  async #next(): Promise<string | undefined> {
    while (this.#waiting.length === 0) {
      if (this.#isEnded || this.#isGone) return undefined;
      const millis = this.#hasBegun ? silenceMillis : headMillis;
      if (await this.#wokenWithin(millis)) continue;
      this.#hasBegun = true;
      return comment;
    }
    this.#hasBegun = true;
    const text = this.#waiting.join("");
    this.#waiting = [];
    this.#bytes = 0;
    this.#makeRoom();
    return text;
  }

  #wokenWithin(millis: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, millis, false);
      this.#wake = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }

  #leave(): void {
    this.#isGone = true;
    this.#waiting = [];
    this.#makeRoom();
    this.#woken();
  }

  #makeRoom(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }

  #woken(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
