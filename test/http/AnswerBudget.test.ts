import { describe, expect } from "bun:test";
import { Deferred, Effect, Fiber } from "effect";
import { AllAnswers, AnswerBudget } from "../../src/http/AnswerBudget.ts";
import { roughBytes } from "../../src/http/roughBytes.ts";
import { it } from "../support/it.ts";

const kilobyte = 1024;
const answer = (kilobytes: number) => "x".repeat(kilobytes * kilobyte);

/** A budget, and how often its calls were made. */
const open = (options: { readonly limit: number; readonly all?: number }) => {
  const all = new AllAnswers((options.all ?? 1e6) * kilobyte);
  const budget = new AnswerBudget(all, options.limit * kilobyte);
  let made = 0;
  const call = (kilobytes: number) =>
    Effect.sync(() => {
      made++;
      return answer(kilobytes);
    });
  return { all, budget, call, made: () => made };
};

/** Whether an effect is done after all that can go on has gone on. */
const isDone = (fiber: Fiber.Fiber<unknown, unknown>) =>
  Effect.as(Effect.sleep(20), fiber.pollUnsafe() !== undefined).pipe(
    Effect.map(() => fiber.pollUnsafe() !== undefined),
  );

const start = <A>(effect: Effect.Effect<A>) => Effect.forkChild(effect, { startImmediately: true });

describe("a client's answers", () => {
  it.effect("at the bound are given, past it wait until some have been read", () =>
    Effect.gen(function* () {
      const { budget, call, made } = open({ limit: 400 });
      yield* budget.counting(1, call(199), true);
      yield* budget.counting(2, call(199), true);
      const third = yield* start(budget.counting(3, call(199), true));
      expect(yield* isDone(third)).toBe(false);
      budget.answered(1);
      expect((yield* Fiber.join(third)).length).toBe(199 * kilobyte);
      // It was dropped at first, or not begun: never was there more than the bound.
      expect(made()).toBeGreaterThanOrEqual(3);
      expect(budget.bytes).toBeLessThanOrEqual(400 * kilobyte);
    }),
  );

  it.effect("that hold more than was likely are dropped, and made again when there is room", () =>
    Effect.gen(function* () {
      const { budget, call, made } = open({ limit: 400 });
      yield* budget.counting(1, call(50), true);
      yield* budget.counting(2, call(300), true);
      const begun = yield* Deferred.make<void>();
      const held = yield* Deferred.make<void>();
      const surprising = Effect.andThen(Deferred.succeed(begun, undefined), call(200)).pipe(
        Effect.tap(Deferred.await(held)),
      );
      budget.answered(2);
      const third = yield* start(budget.counting(3, surprising, true));
      yield* Deferred.await(begun);
      yield* budget.counting(4, call(300), false);
      yield* Deferred.succeed(held, undefined);
      expect(yield* isDone(third)).toBe(false);
      expect(budget.bytes).toBeLessThan(400 * kilobyte);
      const before = made();
      budget.answered(4);
      yield* Fiber.join(third);
      expect(made()).toBe(before + 1);
    }),
  );

  it.effect("of writes are never made twice, and never wait", () =>
    Effect.gen(function* () {
      const { budget, call, made } = open({ limit: 100 });
      yield* budget.counting(1, call(90), false);
      yield* budget.counting(2, call(90), false);
      expect(made()).toBe(2);
    }),
  );

  it.effect("too large for the bound go alone", () =>
    Effect.gen(function* () {
      const { budget, call } = open({ limit: 100, all: 150 });
      yield* budget.counting(1, call(500), true);
      const next = yield* start(budget.counting(2, call(500), true));
      expect(yield* isDone(next)).toBe(false);
      budget.answered(1);
      yield* Fiber.join(next);
    }),
  );

  it.effect("of a call that is interrupted or fails do not count", () =>
    Effect.gen(function* () {
      const { all, budget, call } = open({ limit: 100 });
      yield* Effect.exit(budget.counting(1, Effect.die("a fault"), true));
      expect(budget.bytes).toBe(0);
      yield* budget.counting(2, call(90), true);
      const waiting = yield* start(budget.counting(3, call(90), true));
      yield* Fiber.interrupt(waiting);
      budget.answered(2);
      expect([budget.bytes, all.bytes, all.waiting.size]).toEqual([0, 0, 0]);
    }),
  );

  it.effect("count no longer when the client is gone", () =>
    Effect.gen(function* () {
      const { all, budget, call } = open({ limit: 1000 });
      yield* budget.counting(1, call(500), true);
      budget.close();
      yield* budget.counting(2, call(500), true);
      expect([budget.bytes, all.bytes]).toEqual([0, 0]);
    }),
  );
});

describe("the answers of all clients", () => {
  it.effect("are bounded together: who asks for much waits for those who do not read", () =>
    Effect.gen(function* () {
      const { all, budget, call } = open({ limit: 1000, all: 1000 });
      const other = new AnswerBudget(all, 1000 * kilobyte);
      yield* other.counting(1, call(900), true);
      const large = yield* start(budget.counting(1, call(500), true));
      expect(yield* isDone(large)).toBe(false);
      other.close();
      expect((yield* Fiber.join(large)).length).toBe(500 * kilobyte);
    }),
  );

  it.effect("leave room for what is small", () =>
    Effect.gen(function* () {
      const { all, budget, call } = open({ limit: 1000, all: 1000 });
      const other = new AnswerBudget(all, 1000 * kilobyte);
      yield* other.counting(1, call(990), true);
      for (let next = 1; next < 8; next++) yield* budget.counting(next, call(30), true);
      expect(all.bytes).toBeGreaterThan(990 * kilobyte);
    }),
  );

  it.effect("take no room before they are made: nobody waits for a slow call", () =>
    Effect.gen(function* () {
      const { budget, call } = open({ limit: 1000, all: 1000 });
      yield* budget.counting(1, call(900), true);
      budget.answered(1);
      const released = yield* Deferred.make<void>();
      const slow = Effect.andThen(Deferred.await(released), call(900));
      const waiting = [2, 3, 4].map((key) => budget.counting(key, slow, true));
      const fibers = yield* Effect.forEach(waiting, start);
      yield* budget.counting(5, call(20), true);
      yield* Deferred.succeed(released, undefined);
      for (const [index, fiber] of fibers.entries()) {
        yield* Effect.forkChild(
          Effect.tap(Fiber.join(fiber), () => Effect.sync(() => budget.answered(index + 2))),
        );
      }
      yield* Effect.forEach(fibers, Fiber.join);
    }),
  );
});

describe("an estimate", () => {
  it.effect("is near what JSON takes", () =>
    Effect.sync(() => {
      const value = {
        content: [{ type: "text", text: "x".repeat(10_000) }],
        structuredContent: { messages: Array.from({ length: 50 }, (_, id) => ({ id, text: "y" })) },
      };
      const exact = JSON.stringify(value).length;
      expect(roughBytes(value)).toBeGreaterThan(exact * 0.8);
      expect(roughBytes(value)).toBeLessThan(exact * 1.5);
    }),
  );
});
