/** Messages as people and agents write them: a few hundred bytes of sentences, a few words of which are most of the text. */
import { searchDocument } from "../../src/services/search/vector.ts";

/** A message with what its row holds besides. */
export interface Text {
  readonly content: string;
  /** The content as it stands in a request. */
  readonly json: string;
  readonly vector: string;
  readonly length: number;
}

/** The same numbers for the same seed. */
const randomOf = (seed: number) => {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
};

const commonest =
  "the of and to a in is it that we you for on with as this be at have not are but from they or by an can what there when all if will do about which up out so one would their who get make than like time no just know into some could them see other now look only come over think also back after use two how our work first well way even new want because any these give most us";
const onsets = "b c ch d f g h j k l m n p pl pr qu r s sh st t tr v w".split(" ");
const vowels = "a e i o u ai ea ou".split(" ");
const codas = ["", "", "", "n", "r", "s", "t", "l", "ck", "nd", "st"];
const endings = ["", "", "", "", "ing", "ed", "s", "er", "ly", "tion"];
const vocabularySize = 20_000;

/** A vocabulary, the commonest word first. */
const makeVocabulary = (random: () => number): ReadonlyArray<string> => {
  const pick = (from: ReadonlyArray<string>) => from[Math.floor(random() * from.length)] ?? "";
  const words = new Set(commonest.split(" "));
  while (words.size < vocabularySize) {
    const syllables = 1 + Math.floor(random() * 3);
    let word = "";
    for (let each = 0; each < syllables; each++) word += pick(onsets) + pick(vowels) + pick(codas);
    words.add(word + pick(endings));
  }
  return [...words];
};

/** Texts of 20 to 100 words, in which a word of rank n comes up about 1/n as often as the first. */
export const makeTexts = (count: number, seed = 20_261_120): ReadonlyArray<Text> => {
  const random = randomOf(seed);
  const vocabulary = makeVocabulary(random);
  const word = () => vocabulary[Math.floor(vocabularySize ** random()) - 1] ?? "";
  return Array.from({ length: count }, () => {
    let left = 20 + Math.floor(random() * 80);
    const sentences: Array<string> = [];
    while (left > 0) {
      const words = Array.from({ length: Math.min(left, 6 + Math.floor(random() * 12)) }, word);
      left -= words.length;
      const sentence = words.join(" ");
      sentences.push(`${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`);
    }
    const content = sentences.join(" ");
    return { content, json: JSON.stringify(content), ...searchDocument(content) };
  });
};
