import { describe, expect, test } from "bun:test";
import { parseQuery } from "../../../src/services/search/query.ts";
import {
  chooseWords,
  isRankedWhole,
  type Spread,
  stagesOf,
} from "../../../src/services/search/stages.ts";

const million = 1_000_000;

/** Words by how many of a million messages hold them, and a search over so many of those. */
const said = (holders: Readonly<Record<string, number>>, within = million) => {
  const words = parseQuery(Object.keys(holders).join(" "))?.words ?? [];
  const spread: Spread = {
    holders: ({ lexeme }) => holders[lexeme ?? ""] ?? 0,
    everywhere: million,
    within,
  };
  return { words, spread };
};

const chosen = (holders: Readonly<Record<string, number>>, within?: number) => {
  const { words, spread } = said(holders, within);
  return chooseWords(words, spread).map(({ lexeme }) => lexeme);
};

const stages = (holders: Readonly<Record<string, number>>, within?: number) => {
  const { words, spread } = said(holders, within);
  return stagesOf(words, spread).map(({ condition, candidates, skipped, most, lenders }) => ({
    condition: condition.replaceAll("'", ""),
    by: candidates.by,
    skipped,
    most,
    lenders: lenders?.replaceAll("'", "") ?? null,
  }));
};

describe("which words choose the candidates", () => {
  test("the rarest, as many as are found at little cost", () => {
    expect(chosen({ fox: 300_000, hen: 40, jay: 3000, owl: 3000 })).toEqual(["hen", "jay"]);
    expect(chosen({ fox: 300_000, hen: 0 })).toEqual(["hen"]);
  });

  test("none, where all are common", () => {
    expect(chosen({ fox: 300_000, hen: 200_000 })).toEqual([]);
  });

  test("more of them between dates, though the index knows only all of their messages", () => {
    expect(chosen({ fox: 300_000, hen: 10_000 })).toEqual([]);
    expect(chosen({ fox: 300_000, hen: 10_000 }, 27_000)).toEqual(["hen"]);
  });
});

describe("whether all that match are ranked", () => {
  const isWhole = (holders: number, within: number, isDated: boolean) => {
    const { words, spread } = said({ fox: holders }, within);
    return isRankedWhole(words, spread, isDated);
  };

  test("in a scope that is small, however common the word", () => {
    expect(isWhole(900_000, 20_000, true)).toBe(true);
    expect(isWhole(900_000, 20_000, false)).toBe(true);
  });

  test("as far as the total may have to be exact", () => {
    expect(isWhole(20_000, million, false)).toBe(true);
    expect(isWhole(21_000, million, false)).toBe(false);
  });

  test("between dates as far as it costs little", () => {
    expect(isWhole(10_000, 27_000, true)).toBe(true);
    expect(isWhole(190_000, 27_000, true)).toBe(false);
  });
});

describe("the stages", () => {
  test("of a common word: the newest, and what is behind them, by time", () => {
    const stage = { condition: "fox", lenders: null };
    expect(stages({ fox: 190_000 })).toEqual([
      { ...stage, by: "time", skipped: 0, most: 500 },
      { ...stage, by: "time", skipped: 500, most: 9501 },
    ]);
  });

  test("go by the index of words where the newest are far apart", () => {
    expect(stages({ fox: 21_000 })[0]).toMatchObject({ by: "time" });
    expect(stages({ fox: 21_000 })[1]).toMatchObject({ by: "words" });
  });

  test("of rarer words and others: each message in one of them, and the others borrow", () => {
    const first = "hen | jay";
    const rest = { condition: `(fox) & !(${first})`, lenders: first, by: "time" as const };
    expect(stages({ hen: 40, fox: 300_000, jay: 3000 })).toEqual([
      { condition: first, by: "words", skipped: 0, most: 30_000, lenders: null },
      { ...rest, skipped: 0, most: 2000 },
      { ...rest, skipped: 2000, most: 8001 },
    ]);
  });

  test("begin with what has two of the words, where all are common", () => {
    const [first, second] = stages({ fox: 30_000, hen: 20_000, owl: 10_000 });
    const pairs = "(owl & hen) | (owl & fox) | (hen & fox)";
    expect(first).toMatchObject({ condition: pairs, by: "words", lenders: null });
    expect(second).toMatchObject({ condition: `(fox | hen | owl) & !(${pairs})`, by: "time" });
  });

  test("begin with what has all of them, where two are still too much", () => {
    expect(stages({ fox: 100_000, hen: 200_000, owl: 90_000 })[0]).toMatchObject({
      condition: "fox & hen & owl",
    });
  });

  test("do not look for several of the words where that is too much to read", () => {
    expect(stages({ fox: 300_000, hen: 300_000 })[0]).toMatchObject({ condition: "fox | hen" });
  });

  test("look for what has several common words where the rarer ones leave a page unfilled", () => {
    const [first, second, third] = stages({ fox: 30_000, hen: 20_000, jay: 40 });
    expect(first).toMatchObject({ condition: "jay", lenders: null });
    expect(second).toMatchObject({ condition: "((hen & fox)) & !(jay)", lenders: "jay" });
    const before = "jay | (hen & fox)";
    expect(third).toMatchObject({ condition: `(fox | hen) & !(${before})`, lenders: before });
  });
});
