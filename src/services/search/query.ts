/**
 * The query language: words (any may match), `"a phrase"` and `-not` (both binding). Every input is
 * a query; what it means is given as `tsquery` literals that Postgres takes as they are.
 */
import { formsInAny, formsInQuestion, formsInText, markOf, type WordForms } from "./forms.ts";
import { isForeign, languageOf } from "./languageOf.ts";
import type { Language } from "./languages.ts";
import { tokenize } from "./tokenize.ts";
import { quoteLexeme } from "./vector.ts";

/** One thing that relevance is counted of: a word, or a run of words that belong together. */
export interface SearchTerm {
  readonly query: string;
  readonly kind: "word" | "phrase";
  readonly weight: number;
  /** The lexemes of a word, any of which is the word; none where the term is not one. */
  readonly lexemes: ReadonlyArray<string>;
  /** Those that it has everywhere, each as a `tsquery` of its own. */
  readonly literals: ReadonlyArray<string>;
  /** Its stems in languages, so too, and the marks of what holds such stems; null where it has none. */
  readonly stems: { readonly literals: ReadonlyArray<string>; readonly marks: string } | null;
  /** What the lexemes of the term begin with; null where they are given whole. */
  readonly prefix: string | null;
}

/** What a query asks for: all of `required` or else any of `words`, and none of `excluded`. */
export interface SearchQuery {
  readonly words: ReadonlyArray<SearchTerm>;
  readonly required: ReadonlyArray<string>;
  readonly excluded: ReadonlyArray<string>;
  /** The words, and the phrases that they form. */
  readonly terms: ReadonlyArray<SearchTerm>;
}

/** A query counts its first distinct terms: the bound keeps a pasted page affordable. */
const maxTerms = 64;

/** What a part of a camelCase word weighs beside the whole of it. */
const partWeight = 0.5;

const quote = '"\\u201C\\u201D\\u201E\\u201F\\uFF02';
// A minus means "not" where a word begins; two are an option such as --watch, one alone is a dash.
const clause = new RegExp(
  `(?<not>(?<!\\S)-(?!-))?(?:[${quote}](?<phrase>[^${quote}]*)[${quote}]|(?<word>[^\\s${quote}]+))`,
  "gu",
);

interface Placed {
  readonly term: SearchTerm;
  readonly position: number;
  readonly isPart: boolean;
}

const wordTerm = (lexemes: ReadonlyArray<string>, weight: number): SearchTerm => {
  const all = lexemes.map(quoteLexeme);
  const marks = new Set(lexemes.flatMap((lexeme) => markOf(lexeme) ?? []));
  const isStem = (_: string, index: number) => markOf(lexemes[index] ?? "") !== undefined;
  return {
    query: all.length === 1 ? all.join("") : `(${all.join(" | ")})`,
    kind: "word",
    weight,
    lexemes,
    literals: all.filter((literal, index) => !isStem(literal, index)),
    stems:
      marks.size === 0
        ? null
        : { literals: all.filter(isStem), marks: [...marks].map(quoteLexeme).join(" | ") },
    prefix: null,
  };
};

/** A term that is there or not: no word whose repetitions count. */
const phraseTerm = (query: string, prefix: string | null = null): SearchTerm => ({
  query,
  kind: "phrase",
  weight: 1,
  lexemes: [],
  literals: [],
  stems: null,
  prefix,
});

const prefixTerm = (prefix: string): SearchTerm => phraseTerm(`${quoteLexeme(prefix)}:*`, prefix);

/** The terms of a clause in their places. */
const place = (text: string, forms: WordForms | undefined): ReadonlyArray<Placed> => {
  const placed: Array<Placed> = [];
  let lastPair = -1;
  tokenize(
    text,
    (lexeme, position, _start, _end, kind) => {
      if (kind === "pair") lastPair = position;
      // The last character of a longer run says nothing that the pair before it does not say.
      if (kind === "tail" && position === lastPair + 1) return true;
      const word = kind === "form" ? placed.pop() : undefined;
      if (word !== undefined) {
        const { lexemes, weight } = word.term;
        placed.push({ ...word, term: wordTerm([...lexemes, lexeme], weight) });
        return true;
      }
      const isPart = kind === "part";
      placed.push({
        term: kind === "tail" ? prefixTerm(lexeme) : wordTerm([lexeme], isPart ? partWeight : 1),
        position,
        isPart,
      });
      return true;
    },
    { forms },
  );
  return placed;
};

/** The whole words of a clause in their places, as one `tsquery`; undefined where there are none. */
const inSequence = (placed: ReadonlyArray<Placed>): string | undefined => {
  let query: string | undefined;
  let before = 0;
  for (const { term, position, isPart } of placed) {
    if (isPart) continue;
    query = query === undefined ? term.query : `${query} <${position - before}> ${term.query}`;
    before = position;
  }
  return query;
};

/** How the words of a query are brought to lexemes: those that may match, and those that must or must not. */
interface Forms {
  readonly free?: WordForms | undefined;
  readonly bound?: WordForms | undefined;
  /** The language that the query is in, as far as that is known. */
  readonly language?: Language;
}

/** The words of a query, those that are the same once. */
class Words {
  readonly terms: Array<SearchTerm> = [];
  readonly #known = new Map<string, number>();
  readonly #areOneByStem: boolean;

  constructor(areOneByStem: boolean) {
    this.#areOneByStem = areOneByStem;
  }

  add(term: SearchTerm): void {
    const { lexemes, query } = term;
    const names = this.#areOneByStem && lexemes.length > 0 ? lexemes : [lexemes[0] ?? query];
    const at = names.flatMap((name) => this.#known.get(name) ?? []).at(0) ?? this.terms.length;
    if (at >= maxTerms) return;
    const other = this.terms[at];
    if (other === undefined) this.terms.push(term);
    else if (other.query !== query) {
      this.terms[at] = wordTerm([...new Set([...other.lexemes, ...lexemes])], other.weight);
    }
    for (const name of names) this.#known.set(name, at);
  }
}

/** Names of files, of variables, of hosts: no part of them is without meaning. */
const identifier = /[\p{L}\p{N}][_/.:\\@]+[\p{L}\p{N}]/u;

const parseWith = (text: string, { free, bound, language }: Forms): SearchQuery | undefined => {
  const words = new Words(language !== undefined);
  const phrases = new Map<string, SearchTerm>();
  const required: Array<string> = [];
  const excluded: Array<string> = [];
  for (const { groups } of text.matchAll(clause)) {
    const said = groups?.["phrase"] ?? groups?.["word"] ?? "";
    const isWhole =
      groups?.["phrase"] !== undefined || groups?.["not"] !== undefined || identifier.test(said);
    const placed = place(said, isWhole ? bound : free);
    const sequence = inSequence(placed);
    if (sequence === undefined) continue;
    if (groups?.["not"] !== undefined) {
      excluded.push(sequence);
      continue;
    }
    if (groups?.["phrase"] !== undefined) required.push(sequence);
    for (const { term } of placed) words.add(term);
    if (sequence.includes(" <") && phrases.size < maxTerms) {
      phrases.set(sequence, phraseTerm(sequence));
    }
  }
  if (words.terms.length === 0) return undefined;
  return {
    words: words.terms,
    required,
    excluded,
    terms: [...words.terms, ...phrases.values()],
  };
};

/** What has fewer words may be a name that looks like words without meaning: they are asked for as well. */
const fewestOfSentence = 4;
/** What has more words and does not tell its language is in none that is known. */
const mostPicked = 8;

const countWords = (text: string): number => text.match(/\S+/g)?.length ?? 0;

const areFew = (text: string): boolean => countWords(text) <= mostPicked;

/** Whether a query is a few words that were picked and do not tell their language. */
export const isPicked = (text: string): boolean => areFew(text) && languageOf(text) === undefined;

/**
 * What a query asks for; undefined when it holds nothing that can be found. Words that were picked are also asked for in
 * their forms in the languages that are spoken.
 */
export const parseQuery = (
  text: string,
  spoken: ReadonlyArray<Language> = [],
): SearchQuery | undefined => {
  const told = languageOf(text);
  if (isForeign(told)) {
    const all = formsInText(told);
    const sentence =
      countWords(text) < fewestOfSentence
        ? undefined
        : parseWith(text, { free: formsInQuestion(told), bound: all, language: told });
    return sentence ?? parseWith(text, { free: all, bound: all, language: told });
  }
  const isUnknown = told === undefined && areFew(text);
  const any = isUnknown && spoken.length > 0 ? formsInAny(spoken) : undefined;
  return parseWith(text, { free: any, bound: any });
};

/** Any of the words, as one `tsquery`. */
export const anyOf = (words: ReadonlyArray<SearchTerm>): string =>
  words.map((word) => word.query).join(" | ");

/** All of the words, as one `tsquery`. */
export const allOf = (words: ReadonlyArray<SearchTerm>): string =>
  words.map((word) => word.query).join(" & ");

/** What every result fulfils, as one `tsquery`; `words` may be fewer than those of the query. */
export const conditionOf = (query: SearchQuery, words: ReadonlyArray<SearchTerm>): string => {
  const wanted = query.required.length > 0 ? query.required : [anyOf(words)];
  return [...wanted.map((each) => `(${each})`), ...query.excluded.map((each) => `!(${each})`)].join(
    " & ",
  );
};
