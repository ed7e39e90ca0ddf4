/**
 * The English stemmer of the search: Porter2, as its author publishes it
 * (https://snowballstem.org/algorithms/english/stemmer.html). It runs here and not in Postgres, so
 * that an answer depends neither on the server's dictionaries nor on its locale.
 */

const vowel = /[aeiouy]/;
const exceptions = new Map([
  ["skis", "ski"],
  ["skies", "sky"],
  ["dying", "die"],
  ["lying", "lie"],
  ["tying", "tie"],
  ["idly", "idl"],
  ["gently", "gentl"],
  ["ugly", "ugli"],
  ["early", "earli"],
  ["only", "onli"],
  ["singly", "singl"],
  ...["sky", "news", "howe", "atlas", "cosmos", "bias", "andes"].map((word): [string, string] => [
    word,
    word,
  ]),
]);
const finishedAfterStep1a = new Set([
  "inning",
  "outing",
  "canning",
  "herring",
  "earring",
  "proceed",
  "exceed",
  "succeed",
]);
const region1Prefixes = ["gener", "commun", "arsen"];

const step2: ReadonlyArray<readonly [suffix: string, replacement: string]> = [
  ["ization", "ize"],
  ["ational", "ate"],
  ["fulness", "ful"],
  ["ousness", "ous"],
  ["iveness", "ive"],
  ["tional", "tion"],
  ["biliti", "ble"],
  ["lessli", "less"],
  ["entli", "ent"],
  ["ation", "ate"],
  ["alism", "al"],
  ["aliti", "al"],
  ["ousli", "ous"],
  ["iviti", "ive"],
  ["fulli", "ful"],
  ["enci", "ence"],
  ["anci", "ance"],
  ["abli", "able"],
  ["izer", "ize"],
  ["ator", "ate"],
  ["alli", "al"],
  ["bli", "ble"],
  ["ogi", "og"],
  ["li", ""],
];
const step3: ReadonlyArray<readonly [suffix: string, replacement: string]> = [
  ["ational", "ate"],
  ["tional", "tion"],
  ["alize", "al"],
  ["icate", "ic"],
  ["iciti", "ic"],
  ["ative", ""],
  ["ical", "ic"],
  ["ness", ""],
  ["ful", ""],
];
const step4: ReadonlyArray<string> = [
  "ement",
  "ance",
  "ence",
  "able",
  "ible",
  "ment",
  "ant",
  "ent",
  "ism",
  "ate",
  "iti",
  "ous",
  "ive",
  "ize",
  "ion",
  "al",
  "er",
  "ic",
];

const isVowel = (letter: string | undefined): boolean => letter !== undefined && vowel.test(letter);

/** The start of the region after the first non-vowel that follows a vowel. */
const regionAfter = (word: string, from: number): number => {
  let at = from;
  while (at < word.length && !isVowel(word[at])) at++;
  while (at < word.length && isVowel(word[at])) at++;
  return Math.min(at + 1, word.length);
};

const endsInShortSyllable = (word: string): boolean => {
  const end = word.length;
  if (end === 2) return isVowel(word[0]) && !isVowel(word[1]);
  return (
    end > 2 &&
    !isVowel(word[end - 3]) &&
    isVowel(word[end - 2]) &&
    !isVowel(word[end - 1]) &&
    !/[wxY]/.test(word[end - 1] ?? "")
  );
};

const removePlural = (word: string): string => {
  if (word.endsWith("sses")) return word.slice(0, -2);
  if (word.endsWith("ied") || word.endsWith("ies")) {
    return word.slice(0, word.length > 4 ? -2 : -1);
  }
  if (word.endsWith("us") || word.endsWith("ss")) return word;
  return word.endsWith("s") && vowel.test(word.slice(0, -2)) ? word.slice(0, -1) : word;
};

const removePastAndGerund = (word: string, region1: number): string => {
  const eed = /eed(?:ly)?$/.exec(word);
  if (eed !== null) return eed.index >= region1 ? `${word.slice(0, eed.index)}ee` : word;
  const suffix = /(?:ed|ing)(?:ly)?$/.exec(word);
  if (suffix === null) return word;
  const stem = word.slice(0, suffix.index);
  if (!vowel.test(stem)) return word;
  if (/(?:at|bl|iz)$/.test(stem)) return `${stem}e`;
  if (/(bb|dd|ff|gg|mm|nn|pp|rr|tt)$/.test(stem)) return stem.slice(0, -1);
  return stem.length <= region1 && endsInShortSyllable(stem) ? `${stem}e` : stem;
};

const replaceDerivation = (word: string, region1: number): string => {
  for (const [suffix, replacement] of step2) {
    if (!word.endsWith(suffix)) continue;
    const at = word.length - suffix.length;
    if (at < region1) return word;
    if (suffix === "ogi" && word[at - 1] !== "l") return word;
    if (suffix === "li" && !/[cdeghkmnrt]/.test(word[at - 1] ?? "")) return word;
    return word.slice(0, at) + replacement;
  }
  return word;
};

const replaceSuffix = (word: string, region1: number, region2: number): string => {
  for (const [suffix, replacement] of step3) {
    if (!word.endsWith(suffix)) continue;
    const at = word.length - suffix.length;
    if (at < region1 || (suffix === "ative" && at < region2)) return word;
    return word.slice(0, at) + replacement;
  }
  return word;
};

const removeSuffix = (word: string, region2: number): string => {
  for (const suffix of step4) {
    if (!word.endsWith(suffix)) continue;
    const at = word.length - suffix.length;
    if (at < region2) return word;
    return suffix === "ion" && !/[st]/.test(word[at - 1] ?? "") ? word : word.slice(0, at);
  }
  return word;
};

const removeFinalLetter = (word: string, region1: number, region2: number): string => {
  const at = word.length - 1;
  const stem = word.slice(0, at);
  if (word.endsWith("e")) {
    return at >= region2 || (at >= region1 && !endsInShortSyllable(stem)) ? stem : word;
  }
  return word.endsWith("ll") && at >= region2 ? stem : word;
};

/** The stem of a lower-case word of `a` to `z`. */
export const stem = (original: string): string => {
  if (original.length <= 2) return original;
  const exception = exceptions.get(original);
  if (exception !== undefined) return exception;
  let word = original.replace(/^y|(?<=[aeiouy])y/g, "Y");
  const prefix = region1Prefixes.find((each) => word.startsWith(each));
  const region1 = prefix === undefined ? regionAfter(word, 0) : prefix.length;
  const region2 = regionAfter(word, region1);
  word = removePlural(word);
  if (finishedAfterStep1a.has(word)) return word;
  word = removePastAndGerund(word, region1);
  if (word.length > 2 && /[^aeiouy][yY]$/.test(word)) word = `${word.slice(0, -1)}i`;
  word = replaceDerivation(word, region1);
  word = replaceSuffix(word, region1, region2);
  word = removeSuffix(word, region2);
  return removeFinalLetter(word, region1, region2).toLowerCase();
};
