/** The passage of a message that shows best why it was found. */
import { formsInText } from "./forms.ts";
import { isForeign, languageOf } from "./languageOf.ts";
import type { SearchQuery } from "./query.ts";
import { tokenize } from "./tokenize.ts";

/** How long a snippet is at most, in UTF-16 units, the marks of omission aside. */
export const snippetLength = 240;
/** How much of the text before the first match is shown. */
const lead = 40;
/** Texts are read so far: what follows is not worth the time that looking for it takes. */
const maxScanned = 256 * 1024;
const maxMatches = 1000;

interface Match {
  readonly start: number;
  readonly end: number;
  readonly query: string;
}

const isLowSurrogate = (text: string, index: number): boolean =>
  (text.charCodeAt(index) & 0xfc00) === 0xdc00 && (text.charCodeAt(index - 1) & 0xfc00) === 0xd800;

/** The nearest boundary of characters at or before an offset. */
const boundaryBefore = (text: string, index: number): number =>
  index > 0 && index < text.length && isLowSurrogate(text, index) ? index - 1 : index;

const matchesIn = (content: string, query: SearchQuery): ReadonlyArray<Match> => {
  const words = new Map<string, string>();
  const prefixes: Array<string> = [];
  for (const { lexemes, prefix, query: word } of query.words) {
    for (const lexeme of lexemes) words.set(lexeme, word);
    if (prefix !== null) prefixes.push(prefix);
  }
  const matches: Array<Match> = [];
  const text = content.slice(0, maxScanned);
  const language = languageOf(text);
  tokenize(
    text,
    (lexeme, _position, start, end) => {
      const word =
        words.get(lexeme) ??
        (prefixes.some((prefix) => lexeme.startsWith(prefix)) ? lexeme : undefined);
      if (word !== undefined) matches.push({ start, end, query: word });
      return matches.length < maxMatches;
    },
    { forms: isForeign(language) ? formsInText(language) : undefined },
  );
  return matches;
};

/** The first match of the window that holds the most different words, or undefined without any. */
const bestStart = (matches: ReadonlyArray<Match>): number | undefined => {
  let best: Match | undefined;
  let most = 0;
  let last = 0;
  const inside = new Map<string, number>();
  for (const first of matches) {
    for (let next = matches[last]; next !== undefined; next = matches[last]) {
      if (next !== first && next.end > first.start + snippetLength - lead) break;
      inside.set(next.query, (inside.get(next.query) ?? 0) + 1);
      last += 1;
    }
    if (inside.size > most) {
      most = inside.size;
      best = first;
    }
    const left = (inside.get(first.query) ?? 0) - 1;
    if (left > 0) inside.set(first.query, left);
    else inside.delete(first.query);
  }
  return best?.start;
};

/** A plain passage of `content` around the best match: its start where nothing of it matches. */
export const snippet = (content: string, query: SearchQuery): string => {
  const match = bestStart(matchesIn(content, query)) ?? 0;
  const latest = Math.max(0, content.length - snippetLength);
  const wanted = Math.min(Math.max(0, match - lead), latest);
  const start = boundaryBefore(content, wanted === 0 ? 0 : afterSpace(content, wanted, match));
  const end = boundaryBefore(content, Math.min(content.length, start + snippetLength));
  const cut = end < content.length ? beforeSpace(content, end) : end;
  const passage = content.slice(start, cut).replace(/\s+/gu, " ").trim();
  return `${start > 0 ? "… " : ""}${passage}${cut < content.length ? " …" : ""}`;
};

/** The start of the next word before `limit`, so that no passage begins within one. */
const afterSpace = (text: string, from: number, limit: number): number => {
  for (let at = from; at < limit; at++) if (/\s/.test(text[at] ?? "")) return at + 1;
  return from;
};

/** The end of the last word, unless it is so long that little would be left. */
const beforeSpace = (text: string, end: number): number => {
  for (let at = end; at > end - lead; at--) if (/\s/.test(text[at] ?? "")) return at;
  return end;
};
