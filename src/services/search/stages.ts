/**
 * Which messages a search over everything ranks, where not all that match are worth it: in stages, of which a later one
 * is only looked for where the earlier ones leave a page unfilled. No message is in two of them.
 */
import { Bounds } from "../../domain/Bounds.ts";
import type { Candidates, SpaceRequest } from "../../sql/SearchQueries.ts";
import { allOf, anyOf, type SearchTerm } from "./query.ts";

/** Messages that are ranked together, below those of the stages before. */
export interface Stage extends Pick<SpaceRequest, "condition" | "lenders" | "most" | "skipped"> {
  readonly candidates: Candidates;
}

/** How much the words of a search find. */
export interface Spread {
  /** How many messages hold a word: so many places are read of the index, wherever they are. */
  readonly holders: (word: SearchTerm) => number;
  /** How many messages there are in all, and how many of them the search is over. */
  readonly everywhere: number;
  readonly within: number;
}

/** Past so many, the mistake of an estimate no longer decides whether the total is exact. */
export const tooMany = 2 * Bounds.exactTotal;

/** As many as words which match no more than `tooMany` may find, by estimates that err a little. */
export const allCandidates = 1.5 * tooMany;

/**
 * What reading costs beside ranking a message that the index found, measured on a million messages: a place in the
 * index a sixteenth, and a message that is passed over in the order of time a quarter.
 */
const placeCost = 1 / 16;
const passedCost = 1 / 4;

/** What the rarer words may cost together to find, with no regard to what is more common. */
const rareEnough = 4000;
/** What words that nothing is known of are taken to find together: they are to choose candidates, however many there are. */
export const rareTogether = 0.8 * rareEnough;
/** What the index may cost to find what has several of the words, where each of them is common. */
const severalEnough = 32_000;
/** So many of the words are paired: more would be too many pairs. */
const mostPaired = 6;

/**
 * Of what has none of the rarer words: how many are ranked, before anybody turns pages beyond them. Of a single word the
 * rank says nothing but how often it is repeated in how few words; with other words it says more than that.
 */
const newestOfOne = 500;
const newestOfSeveral = 2000;
/** How much further than expected the newest matches are looked for by time, before the index is asked after all. */
const patience = 4;

const sumOf = (words: ReadonlyArray<SearchTerm>, count: (word: SearchTerm) => number) =>
  words.reduce((sum, word) => sum + count(word), 0);

const places = (words: ReadonlyArray<SearchTerm>, { holders }: Spread) => sumOf(words, holders);

/** How many messages of the search any of the words find, those with several of them counted for each. */
export const matchesOf = (words: ReadonlyArray<SearchTerm>, spread: Spread) =>
  (places(words, spread) * spread.within) / Math.max(1, spread.everywhere);

/** What it costs to find all that any of the words find, and to rank it. */
const costOf = (words: ReadonlyArray<SearchTerm>, spread: Spread) =>
  matchesOf(words, spread) + placeCost * places(words, spread);

const rarestFirst = (words: ReadonlyArray<SearchTerm>, { holders }: Spread) =>
  words.toSorted((one, other) => holders(one) - holders(other));

/** The rarest of the words: as many as are found and ranked together at little cost. */
export const chooseWords = (
  words: ReadonlyArray<SearchTerm>,
  spread: Spread,
): ReadonlyArray<SearchTerm> => {
  const chosen: Array<SearchTerm> = [];
  for (const word of rarestFirst(words, spread)) {
    if (costOf([...chosen, word], spread) > rareEnough) break;
    chosen.push(word);
  }
  return chosen;
};

/** Whether all that match are ranked: where the total has to be exact, or costs little more than its first page. */
export const isRankedWhole = (
  words: ReadonlyArray<SearchTerm>,
  spread: Spread,
  isDated: boolean,
): boolean =>
  spread.within <= tooMany ||
  (isDated ? costOf(words, spread) <= rareEnough : matchesOf(words, spread) <= tooMany);

/** All that match, as one stage. */
export const wholeStage = (
  condition: string,
  words: ReadonlyArray<SearchTerm>,
  spread: Spread,
): Stage => {
  const least = Math.min(...words.map((word) => matchesOf([word], spread)));
  return {
    condition,
    lenders: null,
    skipped: 0,
    most: least > tooMany ? Bounds.exactTotal + 1 : allCandidates,
    candidates: { by: "words" },
  };
};

/** By what the newest matches are found with less to read. */
const waysTo = (words: ReadonlyArray<SearchTerm>, spread: Spread, wanted: number): Candidates => {
  const share = matchesOf(words, spread) / Math.max(1, spread.within);
  const past = share === 0 ? spread.within : Math.min(spread.within, wanted / share);
  return passedCost * past < costOf(words, spread)
    ? { by: "time", past: Math.ceil(patience * past) }
    : { by: "words" };
};

/** The newest that any of the words find, and what is behind them. */
const newestOf = (
  words: ReadonlyArray<SearchTerm>,
  spread: Spread,
  stage: Pick<Stage, "condition" | "lenders">,
): ReadonlyArray<Stage> => {
  const first = words.length === 1 && stage.lenders === null ? newestOfOne : newestOfSeveral;
  const all = Bounds.exactTotal + 1;
  return [
    { ...stage, skipped: 0, most: first, candidates: waysTo(words, spread, first) },
    { ...stage, skipped: first, most: all - first, candidates: waysTo(words, spread, all) },
  ];
};

/** What has two of the words, or all where that would be too much; undefined where even that is too much to look for. */
const severalOf = (words: ReadonlyArray<SearchTerm>, spread: Spread): string | undefined => {
  if (words.length < 2 || placeCost * places(words, spread) > severalEnough) return undefined;
  const rarest = rarestFirst(words, spread).slice(0, mostPaired);
  const pairs = rarest.flatMap((one, index) =>
    rarest.slice(index + 1).map((other) => ({
      condition: `(${allOf([one, other])})`,
      matches: (matchesOf([one], spread) * spread.holders(other)) / Math.max(1, spread.everywhere),
    })),
  );
  return pairs.reduce((sum, { matches }) => sum + matches, 0) <= rareEnough
    ? pairs.map(({ condition }) => condition).join(" | ")
    : allOf(words);
};

/** The stages of a search for any of the words, of which not all matches are ranked. */
export const stagesOf = (
  words: ReadonlyArray<SearchTerm>,
  spread: Spread,
): ReadonlyArray<Stage> => {
  const chosen = chooseWords(words, spread);
  const rest = words.filter((word) => !chosen.includes(word));
  const several = severalOf(rest, spread);
  const whole = [...(chosen.length === 0 ? [] : [anyOf(chosen)]), ...(several ? [several] : [])];
  /** What is in none of the stages before, whose messages lend it their words. */
  const behind = (condition: string, before: ReadonlyArray<string>) =>
    before.length === 0
      ? { condition, lenders: null }
      : {
          condition: `(${condition}) & !(${before.join(" | ")})`,
          lenders: before.join(" | "),
        };
  return [
    ...whole.map(
      (condition, index): Stage => ({
        ...behind(condition, whole.slice(0, index)),
        skipped: 0,
        most: allCandidates,
        candidates: { by: "words" },
      }),
    ),
    ...(rest.length === 0 ? [] : newestOf(rest, spread, behind(anyOf(rest), whole))),
  ];
};
