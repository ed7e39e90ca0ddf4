/**
 * JSON may write any character as an escape: a text is read as if it had none but those of quotes, backslashes and line
 * ends, and what is found in it is found in the text itself.
 */
import type { Secret } from "./Rule.ts";

const hidden = /\\(?:u00[0-7][0-9A-Fa-f]|\/)/;
const backslash = 0x5c;
const slash = 0x2f;
const letterU = 0x75;
const zero = 0x30;

/** Whether the text writes a character of ASCII in another way than usual. */
export const hasHiddenCharacters = (text: string): boolean => hidden.test(text);

/** A text without such escapes, and the way back. */
export interface Reading {
  readonly text: string;
  /** The same secret where it stands in the text that was read; an escape is within it or not. */
  readonly place: (secret: Secret) => Secret;
}

const digit = (code: number) => {
  if (code >= zero && code <= zero + 9) return code - zero;
  const letter = (code | 0x20) - 0x61;
  return letter >= 0 && letter < 6 ? letter + 10 : -1;
};

/** The code that `u00..` stands for there, or -1 where it is another escape: one of ASCII begins with 0 to 7. */
const escapedCode = (text: string, at: number) => {
  if (text.charCodeAt(at + 1) !== zero || text.charCodeAt(at + 2) !== zero) return -1;
  const high = digit(text.charCodeAt(at + 3));
  const low = digit(text.charCodeAt(at + 4));
  const code = high * 16 + low;
  // An escaped backslash would escape what comes after it.
  return high < 0 || high > 7 || low < 0 || code === backslash ? -1 : code;
};

const characters = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code));
const quote = 0x22;

/** A quote stays what it is to whoever parses the text: one more level down. */
const characterOf = (code: number, backslashes: number) =>
  code === quote ? `${"\\".repeat(backslashes * 2 - 1)}"` : (characters[code] ?? "");

/** Reads a text as if it had no such escapes. */
export const read = (text: string): Reading => {
  /** Where each escape stands, and in the reading what it says. */
  const from: Array<number> = [];
  const to: Array<number> = [];
  const readFrom: Array<number> = [];
  const readTo: Array<number> = [];
  let reading = "";
  let done = 0;
  for (let at = text.indexOf("\\"); at >= 0; at = text.indexOf("\\", at)) {
    // All of them: each level of JSON in JSON doubles the backslashes.
    const first = at;
    while (text.charCodeAt(at) === backslash) at++;
    const next = text.charCodeAt(at);
    const code = next === slash ? slash : next === letterU ? escapedCode(text, at) : -1;
    if (code < 0) continue;
    const said = characterOf(code, at - first);
    at += next === slash ? 1 : 5;
    reading += text.slice(done, first);
    from.push(first);
    readFrom.push(reading.length);
    reading += said;
    to.push(at);
    readTo.push(reading.length);
    done = at;
  }
  reading += text.slice(done);

  /** The last escape that begins before that place of the reading. */
  const escapeBefore = (place: number) => {
    let low = 0;
    let high = readFrom.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((readFrom[middle] ?? 0) < place) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  };
  /** A place in the midst of an escape is its beginning or its end, as `edge` says. */
  const placeOf = (place: number, edge: ReadonlyArray<number>) => {
    const index = escapeBefore(place);
    if (index < 0) return place;
    const beyond = place - (readTo[index] ?? 0);
    return beyond < 0 ? (edge[index] ?? 0) : (to[index] ?? 0) + beyond;
  };
  return {
    text: reading,
    place: ({ start, end, what }) => ({ start: placeOf(start, from), end: placeOf(end, to), what }),
  };
};
