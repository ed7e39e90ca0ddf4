/** Changes on their way to somebody who may be slow: each thing once, and no more of them than can be afforded. */
import { type Effect, Latch } from "effect";
import { type Change, type Resync, resync } from "../domain/Change.ts";

/** What waits; past its bound it is a single resync. */
export interface ChangeSet {
  readonly add: (change: Change) => void;
  readonly addAll: (changes: ReadonlyArray<Change | Resync>) => void;
  /** Takes all that waits. */
  readonly take: () => ReadonlyArray<Change | Resync>;
  readonly isEmpty: () => boolean;
  /** Waits until something is there to take. */
  readonly filled: Effect.Effect<void>;
}

/** No name or space holds a NUL, since Postgres keeps none. */
const keyOf = ({ kind, space, name }: Change): string => `${kind}\0${space}\0${name}`;

/** A set of at most so many things that changed. */
export const makeChangeSet = (most: number): ChangeSet => {
  const changes = new Map<string, Change>();
  const latch = Latch.makeUnsafe();
  let isEverything = false;

  const addEverything = () => {
    isEverything = true;
    changes.clear();
  };

  const put = (change: Change | Resync) => {
    if (isEverything) return;
    if (change.kind === "resync") return addEverything();
    const key = keyOf(change);
    const before = changes.get(key);
    if (before === undefined) {
      if (changes.size >= most) return addEverything();
      changes.set(key, change);
    } else if (change.what !== "updated") {
      // An update adds nothing to a creation, and nothing true to a deletion.
      changes.set(key, change);
    }
  };

  // Who waits goes on within the call that opens the latch: it is to find all there.
  return {
    add: (change) => {
      put(change);
      latch.openUnsafe();
    },
    addAll: (all) => {
      if (all.length === 0) return;
      for (const change of all) put(change);
      latch.openUnsafe();
    },
    take: () => {
      const taken = isEverything ? [resync] : [...changes.values()];
      latch.closeUnsafe();
      isEverything = false;
      changes.clear();
      return taken;
    },
    isEmpty: () => !latch.isOpen(),
    filled: latch.await,
  };
};
