/**
 * From a written word to the lexeme that is indexed and asked for: folded, stop words dropped,
 * irregular English forms brought to their base, and the rest stemmed.
 */
import { fold } from "./characters.ts";
import { irregularForms, stopWords } from "./english.ts";
import { stem } from "./stem.ts";

/** Longer words are indexed by their first characters: far below the 2 KB of a lexeme. */
export const maxLexemeLength = 100;
const maxCachedLength = 40;
const maxCachedWords = 50_000;

/** Whether a text is of ASCII alone. */
export const asciiOnly = /^[\0-\x7F]*$/;
const stemmable = /^[a-z]{3,}$/;

/** The lexeme of a word, found anew. */
export const lexemeOf = (word: string): string => {
  const folded = asciiOnly.test(word) ? word.toLowerCase() : fold(word);
  const bounded =
    folded.length > maxLexemeLength ? [...folded.slice(0, maxLexemeLength)].join("") : folded;
  if (stopWords.has(bounded)) return "";
  const base = irregularForms.get(bounded) ?? bounded;
  return stemmable.test(base) ? stem(base) : base;
};

/** A copy of a word that is kept: what was cut out of a text may hold all of it in memory. */
export const ownCopy = (word: string): string => Buffer.from(word, "utf16le").toString("utf16le");

// Words repeat: looking one up costs a tenth of stemming it. Bounded, and safe to forget.
const slots = new Int32Array(1 << 17);
const cachedWords: Array<string> = [""];
const cachedLexemes: Array<string> = [""];

const remember = (cut: string, slot: number): string => {
  const word = ownCopy(cut);
  const lexeme = lexemeOf(word);
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

/** The lexeme of a word, or the empty string for a stop word. */
export const toLexeme = (word: string): string => {
  if (word.length > maxCachedLength) return lexemeOf(word);
  let hash = 0;
  for (let at = 0; at < word.length; at++) hash = (Math.imul(hash, 31) + word.charCodeAt(at)) | 0;
  let slot = Math.imul(hash, 0x9e3779b1) >>> 15;
  for (;;) {
    const index = slots[slot];
    if (index === undefined || index === 0) return remember(word, slot);
    if (cachedWords[index] === word) return cachedLexemes[index] ?? "";
    slot = (slot + 1) & (slots.length - 1);
  }
};
