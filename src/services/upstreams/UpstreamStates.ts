/** What sessions and checks found of each upstream, as health shows it. Its methods are called from callbacks. */

import { sparinglyEach } from "../sparingly.ts";

/** How an upstream is, in a word. `idle`: nobody is connected, and nothing speaks against it. */
export type UpstreamCondition = "connected" | "idle" | "unreachable" | "given up" | "unusable";

/** What health shows of an upstream; no credential and no query of a URL is in it. */
export interface UpstreamState {
  readonly state: UpstreamCondition;
  readonly connections: number;
  /** Since when it is so. */
  readonly since: string;
  readonly last_failure?: { readonly at: string; readonly message: string };
}

interface Known {
  connections: number;
  trouble: "unreachable" | "given up" | undefined;
  state: UpstreamCondition;
  since: number;
  failure: { readonly at: number; readonly message: string } | undefined;
}

const textOf = (millis: number): string => new Date(millis).toISOString();

const conditionOf = ({ connections, trouble }: Known): UpstreamCondition => {
  if (trouble !== undefined) return trouble;
  return connections > 0 ? "connected" : "idle";
};

/** Keeps the state of every upstream that was ever looked at in this process. */
export class UpstreamStates {
  readonly #known = new Map<string, Known>();
  readonly #now: () => number;
  readonly #giveUps = sparinglyEach(60_000);

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** A connection is open until what it returns is called. */
  opened(name: string): () => void {
    this.#change(name, (known) => {
      known.connections++;
      known.trouble = undefined;
    });
    let isOpen = true;
    return () => {
      if (!isOpen) return;
      isOpen = false;
      this.#change(name, (known) => {
        known.connections--;
      });
    };
  }

  /** An attempt to connect failed, or a connection was lost; what others still have speaks for the upstream. */
  failed(name: string, message: string): void {
    this.#fail(name, message, (known) => {
      if (known.connections === 0) known.trouble ??= "unreachable";
    });
  }

  /**
   * A session stopped trying; `isWorn`: connections were made, and lost. Undefined while the log need not say so: while an upstream is down, each client's session
   * stops. Else how often that was since it said so last.
   */
  gaveUp(name: string, message: string, isWorn = false): number | undefined {
    this.#fail(name, message, (known) => {
      if (known.connections === 0) known.trouble = "given up";
    });
    return this.#giveUps(`${name} ${isWorn}`);
  }

  /** What a check found: undefined when the upstream answered. */
  checked(name: string, message: string | undefined): void {
    if (message === undefined) {
      this.#change(name, (known) => {
        known.trouble = undefined;
      });
    } else {
      this.#fail(name, message, (known) => {
        known.trouble ??= "unreachable";
      });
    }
  }

  /** Forgets what was found of a definition that is gone; the connections that it still has are counted on. */
  redefined(name: string): void {
    this.#change(name, (known) => {
      known.trouble = undefined;
      known.failure = undefined;
    });
  }

  stateOf(name: string): UpstreamState {
    const { connections, failure, since, state } = this.#of(name);
    return {
      state,
      connections,
      since: textOf(since),
      ...(failure === undefined
        ? {}
        : { last_failure: { at: textOf(failure.at), message: failure.message } }),
    };
  }

  #of(name: string): Known {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const fresh: Known = {
      connections: 0,
      trouble: undefined,
      state: "idle",
      since: this.#now(),
      failure: undefined,
    };
    this.#known.set(name, fresh);
    return fresh;
  }

  #fail(name: string, message: string, change: (known: Known) => void): void {
    this.#change(name, (known) => {
      known.failure = { at: this.#now(), message };
      change(known);
    });
  }

  #change(name: string, change: (known: Known) => void): void {
    const known = this.#of(name);
    change(known);
    const state = conditionOf(known);
    if (state === known.state) return;
    known.state = state;
    known.since = this.#now();
  }
}
