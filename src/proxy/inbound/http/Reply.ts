/**
 * The answer to a POST, which becomes an event stream unless the first thing to be said is the last: then it is plain
 * JSON, with a status of its own.
 */

import { jsonText } from "./answers.ts";
import { EventWriter, eventText } from "./EventWriter.ts";

/** How long nothing may be said before the client learns that its request has arrived: some give up without a head. */
const headMillis = 10_000;

/** What a client reads. */
interface Accepted {
  readonly json: boolean;
  readonly events: boolean;
}

/** Clients that name neither are taken to read both, as they must. */
const acceptedBy = (accept: string | null): Accepted => {
  const types = (accept ?? "*/*").toLowerCase();
  const isAny = types.includes("*/*");
  const json = isAny || /application\/(?:json|\*)/.test(types);
  const events = isAny || /text\/(?:event-stream|\*)/.test(types);
  return json || events ? { json, events } : { json: true, events: true };
};

/** What a reply is made of. */
export interface ReplyOptions {
  readonly accept: string | null;
  /** Of the answer, asked for when it begins. */
  readonly headers: () => Readonly<Record<string, string>>;
  /** What an event stream begins with. */
  readonly prelude: () => string;
  /** Called once: everything has been read, or nobody reads any more. */
  readonly gone: () => void;
}

/** One POST's. */
export class Reply {
  readonly response: Promise<Response>;
  readonly #options: ReplyOptions;
  readonly #accepts: Accepted;
  readonly #answer = Promise.withResolvers<Response>();
  readonly #collected: Array<string> = [];
  #writer: EventWriter | undefined;
  readonly #timer: Timer | undefined;
  #isOver = false;
  #isLeft = false;

  constructor(options: ReplyOptions) {
    this.#options = options;
    this.#accepts = acceptedBy(options.accept);
    this.response = this.#answer.promise;
    if (this.#accepts.events) this.#timer = setTimeout(() => this.begin(), headMillis);
  }

  /** Whether anything but the answer itself can be said on it. */
  get takesEvents(): boolean {
    return this.#accepts.events;
  }

  /** Whether what is said next may be an event that the client can go on behind. */
  get hasEvents(): boolean {
    return this.#writer !== undefined || !this.#accepts.json;
  }

  /** Whether somebody waits for what is still to be said. */
  get isHeard(): boolean {
    return !this.#isOver && !this.#isLeft;
  }

  /** Begins the event stream without waiting for what it will say. */
  begin(): EventWriter | undefined {
    if (this.#isOver || !this.#accepts.events) return undefined;
    if (this.#writer === undefined) {
      clearTimeout(this.#timer);
      const { gone, headers, prelude } = this.#options;
      this.#writer = new EventWriter(headers(), () => {
        this.#isLeft = true;
        gone();
      });
      const first = prelude();
      if (first !== "") void this.#writer.write(first);
      this.#answer.resolve(this.#writer.response);
    }
    return this.#writer;
  }

  /** Says something that is not the last. */
  say(text: string, id?: string): Promise<void> | undefined {
    if (this.#accepts.events) return this.begin()?.write(eventText(text, id));
    this.#collected.push(text);
    return undefined;
  }

  /** Says the last there is to say; `isBatch` where the client expects an array. */
  finish(
    text: string,
    options: { readonly id?: string; readonly status?: number; readonly isBatch?: boolean } = {},
  ): Promise<void> | undefined {
    if (this.#isOver) return undefined;
    const { id, isBatch = false, status = 200 } = options;
    if (this.#writer === undefined && (this.#accepts.json || !this.#accepts.events)) {
      const all = [...this.#collected, text];
      const whole = isBatch && !text.startsWith("[") ? `[${all.join(",")}]` : text;
      this.#close(jsonText(whole, status, this.#options.headers()));
      return undefined;
    }
    const room = this.say(text, id);
    this.end();
    return room;
  }

  /** Ends it with nothing more to say. */
  end(): void {
    if (this.#isOver) return;
    const writer = this.begin();
    writer?.end();
    this.#close(new Response(null, { status: 202 }));
  }

  /** Gives another answer than what was asked for. */
  refuse(response: Response): void {
    if (!this.#isOver) this.#close(response);
  }

  #close(response: Response): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#answer.resolve(response);
    if (this.#writer === undefined) this.#options.gone();
  }
}
