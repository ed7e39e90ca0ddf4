/**
 * The languages other than English whose words the search knows in all their forms, and which of them a text is in. Words
 * that carry no meaning tell that: no others are in so many texts of one language, and in so few of another.
 */
import { stemmer as dutch } from "@orama/stemmers/dutch";
import { stemmer as french } from "@orama/stemmers/french";
import { stemmer as german } from "@orama/stemmers/german";
import { stemmer as italian } from "@orama/stemmers/italian";
import { stemmer as portuguese } from "@orama/stemmers/portuguese";
import { stemmer as russian } from "@orama/stemmers/russian";
import { stemmer as spanish } from "@orama/stemmers/spanish";
import { stopwords as dutchStopWords } from "@orama/stopwords/dutch";
import { stopwords as frenchStopWords } from "@orama/stopwords/french";
import { stopwords as germanStopWords } from "@orama/stopwords/german";
import { stopwords as italianStopWords } from "@orama/stopwords/italian";
import { stopwords as portugueseStopWords } from "@orama/stopwords/portuguese";
import { stopwords as russianStopWords } from "@orama/stopwords/russian";
import { stopwords as spanishStopWords } from "@orama/stopwords/spanish";
import { stopWords as englishStopWords } from "./english.ts";

/** A language in which words are brought to their stem. */
export interface Language {
  /** What a search document is marked with whose words are of the language: no word of a text is written so. */
  readonly mark: string;
  /** The stem of a word in lower case, its accents as they are written. */
  readonly stem: (word: string) => string;
  readonly stopWords: ReadonlySet<string>;
}

const language = (
  code: string,
  stem: (word: string) => string,
  stopWords: ReadonlyArray<string>,
): Language => ({ mark: `~${code}`, stem, stopWords: new Set(stopWords) });

/** All of them. */
export const languages: ReadonlyArray<Language> = [
  language("nl", dutch, dutchStopWords),
  language("fr", french, frenchStopWords),
  language("de", german, germanStopWords),
  language("it", italian, italianStopWords),
  language("pt", portuguese, portugueseStopWords),
  language("ru", (word) => russian(word.replaceAll("ё", "е")), russianStopWords),
  language("es", spanish, spanishStopWords),
];

/** English among the counts: behind all others. */
const english = languages.length;
/** A letter alone may stand for anything. */
const shortest = 2;
const longest = 14;

/** Of each word without meaning, the languages that have it, by their places. */
const speakers = new Map<string, Array<number>>();
for (const [place, words] of [
  ...languages.map(({ stopWords }) => stopWords),
  englishStopWords,
].entries()) {
  for (const word of words) {
    if (word.length < shortest || word.length > longest) continue;
    const known = speakers.get(word);
    if (known === undefined) speakers.set(word, [place]);
    else known.push(place);
  }
}

/** So many words are looked at: a text begins in its language, and more would cost more than they tell. */
const mostWords = 96;
/** What has no such word among so many is no text. */
const patience = 32;
/** An English text is known for one by so many, where no other language has half of them. */
const enough = 4;
/** One word of so many is without meaning in a text, and more are in most. */
const sparsest = 8;
/** By so many words a language that needs no letters but those of English has to pass it: “die in” may be either. */
const plainLead = 2;

/** Latin, Greek or Cyrillic, which is all that is told apart here. */
const isLetter = (unit: number): boolean =>
  (unit >= 0x61 && unit <= 0x7a) ||
  (unit >= 0x41 && unit <= 0x5a) ||
  (unit >= 0xc0 && unit < 0x530);

/** Whether a text is in one of the languages here. */
export const isForeign = (told: Language | "English" | undefined): told is Language =>
  told !== undefined && told !== "English";

const counts = new Int32Array(english + 1);
/** The word that was counted first for each language, and whether there was another one. */
const first: Array<string> = [];
const isVaried: Array<boolean> = [];

const forget = (): void => {
  counts.fill(0);
  first.length = 0;
  isVaried.length = 0;
};

/** Counts a word for all that have it, and gives the most that any of them but English has. */
const count = (word: string, places: ReadonlyArray<number>, before: number): number => {
  let most = before;
  for (const place of places) {
    const sum = (counts[place] ?? 0) + 1;
    counts[place] = sum;
    if (place !== english && sum > most) most = sum;
    first[place] ??= word;
    if (first[place] !== word) isVaried[place] = true;
  }
  return most;
};

/**
 * The language that most of the words without meaning are of; `"English"` where it is that, undefined where nothing, or
 * not enough, tells.
 */
export const languageOf = (text: string): Language | "English" | undefined => {
  forget();
  let most = 0;
  let words = 0;
  let highest = 0;
  for (let start = 0; start < text.length && words < mostWords; start++) {
    if (!isLetter(text.charCodeAt(start))) continue;
    let end = start;
    for (let unit = text.charCodeAt(end); isLetter(unit); unit = text.charCodeAt(++end)) {
      if (unit > highest) highest = unit;
    }
    words += 1;
    const size = end - start;
    if (size >= shortest && size <= longest) {
      const word = text.slice(start, end).toLowerCase();
      const places = speakers.get(word);
      if (places !== undefined) most = count(word, places, most);
    }
    const inEnglish = counts[english] ?? 0;
    if (inEnglish >= enough && inEnglish >= 2 * most) return "English";
    if (words === patience && most === 0) break;
    start = end;
  }
  const lead = most - (counts[english] ?? 0);
  if (lead < 0) return "English";
  if (most * sparsest < words) return undefined;
  const place = counts.indexOf(most);
  // A letter that English does without is as good as a word.
  const isCertain = highest < 0x80 ? lead >= plainLead && isVaried[place] === true : lead > 0;
  return isCertain ? languages[place] : undefined;
};
