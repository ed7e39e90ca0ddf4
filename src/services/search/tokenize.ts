/**
 * Cuts text into the tokens that are indexed and asked for. One pass over the characters, one
 * answer for documents and queries alike: what a phrase or an identifier needs is in the positions.
 */
import { CharClass, classAt, fold } from "./characters.ts";
import type { WordForms } from "./forms.ts";
import { lexemeAt, Place, placeOf, shortWordLength } from "./shortWords.ts";
import { toLexeme } from "./words.ts";

/** What a token stands for in its text. */
export type TokenKind =
  /** A word, the whole of it. */
  | "word"
  /** A part of a camelCase word, at the position of the word. */
  | "part"
  /** Another lexeme of the word before, at its position. */
  | "form"
  /** Two neighbouring characters of a script without spaces. */
  | "pair"
  /** The last (or only) character of a run in such a script. */
  | "tail";

/**
 * Receives each token; `false` stops the walk. `start` and `end` are offsets in the text as given.
 * Stop words take a position and are not passed on.
 */
export type TokenSink = (
  lexeme: string,
  position: number,
  start: number,
  end: number,
  kind: TokenKind,
) => boolean;

/** Receives the place of a short word's lexeme, instead of the sink and with less effort. */
export type ShortWordSink = (place: number, position: number) => boolean;

const contraction = /^(?:s|m|re|ve|ll|d)$/i;
/** What stands before the apostrophe of an elision in French and Italian, beside single letters. */
const elided = new Set(
  "all alcun bell buon ciascun coll dall degl dell grand jusqu lorsqu mezz nell nessun puisqu qu quand quell quest quoiqu sant sull tutt un".split(
    " ",
  ),
);
const longestElided = Math.max(...[...elided].map((word) => word.length));
const camelParts = /[A-Z]+(?![a-z])[0-9]*|[A-Z]?[a-z]+[0-9]*|[0-9]+/g;
// Longer mixed-case words are keys and hashes, whose parts mean nothing.
const maxCamelLength = 64;
const maxParts = 12;

const isWordClass = (kind: number): boolean => kind >= CharClass.lower && kind <= CharClass.letter;

/** How a text is walked over. */
export interface Manner {
  readonly shortWords?: ShortWordSink;
  /** The lexemes of its words, where they are not those of English; short words are then as any other. */
  readonly forms?: WordForms | undefined;
}

/** Walks over the tokens of `text`, positions counted from 1. */
export const tokenize = (text: string, sink: TokenSink, manner: Manner = {}): void => {
  const size = text.length;
  let index = 0;
  let position = 0;
  while (index < size) {
    const kind = classAt(text, index);
    if (kind === CharClass.gram) {
      const end = endOfRun(text, index);
      const last = gramRun(text.slice(index, end), position, index, sink);
      if (last === undefined) return;
      position = last;
      index = end;
    } else if (isWordClass(kind)) {
      position += 1;
      const end = word(text, index, position, sink, manner);
      if (end === undefined) return;
      index = end;
    } else {
      index += 1;
    }
  }
};

const endOfRun = (text: string, start: number): number => {
  let end = start;
  while (end < text.length && classAt(text, end) === CharClass.gram) end += unitsAt(text, end);
  return end;
};

const unitsAt = (text: string, index: number): number => {
  const unit = text.charCodeAt(index);
  return unit >= 0xd800 && unit <= 0xdbff ? 2 : 1;
};

/** Emits the word at `start` and returns where the text goes on; undefined when the sink is full. */
const word = (
  text: string,
  start: number,
  position: number,
  sink: TokenSink,
  { shortWords, forms }: Manner,
): number | undefined => {
  const size = text.length;
  let end = start + 1;
  // Most words are lower case but for their first letter, and need no more than this.
  while (end < size && classAt(text, end) === CharClass.lower) end += 1;
  if (forms === undefined && end - start > 1 && isPlain(text, start, end)) {
    const place = end - start <= shortWordLength ? placeOf(text, start, end) : Place.none;
    if (place === Place.stopWord) return end;
    if (place !== Place.none && shortWords !== undefined) {
      return shortWords(place, position) ? end : undefined;
    }
    const lexeme = place === Place.none ? toLexeme(text.slice(start, end)) : lexemeAt(place);
    return lexeme === "" || sink(lexeme, position, start, end, "word") ? end : undefined;
  }
  end = start;
  let afterLower = false;
  let uppers = 0;
  let mixed = false;
  let apostrophes = 0;
  for (;;) {
    if (end >= size) break;
    const kind = classAt(text, end);
    if (kind === CharClass.lower) {
      if (uppers > 1) mixed = true;
      uppers = 0;
      afterLower = true;
    } else if (kind === CharClass.upper) {
      if (afterLower) mixed = true;
      uppers += 1;
    } else if (kind === CharClass.apostrophe) {
      if (end + 1 >= size || !isWordClass(classAt(text, end + 1))) break;
      const after = endOfLetters(text, end + 1);
      if (contraction.test(text.slice(end + 1, after))) {
        return emit(text, start, end, position, { mixed, apostrophes, forms }, sink)
          ? after
          : undefined;
      }
      if (isElided(text, start, end)) break;
      apostrophes += 1;
    } else if (kind === CharClass.letter) {
      end += unitsAt(text, end);
      continue;
    } else if (kind !== CharClass.digit) {
      break;
    }
    end += 1;
  }
  const symbols = end - start === 1 ? endOfLanguageName(text, end) : end;
  if (symbols !== end) {
    const name = text.slice(start, symbols).toLowerCase().replace("\u266F", "#");
    return sink(name, position, start, symbols, "word") ? symbols : undefined;
  }
  return emit(text, start, end, position, { mixed, apostrophes, forms }, sink) ? end : undefined;
};

/** Whether it is what an apostrophe elides: `l'homme` and `dell'acqua` are two words each, a name (`O'Brien`) is one. */
const isElided = (text: string, start: number, end: number): boolean => {
  if (end - start > longestElided) return false;
  const written = text.slice(start, end).toLowerCase();
  return written.length === 1 ? written !== "o" : elided.has(written);
};

/** Whether a run of lower-case letters, its first character aside, is a word by itself. */
const isPlain = (text: string, start: number, end: number): boolean => {
  const first = classAt(text, start);
  return (
    (first === CharClass.lower || first === CharClass.upper) &&
    (end === text.length || classAt(text, end) === CharClass.separator)
  );
};

const endOfLetters = (text: string, start: number): number => {
  let end = start;
  // No contraction is longer: what is read past it decides nothing.
  while (end < text.length && end < start + 4 && isWordClass(classAt(text, end))) end += 1;
  return end;
};

/** `C++` and `C#` are names of their own, and the marks are all that tells them from `C`. */
const endOfLanguageName = (text: string, end: number): number => {
  if (text.startsWith("++", end)) return end + 2;
  if (text[end] !== "#" && text[end] !== "\u266F") return end;
  return end + 1 < text.length && isWordClass(classAt(text, end + 1)) ? end : end + 1;
};

interface Shape {
  readonly mixed: boolean;
  readonly apostrophes: number;
  readonly forms: WordForms | undefined;
}

const emit = (
  text: string,
  start: number,
  end: number,
  position: number,
  { mixed, apostrophes, forms }: Shape,
  sink: TokenSink,
): boolean => {
  const written = text.slice(start, end);
  const whole = apostrophes === 0 ? written : written.replace(/['\u2019]/g, "");
  if (forms !== undefined && !mixed) {
    return forms(whole).every((lexeme, place) =>
      sink(lexeme, position, start, end, place === 0 ? "word" : "form"),
    );
  }
  const lexeme = toLexeme(whole);
  if (lexeme !== "" && !sink(lexeme, position, start, end, "word")) return false;
  if (!mixed || apostrophes > 0 || whole.length > maxCamelLength) return true;
  const parts = whole.match(camelParts);
  if (parts === null || parts.length < 2 || parts.length > maxParts) return true;
  for (const part of parts) {
    const each = toLexeme(part);
    if (each !== "" && each !== lexeme && !sink(each, position, start, end, "part")) return false;
  }
  return true;
};

/** Emits the pairs of a run and returns its last position; undefined when the sink is full. */
const gramRun = (
  run: string,
  before: number,
  start: number,
  sink: TokenSink,
): number | undefined => {
  const characters = [...fold(run)];
  // Folding joins or splits few characters: offsets, which only a snippet uses, stay close.
  const width = run.length / characters.length;
  for (let at = 0; at < characters.length; at++) {
    const position = before + at + 1;
    const next = characters[at + 1];
    const lexeme = `${characters[at] ?? ""}${next ?? ""}`;
    const from = start + Math.floor(at * width);
    const to = start + Math.ceil((at + (next === undefined ? 1 : 2)) * width);
    if (!sink(lexeme, position, from, to, next === undefined ? "tail" : "pair")) return undefined;
  }
  return before + characters.length;
};
