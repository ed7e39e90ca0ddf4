/**
 * The lexemes of a word in a text that is not English: as everywhere, and by its stem in the language of the text, which
 * ends in the mark of the language and so meets no word of another. What is found without knowing any language is found
 * as before; who asks in that language finds all forms of the word.
 */
import { fold } from "./characters.ts";
import { type Language, spelled } from "./languages.ts";
import { maxLexemeLength, ownCopy, toLexeme } from "./words.ts";

/** Gives the lexemes of a word, the one that it has everywhere first; none where it carries no meaning. */
export type WordForms = (word: string) => ReadonlyArray<string>;

const letters = /^\p{L}{3,}$/u;

const hasStem = (word: string): boolean => word.length <= maxLexemeLength && letters.test(word);

const stemOf = (word: string, { stem, mark }: Language): string => `${fold(stem(word))}${mark}`;

/** The mark of the language that a lexeme is a stem in; undefined where it is a word as it is everywhere. */
export const markOf = (lexeme: string): string | undefined => {
  const at = lexeme.lastIndexOf("~");
  return at < 0 ? undefined : lexeme.slice(at);
};

/** The forms of words that may be of any of the languages. */
export const formsInAny =
  (languages: ReadonlyArray<Language>): WordForms =>
  (word) => {
    const everywhere = toLexeme(word);
    if (everywhere === "") return [];
    const written = spelled(word);
    if (!hasStem(written)) return [everywhere];
    const stems = languages
      .filter(({ stopWords }) => !stopWords.has(written))
      .map((language) => stemOf(written, language));
    return [everywhere, ...new Set(stems)];
  };

// Words repeat, as they do in English.
const maxKnown = 10_000;
const known = new Map<Language, Map<string, ReadonlyArray<string>>>();

/** The forms of words in a text of a language, those without meaning among them: a phrase may hold them. */
export const formsInText = (language: Language): WordForms => {
  const forms = formsInAny([language]);
  const words = known.get(language) ?? new Map<string, ReadonlyArray<string>>();
  known.set(language, words);
  return (word) => {
    const found = words.get(word);
    if (found !== undefined) return found;
    if (word.length > maxLexemeLength) return forms(word);
    if (words.size >= maxKnown) words.clear();
    const own = ownCopy(word);
    const lexemes = forms(own);
    words.set(own, lexemes);
    return lexemes;
  };
};

/** “MIT” is no “mit”, and vitamin C no “c'est”. */
const abbreviation = /^\p{Lu}+$/u;

/** The forms of words in a question of a language, of those that carry a meaning. */
export const formsInQuestion = (language: Language): WordForms => {
  const forms = formsInText(language);
  return (word) =>
    language.stopWords.has(spelled(word)) && !abbreviation.test(word) ? [] : forms(word);
};
