/** Finds its way through JSON text without building what the text describes; as strict as `JSON.parse`. */

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

/** Says that there is no such thing at that place. */
const none = -1;

const isSpace = (code: number): boolean =>
  code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;

/** Where the next thing begins: spaces are passed over. */
export const skipSpace = (text: string, from: number): number => {
  let at = from;
  while (isSpace(text.charCodeAt(at))) at++;
  return at;
};

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;

const isHex = (code: number): boolean =>
  isDigit(code) || (code >= 0x41 && code <= 0x46) || (code >= 0x61 && code <= 0x66);

const skipEscape = (text: string, at: number): number => {
  switch (text.charCodeAt(at + 1)) {
    case 0x22:
    case 0x2f:
    case 0x5c:
    case 0x62:
    case 0x66:
    case 0x6e:
    case 0x72:
    case 0x74:
      return at + 2;
    case 0x75:
      for (let digit = at + 2; digit < at + 6; digit++) {
        if (!isHex(text.charCodeAt(digit))) return none;
      }
      return at + 6;
    default:
      return none;
  }
};

const skipString = (text: string, from: number): number => {
  let at = from + 1;
  const end = text.length;
  while (at < end) {
    const code = text.charCodeAt(at);
    if (code === quote) return at + 1;
    if (code === backslash) {
      at = skipEscape(text, at);
      if (at === none) return none;
    } else if (code < 0x20) {
      return none;
    } else {
      at++;
    }
  }
  return none;
};

const skipDigits = (text: string, from: number): number => {
  let at = from;
  while (isDigit(text.charCodeAt(at))) at++;
  return at === from ? none : at;
};

const skipNumber = (text: string, from: number): number => {
  let at = text.charCodeAt(from) === 0x2d ? from + 1 : from;
  at = text.charCodeAt(at) === 0x30 ? at + 1 : skipDigits(text, at);
  if (at !== none && text.charCodeAt(at) === 0x2e) at = skipDigits(text, at + 1);
  if (at === none) return none;
  const exponent = text.charCodeAt(at);
  if (exponent !== 0x65 && exponent !== 0x45) return at;
  const sign = text.charCodeAt(at + 1);
  return skipDigits(text, sign === 0x2b || sign === 0x2d ? at + 2 : at + 1);
};

const skipWord = (text: string, from: number): number => {
  if (text.startsWith("true", from) || text.startsWith("null", from)) return from + 4;
  return text.startsWith("false", from) ? from + 5 : none;
};

/** The place of a member's value, past its key and the colon. */
const skipKey = (text: string, from: number): number => {
  if (text.charCodeAt(from) !== quote) return none;
  const end = skipString(text, from);
  if (end === none) return none;
  const at = skipSpace(text, end);
  return text.charCodeAt(at) === colon ? at + 1 : none;
};

/** Most texts are not nested deeper; a deeper one gets a stack of its own. */
const shallow = new Uint8Array(256);

const grown = (stack: Uint8Array): Uint8Array => {
  const larger = new Uint8Array(stack.length * 4);
  larger.set(stack);
  return larger;
};

/** Where the value ends that begins at `from`; -1 where none does. It needs no call stack, however deep the nesting. */
export const skipValue = (text: string, from: number): number => {
  let stack: Uint8Array = shallow;
  let depth = 0;
  let at = from;
  while (true) {
    at = skipSpace(text, at);
    const code = text.charCodeAt(at);
    if (code === openBrace || code === openBracket) {
      const isObject = code === openBrace;
      const close = isObject ? closeBrace : closeBracket;
      at = skipSpace(text, at + 1);
      if (text.charCodeAt(at) === close) {
        at++;
      } else {
        if (depth === stack.length) stack = grown(stack);
        stack[depth++] = close;
        if (isObject) at = skipKey(text, at);
        if (at === none) return none;
        continue;
      }
    } else if (code === quote) {
      at = skipString(text, at);
    } else {
      at = code === 0x2d || isDigit(code) ? skipNumber(text, at) : skipWord(text, at);
    }
    if (at === none) return none;
    // What follows a value: the ends of what it is in, or the next value.
    while (true) {
      if (depth === 0) return at;
      at = skipSpace(text, at);
      const next = text.charCodeAt(at);
      if (next === stack[depth - 1]) {
        depth--;
        at++;
        continue;
      }
      if (next !== comma) return none;
      at++;
      if (stack[depth - 1] === closeBrace) at = skipKey(text, skipSpace(text, at));
      if (at === none) return none;
      break;
    }
  }
};

/** Goes through the members of an object, or the elements of an array, from one to the next. */
export class PartReader {
  readonly #text: string;
  readonly #isObject: boolean;
  #keyFrom = 0;
  #keyTo = 0;
  /** The range of the value at hand. */
  from = 0;
  to: number;
  /** Past the end of the whole, once `next` has answered false; -1 where the text is broken. */
  end = none;

  /** `at` is the place of the opening brace or bracket. */
  constructor(text: string, at: number) {
    this.#text = text;
    this.#isObject = text.charCodeAt(at) === openBrace;
    this.to = at;
  }

  /** Goes on to the next part; false where there is none. */
  next(): boolean {
    const text = this.#text;
    const isFirst = this.from === 0;
    let at = skipSpace(text, isFirst ? this.to + 1 : this.to);
    const code = text.charCodeAt(at);
    if (code === (this.#isObject ? closeBrace : closeBracket)) {
      this.end = at + 1;
      return false;
    }
    if (!isFirst) {
      if (code !== comma) return false;
      at = skipSpace(text, at + 1);
    }
    if (this.#isObject) {
      const value = skipKey(text, at);
      if (value === none) return false;
      this.#keyFrom = at + 1;
      this.#keyTo = text.lastIndexOf('"', value - 1);
      at = skipSpace(text, value);
    }
    const to = skipValue(text, at);
    if (to === none) return false;
    this.from = at;
    this.to = to;
    return true;
  }

  /** Whether the member at hand has this name. */
  is(name: string): boolean {
    const text = this.#text;
    const length = this.#keyTo - this.#keyFrom;
    if (length === name.length) return text.startsWith(name, this.#keyFrom);
    if (length < name.length) return false;
    // A name can be written longer with escapes, and only so.
    const key = text.slice(this.#keyFrom, this.#keyTo);
    return key.includes("\\") && JSON.parse(`"${key}"`) === name;
  }
}
