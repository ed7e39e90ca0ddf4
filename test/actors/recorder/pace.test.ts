// How long the recorder rests, by a clock and a measure of CPU that stand still unless they are moved.
import { describe, expect, test } from "bun:test";
import { Clock, Effect, Fiber } from "effect";
import { TestClock } from "effect/testing";
import { rest } from "../../../src/actors/recorder/pace.ts";

interface Case {
  readonly worked: number;
  /** How much of a core everything else wants, at a time since the rest began. */
  readonly busy: (at: number) => number;
  readonly haste?: (at: number) => number;
}

/** For how many milliseconds it rests. */
const restOf = ({ worked, busy, haste = () => 0 }: Case): Promise<number> =>
  Effect.gen(function* () {
    let at = 0;
    let wanted = 0;
    const fiber = yield* Effect.forkChild(
      Effect.andThen(
        rest(worked, { wantedMillis: () => wanted, haste: () => haste(at) }),
        Clock.currentTimeMillis,
      ),
      { startImmediately: true },
    );
    const began = yield* Clock.currentTimeMillis;
    while (fiber.pollUnsafe() === undefined && at < 60_000) {
      wanted += busy(at);
      at += 1;
      yield* TestClock.adjust("1 millis");
    }
    return (yield* Fiber.join(fiber)) - began;
  }).pipe(Effect.provide(TestClock.layer()), Effect.runPromise);

describe("after a round", () => {
  test("it rests four times as long while the process is busy", async () => {
    const rested = await restOf({ worked: 40, busy: () => 0.9 });
    expect(rested).toBeGreaterThanOrEqual(160);
    expect(rested).toBeLessThan(180);
  });

  test("it goes on at once where nothing else is done", async () => {
    expect(await restOf({ worked: 40, busy: () => 0.1 })).toBe(2);
  });

  test("it goes on soon after the process has become idle", async () => {
    const rested = await restOf({ worked: 400, busy: (at) => (at < 100 ? 1 : 0) });
    expect(rested).toBeGreaterThanOrEqual(100);
    expect(rested).toBeLessThan(135);
  });

  test("it rests the less, the further behind it is", async () => {
    const rested = await restOf({ worked: 100, busy: () => 1, haste: () => 0.75 });
    expect(rested).toBeGreaterThanOrEqual(100);
    expect(rested).toBeLessThan(120);
    expect(await restOf({ worked: 100, busy: () => 1, haste: () => 1 })).toBe(0);
  });

  test("it stops resting when it falls behind meanwhile", async () => {
    const haste = (at: number) => (at < 50 ? 0 : 1);
    expect(await restOf({ worked: 100, busy: () => 1, haste })).toBeLessThan(70);
  });

  test("a round that waited long for the database does not make it rest as long", async () => {
    const rested = await restOf({ worked: 30_000, busy: () => 1 });
    expect(rested).toBeGreaterThanOrEqual(1000);
    expect(rested).toBeLessThan(1020);
  });
});
