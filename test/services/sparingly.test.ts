// How often the log is told of what happens again and again.
import { expect, test } from "bun:test";
import { sparingly, sparinglyEach } from "../../src/services/sparingly.ts";

test("once in a while, and of each subject by itself with how often it was kept quiet", async () => {
  const mayTell = sparingly(50);
  const count = sparinglyEach(50);
  expect([mayTell(), mayTell()]).toEqual([true, false]);
  expect(count("one")).toBe(0);
  for (let time = 0; time < 549; time++) expect(count("one")).toBeUndefined();
  expect(count("other")).toBe(0);
  const since = performance.now();
  while (performance.now() - since < 51) await Bun.sleep(5);
  expect(mayTell()).toBe(true);
  expect(count("one")).toBe(549);
  expect(count("one")).toBeUndefined();
});
