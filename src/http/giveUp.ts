/** How a request is given up that nobody waits for any more: an `AbortSignal`, or something much lighter. */

/** What of an `AbortSignal` requests need. */
export interface GiveUpSignal {
  readonly aborted: boolean;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** Gives one request up, as an `AbortController` does, of which one for each call would be felt. */
export class GiveUp implements GiveUpSignal {
  // Made when somebody listens: a call that waits for nothing has nobody who does.
  #listeners: Set<() => void> | undefined;
  #isGivenUp = false;

  get aborted(): boolean {
    return this.#isGivenUp;
  }

  /** Tells whoever listens, once. */
  abort(): void {
    if (this.#isGivenUp) return;
    this.#isGivenUp = true;
    const listeners = this.#listeners ?? [];
    this.#listeners = undefined;
    for (const listener of listeners) listener();
  }

  addEventListener(_type: "abort", listener: () => void): void {
    if (this.#isGivenUp) return;
    this.#listeners ??= new Set();
    this.#listeners.add(listener);
  }

  removeEventListener(_type: "abort", listener: () => void): void {
    this.#listeners?.delete(listener);
  }
}

/** The same as a signal of the platform, for what takes nothing else. */
export const abortSignalOf = (signal: GiveUpSignal): AbortSignal => {
  if (signal instanceof AbortSignal) return signal;
  const controller = new AbortController();
  if (signal.aborted) controller.abort();
  else signal.addEventListener("abort", () => controller.abort());
  return controller.signal;
};
