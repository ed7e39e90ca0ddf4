/**
 * Which lists of conversations are so long that their total need not be counted for each page: of a list that was just
 * seen to be twice as long as totals are exact, half would have to go before its total could be.
 */
import { Clock, Effect } from "effect";
import { Bounds } from "../domain/Bounds.ts";

/** A list, whatever its order. */
export interface ListKey {
  readonly space: string;
  readonly session_id: string | null;
}

interface Seen {
  /** How many there are at least, as far as this process knows. */
  length: number;
  readonly until: number;
}

/** As far as a list is counted: twice what can be told exactly. */
const farEnough = 2 * Bounds.exactTotal + 1;

/** What others delete is not heard of: they have so long for half of a list. */
const rememberedMillis = 1000;

/** More lists are forgotten: they are counted again. */
const mostSpaces = 1000;
const mostSessions = 100;

/** Makes an empty memory of long lists. */
export const makeLongLists = () => {
  const spaces = new Map<string, Map<string | null, Seen>>();

  const remembered = ({ space, session_id }: ListKey, now: number): number | undefined => {
    const seen = spaces.get(space)?.get(session_id);
    return seen !== undefined && seen.until > now && seen.length > Bounds.exactTotal
      ? seen.length
      : undefined;
  };

  const remember = ({ space, session_id }: ListKey, seen: Seen): void => {
    let sessions = spaces.get(space);
    if (sessions === undefined) {
      if (spaces.size >= mostSpaces) spaces.clear();
      sessions = new Map();
      spaces.set(space, sessions);
    } else if (sessions.size >= mostSessions) {
      sessions.clear();
    }
    sessions.set(session_id, seen);
  };

  return {
    /** How long a list is, as `counting` up to some number finds it, unless it is known to be past all exactness. */
    count: Effect.fnUntraced(function* <E, R>(
      list: ListKey,
      counting: (most: number) => Effect.Effect<number, E, R>,
    ) {
      const now = yield* Clock.currentTimeMillis;
      const known = remembered(list, now);
      if (known !== undefined) return known;
      const length = yield* counting(farEnough);
      if (length >= farEnough) remember(list, { length, until: now + rememberedMillis });
      return length;
    }),
    /** A conversation of the space went from whatever lists it was in. */
    shorten: (space: string): void => {
      for (const seen of spaces.get(space)?.values() ?? []) seen.length -= 1;
    },
  };
};
