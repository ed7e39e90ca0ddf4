import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { conditionOf, parseQuery } from "../../../src/services/search/query.ts";
import { holds } from "../../support/property.ts";

const condition = (text: string): string | undefined => {
  const query = parseQuery(text);
  return query === undefined ? undefined : conditionOf(query, query.words);
};

describe("the query language", () => {
  test.each([
    // Words: any may match.
    ["When did Caroline go to the group?", "('carolin' | 'go' | 'group')"],
    ["cats or dogs OR birds", "('cat' | 'dog' | 'bird')"],
    ["Cat cats CAT", "('cat')"],
    // Phrases bind; words beside them only rank.
    ['"state of the art"', "('state' <3> 'art')"],
    ['"red fox" blue', "('red' <1> 'fox')"],
    ['"red fox" "blue jay"', "('red' <1> 'fox') & ('blue' <1> 'jay')"],
    ["“red fox”", "('red' <1> 'fox')"],
    ['"fox"', "('fox')"],
    // Exclusions bind.
    ["fox -jay", "('fox') & !('jay')"],
    ['fox -"blue jay" -hen', "('fox') & !('blue' <1> 'jay') & !('hen')"],
    ["fox -pool_max", "('fox') & !('pool' <1> 'max')"],
    ["fox -the", "('fox')"],
    // What only looks like an exclusion.
    ["run --watch half-open a - b", "('run' | 'watch' | 'half' | 'open' | 'b')"],
    // Identifiers by parts, scripts without spaces by pairs.
    ["src/sql/Pool.ts", "('src' | 'sql' | 'pool' | 'ts')"],
    ["東京都 京", "('東京' | '京都' | '京':*)"],
    ['"東京 tower"', "('東京' <2> 'tower')"],
    // What is never closed is words.
    ['red "fox', "('red' | 'fox')"],
  ])("%s", (text, expected) => {
    expect(condition(text)).toBe(expected);
  });

  test.each(["", "   ", "?!", "the of and", '"to be or not to be"', "-fox", '""', '"', "-", "😀"])(
    "%p asks for nothing",
    (text) => {
      expect(parseQuery(text)).toBeUndefined();
    },
  );

  test("an identifier counts as a whole beside its parts", () => {
    expect(parseQuery("pool_max")?.terms.map(({ query }) => query)).toEqual([
      "'pool'",
      "'max'",
      "'pool' <1> 'max'",
    ]);
  });

  test("a pasted page counts by its first words", () => {
    const page = Array.from({ length: 200 }, (_, index) => `w${index}`).join(" ");
    expect(parseQuery(page)?.words.length).toBe(64);
  });

  test("quotes in what is asked for cannot end a literal", () => {
    expect(condition("x' | 'y \\' ʼn")).not.toMatch(/[^ (|]'[^ )|:]/);
  });
});

test("every text up to a thousand characters is a query, or asks for nothing", async () => {
  await holds(
    fc.property(fc.string({ unit: "binary", maxLength: 1000 }), (text) => {
      const query = parseQuery(text);
      if (query === undefined) return;
      expect(query.words.length).toBeGreaterThan(0);
      expect(query.terms.length).toBeLessThanOrEqual(128);
    }),
    1000,
  );
});
