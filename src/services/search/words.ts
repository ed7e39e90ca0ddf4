/**
 * From a written word to the lexeme that is indexed and asked for: folded, stop words dropped,
 * irregular English forms brought to their base, and the rest stemmed.
 */
import { fold } from "./characters.ts";
import { irregularForms, stopWords } from "./english.ts";
import { stem } from "./stem.ts";

/** Longer words are indexed by their first characters: far below the 2 KB of a lexeme. */
const maxLexemeLength = 100;
const maxCachedLength = 40;
const maxCachedWords = 50_000;

const asciiOnly = /^[\0-\x7F]*$/;
const stemmable = /^[a-z]{3,}$/;

const lexemeOf = (word: string): string => {
  const folded = asciiOnly.test(word) ? word.toLowerCase() : fold(word);
  const bounded =
    folded.length > maxLexemeLength ? [...folded.slice(0, maxLexemeLength)].join("") : folded;
  if (stopWords.has(bounded)) return "";
  const base = irregularForms.get(bounded) ?? bounded;
  return stemmable.test(base) ? stem(base) : base;
};

// Words repeat: looking one up costs a tenth of stemming it. Bounded, and safe to forget.
const cache = new Map<string, string>();

/** The lexeme of a word, or the empty string for a stop word. */
export const toLexeme = (word: string): string => {
  const known = cache.get(word);
  if (known !== undefined) return known;
  const lexeme = lexemeOf(word);
  if (word.length <= maxCachedLength) {
    if (cache.size >= maxCachedWords) cache.clear();
    cache.set(word, lexeme);
  }
  return lexeme;
};
