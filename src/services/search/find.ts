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
} from "../../sql/SearchQueries.ts";
import { commonLexemes, countMatches, sizeOfSpace } from "../../sql/SearchStatistics.ts";
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
 * faster than sorting all that the index finds: the one costs total/share, the other share.
 */
const nearlyEverywhere = (messages: number): number => Math.sqrt(Bounds.exactTotal * messages);

/** How many candidates are ranked: all that words below `tooMany` may find, by estimates that err a little. */
const mostCandidates = (expected: number): number =>
  expected > tooMany ? Bounds.exactTotal + 1 : 1.5 * tooMany;

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

/** How many messages hold each word, in all spaces: remembered by Postgres of common ones, counted of the rest. */
const holdersOf = Effect.fnUntraced(function* (
  words: ReadonlyArray<SearchTerm>,
  frequencies: ReadonlyMap<string, number>,
  messages: number,
) {
  const holders = new Map<SearchTerm, number>();
  const unknown: Array<SearchTerm> = [];
  for (const word of words) {
    const frequency = word.lexeme === null ? undefined : frequencies.get(word.lexeme);
    if (frequency === undefined) unknown.push(word);
    else holders.set(word, frequency * messages);
  }
  const counts = yield* countMatches(
    unknown.map(({ query }) => query),
    tooMany + 1,
  );
  unknown.forEach((word, index) => holders.set(word, counts[index] ?? 0));
  return holders;
});

const fromCandidates = Effect.fnUntraced(function* (search: Search, messages: number) {
  const terms = search.query.terms.map((term) => ({ ...term, frequency: null }));
  const condition = conditionOf(search.query, search.query.words);
  const most = mostCandidates(messages);
  return bounded(
    yield* findAnywhere({ ...search, terms, condition, messages, most, lenders: null }, "indexed"),
  );
});

/** Gives the ranks of a page that follows others a place below theirs; its own order stays. */
const below = (lowest: number | null, { found, highest }: FoundPage): FoundPage["found"] => {
  if (lowest === null || highest === null || highest < lowest) return found;
  const share = (0.999 * lowest) / highest;
  return found.map((row) => ({ ...row, rank: row.rank * share }));
};

const fromRarest = Effect.fnUntraced(function* (
  search: Search,
  frequencies: ReadonlyMap<string, number>,
  everywhere: number,
) {
  const { query, space, role, span, page } = search;
  const holders = yield* holdersOf(query.words, frequencies, everywhere);
  const all = query.words.reduce((sum, word) => sum + (holders.get(word) ?? 0), 0);
  // What is common among all messages need not be so in this space.
  const size = all > tooMany ? yield* sizeOfSpace(space, tooMany) : undefined;
  if (size?.isWhole === true && size.messages <= tooMany) return yield* inScope(search);
  const share = size?.isWhole === true ? Math.min(1, size.messages / everywhere) : 1;
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
    const held = holders.get(term);
    return { ...term, frequency: held === undefined ? null : Math.min(1, held / everywhere) };
  });
  const waysOf = (expected: number): Candidates =>
    isOpen && expected > nearlyEverywhere(messages) ? "newest" : "indexed";
  const condition = conditionOf(query, words);
  const first = yield* findAnywhere(
    {
      ...search,
      terms,
      condition,
      messages,
      most: mostCandidates(choice.expected),
      lenders: null,
    },
    waysOf(choice.expected),
  );
  const rest = query.words.filter((word) => !words.includes(word));
  if (rest.length === 0) return bounded(first);
  const end = page.offset + page.limit;
  if (first.total >= end) {
    return { found: first.found, total: Bounds.exactTotal, total_is_exact: false };
  }
  // What has none of the rarer words follows what has: whoever turns the pages meets each message once.
  const expected = rest.reduce((sum, word) => sum + expectedOf(word), 0);
  const offset = Math.max(0, page.offset - first.total);
  const second = yield* findAnywhere(
    {
      ...search,
      page: { offset, limit: end - Math.max(first.total, page.offset) },
      terms,
      condition: `(${anyOf(rest)}) & !(${anyOf(words)})`,
      messages,
      most: mostCandidates(expected),
      lenders: condition,
    },
    waysOf(expected),
  );
  return bounded({
    total: first.total + second.total,
    found: [...first.found, ...below(first.lowest, second)],
  });
});

const anywhere = Effect.fnUntraced(function* (search: Search) {
  const known = yield* commonLexemes(
    search.query.words.flatMap(({ lexeme }) => (lexeme === null ? [] : [lexeme])),
  );
  // Until the first statistics there are, Postgres knows of no messages.
  const size = known.messages <= tooMany ? yield* sizeOfSpace(search.space, tooMany) : undefined;
  const messages = Math.max(known.messages, size?.messages ?? 0);
  yield* reportProgress(1, 2, "Looked up how common the words are.");
  return yield* messages <= Bounds.exactTotal
    ? fromCandidates(search, messages)
    : fromRarest(search, known.frequencies, messages);
});

/** The page of a search. */
export const find = (search: Search) =>
  search.session_id === null && search.conversation_id === null
    ? anywhere(search)
    : inScope(search);
