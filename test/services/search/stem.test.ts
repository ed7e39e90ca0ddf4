import { expect, test } from "bun:test";
import { stem } from "../../../src/services/search/stem.ts";

test.each([
  // One word for each step of the algorithm, in its order.
  ["caresses", "caress"],
  ["ties", "tie"],
  ["cries", "cri"],
  ["gaps", "gap"],
  ["gas", "gas"],
  ["agreed", "agre"],
  ["hopping", "hop"],
  ["hoping", "hope"],
  ["luxuriated", "luxuri"],
  ["happy", "happi"],
  ["say", "say"],
  ["sensational", "sensat"],
  ["vietnamization", "vietnam"],
  ["geologically", "geolog"],
  ["hopefulness", "hope"],
  ["electricity", "electr"],
  ["adjustment", "adjust"],
  ["adoption", "adopt"],
  ["rate", "rate"],
  ["controlled", "control"],
  // And what it makes exceptions for.
  ["generously", "generous"],
  ["skies", "sky"],
  ["news", "news"],
  ["succeeding", "succeed"],
  ["ox", "ox"],
])("stems %s to %s", (word, expected) => {
  expect(stem(word)).toBe(expected);
});
