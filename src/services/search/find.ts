/**
 * From a query to a page of ranked messages. Within a session or a conversation every message that
 * matches is ranked; over everything, words that are common choose candidates only where the rarer
 * words leave a page unfilled.
 */
import { Effect } from "effect";
import { Bounds } from "../../domain/Bounds.ts";
import {
  type Candidates,
  findAnywhere,
  findInScope,
  type SearchRequest,
  type SpaceRequest,
} from "../../sql/SearchQueries.ts";
import {
  countMatches,
  expectMessages,
  type Statistics,
  sizeOfSpace,
} from "../../sql/SearchStatistics.ts";
import type { FoundPage } from "../../sql/searchRanking.ts";
import { reportProgress } from "../Reports.ts";
import { anyOf, conditionOf, type SearchQuery, type SearchTerm } from "./query.ts";
import {
  allCandidates,
  isRankedWhole,
  matchesOf,
  rareTogether,
  type Spread,
  type Stage,
  stagesOf,
  tooMany,
  wholeStage,
} from "./stages.ts";

/** A search as a tool asks for it, its query parsed. */
export interface Search
  extends Pick<SearchRequest, "space" | "role" | "span" | "page" | "contentLength"> {
  readonly query: SearchQuery;
  readonly session_id: string | null;
  readonly conversation_id: string | null;
}

/** A page with its total as the tools give it. */
export interface SearchPage extends Pick<FoundPage, "total" | "found"> {
  readonly total_is_exact: boolean;
}

const bounded = ({ total, found }: Pick<FoundPage, "total" | "found">): SearchPage => ({
  total: Math.min(total, Bounds.exactTotal),
  total_is_exact: total <= Bounds.exactTotal,
  found,
});

/** Ranks every message of the session or the conversation that matches. */
export const findWithin = Effect.fnUntraced(function* (search: Search) {
  const { query } = search;
  return bounded(
    yield* findInScope({
      ...search,
      terms: query.terms.map((term) => ({ ...term, frequency: null })),
      condition: conditionOf(query, query.words),
      anyTerm: anyOf(query.words),
    }),
  );
});

/**
 * How many messages hold each word, in all spaces, and of which of them that is known. Words that Postgres does not
 * remember are rarer than all that it does: they find little together, whatever each of them finds.
 */
const holdersOf = Effect.fnUntraced(function* (
  words: ReadonlyArray<SearchTerm>,
  statistics: Statistics,
) {
  const holders = new Map<SearchTerm, number>();
  const rare: Array<SearchTerm> = [];
  const uncounted: Array<SearchTerm> = [];
  for (const word of words) {
    const shares = word.lexemes.flatMap((lexeme) => statistics.words.get(lexeme) ?? []);
    if (shares.length > 0) holders.set(word, Math.max(...shares) * statistics.messages);
    else if (word.lexemes.length > 0 && statistics.rarest !== null) rare.push(word);
    else uncounted.push(word);
  }
  const counts = yield* countMatches(
    uncounted.map(({ query }) => query),
    tooMany + 1,
  );
  uncounted.forEach((word, index) => holders.set(word, counts[index] ?? 0));
  const known = new Set(holders.keys());
  const most = (statistics.rarest ?? 0) * statistics.messages;
  for (const word of rare) holders.set(word, Math.min(most, rareTogether / rare.length));
  return { holders, known };
});

const allOfFew = Effect.fnUntraced(function* (search: Search, messages: number) {
  const terms = search.query.terms.map((term) => ({ ...term, frequency: null }));
  const condition = conditionOf(search.query, search.query.words);
  const request = { ...search, terms, condition, messages, most: allCandidates, skipped: 0 };
  return bounded(yield* findAnywhere({ ...request, lenders: null }, { by: "words" }));
});

/** A page that begins in one stage and may end in a later one: what no page has come to is not looked for. */
const inStages = Effect.fnUntraced(function* (
  request: Omit<SpaceRequest, keyof Stage>,
  stages: ReadonlyArray<Stage>,
) {
  const { offset, limit } = request.page;
  const end = offset + limit;
  const found: Array<FoundPage["found"][number]> = [];
  let total = 0;
  let lowest: number | null = null;
  const ranking = (stage: Omit<Stage, "ways">, way: Candidates) => {
    const page = { offset: Math.max(0, offset - total), limit: end - Math.max(total, offset) };
    return findAnywhere({ ...request, ...stage, page }, way);
  };
  const take = (ranked: FoundPage): void => {
    // Whoever turns the pages meets falling ranks; the order within a stage stays.
    const share =
      lowest === null || ranked.highest === null || ranked.highest < lowest
        ? 1
        : (0.999 * lowest) / ranked.highest;
    found.push(...ranked.found.map((row) => ({ ...row, rank: row.rank * share })));
    total += ranked.total;
    if (ranked.lowest !== null) lowest = ranked.lowest * share;
  };
  let isExhausted = false;
  for (const { ways, ...stage } of stages) {
    // There is nothing behind the newest matches where they were not as many as might have been.
    if (isExhausted && stage.skipped > 0) continue;
    let taken = 0;
    for (const way of ways) {
      if (total >= end) return { found, total, isWhole: false };
      const most = stage.most - taken;
      const ranked = yield* ranking({ ...stage, skipped: stage.skipped + taken, most }, way);
      const isShort = way !== ways.at(-1) && ranked.total < most;
      // What others lend their words to is found on every way, so that it is ranked on the last one alone.
      if (isShort && stage.lenders !== null) continue;
      take(ranked);
      taken += ranked.total;
      if (!isShort) break;
    }
    isExhausted = taken < stage.most;
  }
  return { found, total, isWhole: true };
});

const amongMany = Effect.fnUntraced(function* (search: Search, statistics: Statistics) {
  const { query, space, role, span } = search;
  const { holders, known } = yield* holdersOf(query.words, statistics);
  const everywhere = statistics.messages;
  const all = query.words.reduce((sum, word) => sum + (holders.get(word) ?? 0), 0);
  // What is common among all messages need not be so in this space.
  const share = statistics.spaces.get(space) ?? 0;
  const size =
    all > tooMany && share * everywhere <= 2 * tooMany
      ? yield* sizeOfSpace(space, tooMany)
      : undefined;
  if (size?.isWhole === true && size.messages <= tooMany) return yield* findWithin(search);
  const inSpace =
    size?.isWhole === true
      ? Math.min(everywhere, size.messages)
      : share * everywhere > 2 * tooMany
        ? share * everywhere
        : everywhere;
  const isDated = span.from !== null || span.to !== null;
  const within =
    isDated || role !== null ? Math.min(inSpace, yield* expectMessages(space, search)) : inSpace;
  const spread: Spread = { holders: (word) => holders.get(word) ?? 0, everywhere, within };
  const request = {
    ...search,
    messages: within,
    terms: query.terms.map((term) => {
      const held = known.has(term) ? holders.get(term) : undefined;
      return { ...term, frequency: held === undefined ? null : Math.min(1, held / everywhere) };
    }),
  };
  // How many of the matches a phrase or an exclusion leaves, no count of words tells: all have to be looked at.
  const isBound = query.required.length > 0 || query.excluded.length > 0;
  const stages =
    isBound || isRankedWhole(query.words, spread, isDated)
      ? [wholeStage(conditionOf(query, query.words), query.words, spread)]
      : stagesOf(query.words, spread);
  const ranked = yield* inStages(request, stages);
  if (ranked.isWhole) return bounded(ranked);
  const total = matchesOf(query.words, spread) > tooMany ? Bounds.exactTotal : ranked.total;
  return { found: ranked.found, total, total_is_exact: false };
});

/** The page of a search over everything. */
export const findEverywhere = Effect.fnUntraced(function* (search: Search, statistics: Statistics) {
  // Until the first statistics there are, Postgres knows of no messages.
  const size =
    statistics.messages <= tooMany ? yield* sizeOfSpace(search.space, tooMany) : undefined;
  const messages = Math.max(statistics.messages, size?.messages ?? 0);
  yield* reportProgress(1, 2, "Looked up how common the words are.");
  return yield* messages <= Bounds.exactTotal
    ? allOfFew(search, messages)
    : amongMany(search, { ...statistics, messages });
});
