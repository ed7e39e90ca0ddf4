/**
 * Tells which language a text is in, by its words without meaning: no others are in so many texts of one language, and in
 * so few of another.
 */
import { stopWords as englishStopWords } from "./english.ts";
import { type Language, languages, spelled } from "./languages.ts";

/** English among the counts: behind all others. */
const english = languages.length;
/** A letter alone may stand for anything. */
const shortest = 2;
const longest = 14;
/** Words of `a` to `z` are looked for up to so many letters, which are one number: most without meaning have no more. */
const longestPlain = 6;
const plainWord = /^[a-z]+$/;

/** Adds a letter of `a` to `z`, in either case, to those before it. */
const withLetter = (letters: number, unit: number): number => (letters << 5) | (unit & 31);

const lettersOf = (word: string): number => {
  let letters = 0;
  for (let at = 0; at < word.length; at++) letters = withLetter(letters, word.charCodeAt(at));
  return letters;
};

/** Words of other languages that English has too, with another meaning: of these alone no language is told. */
const alsoEnglish = new Set<string | number>(
  "ad ai also alt am an as at bin com come die dog door dos du end era est eu fine for from hat her here in io is man me men min mod no of on op or os par per post red sea so solo son te to under use van var want war was we"
    .split(" ")
    .map(lettersOf),
);

/** The languages in which a word is without meaning, by their places. */
type Speakers = ReadonlyArray<number>;
const plainSpeakers = new Map<number, Speakers>();
const otherSpeakers = new Map<string, Speakers>();
for (const [place, words] of [
  ...languages.map(({ stopWords }) => stopWords),
  englishStopWords,
].entries()) {
  for (const word of words) {
    if (word.length < shortest || word.length > longest) continue;
    if (!plainWord.test(word)) {
      otherSpeakers.set(word, [...(otherSpeakers.get(word) ?? []), place]);
    } else if (word.length <= longestPlain) {
      const letters = lettersOf(word);
      plainSpeakers.set(letters, [...(plainSpeakers.get(letters) ?? []), place]);
    }
  }
}

/** So many words are looked at: a text begins in its language, and more would cost more than they tell. */
const mostWords = 96;
/** What has no such word among so many is no text. */
const patience = 32;
/** An English text is known for one by so many, where no other language has half of them. */
const enough = 4;
/** At least one word of so many is without meaning in a text. */
const sparsest = 8;
/** By so many words, not all the same nor all of English too, a language has to lead. Its letters are worth one. */
const leastLead = 2;

/** Latin, Greek and Cyrillic letters and the marks that belong to them, which is all that is told apart here. */
const lastLetter = 0x530;
const isLetter = (unit: number): boolean =>
  (unit >= 0x61 && unit <= 0x7a) ||
  (unit >= 0x41 && unit <= 0x5a) ||
  (unit >= 0xc0 && unit < lastLetter && unit !== 0xd7 && unit !== 0xf7);

/** A mark that is written behind its letter. */
const isMark = (unit: number): boolean => unit >= 0x300 && unit < 0x370;

// Of the one text that is being told, which takes no turn of the event loop.
const counts = new Int32Array(english + 1);
/** The word that was counted first for each language, and whether there was another one. */
const first: Array<string | number> = [];
const isVaried: Array<boolean> = [];
/** Whether there was a word that English has not. */
const isOwn: Array<boolean> = [];
/** The letters past ASCII, each once. */
const isSeen = new Uint8Array(lastLetter);
const seen: Array<number> = [];

const forget = (): void => {
  counts.fill(0);
  first.length = 0;
  isVaried.length = 0;
  isOwn.length = 0;
  for (const unit of seen) isSeen[unit] = 0;
  seen.length = 0;
};

/** Counts a word for all that have it, and gives the most that any of them but English has. */
const count = (word: string | number, places: Speakers, before: number): number => {
  let most = before;
  const isShared = alsoEnglish.has(word);
  for (const place of places) {
    const sum = (counts[place] ?? 0) + 1;
    counts[place] = sum;
    if (place !== english && sum > most) most = sum;
    first[place] ??= word;
    if (first[place] !== word) isVaried[place] = true;
    if (!isShared) isOwn[place] = true;
  }
  return most;
};

/** One of the languages, if they have one mark. */
const oneOf = (candidates: ReadonlyArray<Language>): Language | undefined =>
  candidates.every(({ mark }) => mark === candidates[0]?.mark) ? candidates[0] : undefined;

const isWrittenWith = ({ letters }: Language): boolean => seen.every((unit) => letters.has(unit));

/** The language that alone has all the letters past ASCII. */
const writer = (): Language | undefined =>
  seen.length === 0 ? undefined : oneOf(languages.filter(isWrittenWith));

/** The language that alone has most of the words, by a lead that cannot be chance. */
const leader = (most: number): Language | undefined => {
  const found = oneOf(languages.filter((_, place) => counts[place] === most));
  if (found === undefined) return undefined;
  const lead = most - (counts[english] ?? 0);
  const place = languages.indexOf(found);
  if (seen.length > 0 && isWrittenWith(found)) return lead > 0 ? found : undefined;
  return lead >= leastLead && isVaried[place] === true && isOwn[place] === true ? found : undefined;
};

/** What stands beside a word that is part of an address, a number or a name of a program. */
const joins = new Set(Buffer.from("0123456789_/\\@=$#-"));
const dot = 0x2e;
const isPart = (text: string, start: number, end: number): boolean => {
  const before = start === 0 ? 0 : text.charCodeAt(start - 1);
  return before === dot || joins.has(before) || joins.has(text.charCodeAt(end));
};

const tell = (text: string): Language | "English" | undefined => {
  forget();
  let most = 0;
  let words = 0;
  for (let start = 0; start < text.length && words < mostWords; start++) {
    if (!isLetter(text.charCodeAt(start))) continue;
    let end = start;
    let letters = 0;
    let isPlain = true;
    for (let unit = text.charCodeAt(end); isLetter(unit); unit = text.charCodeAt(++end)) {
      letters = withLetter(letters, unit);
      if (unit < 0x80) continue;
      isPlain = false;
      if (isSeen[unit] === 0) {
        isSeen[unit] = 1;
        seen.push(unit);
      }
    }
    words += 1;
    const size = end - start;
    if (size >= shortest && isPlain && size <= longestPlain) {
      const speakers = plainSpeakers.get(letters);
      if (speakers !== undefined && !isPart(text, start, end)) {
        most = count(letters, speakers, most);
      }
    } else if (!isPlain && size <= longest) {
      const word = spelled(text.slice(start, end));
      const speakers = otherSpeakers.get(word);
      if (speakers !== undefined) most = count(word, speakers, most);
    }
    const inEnglish = counts[english] ?? 0;
    if (inEnglish >= enough && inEnglish >= 2 * most) return "English";
    if (words === patience && most === 0) break;
    start = end;
  }
  if (most < (counts[english] ?? 0)) return "English";
  return (most === 0 || most * sparsest < words ? undefined : leader(most)) ?? writer();
};

/** So much of a text with marks of their own is composed before it is looked at. */
const mostComposed = 4096;

/**
 * The language of a text; `"English"` where its words are the most, undefined where nothing, or not enough, tells.
 */
export const languageOf = (text: string): Language | "English" | undefined => {
  const told = tell(text);
  return seen.some(isMark) ? tell(text.slice(0, mostComposed).normalize("NFC")) : told;
};

/** Whether a text is in one of the languages other than English. */
export const isForeign = (told: Language | "English" | undefined): told is Language =>
  told !== undefined && told !== "English";
