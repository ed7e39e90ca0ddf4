import { describe, expect, test } from "bun:test";
import { chooseWords } from "../../../src/services/search/find.ts";
import { parseQuery } from "../../../src/services/search/query.ts";

const choose = (expected: Readonly<Record<string, number>>) => {
  const words = parseQuery(Object.keys(expected).join(" "))?.words ?? [];
  const choice = chooseWords(words, ({ lexeme }) => expected[lexeme ?? ""] ?? 0);
  return { words: choice.words.map(({ lexeme }) => lexeme), expected: choice.expected };
};

describe("which words choose the candidates of a search over everything", () => {
  test("all of them, while few messages match", () => {
    expect(choose({ fox: 9000, hen: 11_000 })).toEqual({ words: ["fox", "hen"], expected: 20_000 });
  });

  test("the rarest, where together they match too many", () => {
    expect(choose({ fox: 300_000, hen: 40, jay: 15_000 })).toEqual({
      words: ["hen", "jay"],
      expected: 15_040,
    });
  });

  test("the next one, where the rarest are in no message", () => {
    expect(choose({ fox: 300_000, hen: 0, jay: 0 })).toEqual({
      words: ["hen", "jay", "fox"],
      expected: 300_000,
    });
  });

  test("at least one, however common", () => {
    expect(choose({ fox: 300_000, hen: 200_000 })).toEqual({ words: ["hen"], expected: 200_000 });
  });
});
