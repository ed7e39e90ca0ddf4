// A client that is nothing but its wire: it sends texts as they are, and keeps what comes as it came. No SDK in between
// that would read and write JSON anew.

/** A frame on its way, or a request over HTTP that waits for its answer. */
export interface Sending {
  /** Stops waiting for the answer, where the transport has that: the request is aborted. True if so. */
  readonly abandon: () => boolean;
  /** Breaks the stream of the answer, and goes on where it broke; nothing where there are no streams. */
  readonly breakOff: () => Promise<void>;
}

/** What a frame of one channel cannot do. */
export const onlySent: Sending = { abandon: () => false, breakOff: async () => {} };

/** One client. */
export interface RawClient {
  readonly inbox: Inbox;
  /** Resolves when the frame has been taken: over HTTP, when the head of the response is there. */
  readonly send: (text: string, headers?: Readonly<Record<string, string>>) => Promise<Sending>;
  /** Goes, in the way that is right for the transport. */
  readonly close: () => Promise<void>;
}

/** What came. */
export class Inbox {
  /** Frames in the order in which they came. */
  readonly frames: Array<string> = [];
  /** Statuses and headers of HTTP responses. */
  readonly heads: Array<string> = [];
  /** Whether the other side ended the connection. */
  isEnded = false;
  readonly #watchers = new Set<() => void>();

  frame(text: string): void {
    this.frames.push(text);
    this.#wake();
  }

  head(text: string): void {
    this.heads.push(text);
    this.#wake();
  }

  ended(): void {
    this.isEnded = true;
    this.#wake();
  }

  /** Waits until it holds; false when it did not within the time. */
  until(holds: () => boolean, millis: number): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (held: boolean) => {
        clearTimeout(timer);
        this.#watchers.delete(look);
        resolve(held);
      };
      const look = () => {
        if (holds()) settle(true);
      };
      const timer = setTimeout(() => settle(holds()), millis);
      this.#watchers.add(look);
      look();
    });
  }

  #wake(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }
}
