import { expect, test } from "bun:test";
import { RateLimits } from "../../../src/services/access/RateLimits.ts";

/** Limits under a clock that stands still unless it is moved. */
const limited = (perMinute: number) => {
  let now = 1000;
  const limits = new RateLimits(perMinute, () => now);
  return { limits, pass: (millis: number) => void (now += millis) };
};

test("serves as many at once as a minute has, and not one more", () => {
  const { limits } = limited(600);
  for (let taken = 0; taken < 600; taken++) expect(limits.take("a", 1)).toBeUndefined();
  const error = limits.take("a", 1);
  expect(error).toMatchObject({ code: "RATE_LIMITED", retryable: true });
  expect(error?.details).toEqual({ limit: 600, retry_after_ms: 100 });
});

test("tells the time after which the next one is served, to the millisecond", () => {
  const { limits, pass } = limited(7);
  limits.take("a", 7);
  const wait = limits.take("a", 1)?.details?.retry_after_ms ?? 0;
  expect(wait).toBe(8572);
  pass(wait - 1);
  expect(limits.take("a", 1)?.details?.retry_after_ms).toBe(1);
  pass(1);
  expect(limits.take("a", 1)).toBeUndefined();
  expect(limits.take("a", 1)).toBeDefined();
});

test("a refusal costs nothing, and silence gives no more than one minute's worth", () => {
  const { limits, pass } = limited(60);
  limits.take("a", 60);
  for (let tries = 0; tries < 1000; tries++) limits.take("a", 1);
  pass(1000);
  expect(limits.take("a", 1)).toBeUndefined();
  pass(3_600_000);
  expect(limits.take("a", 60)).toBeUndefined();
  expect(limits.take("a", 1)).toBeDefined();
});

test("several are taken together or not at all; more than a minute's worth waits for a full minute", () => {
  const { limits, pass } = limited(10);
  expect(limits.take("a", 6)).toBeUndefined();
  expect(limits.take("a", 5)?.details?.retry_after_ms).toBe(6000);
  expect(limits.take("a", 4)).toBeUndefined();
  pass(60_000);
  expect(limits.take("a", 64)).toBeUndefined();
  expect(limits.take("a", 0)).toBeUndefined();
  expect(limits.take("a", 64)?.details?.retry_after_ms).toBe(60_000);
});

test("callers do not share, and 0 is no limit", () => {
  const { limits } = limited(1);
  expect(limits.take("a", 1)).toBeUndefined();
  expect(limits.take("b", 1)).toBeUndefined();
  expect(limits.take("a", 1)).toBeDefined();
  const none = limited(0).limits;
  for (let taken = 0; taken < 100_000; taken++) expect(none.take("a", 1)).toBeUndefined();
});

test("any number of callers takes bounded memory, and who is active is not forgotten", () => {
  const { limits } = limited(1);
  limits.take("active", 1);
  for (let caller = 0; caller < 50_000; caller++) {
    limits.take(`caller ${caller}`, 1);
    if (caller % 1000 === 0) expect(limits.take("active", 1)).toBeDefined();
  }
  expect(limits.size).toBe(10_000);
});
