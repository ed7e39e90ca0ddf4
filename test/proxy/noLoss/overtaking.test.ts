import { expect, test } from "bun:test";
import { overtaken } from "./overtaking.ts";

/** What was recorded, in this order and at these times. */
const recorded = (frames: Readonly<Record<string, number>>) =>
  Object.entries(frames).map(([frame, at], place) => ({
    sequence: place + 1,
    direction: "to_upstream" as const,
    frame,
    redactions: 0,
    at,
  }));

/** What came, in this order and at these times. */
const arrived = (frames: Readonly<Record<string, number>>) => ({
  session: undefined,
  isOrdered: true,
  sent: [],
  received: Object.keys(frames),
  receivedAt: Object.values(frames),
});

test("what came in the order of recording was not overtaken, however late", () => {
  const late = overtaken(arrived({ a: 900, b: 901 }), recorded({ a: 0, b: 1 }));
  expect([...late]).toEqual([]);
});

test("what was under way for long may be overtaken, by all that follows", () => {
  const late = overtaken(arrived({ b: 260, c: 270, a: 280 }), recorded({ a: 0, b: 1, c: 2 }));
  expect([...late]).toEqual(["a"]);
});

test("what was overtaken before its time is not excused by when it came itself", () => {
  const late = overtaken(arrived({ b: 30, a: 900 }), recorded({ a: 0, b: 1 }));
  expect([...late]).toEqual([]);
});
