import { expect, test } from "bun:test";
import { Places } from "../../../src/services/access/Places.ts";

const taken = (place: ReturnType<Places["enter"]>): (() => void) => {
  if (typeof place !== "function") throw new Error(place.message);
  return place;
};

test("there are as many places for a token as its bound, and one again when one is left", () => {
  const places = new Places({ inAll: 10, perToken: 2 });
  const leave = taken(places.enter("a"));
  taken(places.enter("a"));
  expect(places.enter("a")).toMatchObject({
    code: "RATE_LIMITED",
    details: { limit: 2, retry_after_ms: 1000 },
  });
  taken(places.enter("b"));
  leave();
  // Twice is once.
  leave();
  taken(places.enter("a"));
  expect(places.enter("a")).toMatchObject({ code: "RATE_LIMITED" });
  expect(places.taken).toBe(3);
});

test("there are as many in all as the other bound, whoever takes them", () => {
  const places = new Places({ inAll: 3, perToken: 2 });
  const leave = taken(places.enter("a"));
  taken(places.enter(undefined));
  taken(places.enter(undefined));
  for (const key of ["a", "b", undefined]) {
    expect(places.enter(key)).toMatchObject({ code: "RATE_LIMITED", details: { limit: 3 } });
  }
  leave();
  taken(places.enter(undefined));
});
