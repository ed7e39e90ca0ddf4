// The requests over HTTP that a line is made of, each on a connection of its own. Whatever fails ends all of them, and
// with them the line.
import { eventsOf } from "../eventStreams.ts";
import type { LineOptions } from "./Client.ts";

type Body = string | Uint8Array<ArrayBuffer>;
type Head = Readonly<Record<string, string>>;

/** Those of one line. */
export class Exchanges {
  readonly #url: string;
  readonly #options: LineOptions;
  readonly #over = new AbortController();
  /** What is under way, which has to end before the line has. */
  readonly #running = new Set<Promise<void>>();

  constructor(address: string, options: LineOptions) {
    this.#url = `http://${address}`;
    this.#options = options;
  }

  get isOver(): boolean {
    return this.#over.signal.aborted;
  }

  readonly close = (): void => {
    if (this.isOver) return;
    this.#over.abort();
    void Promise.allSettled(this.#running).then(this.#options.closed);
  };

  run(work: Promise<void>): void {
    const settled = work.catch(this.close).finally(() => this.#running.delete(settled));
    this.#running.add(settled);
  }

  /** Sends a message, and answers with the head of what comes back. */
  post(body: Body, headers: Head): Promise<Response> {
    return this.#send("POST", body, {
      accept: "application/json, text/event-stream",
      "content-type": "application/json",
      ...headers,
    });
  }

  /** Asks for what belongs to no request. */
  get(headers: Head): Promise<Response> {
    return this.#send("GET", undefined, { accept: "text/event-stream", ...headers });
  }

  /** Takes all frames of an answer. */
  async take({ body, headers, ok, status }: Response): Promise<void> {
    if (!ok) throw new Error(`the status ${status}`);
    if (status === 202 || body === null) return;
    const { log, received } = this.#options;
    const stream: Array<string> = [];
    log.received.push(stream);
    if (headers.get("content-type")?.startsWith("text/event-stream") !== true) {
      return received(await new Response(body).text(), stream);
    }
    for await (const { data } of eventsOf(body)) if (data !== "") received(data, stream);
  }

  #send(method: string, body: Body | undefined, headers: Head): Promise<Response> {
    return fetch(this.#url, {
      method,
      ...(body === undefined ? {} : { body }),
      // A connection that was used before may be gone: what was sent on it would be sent again, and be there twice.
      keepalive: false,
      signal: this.#over.signal,
      headers,
    });
  }
}
