// Chance that can be repeated: what happens, when and to whom follows from a seed.

/** A source of it. */
export interface Chance {
  /** From 0 to less than 1. */
  readonly next: () => number;
  /** A whole number from the first to less than the second. */
  readonly between: (from: number, to: number) => number;
  /** True in so many of a hundred cases. */
  readonly percent: (of: number) => boolean;
  readonly pick: <A>(first: A, ...others: ReadonlyArray<A>) => A;
  /** Another source, whose numbers do not depend on how many of these are taken from now on. */
  readonly fork: () => Chance;
}

/** Makes a source from a seed (mulberry32). */
export const makeChance = (seed: number): Chance => {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (from: number, to: number) => from + Math.floor(next() * (to - from));
  return {
    next,
    between,
    percent: (of) => next() * 100 < of,
    pick: (first, ...others) => [first, ...others][between(0, others.length + 1)] ?? first,
    fork: () => makeChance(between(0, 2 ** 32)),
  };
};
