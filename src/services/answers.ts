/** How much an answer may hold, and how its totals are told. */
import { Effect } from "effect";
import { Bounds } from "../domain/Bounds.ts";
import { utf8Bytes } from "../domain/Text.ts";
import { Reports } from "./Reports.ts";

/** What an answer holds around its items: the names of its fields, totals, where to go on. */
const frameBytes = 512;

const jsonBytes = (value: unknown): number => utf8Bytes(JSON.stringify(value)) + 1;

/** The first items that fit into one answer beside what else it holds, but at least one, or as many as are said. */
export const fitting = <A>(
  items: ReadonlyArray<A>,
  beside: unknown = null,
  atLeast = 1,
): ReadonlyArray<A> => {
  let bytes = frameBytes + jsonBytes(beside);
  const end = items.findIndex((item, index) => {
    bytes += jsonBytes(item);
    return index >= atLeast && bytes > Bounds.answerBytes;
  });
  return end === -1 ? items : items.slice(0, end);
};

/** A count that stopped one past the bound, as answers tell it. */
export const totalOf = (counted: number) => ({
  total: Math.min(counted, Bounds.exactTotal),
  total_is_exact: counted <= Bounds.exactTotal,
});

/** Where to go on after a page that ended early. */
export const nextOffset = (offset: number, all: number, fit: number) =>
  fit < all ? { next_offset: offset + fit } : {};

/** Tells whoever watches that a page holds less than was asked for and found. */
export const tellShortPage = (fit: number, all: number): Effect.Effect<void> =>
  fit === all
    ? Effect.void
    : Effect.flatMap(Reports, (reports) =>
        reports.log(
          "notice",
          `The page ends early: ${fit} of its ${all} items fit into one answer. Go on where it says.`,
          { limit_bytes: Bounds.answerBytes },
        ),
      );
