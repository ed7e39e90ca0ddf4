/**
 * Which messages a search over everything ranks, where not all that match are worth it: in stages, of which a later one
 * is only looked for where the earlier ones leave a page unfilled. No message is in two of them.
 */
import { Bounds } from "../../domain/Bounds.ts";
import type { Candidates, SpaceRequest } from "../../sql/SearchQueries.ts";
import { allOf, anyOf, type SearchTerm } from "./query.ts";

/** Messages that are ranked together, below those of the stages before. */
export interface Stage extends Pick<SpaceRequest, "condition" | "lenders" | "most" | "skipped"> {
  /** How its messages are come by: what the first way does not come to, the next one goes on for. The last misses none. */
  readonly ways: ReadonlyArray<Candidates>;
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

/** What may be found and ranked with no regard to what is left out: all that match, or all that the rarer words find. */
const littleEnough = 4000;
/** What words that nothing is known of are taken to find together: they are to choose candidates, however many there are. */
export const rareTogether = 0.8 * littleEnough;
/** What the index may cost to find what has several of the words, where each of them is common. */
const severalEnough = 32_000;
/** So many of the words are paired: more would be too many pairs. */
const mostPaired = 6;

/**
 * Of what has none of the rarer words: how many are ranked, before anybody turns pages beyond them. Of a single word the
 * rank says nothing but how often it is repeated in how few words; with other words it says more than that. Where they
 * are far apart in time, fewer have to do.
 */
const newestOfOne = { least: 100, most: 500 };
const newestOfSeveral = { least: 500, most: 2000 };
/** How much further than expected the newest matches are looked for by time, then once more where that is worth it. */
const patience = [4, 32];

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
    if (costOf([...chosen, word], spread) > littleEnough) break;
    chosen.push(word);
  }
  return chosen;
};

/** Among so many messages at most, a total up to its bound is always exact: the pages that they stand on are at hand. */
const exactAmong = 200_000;

/** Whether all that match are ranked, and the total is exact: where that has to be, or costs little. */
export const isRankedWhole = (
  words: ReadonlyArray<SearchTerm>,
  spread: Spread,
  isDated: boolean,
): boolean =>
  spread.within <= tooMany ||
  costOf(words, spread) <= littleEnough ||
  (!isDated && spread.everywhere <= exactAmong && matchesOf(words, spread) <= tooMany);

const byWords: Candidates = { by: "words" };

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
    ways: [byWords],
  };
};

/** Which share of the messages any of the words find. */
const shareOf = (words: ReadonlyArray<SearchTerm>, spread: Spread) =>
  matchesOf(words, spread) / Math.max(1, spread.within);

/** How the newest matches are found with little to read: by time, and what is left of them by the words after all. */
const waysTo = (
  words: ReadonlyArray<SearchTerm>,
  spread: Spread,
  wanted: number,
): ReadonlyArray<Candidates> => {
  const share = shareOf(words, spread);
  const expected = share === 0 ? spread.within : Math.min(spread.within, wanted / share);
  const worth = costOf(words, spread);
  const isWorth = (past: number) => passedCost * past < worth;
  const [first = 1, ...further] = patience.map((times) => Math.ceil(times * expected));
  if (!isWorth(expected)) return [byWords];
  if (first >= spread.within) return [{ by: "time", past: null }];
  const walks = [first, ...further.filter(isWorth)];
  return [...walks.map((past): Candidates => ({ by: "time", past })), byWords];
};

/** The newest that any of the words find, and what is behind them. */
const newestOf = (
  words: ReadonlyArray<SearchTerm>,
  spread: Spread,
  stage: Pick<Stage, "condition" | "lenders">,
): ReadonlyArray<Stage> => {
  const { least, most } =
    words.length === 1 && stage.lenders === null ? newestOfOne : newestOfSeveral;
  const passed = littleEnough / passedCost;
  const first = Math.round(Math.min(most, Math.max(least, passed * shareOf(words, spread))));
  const all = Bounds.exactTotal + 1;
  return [
    { ...stage, skipped: 0, most: first, ways: waysTo(words, spread, first) },
    { ...stage, skipped: first, most: all - first, ways: waysTo(words, spread, all) },
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
  return pairs.reduce((sum, { matches }) => sum + matches, 0) <= littleEnough
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
        ways: [byWords],
      }),
    ),
    ...(rest.length === 0 ? [] : newestOf(rest, spread, behind(anyOf(rest), whole))),
  ];
};
