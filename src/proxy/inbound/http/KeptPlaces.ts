/**
 * How much callers keep here between their requests: sessions, and the connections that stateless requests share. None
 * of it is a connection of the client's, so that the bounds of those do not hold it; most of it holds a program or a
 * connection upstream. What is too much ends what its own caller has not used for longest, never what is another's who
 * keeps less.
 */
import { isAnonymous, type Principal } from "../../../domain/Principal.ts";

/** The bounds. */
export interface KeptLimits {
  readonly maxSessions: number;
  /** For each name in its space, where callers are told apart. */
  readonly maxSessionsPerCaller: number;
}

/** What takes a place. */
export interface Kept {
  /** Whether somebody waits for it or reads it: then it ends for nobody. */
  readonly isBusy: () => boolean;
  /** Ends it for another that needs the room. */
  readonly end: () => void;
}

/** A place that was taken. */
export interface KeptPlace {
  /** What takes it was used just now. */
  readonly touch: () => void;
  readonly leave: () => void;
}

/** Why there is no place. */
export class NoPlace {
  readonly status: 429 | 503;
  readonly message: string;

  constructor(status: 429 | 503, message: string) {
    this.status = status;
    this.message = message;
  }
}

interface Taken extends KeptPlace {
  readonly kept: Kept;
}

/** The places of one caller, the longest unused first. */
type Places = Set<Taken>;

const callerOf = (principal: Principal): string | undefined =>
  isAnonymous(principal) ? undefined : JSON.stringify([principal.space, principal.name]);

const endIdle = (places: Places): boolean => {
  for (const { kept, leave } of places) {
    if (kept.isBusy()) continue;
    leave();
    kept.end();
    return true;
  }
  return false;
};

/** Counts what is kept. */
export class KeptPlaces {
  readonly #limits: KeptLimits;
  readonly #callers = new Map<string | undefined, Places>();
  #inAll = 0;

  constructor(limits: KeptLimits) {
    this.#limits = limits;
  }

  /** Takes a place, and makes room for it where that can be. */
  take(principal: Principal, kept: Kept): KeptPlace | NoPlace {
    const caller = callerOf(principal);
    const { maxSessions, maxSessionsPerCaller } = this.#limits;
    const own: Places = this.#callers.get(caller) ?? new Set();
    const isMost = caller !== undefined && own.size >= maxSessionsPerCaller;
    if (isMost && !endIdle(own)) {
      return new NoPlace(
        429,
        `A token may keep at most ${maxSessionsPerCaller} sessions at a time, and all of them are busy. End one, or try again later.`,
      );
    }
    if (this.#inAll >= maxSessions && !this.#makeRoom(own)) {
      return new NoPlace(503, "All sessions that Dewey keeps are busy. Try again in a minute.");
    }
    const place: Taken = {
      kept,
      touch: () => {
        if (own.delete(place)) own.add(place);
      },
      leave: () => {
        if (!own.delete(place)) return;
        this.#inAll--;
        if (own.size === 0) this.#callers.delete(caller);
      },
    };
    own.add(place);
    this.#callers.set(caller, own);
    this.#inAll++;
    return place;
  }

  /** Whoever keeps most gives way, the caller where nobody keeps more. */
  #makeRoom(own: Places): boolean {
    const more = [...this.#callers.values()].filter(({ size }) => size > own.size);
    return [...more.toSorted((one, other) => other.size - one.size), own].some(endIdle);
  }
}
