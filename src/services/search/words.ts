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
const slots = new Int32Array(1 << 17);
const cachedWords: Array<string> = [""];
const cachedLexemes: Array<string> = [""];

const remember = (word: string, slot: number): string => {
  const lexeme = lexemeOf(word);
  if (word.length > maxCachedLength) return lexeme;
  if (cachedWords.length > maxCachedWords) {
    cachedWords.length = 1;
    cachedLexemes.length = 1;
    slots.fill(0);
  }
  slots[slot] = cachedWords.length;
  cachedWords.push(word);
  cachedLexemes.push(lexeme);
  return lexeme;
};

const isAt = (word: string, text: string, start: number, end: number): boolean => {
  if (word.length !== end - start) return false;
  for (let at = 0; at < word.length; at++) {
    if (word.charCodeAt(at) !== text.charCodeAt(start + at)) return false;
  }
  return true;
};

/** A hash goes on with each character of its word. */
export const hashOn = (hash: number, unit: number): number => (Math.imul(hash, 31) + unit) | 0;

/**
 * The lexeme of the word from `start` to `end`, which need not be cut out of its text for it; the empty string for a stop
 * word. `hash` goes over all its characters.
 */
export const lexemeAt = (text: string, start: number, end: number, hash: number): string => {
  let slot = Math.imul(hash, 0x9e3779b1) >>> 15;
  for (;;) {
    const index = slots[slot];
    if (index === undefined || index === 0) return remember(text.slice(start, end), slot);
    if (isAt(cachedWords[index] ?? "", text, start, end)) return cachedLexemes[index] ?? "";
    slot = (slot + 1) & (slots.length - 1);
  }
};

/** The lexeme of a word, or the empty string for a stop word. */
export const toLexeme = (word: string): string => {
  let hash = 0;
  for (let at = 0; at < word.length; at++) hash = hashOn(hash, word.charCodeAt(at));
  return lexemeAt(word, 0, word.length, hash);
};
