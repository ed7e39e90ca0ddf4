/**
 * The lexemes of a word in a text that is not English: as everywhere, and by its stem in the language of the text. What
 * is found without knowing any language is found as before; who asks in that language finds all forms of the word.
 */
import { fold } from "./characters.ts";
import type { Language } from "./languages.ts";
import { maxLexemeLength, ownCopy, toLexeme } from "./words.ts";

/** Gives the lexemes of a word, one or more; none where it carries no meaning. */
export type WordForms = (word: string) => ReadonlyArray<string>;

const letters = /^\p{L}{3,}$/u;

const inLowerCase = (word: string): string => word.normalize("NFKC").toLowerCase();

const lexemesOf = (word: string, languages: ReadonlyArray<Language>): ReadonlyArray<string> => {
  const lower = inLowerCase(word);
  const stems = letters.test(lower)
    ? languages.flatMap(({ stem, stopWords }) => (stopWords.has(lower) ? [] : fold(stem(lower))))
    : [];
  return [...new Set([toLexeme(word), ...stems])].filter((lexeme) => lexeme !== "");
};

// Words repeat, as they do in English.
const maxKnown = 10_000;
const known = new Map<Language, Map<string, ReadonlyArray<string>>>();

/** The forms of words in a message of a language, those without meaning among them: a phrase may hold them. */
export const formsInMessage = (language: Language): WordForms => {
  const words = known.get(language) ?? new Map<string, ReadonlyArray<string>>();
  known.set(language, words);
  return (word) => {
    const found = words.get(word);
    if (found !== undefined) return found;
    if (words.size >= maxKnown) words.clear();
    const lexemes = lexemesOf(word, [language]);
    if (word.length <= maxLexemeLength) words.set(ownCopy(word), lexemes);
    return lexemes;
  };
};

/** The forms of words in a question of a language. */
export const formsInQuestion =
  (language: Language): WordForms =>
  (word) =>
    language.stopWords.has(inLowerCase(word)) ? [] : lexemesOf(word, [language]);

/** The forms of words in a question that may be of any of the languages. */
export const formsInAny =
  (languages: ReadonlyArray<Language>): WordForms =>
  (word) =>
    toLexeme(word) === "" ? [] : lexemesOf(word, languages);
