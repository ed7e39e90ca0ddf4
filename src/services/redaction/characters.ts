/** Classes of characters that secrets are made of, and where a run of them begins and ends. */

const lower = "abcdefghijklmnopqrstuvwxyz";
const upper = lower.toUpperCase();
const digits = "0123456789";

/** The letters and digits of ASCII. */
export const alphanumerics = lower + upper + digits;

const classes = {
  alphanumeric: { bit: 1, members: alphanumerics },
  /** Lower case alone: what keys in hexadecimal are written in. */
  hex: { bit: 2, members: `${digits}abcdef` },
  capital: { bit: 4, members: upper + digits },
  word: { bit: 8, members: `${alphanumerics}_` },
  base64url: { bit: 16, members: `${alphanumerics}_-` },
  base64: { bit: 32, members: `${alphanumerics}+/=` },
  dotted: { bit: 64, members: `${alphanumerics}_-.` },
  /** The credentials of an `Authorization` header. */
  token68: { bit: 128, members: `${alphanumerics}_-.~+/=` },
  path: { bit: 256, members: `${alphanumerics}_-./%` },
  /** The body of a private key with its line ends, escaped or not, and the headers before it. */
  armor: { bit: 512, members: `${alphanumerics}+/= \t\r\n\\:,.@<>()-_` },
  digit: { bit: 1024, members: digits },
} as const;

/** The name of a class. */
export type CharacterClass = keyof typeof classes;

const table = new Uint16Array(128);
for (const { bit, members } of Object.values(classes)) {
  for (const member of members) {
    const code = member.charCodeAt(0);
    table[code] = (table[code] ?? 0) | bit;
  }
}

const isIn = (text: string, at: number, bit: number) => {
  const code = text.charCodeAt(at);
  return code < 128 && ((table[code] ?? 0) & bit) !== 0;
};

/** Whether the character at that place belongs to the class; beyond the text none does. */
export const belongs = (text: string, at: number, name: CharacterClass): boolean =>
  isIn(text, at, classes[name].bit);

/** Where the run of such characters ends that begins here: at most so many characters on. */
export const runEnd = (
  text: string,
  from: number,
  name: CharacterClass,
  most: number = Number.POSITIVE_INFINITY,
): number => {
  const { bit } = classes[name];
  const last = Math.min(text.length, from + most);
  let at = from;
  while (at < last && isIn(text, at, bit)) at++;
  return at;
};

/** Where the run of such characters begins that ends here: at most so many characters back. */
export const runStart = (text: string, to: number, name: CharacterClass, most: number): number => {
  const { bit } = classes[name];
  const first = Math.max(0, to - most);
  let at = to;
  while (at > first && isIn(text, at - 1, bit)) at--;
  return at;
};

const backslash = 0x5c;

/** How many backslashes stand right before that place. */
export const backslashesBefore = (text: string, at: number): number => {
  let first = at;
  while (first > 0 && text.charCodeAt(first - 1) === backslash) first--;
  return at - first;
};

const escapeCode = 0x1b;
const colour = /\[[0-9;]{0,16}m$/;

/** Whether the code that sets a terminal's colour ends here. */
const endsColour = (text: string, at: number) => {
  const code = colour.exec(text.slice(Math.max(0, at - 18), at));
  return code !== null && text.charCodeAt(at - code[0].length - 1) === escapeCode;
};

/**
 * Whether a word may begin here: the character before it is no letter and no digit, or is the end of an escape (a line
 * end of JSON, a byte of a URL, a colour of a terminal).
 */
export const beginsWord = (text: string, at: number): boolean => {
  if (at === 0 || !isIn(text, at - 1, classes.alphanumeric.bit)) return true;
  const before = text[at - 1] ?? "";
  if ("bfnrt".includes(before) && text.charCodeAt(at - 2) === backslash) return true;
  if (text[at - 3] === "%" && /^[0-9A-F]{2}$/i.test(text.slice(at - 2, at))) return true;
  return before === "m" && endsColour(text, at);
};

/** The same, where words may be joined by `-` and `_`. */
export const beginsRun = (text: string, at: number): boolean =>
  beginsWord(text, at) && text[at - 1] !== "-" && text[at - 1] !== "_";

/** Whether it could be random: digits and letters, or letters of both cases. Placeholders and words are not. */
export const looksRandom = (text: string, from: number, to: number): boolean => {
  let kinds = 0;
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at);
    if (code >= 0x30 && code <= 0x39) kinds |= 1;
    else if (code >= 0x61 && code <= 0x7a) kinds |= 2;
    else if (code >= 0x41 && code <= 0x5a) kinds |= 4;
    // Two kinds are enough.
    if ((kinds & (kinds - 1)) !== 0) return true;
  }
  return false;
};
