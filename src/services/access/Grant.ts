/** What a token grants for as long as it is good; whoever holds a connection open by it is told when it ends. */
import type { Principal } from "../../domain/Principal.ts";

/** Told once, with a sentence for the client. */
export type Ended = (reason: string) => void;

/** The longest that a timer can wait. */
const longestTimer = 2 ** 31 - 1;

/** One caller's right to be here. */
export class Grant {
  readonly principal: Principal;
  /** Callers of one key share their bounds; undefined: none but those of the whole process. */
  readonly key: string | undefined;
  /** Whether the bearer can get a token with more scopes by asking an authority. */
  readonly canGrow: boolean;
  readonly #expiresAt: number | undefined;
  readonly #watchers = new Set<Ended>();
  #ended: string | undefined;

  constructor(options: {
    readonly principal: Principal;
    readonly key?: string;
    /** In milliseconds since 1970. */
    readonly expiresAt?: number;
    readonly canGrow?: boolean;
  }) {
    this.principal = options.principal;
    this.key = options.key;
    this.canGrow = options.canGrow ?? false;
    this.#expiresAt = options.expiresAt;
  }

  /** Calls `ended` when the grant ends, at once where it has; what it returns takes that back. */
  watch(ended: Ended): () => void {
    if (this.#ended !== undefined) {
      ended(this.#ended);
      return () => {};
    }
    this.#watchers.add(ended);
    const disarm = this.#arm(ended);
    return () => {
      this.#watchers.delete(ended);
      disarm();
    };
  }

  /** Ends it for everybody who holds something open by it. */
  end(reason: string): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    const watchers = [...this.#watchers];
    this.#watchers.clear();
    for (const ended of watchers) ended(reason);
  }

  #arm(ended: Ended): () => void {
    const expiresAt = this.#expiresAt;
    if (expiresAt === undefined) return () => {};
    let timer: Timer | undefined;
    const wait = () => {
      const left = expiresAt - Date.now();
      if (left > 0) timer = setTimeout(wait, Math.min(left, longestTimer));
      else if (this.#watchers.delete(ended)) ended("The token has expired.");
    };
    wait();
    return () => clearTimeout(timer);
  }
}
