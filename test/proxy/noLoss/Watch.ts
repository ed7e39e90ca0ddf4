// Waiting for what the harness itself sees change: it looks whenever something happened, not now and then.

/** Where things happen. */
export class Watch {
  readonly #lookers = new Set<() => void>();

  /** Something happened. */
  readonly stir = (): void => {
    for (const look of [...this.#lookers]) look();
  };

  /** Waits until it holds; fails when it does not within the time. */
  until(what: string, holds: () => boolean, seconds = 30): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        clearTimeout(timer);
        this.#lookers.delete(look);
        settle();
      };
      const look = () => {
        if (holds()) end(resolve);
      };
      const timer = setTimeout(
        () => end(() => reject(new Error(`Waited ${seconds} s in vain until ${what}`))),
        seconds * 1000,
      );
      this.#lookers.add(look);
      look();
    });
  }
}
