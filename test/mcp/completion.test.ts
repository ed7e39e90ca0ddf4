import { describe, expect, test } from "bun:test";
import { completionOf } from "../../src/mcp/completion.ts";
import { containing, startingWith } from "../../src/mcp/suggestions.ts";

const many = (count: number) => Array.from({ length: count }, (_, index) => `value ${index}`);

describe("an answer", () => {
  test("of 100 holds all", () => {
    const values = many(100);
    expect(completionOf({ values, total: 100 })).toEqual({
      completion: { values, total: 100, hasMore: false },
    });
  });

  test("of more holds 100 and says how many there are", () => {
    const values = many(101);
    expect(completionOf({ values })).toEqual({
      completion: { values: values.slice(0, 100), total: 101, hasMore: true },
    });
    expect(completionOf({ values: values.slice(0, 3), total: 5 }).completion).toMatchObject({
      total: 5,
      hasMore: true,
    });
  });

  test("says no total that is not known", () => {
    expect(completionOf({ values: many(100), hasMore: true })).toEqual({
      completion: { values: many(100), hasMore: true },
    });
  });
});

test("what begins as was typed comes before what holds it", () => {
  const values = ["ab", "ba", "Ab", "c", "cab"];
  expect(containing(values, "A")).toEqual({ values: ["ab", "Ab", "ba", "cab"], total: 4 });
  expect(containing(values, "")).toEqual({ values, total: 5 });
  expect(startingWith(values, "a")).toEqual({ values: ["ab"], total: 1 });
});
