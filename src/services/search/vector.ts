/**
 * The search document of a message: a ready `tsvector` literal, so that Postgres parses no text
 * (its parser depends on the database's locale), and the length that relevance is weighed by.
 */
import { formsInText } from "./forms.ts";
import { isForeign, languageOf } from "./languageOf.ts";
import {
  beginDocument,
  giveNumber,
  lengthAt,
  lexemeAt,
  numberAt,
  Place,
  placeOfLexeme,
  writeLexeme,
} from "./shortWords.ts";
import { tokenize } from "./tokenize.ts";
import { asciiOnly } from "./words.ts";

/** What the columns `search_vector` and `search_length` of a message hold. */
export interface SearchDocument {
  readonly vector: string;
  readonly length: number;
}

// Postgres keeps positions up to 16383, 255 of a lexeme, and at most 1 MB in a vector; a quarter of
// that is more different words than a novel has, and bounds what one message costs the index. Stems in another language
// than English have as much again, so that none of them is in the place of a word.
const maxPosition = 16_383;
const maxPositionsOfLexeme = 255;
const maxVectorBytes = 256 * 1024;

/** Whether a lexeme of `a` to `z` and digits alone, which most are, needs neither escapes nor more bytes than units. */
const isPlain = (lexeme: string): boolean => {
  for (let at = 0; at < lexeme.length; at++) {
    const unit = lexeme.charCodeAt(at);
    if (unit < 0x30 || unit > 0x7a || (unit > 0x39 && unit < 0x61)) return false;
  }
  return true;
};

const escaped = (lexeme: string): string =>
  `'${lexeme.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;

/** A lexeme as the literals of `tsvector` and `tsquery` quote it. */
export const quoteLexeme = (lexeme: string): string =>
  isPlain(lexeme) ? `'${lexeme}'` : escaped(lexeme);

/** A lexeme of a document with its positions, which are a chain. */
interface Entry {
  /** Where the lexeme is kept; undefined where it is only in its literal. */
  readonly place: number | undefined;
  readonly literal: string;
  readonly first: number;
  last: number;
  count: number;
}

// Of one document at a time; each position is followed by where the chain goes on, -1 at its end.
const entries: Array<Entry> = [];
const chains: Array<number> = [];

let written = Buffer.alloc(64 * 1024);

const makeRoom = (end: number): void => {
  if (end <= written.length) return;
  const larger = Buffer.alloc(2 * end);
  larger.set(written);
  written = larger;
};

const writeNumber = (value: number, start: number): number => {
  let end = start + 1;
  for (let rest = value; rest > 9; rest = Math.trunc(rest / 10)) end += 1;
  let rest = value;
  for (let at = end - 1; at >= start; at--) {
    written[at] = 0x30 + (rest % 10);
    rest = Math.trunc(rest / 10);
  }
  return end;
};

const writeQuoted = ({ place, literal }: Entry, start: number): number => {
  makeRoom(start + 3 * literal.length + 64);
  if (place === undefined) return start + written.write(literal, start);
  written[start] = 0x27;
  const end = writeLexeme(place, written, start + 1);
  written[end] = 0x27;
  return end + 1;
};

/** The literal of the entries: each lexeme, a colon, its positions with commas between. */
const writeEntries = (): string => {
  let end = 0;
  for (const entry of entries) {
    if (end > 0) written[end++] = 0x20;
    end = writeQuoted(entry, end);
    makeRoom(end + 6 * entry.count + 1);
    let mark = 0x3a;
    for (let at = entry.first; at >= 0; at = chains[at + 1] ?? -1) {
      written[end] = mark;
      end = writeNumber(chains[at] ?? 0, end + 1);
      mark = 0x2c;
    }
  }
  return written.toString("utf8", 0, end);
};

/**
 * The search document of a text of any size. Words past what Postgres can hold are not indexed;
 * words past the last position are found, but not as part of a phrase.
 */
export const searchDocument = (text: string): SearchDocument => {
  beginDocument();
  entries.length = 0;
  chains.length = 0;
  const others = new Map<string, number>();
  let bytes = 0;
  let stemBytes = 0;
  let length = 0;

  const add = (place: number | undefined, literal: string, size: number, at: number): number => {
    const first = chains.push(at, -1) - 2;
    // Three bytes a unit is the most that UTF-8 takes; the rest is padding, count and a position.
    bytes += size + 6;
    return entries.push({ place, literal, first, last: first, count: 1 }) - 1;
  };
  const addPosition = (number: number, at: number): void => {
    const entry = entries[number];
    if (entry === undefined || entry.count >= maxPositionsOfLexeme || chains[entry.last] === at) {
      return;
    }
    const next = chains.push(at, -1) - 2;
    chains[entry.last + 1] = next;
    entry.last = next;
    entry.count += 1;
    bytes += 2;
  };

  const takeShort = (place: number, position: number): boolean => {
    const at = position > maxPosition ? maxPosition : position;
    length += 1;
    const number = numberAt(place) ?? (others.size === 0 ? undefined : others.get(lexemeAt(place)));
    if (number === undefined) giveNumber(place, add(place, "", lengthAt(place), at));
    else addPosition(number, at);
    return bytes < maxVectorBytes;
  };

  const language = languageOf(text);
  tokenize(
    text,
    (lexeme, position, _start, _end, kind) => {
      if (kind === "form" && stemBytes >= maxVectorBytes) return true;
      // What has been added so far is of words, and this of their stems.
      const ofWords = bytes;
      const place = placeOfLexeme(lexeme);
      const at = position > maxPosition ? maxPosition : position;
      if (kind !== "part" && kind !== "form") length += 1;
      const number = (place === Place.none ? undefined : numberAt(place)) ?? others.get(lexeme);
      if (number !== undefined) {
        addPosition(number, at);
      } else {
        const literal = quoteLexeme(lexeme);
        const size = asciiOnly.test(lexeme) ? lexeme.length : 3 * lexeme.length;
        others.set(lexeme, add(undefined, literal, size, at));
      }
      if (kind === "form") {
        stemBytes += bytes - ofWords;
        bytes = ofWords;
      }
      return bytes < maxVectorBytes;
    },
    isForeign(language) ? { forms: formsInText(language) } : { shortWords: takeShort },
  );
  if (isForeign(language)) {
    const literal = quoteLexeme(language.mark);
    entries.push({ place: undefined, literal, first: -1, last: -1, count: 0 });
  }
  return { vector: writeEntries(), length };
};
