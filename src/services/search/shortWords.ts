/**
 * The lexemes of short words, which are most of any text: kept so that finding one again touches two lines of memory
 * and makes no string. Messages have so many different words that it is memory which their lookup waits for.
 */
import { lexemeOf, ownCopy } from "./words.ts";

const lettersPerNumber = 6;

/** The longest word that is short. */
export const shortWordLength = 2 * lettersPerNumber;

/** Where the lexeme of a word is kept. */
export const Place = {
  /** It has none, since it is a stop word. */
  stopWord: 0,
  /** It is not kept: there is no room for it, or it is not of `a` to `z` alone. */
  none: -1,
} as const;

const slots = 1 << 16;
const maxWords = 40_000;
/** The letters of a word, five bits each, in two numbers; and the place of its lexeme. */
const words = new Int32Array(slots * 4);
let wordCount = 0;

/** Of each place: the last document that has its lexeme, under which number there; where its letters are, and how many. */
const lexemes = new Int32Array((maxWords + 1) * 4);
/** A lexeme may be a little longer than its word. */
const letters = new Uint8Array(maxWords * (shortWordLength + 4));
const places = new Map<string, number>();
const texts: Array<string> = [""];
let lettersUsed = 0;
let document = 0;

const keepLexeme = (lexeme: string): number => {
  const known = places.get(lexeme);
  if (known !== undefined) return known;
  if (lexeme.length > shortWordLength + 4 || !/^[a-z]+$/.test(lexeme)) return Place.none;
  const place = texts.push(lexeme) - 1;
  places.set(lexeme, place);
  lexemes[4 * place] = 0;
  lexemes[4 * place + 2] = lettersUsed;
  lexemes[4 * place + 3] = lexeme.length;
  for (let at = 0; at < lexeme.length; at++) letters[lettersUsed++] = lexeme.charCodeAt(at);
  return place;
};

const keepWord = (word: string, head: number, tail: number, slot: number): number => {
  if (wordCount >= maxWords) return Place.none;
  const lexeme = lexemeOf(ownCopy(word));
  const place = lexeme === "" ? Place.stopWord : keepLexeme(lexeme);
  wordCount += 1;
  words[4 * slot] = head;
  words[4 * slot + 1] = tail;
  words[4 * slot + 2] = place;
  return place;
};

/** The place of the lexeme of a word of `a` to `z`, its first letter in either case, no longer than a short word is. */
export const placeOf = (text: string, start: number, end: number): number => {
  let head = 0;
  let tail = 0;
  const middle = Math.min(end, start + lettersPerNumber);
  for (let at = start; at < middle; at++) head = (head << 5) | (text.charCodeAt(at) & 31);
  for (let at = middle; at < end; at++) tail = (tail << 5) | (text.charCodeAt(at) & 31);
  let slot = Math.imul(Math.imul(head, 0x9e3779b1) ^ tail, 0x85ebca6b) >>> 16;
  for (;;) {
    const known = words[4 * slot];
    if (known === head && words[4 * slot + 1] === tail) return words[4 * slot + 2] ?? Place.none;
    if (known === 0) return keepWord(text.slice(start, end), head, tail, slot);
    slot = (slot + 1) % slots;
  }
};

/** The lexeme at a place. */
export const lexemeAt = (place: number): string => texts[place] ?? "";

/** The place of a lexeme however it was written, as far as there is one. */
export const placeOfLexeme = (lexeme: string): number => places.get(lexeme) ?? Place.none;

/** Begins another document, in which nothing has a number yet. Where there is no room for new words, all are forgotten. */
export const beginDocument = (): void => {
  document += 1;
  if (wordCount < maxWords && document < 0x7fffffff) return;
  words.fill(0);
  places.clear();
  texts.length = 1;
  wordCount = 0;
  lettersUsed = 0;
  document = 1;
};

/** The number that the lexeme has in the document, if it has one. */
export const numberAt = (place: number): number | undefined =>
  lexemes[4 * place] === document ? lexemes[4 * place + 1] : undefined;

/** Gives the lexeme a number in the document. */
export const giveNumber = (place: number, number: number): void => {
  lexemes[4 * place] = document;
  lexemes[4 * place + 1] = number;
};

/** How many letters the lexeme at a place has. */
export const lengthAt = (place: number): number => lexemes[4 * place + 3] ?? 0;

/** Writes the letters of a lexeme, and says where they end. */
export const writeLexeme = (place: number, into: Uint8Array, start: number): number => {
  const from = lexemes[4 * place + 2] ?? 0;
  const length = lengthAt(place);
  for (let at = 0; at < length; at++) into[start + at] = letters[from + at] ?? 0;
  return start + length;
};
