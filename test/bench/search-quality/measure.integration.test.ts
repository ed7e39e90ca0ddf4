import { describe, expect, test } from "bun:test";
import { english } from "../../../bench/search-quality/english/storybook.ts";
import { german } from "../../../bench/search-quality/german/storybook.ts";
import { measure } from "../../../bench/search-quality/measure.ts";
import { russian } from "../../../bench/search-quality/russian/storybook.ts";
import { spanish } from "../../../bench/search-quality/spanish/storybook.ts";
import { openTools } from "../../support/tools.ts";

test("Dewey finds the answering turns more often than plain BM25, on a set that is hard for it", async () => {
  const dewey = await openTools();
  try {
    const { recall } = await measure(dewey, english);
    const [ours = 0, plain = 0, all = 0] = [
      recall.Dewey[1],
      recall["plain BM25"][1],
      recall["all words"][1],
    ];
    expect(all).toBeLessThan(0.15);
    expect(plain).toBeGreaterThan(0.55);
    expect(plain).toBeLessThan(0.65);
    expect(ours).toBeGreaterThan(0.64);
    expect(recall["BM25, as English"]).toEqual(recall["plain BM25"]);
  } finally {
    await dewey.close();
  }
}, 120_000);

describe("in other languages", () => {
  test.each([german, spanish, russian])(
    "in $name it does so too, and knows the forms of words",
    async (book) => {
      const dewey = await openTools();
      try {
        const { recall } = await measure(dewey, book, 4);
        const [ours = 0, plain = 0, asEnglish = 0] = [
          recall.Dewey[1],
          recall["plain BM25"][1],
          recall["BM25, as English"][1],
        ];
        expect(plain).toBeGreaterThan(asEnglish + 0.03);
        expect(ours).toBeGreaterThan(plain + 0.03);
      } finally {
        await dewey.close();
      }
    },
    60_000,
  );
});
