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
const said = (
  holders: Readonly<Record<string, number>>,
  within = million,
  everywhere = Math.max(within, million),
) => {
  const words = parseQuery(Object.keys(holders).join(" "))?.words ?? [];
  const spread: Spread = {
    holders: ({ lexemes }) => holders[lexemes[0] ?? ""] ?? 0,
    everywhere,
    within,
  };
  return { words, spread };
};

const chosen = (holders: Readonly<Record<string, number>>, within?: number) => {
  const { words, spread } = said(holders, within);
  return chooseWords(words, spread).map(({ lexemes }) => lexemes[0]);
};

const stages = (holders: Readonly<Record<string, number>>, within?: number) => {
  const { words, spread } = said(holders, within);
  return stagesOf(words, spread).map(({ condition, ways, skipped, most, lenders }) => ({
    condition: condition.replaceAll("'", ""),
    by: ways[0]?.by,
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
  const isWhole = (holders: number, within: number, isDated: boolean, everywhere?: number) => {
    const { words, spread } = said({ fox: holders }, within, everywhere);
    return isRankedWhole(words, spread, isDated);
  };

  test("in a scope that is small, however common the word", () => {
    expect(isWhole(900_000, 20_000, true)).toBe(true);
    expect(isWhole(900_000, 20_000, false)).toBe(true);
  });

  test("among not too many messages as far as the total may have to be exact", () => {
    expect(isWhole(20_000, 200_000, false, 200_000)).toBe(true);
    expect(isWhole(21_000, 200_000, false, 200_000)).toBe(false);
    expect(isWhole(20_000, million, false)).toBe(false);
  });

  test("as far as it costs little", () => {
    expect(isWhole(3500, million, false)).toBe(true);
    expect(isWhole(4500, million, false)).toBe(false);
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

  test("go further back in time, and then by the index of words, for what is older than expected", () => {
    const { words, spread } = said({ fox: 200_000 });
    const [first, second] = stagesOf(words, spread);
    expect(first?.ways).toEqual([
      { by: "time", past: 10_000 },
      { by: "time", past: 80_000 },
      { by: "words" },
    ]);
    expect(second?.ways).toEqual([{ by: "time", past: 200_020 }, { by: "words" }]);
    const few = said({ fox: 200_000 }, 25_000);
    expect(stagesOf(few.words, few.spread)[1]?.ways).toEqual([{ by: "time", past: null }]);
  });

  test("are smaller, and go by the index of words, where the newest are far apart", () => {
    expect(stages({ fox: 21_000 })).toMatchObject([
      { by: "time", skipped: 0, most: 336 },
      { by: "words", skipped: 336, most: 9665 },
    ]);
    expect(stages({ fox: 4500 })[0]).toMatchObject({ by: "words", most: 100 });
    expect(stages({ fox: 30_000, hen: 30_000 })[1]).toMatchObject({ by: "time", most: 960 });
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
