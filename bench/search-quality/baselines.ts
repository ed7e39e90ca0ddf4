/**
 * What the search is measured against, over the same turns and the same lexemes: plain BM25, and
 * the conjunction of all words that `plainto_tsquery` makes of a question.
 */
import { tokenize } from "../../src/services/search/tokenize.ts";

/** Ranks the turns of a dialogue for a question: indexes, best first. */
export type Ranker = (question: string) => ReadonlyArray<number>;

/** The lexemes of a text, in order. */
export const lexemes = (text: string): ReadonlyArray<string> => {
  const found: Array<string> = [];
  tokenize(text, (lexeme, _position, _start, _end, kind) => {
    if (kind !== "part") found.push(lexeme);
    return true;
  });
  return found;
};

const saturation = 1.2;
const lengthWeight = 0.75;

/** Both baselines over the turns given. */
export const baselines = (turns: ReadonlyArray<string>): { bm25: Ranker; and: Ranker } => {
  const documents = turns.map((turn) => {
    const counts = new Map<string, number>();
    const words = lexemes(turn);
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
    const words = [...new Set(lexemes(question))];
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
