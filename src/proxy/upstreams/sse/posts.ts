/** Messages posted to an address, one after the other. */
import { Duration } from "effect";
import type { Frame } from "../../../domain/Frame.ts";
import type { SseUpstream } from "../../../domain/Upstream.ts";
import { sendRequest } from "../http/client.ts";

/** The bounds of posting. */
export interface PostBounds {
  /**
   * How long a post waits for the one before it. Some servers answer a post only when its work is done, and that work
   * may need the next.
   */
  readonly patience: Duration.Input;
  /** How many messages may be on their way before whoever sends is told to wait. */
  readonly posts: number;
}

/** What is read of a post's answer, which nobody needs, so that its connection can be used again. */
const mostAnswerBytes = 64 * 1024;

/** Whether a request was answered well. */
export const isOk = (status: number): boolean => status >= 200 && status < 300;

/** What stands in a sentence about a failure. */
export const wordsOf = (cause: unknown): string =>
  cause instanceof Error ? cause.message.replace(/\.$/, "") : "it is gone";

/** Posts messages to the address, in order. */
export class Posts {
  readonly #upstream: SseUpstream;
  readonly #bounds: PostBounds;
  readonly #signal: AbortSignal;
  readonly #failed: (why: string) => void;
  readonly #patience: number;
  #address: string | undefined;
  #last: Promise<void> = Promise.resolve();
  #open = 0;
  #room: PromiseWithResolvers<void> | undefined;

  constructor(
    upstream: SseUpstream,
    bounds: PostBounds,
    signal: AbortSignal,
    failed: (why: string) => void,
  ) {
    this.#upstream = upstream;
    this.#bounds = bounds;
    this.#signal = signal;
    this.#failed = failed;
    this.#patience = Duration.toMillis(bounds.patience);
    signal.addEventListener("abort", () => this.#hasRoom());
  }

  to(address: URL): void {
    this.#address = address.href;
  }

  send(frame: Frame): Promise<void> | undefined {
    if (this.#signal.aborted) return undefined;
    this.#open++;
    const before = this.#last;
    const posted = before.then(() => this.#post(frame));
    this.#last = before.then(() => this.#firstOf(posted));
    void posted.finally(() => {
      if (--this.#open < this.#bounds.posts) this.#hasRoom();
    });
    if (this.#open < this.#bounds.posts) return undefined;
    this.#room ??= Promise.withResolvers<void>();
    return this.#room.promise;
  }

  async #firstOf(posted: Promise<void>): Promise<void> {
    let timer: Timer | undefined;
    const tooLong = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.#patience);
    });
    await Promise.race([posted, tooLong]);
    clearTimeout(timer);
  }

  async #post(frame: Frame): Promise<void> {
    if (this.#signal.aborted || this.#address === undefined) return;
    const headers = new Headers(this.#upstream.headers);
    headers.set("content-type", "application/json");
    try {
      const { body, status } = await sendRequest({
        url: this.#address,
        method: "POST",
        headers,
        body: frame,
        signal: this.#signal,
      });
      await body.whole(mostAnswerBytes);
      if (!isOk(status)) this.#failed(`answered a message with status ${status}`);
    } catch (cause) {
      if (this.#signal.aborted) return;
      this.#failed(`cannot be sent a message: ${wordsOf(cause)}`);
    }
  }

  #hasRoom(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }
}
