import { describe, expect, test } from "bun:test";
import { Result } from "effect";
import { fillIn } from "../../../src/services/upstreams/variables.ts";

const variables = { TOKEN: "abc", EMPTY: "", A_1: "x", "with-dash": "d" };

describe("variables in the file", () => {
  for (const [text, filled] of [
    [
      "no variable, $TOKEN and ${} and ${a b} among them",
      "no variable, $TOKEN and ${} and ${a b} among them",
    ],
    ["Bearer ${TOKEN}", "Bearer abc"],
    ["${TOKEN}${A_1}${EMPTY}", "abcx"],
    ["${env:TOKEN}", "abc"],
    ["${TOKEN:-other}", "abc"],
    ["${EMPTY:-other}", "other"],
    ["${MISSING:-}", ""],
    ["${MISSING:-https://example.org/}", "https://example.org/"],
    ["${with-dash}", "d"],
  ] as const) {
    test(`${text} is ${filled}`, () => {
      expect(fillIn(text, variables)).toEqual(Result.succeed(filled));
    });
  }

  test("that are not set are named, and no value is", () => {
    expect(Result.getOrThrow(Result.flip(fillIn("${TOKEN} ${MISSING} ${LATER}", variables)))).toBe(
      "uses the variable MISSING, which is not set: set it for Dewey, or write ${MISSING:-default}",
    );
  });

  test("that an editor would ask for are named", () => {
    expect(Result.getOrThrow(Result.flip(fillIn("${input:api-key}", variables)))).toContain(
      "uses ${input:api-key}, and there is nobody to ask for it",
    );
  });

  test("are not looked for in what they hold", () => {
    expect(fillIn("${A}", { A: "${B}", B: "no" })).toEqual(Result.succeed("${B}"));
  });
});
