/**
 * What each character is to the search: part of a word, part of a script that writes without
 * spaces, an apostrophe or a separator; and the folding that makes `Ｃafé` and `cafe` one word.
 */

/** The class of a character, as the tokenizer sees it. */
export const CharClass = {
  separator: 1,
  lower: 2,
  upper: 3,
  digit: 4,
  /** A letter, digit or mark outside ASCII. */
  letter: 5,
  /** A character of a script without spaces between words, indexed in pairs. */
  gram: 6,
  apostrophe: 7,
} as const;

const wordCharacter = /[\p{L}\p{N}\p{M}]/u;
const unspacedScript =
  /[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Hangul}\p{scx=Bopomofo}\p{scx=Thai}\p{scx=Lao}\p{scx=Khmer}\p{scx=Myanmar}]/u;
const variationSelector = /[\uFE00-\uFE0F\u{E0100}-\u{E01EF}]/u;

const classify = (character: string): number => {
  if (character === "'" || character === "\u2019") return CharClass.apostrophe;
  if (!wordCharacter.test(character) || variationSelector.test(character)) {
    return CharClass.separator;
  }
  if (character >= "a" && character <= "z") return CharClass.lower;
  if (character >= "A" && character <= "Z") return CharClass.upper;
  if (character >= "0" && character <= "9") return CharClass.digit;
  return unspacedScript.test(character) ? CharClass.gram : CharClass.letter;
};

// Filled as characters are met: 64 KiB once, and no property lookup on the ingest path.
const basicPlane = new Uint8Array(0x10000);
for (let code = 0; code < 128; code++) basicPlane[code] = classify(String.fromCharCode(code));

/** The class of the character that starts at `index`; a lone surrogate separates. */
export const classAt = (text: string, index: number): number => {
  const unit = text.charCodeAt(index);
  const known = basicPlane[unit];
  if (known !== undefined && known !== 0) return known;
  if (unit >= 0xd800 && unit <= 0xdfff) {
    const point = text.codePointAt(index);
    return point === undefined || point < 0x10000
      ? CharClass.separator
      : classify(String.fromCodePoint(point));
  }
  const found = classify(String.fromCharCode(unit));
  basicPlane[unit] = found;
  return found;
};

// Letters that no Unicode decomposition takes apart, folded to what people type instead.
const undecomposed: Readonly<Record<string, string>> = {
  ß: "ss",
  æ: "ae",
  œ: "oe",
  ø: "o",
  đ: "d",
  ð: "d",
  ħ: "h",
  ı: "i",
  ł: "l",
  ŧ: "t",
  þ: "th",
  ς: "σ",
};
const undecomposedLetters = /[ßæœøđðħıłŧþς]/g;
const combiningMarks = /[\u0300-\u036F]/g;

/**
 * Compatibility forms, case and diacritics folded. Marks of Latin, Greek and Cyrillic go; those
 * that make another letter in other scripts (Japanese voicing, Indic vowels) stay.
 */
export const fold = (text: string): string =>
  text
    .normalize("NFKC")
    .toLowerCase()
    .normalize("NFD")
    .replace(combiningMarks, "")
    .replace(undecomposedLetters, (letter) => undecomposed[letter] ?? letter)
    .normalize("NFKC");
