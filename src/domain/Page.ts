/** The parameters and result fields that every paged answer shares. */
import { Schema } from "effect";
import { Bounds } from "./Bounds.ts";
import { optional } from "./Text.ts";

const between = (minimum: number, maximum: number) =>
  Schema.Int.check(
    Schema.isBetween(
      { minimum, maximum },
      { expected: `a whole number from ${minimum} to ${maximum}` },
    ),
  );

/** How many rows an answer may hold. */
export const limitUpTo = (maximum: number, description: string) =>
  optional(between(1, maximum), description);

/** The parameters `limit` and `offset`. */
export const PageParameters = {
  limit: limitUpTo(
    Bounds.pageLimit,
    `How many to return, 1 to ${Bounds.pageLimit} (default ${Bounds.pageLimitDefault}).`,
  ),
  offset: optional(between(0, Bounds.offset), "How many to pass over first (default 0)."),
};

/** What every page says of itself. */
export const PageFields = {
  total: Schema.Int.annotate({
    description: `How many there are in all, counted up to ${Bounds.exactTotal}.`,
  }),
  total_is_exact: Schema.Boolean.annotate({
    description: "False when there are more than total says.",
  }),
  limit: Schema.Int,
  offset: Schema.Int,
};

/** A page that was asked for, with the defaults in place. */
export interface Page {
  readonly limit: number;
  readonly offset: number;
}

/** Fills in what a caller left out. */
export const pageOf = (parameters: {
  readonly limit?: number;
  readonly offset?: number;
}): Page => ({
  limit: parameters.limit ?? Bounds.pageLimitDefault,
  offset: parameters.offset ?? 0,
});
