/** Values as they stand after a name: in quotes, however often these are escaped, or bare. */
import { backslashesBefore } from "./characters.ts";

/** What a value is, without its quotes. */
export interface Value {
  readonly start: number;
  readonly end: number;
  readonly isQuoted: boolean;
}

const backslash = "\\";

/** Whether so many backslashes escape a quote once, twice…, as JSON in JSON does. */
const isDepth = (backslashes: number) => (backslashes & (backslashes + 1)) === 0;

/**
 * The end of a string that opened with a quote after so many backslashes. Within it a backslash is twice that and two,
 * and a quote one more; a quote after fewer backslashes ends a string around it.
 */
const doubleQuotedEnd = (text: string, from: number, backslashes: number) => {
  const step = (backslashes + 1) * 2;
  for (let quote = text.indexOf('"', from); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    const before = Math.min(backslashesBefore(text, quote), quote - from);
    if (before < backslashes) return quote - before;
    if (before % step === backslashes) return quote - backslashes;
  }
  // It is cut off.
  return text.length - backslashesBefore(text, text.length);
};

const otherQuoted = /[^"'`\\\r\n]{1,512}/y;

/** The string that opens here, in quotes of whatever kind. */
const quotedValue = (text: string, at: number): Value | undefined => {
  let open = at;
  while (text[open] === backslash) open++;
  const start = open + 1;
  if (text[open] === '"') {
    if (!isDepth(open - at)) return undefined;
    return { start, end: doubleQuotedEnd(text, start, open - at), isQuoted: true };
  }
  if (text[open] !== "'" && text[open] !== "`") return undefined;
  // JSON does not escape these, so that there is nothing to count.
  otherQuoted.lastIndex = start;
  if (!otherQuoted.test(text)) return undefined;
  const end = otherQuoted.lastIndex;
  const close = end + runOfBackslashes(text, end);
  return text[close] === text[open] ? { start, end, isQuoted: true } : undefined;
};

const runOfBackslashes = (text: string, from: number) => {
  let at = from;
  while (text[at] === backslash) at++;
  return at - from;
};

const bare = /[^ \t\r\n"'`,;&()[\]{}<>|\\]{1,64}/y;
const bareRest = /[^ \t\r\n"'`,;&()[\]{}<>|\\]*/y;
const opensCode = /[([{]/;

/**
 * The value that begins here. A bare one ends where a shell, a URL or a line would end it, and is cut where it is long:
 * what is refused shall not cost much. Code is none.
 */
export const valueAt = (text: string, at: number): Value | undefined => {
  const quoted = quotedValue(text, at);
  if (quoted !== undefined) return quoted.start === quoted.end ? undefined : quoted;
  bare.lastIndex = at;
  if (!bare.test(text)) return undefined;
  const end = bare.lastIndex;
  return opensCode.test(text[end] ?? "") ? undefined : { start: at, end, isQuoted: false };
};

/** Where a bare value ends that was perhaps cut there. */
export const bareEnd = (text: string, cut: number): number => {
  bareRest.lastIndex = cut;
  bareRest.test(text);
  return bareRest.lastIndex;
};
