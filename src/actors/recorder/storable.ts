/** Makes what was seen on a wire such that Postgres can keep it: the frame itself is kept as it was. */
import { createHash } from "node:crypto";
import { utf8Bytes } from "../../domain/Text.ts";

const replacement = "\ufffd";

/** The text without what Postgres cannot hold: each U+0000 and each lone surrogate becomes U+FFFD. */
export const storable = (text: string): string => {
  const whole = text.isWellFormed() ? text : text.toWellFormed();
  return whole.includes("\0") ? whole.replaceAll("\0", replacement) : whole;
};

/** At most so many UTF-16 units of a text, never half a character. */
const start = (text: string, units: number): string => {
  if (text.length <= units) return text;
  const last = text.charCodeAt(units - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? units - 1 : units);
};

/** A name or an id for a column or for metadata: storable, and short. */
export const short = (text: string): string => storable(start(text, 255));

/** A sentence for a column: storable, and not long. */
export const sentence = (text: string): string => storable(start(text, 4096));

/** A message's text within the limit, and what became of it. */
export interface Content {
  readonly text: string;
  /** Present where it was cut: its size in UTF-8, and the SHA-256 of it in UTF-8. */
  readonly cut?: { readonly bytes: number; readonly sha256: string };
}

const ending = "\n[…]";
const endingBytes = utf8Bytes(ending);

/** The start of a text that has at most so many bytes of UTF-8. */
const within = (text: string, limit: number): string => {
  const bytes = Buffer.from(start(text, limit), "utf8");
  if (bytes.length <= limit) return bytes.toString("utf8");
  let end = limit;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString("utf8", 0, end);
};

/** The text as a message's content: storable, never empty, cut at the limit (of at least 1 KiB) with a mark. */
export const contentOf = (text: string, limit: number): Content => {
  if (text === "") return { text: "(empty)" };
  const whole = storable(text);
  // Three bytes a unit is the most that UTF-8 takes.
  if (whole.length * 3 <= limit) return { text: whole };
  const bytes = utf8Bytes(whole);
  if (bytes <= limit) return { text: whole };
  const sha256 = createHash("sha256").update(whole, "utf8").digest("hex");
  return { text: within(whole, limit - endingBytes) + ending, cut: { bytes, sha256 } };
};

const deepest = 512;

/** Whether a text of JSON is nested more deeply than so many levels. */
export const isDeeper = (json: string, levels: number): boolean => {
  if (json.length <= levels * 2) return false;
  let depth = 0;
  let inText = false;
  for (let index = 0; index < json.length; index++) {
    const code = json.charCodeAt(index);
    if (inText) {
      if (code === 0x5c) index += 1;
      else if (code === 0x22) inText = false;
    } else if (code === 0x22) inText = true;
    else if (code === 0x5b || code === 0x7b) {
      depth += 1;
      if (depth > levels) return true;
    } else if (code === 0x5d || code === 0x7d) depth -= 1;
  }
  return false;
};

/**
 * A value as text for a `json` column, null where there is none. What is nested more deeply than a parser can be trusted
 * with is kept as a text that holds the JSON.
 */
export const jsonOf = (value: unknown): string | null => {
  if (value === undefined) return null;
  const json = JSON.stringify(value);
  return isDeeper(json, deepest) ? JSON.stringify(json) : json;
};
