import { expect, test } from "bun:test";
import { measure } from "../../../bench/search-quality/measure.ts";
import { openTools } from "../../support/tools.ts";

test("Dewey finds the answering turns more often than plain BM25, on a set that is hard for it", async () => {
  const dewey = await openTools();
  try {
    const { recall } = await measure(dewey);
    const [ours = 0, plain = 0, all = 0] = [
      recall.Dewey[1],
      recall["plain BM25"][1],
      recall["all words"][1],
    ];
    expect(all).toBeLessThan(0.15);
    expect(plain).toBeGreaterThan(0.55);
    expect(plain).toBeLessThan(0.65);
    expect(ours).toBeGreaterThan(0.64);
  } finally {
    await dewey.close();
  }
}, 120_000);
