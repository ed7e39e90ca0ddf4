/** How many connections there may be, in all and for each token: a WebSocket, or an HTTP request until its answer ends. */
import { RateLimited } from "../../domain/Errors.ts";

/** The bounds. */
export interface PlaceLimits {
  readonly inAll: number;
  readonly perToken: number;
}

/** How soon it is worth trying again: nobody knows when a place becomes free. */
const retryAfterMs = 1000;

const full = (limit: number, whose: string) =>
  new RateLimited({
    message: `${whose} at most ${limit} connections at a time. Close one, or try again later.`,
    details: { limit, retry_after_ms: retryAfterMs },
  });

/** Counts who is connected. */
export class Places {
  readonly #limits: PlaceLimits;
  readonly #taken = new Map<string, number>();
  #inAll = 0;

  constructor(limits: PlaceLimits) {
    this.#limits = limits;
  }

  get taken(): number {
    return this.#inAll;
  }

  /** Takes a place until what it returns is called; without a key only the bound in all holds. */
  enter(key: string | undefined): (() => void) | RateLimited {
    const { inAll, perToken } = this.#limits;
    if (this.#inAll >= inAll) return full(inAll, "Dewey serves");
    const taken = key === undefined ? 0 : (this.#taken.get(key) ?? 0);
    if (taken >= perToken) return full(perToken, "A token may have");
    this.#inAll++;
    if (key !== undefined) this.#taken.set(key, taken + 1);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#inAll--;
      if (key !== undefined) this.#leave(key);
    };
  }

  #leave(key: string): void {
    const taken = this.#taken.get(key) ?? 0;
    if (taken > 1) this.#taken.set(key, taken - 1);
    else this.#taken.delete(key);
  }
}
