/**
 * The search document of a message: a ready `tsvector` literal, so that Postgres parses no text
 * (its parser depends on the database's locale), and the length that relevance is weighed by.
 */
import { tokenize } from "./tokenize.ts";

/** What the columns `search_vector` and `search_length` of a message hold. */
export interface SearchDocument {
  readonly vector: string;
  readonly length: number;
}

// Postgres keeps positions up to 16383, 255 of a lexeme, and at most 1 MB in a vector; a quarter of
// that is more different words than a novel has, and bounds what one message costs the index.
const maxPosition = 16_383;
const maxPositionsOfLexeme = 255;
const maxVectorBytes = 256 * 1024;

interface Entry {
  /** The lexeme and its positions, as the literal has them. */
  text: string;
  count: number;
  last: number;
}

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

/**
 * The search document of a text of any size. Words past what Postgres can hold are not indexed;
 * words past the last position are found, but not as part of a phrase.
 */
export const searchDocument = (text: string): SearchDocument => {
  const entries = new Map<string, Entry>();
  let bytes = 0;
  let length = 0;
  tokenize(text, (lexeme, position, _start, _end, kind) => {
    const at = position > maxPosition ? maxPosition : position;
    if (kind !== "part") length += 1;
    const entry = entries.get(lexeme);
    if (entry === undefined) {
      const isShort = isPlain(lexeme);
      const literal = `${isShort ? `'${lexeme}'` : escaped(lexeme)}:${at}`;
      entries.set(lexeme, { text: literal, count: 1, last: at });
      // Three bytes a unit is the most that UTF-8 takes; the rest is padding, count and a position.
      bytes += (isShort ? lexeme.length : lexeme.length * 3) + 6;
    } else if (entry.count < maxPositionsOfLexeme && at !== entry.last) {
      entry.text += `,${at}`;
      entry.count += 1;
      entry.last = at;
      bytes += 2;
    }
    return bytes < maxVectorBytes;
  });
  let vector = "";
  for (const entry of entries.values()) vector += vector === "" ? entry.text : ` ${entry.text}`;
  return { vector, length };
};
