/**
 * From a query to a page of ranked messages. Within a session or a conversation every message that
 * matches is ranked; over everything, words that are nearly everywhere choose candidates only where
 * the rarer words leave a page unfilled.
 */
import { Effect } from "effect";
import { Bounds } from "../../domain/Bounds.ts";
import {
  type Candidates,
  type FoundPage,
  findAnywhere,
  findInScope,
  type SearchRequest,
  type SpaceRequest,
} from "../../sql/SearchQueries.ts";
import {
  countMatches,
  type Statistics,
  sizeOfSpace,
  statisticsOf,
} from "../../sql/SearchStatistics.ts";
import { reportProgress } from "../Reports.ts";
import { anyOf, conditionOf, type SearchQuery, type SearchTerm } from "./query.ts";

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

/** Past so many, the mistake of an estimate no longer decides whether the total is exact. */
const tooMany = 2 * Bounds.exactTotal;
/**
 * Past so many of all messages, walking through the newest conversations until enough is found is
 * faster than sorting all that the index finds: the one costs enough/share, the other share.
 */
const nearlyEverywhere = (messages: number, enough: number): number =>
  Math.sqrt(2 * enough * messages);

/** How many candidates are ranked: all that words below `tooMany` may find, by estimates that err a little. */
const mostCandidates = (expected: number): number =>
  expected > tooMany ? Bounds.exactTotal + 1 : 1.5 * tooMany;

/**
 * Where a single word is so common that not all it finds is ranked: how many are, before anybody turns pages beyond
 * them. Among them are more that repeat it in few words than anybody reads; with other words, rank says more than that.
 */
const firstOfOneWord = 2000;

interface Choice {
  readonly words: ReadonlyArray<SearchTerm>;
  /** How many messages hold one of them. */
  readonly expected: number;
}

/** The rarest of the words: as many as may match together without passing `tooMany`, and at least one that does match. */
export const chooseWords = (
  words: ReadonlyArray<SearchTerm>,
  expectedOf: (word: SearchTerm) => number,
): Choice => {
  const rarestFirst = words
    .map((word) => ({ word, expected: expectedOf(word) }))
    .sort((left, right) => left.expected - right.expected);
  const chosen: Array<SearchTerm> = [];
  let sum = 0;
  for (const { word, expected } of rarestFirst) {
    if (sum > 0 && sum + expected > tooMany) break;
    chosen.push(word);
    sum += expected;
  }
  return { words: chosen, expected: sum };
};

const inScope = Effect.fnUntraced(function* (search: Search) {
  const { query } = search;
  const terms = query.terms.map((term) => ({ ...term, frequency: null }));
  return bounded(
    yield* findInScope({
      ...search,
      terms,
      condition: conditionOf(query, query.words),
      anyTerm: anyOf(query.words),
    }),
  );
});

/** How many messages hold each word, in all spaces. */
const holdersOf = Effect.fnUntraced(function* (
  words: ReadonlyArray<SearchTerm>,
  { frequencies, messages, rarest }: Statistics,
) {
  const holders = new Map<SearchTerm, number>();
  const rare: Array<SearchTerm> = [];
  const unknown: Array<SearchTerm> = [];
  for (const word of words) {
    const frequency = word.lexeme === null ? undefined : frequencies.get(word.lexeme);
    if (frequency !== undefined) holders.set(word, frequency * messages);
    else if (word.lexeme !== null && rarest !== null) rare.push(word);
    else unknown.push(word);
  }
  // What is not among the common words is known well enough where all of it together is little.
  const most = (rarest ?? 0) * messages;
  const isLittle = unknown.length === 0 && rare.length * most <= tooMany;
  if (isLittle) for (const word of rare) holders.set(word, most);
  const counted = isLittle ? [] : [...rare, ...unknown];
  const counts = yield* countMatches(
    counted.map(({ query }) => query),
    tooMany + 1,
  );
  counted.forEach((word, index) => holders.set(word, counts[index] ?? 0));
  return { holders, exactly: new Set(words.filter((word) => !isLittle || !rare.includes(word))) };
});

const fromCandidates = Effect.fnUntraced(function* (search: Search, messages: number) {
  const terms = search.query.terms.map((term) => ({ ...term, frequency: null }));
  const condition = conditionOf(search.query, search.query.words);
  const most = mostCandidates(messages);
  return bounded(
    yield* findAnywhere({ ...search, terms, condition, messages, most, lenders: null }, "indexed"),
  );
});

/** Messages that are ranked together, below those of the stages before. */
interface Stage extends Pick<SpaceRequest, "condition" | "most" | "lenders"> {
  readonly skipped: number;
  readonly expected: number;
}

/** What words find; the newest first, where not all of it is ranked. */
const stagesOf = (
  words: ReadonlyArray<SearchTerm>,
  stage: Pick<Stage, "condition" | "lenders" | "expected">,
): ReadonlyArray<Stage> => {
  const most = mostCandidates(stage.expected);
  return words.length > 1 || stage.lenders !== null || stage.expected <= tooMany
    ? [{ ...stage, skipped: 0, most }]
    : [
        { ...stage, skipped: 0, most: firstOfOneWord },
        { ...stage, skipped: firstOfOneWord, most: most - firstOfOneWord },
      ];
};

/** A page that begins in one stage and may end in a later one: what no page has come to is not looked for. */
const inStages = Effect.fnUntraced(function* (
  request: Omit<SpaceRequest, "condition" | "most" | "skipped" | "lenders">,
  stages: ReadonlyArray<Stage>,
  waysOf: (stage: Stage) => Candidates,
) {
  const { offset, limit } = request.page;
  const end = offset + limit;
  const found: Array<FoundPage["found"][number]> = [];
  let total = 0;
  let lowest: number | null = null;
  for (const stage of stages) {
    if (stage !== stages[0] && total >= end) {
      return { found, total: Bounds.exactTotal, total_is_exact: false };
    }
    const page = { offset: Math.max(0, offset - total), limit: end - Math.max(total, offset) };
    const ranked = yield* findAnywhere({ ...request, ...stage, page }, waysOf(stage));
    // Whoever turns the pages meets falling ranks; the order within a stage stays.
    const share: number =
      lowest === null || ranked.highest === null || ranked.highest < lowest
        ? 1
        : (0.999 * lowest) / ranked.highest;
    found.push(...ranked.found.map((row) => ({ ...row, rank: row.rank * share })));
    total += ranked.total;
    if (ranked.lowest !== null) lowest = ranked.lowest * share;
  }
  return bounded({ found, total });
});

const fromRarest = Effect.fnUntraced(function* (search: Search, statistics: Statistics) {
  const { query, space, role, span } = search;
  const everywhere = statistics.messages;
  const { holders, exactly } = yield* holdersOf(query.words, statistics);
  const all = query.words.reduce((sum, word) => sum + (holders.get(word) ?? 0), 0);
  // What is common among all messages need not be so in this space.
  const known = statistics.share !== null && statistics.share * everywhere > 2 * tooMany;
  const size = all > tooMany && !known ? yield* sizeOfSpace(space, tooMany) : undefined;
  if (size?.isWhole === true && size.messages <= tooMany) return yield* inScope(search);
  const share =
    size?.isWhole === true
      ? Math.min(1, size.messages / everywhere)
      : known
        ? (statistics.share ?? 1)
        : 1;
  const expectedOf = (word: SearchTerm) => share * (holders.get(word) ?? 0);
  const choice = chooseWords(query.words, expectedOf);
  // How many of the matches a phrase, an exclusion or a filter leaves, no count of words tells.
  const isOpen =
    query.required.length === 0 &&
    query.excluded.length === 0 &&
    role === null &&
    span.from === null &&
    span.to === null;
  const words = isOpen ? choice.words : query.words;
  const messages = share * everywhere;
  const terms = query.terms.map((term) => {
    const held = exactly.has(term) ? holders.get(term) : undefined;
    return { ...term, frequency: held === undefined ? null : Math.min(1, held / everywhere) };
  });
  const condition = conditionOf(query, words);
  const rest = query.words.filter((word) => !words.includes(word));
  const stages = [
    ...(isOpen
      ? stagesOf(query.words, { condition, lenders: null, expected: choice.expected })
      : [
          {
            condition,
            lenders: null,
            skipped: 0,
            most: mostCandidates(choice.expected),
            expected: choice.expected,
          },
        ]),
    // What has none of the rarer words follows what has: whoever turns the pages meets each message once.
    ...(rest.length === 0
      ? []
      : stagesOf(rest, {
          condition: `(${anyOf(rest)}) & !(${anyOf(words)})`,
          lenders: condition,
          expected: rest.reduce((sum, word) => sum + expectedOf(word), 0),
        })),
  ];
  // By what the first of them needs: all stages of the same words have to go by the same order.
  return yield* inStages({ ...search, terms, messages }, stages, ({ expected, skipped, most }) =>
    isOpen && expected > nearlyEverywhere(messages, skipped > 0 ? skipped : most)
      ? "newest"
      : "indexed",
  );
});

const anywhere = Effect.fnUntraced(function* (search: Search) {
  const known = yield* statisticsOf(
    search.space,
    search.query.words.flatMap(({ lexeme }) => (lexeme === null ? [] : [lexeme])),
  );
  // Until the first statistics there are, Postgres knows of no messages.
  const size = known.messages <= tooMany ? yield* sizeOfSpace(search.space, tooMany) : undefined;
  const messages = Math.max(known.messages, size?.messages ?? 0);
  yield* reportProgress(1, 2, "Looked up how common the words are.");
  return yield* messages <= Bounds.exactTotal
    ? fromCandidates(search, messages)
    : fromRarest(search, { ...known, messages });
});

/** The page of a search. */
export const find = (search: Search) =>
  search.session_id === null && search.conversation_id === null
    ? anywhere(search)
    : inScope(search);
