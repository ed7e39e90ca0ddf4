// How often the log is told of what happens again and again, by a clock that stands still unless it is moved.
import { expect, spyOn, test } from "bun:test";
import { sparingly, sparinglyEach } from "../../src/services/sparingly.ts";

test("once in a while, and of each subject by itself with how often it was kept quiet", () => {
  let at = 1000;
  using _now = spyOn(performance, "now").mockImplementation(() => at);
  const mayTell = sparingly(50);
  const count = sparinglyEach(50);
  expect([mayTell(), mayTell()]).toEqual([true, false]);
  expect(count("one")).toBe(0);
  for (let time = 0; time < 549; time++) expect(count("one")).toBeUndefined();
  expect(count("other")).toBe(0);
  at += 50;
  expect(mayTell()).toBe(true);
  expect(count("one")).toBe(549);
  expect(count("one")).toBeUndefined();
});
