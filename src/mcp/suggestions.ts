/** What may be typed next, for arguments of prompts and variables of resource templates. */

/** Suggestions, the best first; what is past the protocol's bound is cut off. */
export interface Suggestions {
  readonly values: ReadonlyArray<string>;
  /** How many there are in all, where that is known. */
  readonly total?: number;
  /** Whether there are more than these; left out, it follows from the total. */
  readonly hasMore?: boolean;
}

/** As many suggestions as the protocol lets an answer hold. */
export const maxSuggestions = 100;

/** Those that begin as was typed. */
export const startingWith = (values: ReadonlyArray<string>, typed: string): Suggestions => {
  const found = values.filter((value) => value.startsWith(typed));
  return { values: found, total: found.length };
};

/** Those that hold what was typed in whatever case, and before them those that begin so. */
export const containing = (values: ReadonlyArray<string>, typed: string): Suggestions => {
  const wanted = typed.toLowerCase();
  const places = values.map((value) => ({ value, place: value.toLowerCase().indexOf(wanted) }));
  const found = [
    ...places.filter(({ place }) => place === 0),
    ...places.filter(({ place }) => place > 0),
  ].map(({ value }) => value);
  return { values: found, total: found.length };
};
