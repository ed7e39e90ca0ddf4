/**
 * The patterns of whoever runs Dewey. In a frame of JSON each is tried on every string and every number by itself, as it
 * reads and not as it is escaped: however greedy, a pattern leaves JSON behind. Any other text is tried as a whole.
 */

/** What was taken out, and what is left. */
export interface Redacted {
  readonly text: string;
  readonly count: number;
}

const marker = "[REDACTED:pattern]";

/** Takes out what the patterns match. */
export type RedactPatterns = (text: string) => Redacted;

const number = /-?\d[\d.eE+-]*/y;
const isJson = /^[ \t\r\n]*[[{]/;

/** The place after the quote that closes the string, or -1. */
const stringEnd = (text: string, from: number) => {
  for (let quote = text.indexOf('"', from); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let first = quote;
    while (first > from && text[first - 1] === "\\") first--;
    if ((quote - first) % 2 === 0) return quote + 1;
  }
  return -1;
};

const decoded = (literal: string): string | undefined => {
  if (!literal.includes("\\")) return literal.slice(1, -1);
  try {
    const value: unknown = JSON.parse(literal);
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
};

/** Makes a function that takes out what any of the patterns matches. */
export const makeRedactPatterns = (patterns: ReadonlyArray<RegExp>): RedactPatterns => {
  const everywhere = patterns.map(
    ({ flags, source }) => new RegExp(source, `${flags.replace(/[gy]/g, "")}g`),
  );

  const inText = (text: string): Redacted => {
    let count = 0;
    const take = (match: string) => {
      // What matches nothing hides nothing.
      if (match === "") return match;
      count++;
      return marker;
    };
    const left = everywhere.reduce((rest, pattern) => rest.replace(pattern, take), text);
    return { text: left, count };
  };

  const inJson = (text: string): Redacted => {
    let count = 0;
    let left = "";
    let done = 0;
    const put = (from: number, to: number, content: string) => {
      const redacted = inText(content);
      if (redacted.count === 0) return;
      count += redacted.count;
      left += text.slice(done, from) + JSON.stringify(redacted.text);
      done = to;
    };
    let at = 0;
    while (at < text.length) {
      const character = text.charAt(at);
      if (character === '"') {
        const end = stringEnd(text, at + 1);
        const content = end < 0 ? undefined : decoded(text.slice(at, end));
        // It is no JSON after all.
        if (content === undefined) return inText(text);
        put(at, end, content);
        at = end;
        continue;
      }
      number.lastIndex = at;
      if (number.test(text)) {
        put(at, number.lastIndex, text.slice(at, number.lastIndex));
        at = number.lastIndex;
      } else at++;
    }
    return count === 0 ? { text, count } : { text: left + text.slice(done), count };
  };

  return (text) => (isJson.test(text) ? inJson(text) : inText(text));
};
