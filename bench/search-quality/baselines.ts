/**
 * What the search is measured against, over the same turns and the same lexemes: plain BM25, and
 * the conjunction of all words that `plainto_tsquery` makes of a question.
 */
import { formsInQuestion, type WordForms } from "../../src/services/search/forms.ts";
import { isForeign, languageOf } from "../../src/services/search/languageOf.ts";
import { tokenize } from "../../src/services/search/tokenize.ts";

/** Ranks the turns of a dialogue for a question: indexes, best first. */
export type Ranker = (question: string) => ReadonlyArray<number>;

/** Cuts a text into lexemes, in order: one for each word. */
type Cut = (text: string) => ReadonlyArray<string>;

const cutWith =
  (formsOf: (text: string) => WordForms | undefined): Cut =>
  (text) => {
    const found: Array<string> = [];
    tokenize(
      text,
      (lexeme, _position, _start, _end, kind) => {
        if (kind === "form") found.pop();
        if (kind !== "part") found.push(lexeme);
        return true;
      },
      { forms: formsOf(text) },
    );
    return found;
  };

/** The lexemes of a text, of a word in one of the languages that Dewey knows its stem in it. */
export const lexemes = cutWith((text) => {
  const language = languageOf(text);
  return isForeign(language) ? formsInQuestion(language) : undefined;
});

/** The lexemes where every text is taken for English. */
export const lexemesInEnglish = cutWith(() => undefined);

const saturation = 1.2;
const lengthWeight = 0.75;

/** Both baselines over the turns given, cut into lexemes in the same way as the questions. */
export const baselines = (
  turns: ReadonlyArray<string>,
  cut: Cut,
): { bm25: Ranker; and: Ranker } => {
  const documents = turns.map((turn) => {
    const counts = new Map<string, number>();
    const words = cut(turn);
    for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
    return { counts, length: words.length };
  });
  const mean = documents.reduce((sum, { length }) => sum + length, 0) / documents.length;
  const holding = new Map<string, number>();
  for (const { counts } of documents) {
    for (const word of counts.keys()) holding.set(word, (holding.get(word) ?? 0) + 1);
  }
  const rarity = (word: string): number => {
    const held = holding.get(word) ?? 0;
    return Math.log(1 + (documents.length - held + 0.5) / (held + 0.5));
  };
  const rank = (question: string, all: boolean): ReadonlyArray<number> => {
    const words = [...new Set(cut(question))];
    return documents
      .map(({ counts, length }, index) => {
        const held = words.filter((word) => counts.has(word));
        const score = held.reduce((sum, word) => {
          const count = counts.get(word) ?? 0;
          const norm = saturation * (1 - lengthWeight + (lengthWeight * length) / mean);
          return sum + (rarity(word) * count * (saturation + 1)) / (count + norm);
        }, 0);
        return { index, score: all && held.length < words.length ? 0 : score };
      })
      .filter(({ score }) => score > 0)
      .sort((left, right) => right.score - left.score || right.index - left.index)
      .map(({ index }) => index);
  };
  return {
    bm25: (question) => rank(question, false),
    and: (question) => rank(question, true),
  };
};
