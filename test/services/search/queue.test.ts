import { describe, expect } from "bun:test";
import { Deferred, Effect, Exit, Fiber, Logger } from "effect";
import { makeQueue } from "../../../src/services/search/queue.ts";
import { it } from "../../support/it.ts";

const limits = {
  minConnections: 0,
  maxConnections: 10,
  acquireTimeoutMs: 60_000,
  queryTimeoutMs: 60_000,
};

/** Searches that say when they begin, and end when they are told to. */
const stand = Effect.fnUntraced(function* (more: { readonly acquireTimeoutMs?: number } = {}) {
  const queue = yield* makeQueue({ ...limits, ...more }, 2);
  const begun: Array<string> = [];
  /** Asks for a search; comes back once it runs or waits. */
  const ask = Effect.fnUntraced(function* (name: string, space?: string) {
    const end = yield* Deferred.make<string>();
    const search = Effect.andThen(
      Effect.sync(() => void begun.push(name)),
      Deferred.await(end),
    );
    const fiber = yield* Effect.forkScoped(queue.enter(space ?? "default", search), {
      startImmediately: true,
    });
    const finish = Effect.andThen(Deferred.succeed(end, name), Fiber.join(fiber));
    return { fiber, finish };
  });
  return { begun, ask };
});

describe("searches at once", () => {
  it.effect("are a few, and the others begin in the order in which they came", () =>
    Effect.gen(function* () {
      const { begun, ask } = yield* stand();
      const [one, two, three, four] = [
        yield* ask("one"),
        yield* ask("two"),
        yield* ask("three"),
        yield* ask("four"),
      ];
      expect(begun).toEqual(["one", "two"]);
      expect(yield* two.finish).toBe("two");
      expect(yield* three.finish).toBe("three");
      expect(yield* four.finish).toBe("four");
      expect(yield* one.finish).toBe("one");
      expect(begun).toEqual(["one", "two", "three", "four"]);
    }),
  );

  it.effect("of one space do not keep those of another waiting", () =>
    Effect.gen(function* () {
      const { begun, ask } = yield* stand();
      const flood = [];
      for (let each = 0; each < 20; each++) flood.push(yield* ask(`flood ${each}`, "one"));
      const other = yield* ask("other", "two");
      for (const { finish } of flood.slice(0, 2)) yield* finish;
      expect(yield* other.finish).toBe("other");
      expect(begun.length).toBeLessThan(6);
    }),
  );

  it.effect("are refused where they would wait too long, and those that run go on", () =>
    Effect.gen(function* () {
      const { begun, ask } = yield* stand({ acquireTimeoutMs: 20 });
      const running = [yield* ask("one"), yield* ask("two")];
      const late = yield* ask("late");
      const refused = yield* Effect.flip(Fiber.join(late.fiber));
      expect(refused).toMatchObject({ code: "UNAVAILABLE", retryable: true });
      for (const { finish } of running) yield* finish;
      const next = yield* ask("next");
      expect(yield* next.finish).toBe("next");
      expect(begun).toEqual(["one", "two", "next"]);
    }).pipe(Effect.provide(Logger.layer([]))),
  );

  it.effect("leave their places however they end, waiting or not", () =>
    Effect.gen(function* () {
      const { begun, ask } = yield* stand();
      for (let round = 0; round < 50; round++) {
        const asked = [];
        for (let each = 0; each < 6; each++) asked.push(yield* ask(`${round}.${each}`));
        // The places pass on to others just when those are given up.
        yield* Effect.forEach(asked, ({ fiber }) => Fiber.interrupt(fiber), {
          concurrency: "unbounded",
        });
        for (const { fiber } of asked) {
          expect(Exit.hasInterrupts(yield* Fiber.await(fiber))).toBe(true);
        }
      }
      begun.length = 0;
      const [one, two] = [yield* ask("one"), yield* ask("two")];
      expect(begun).toEqual(["one", "two"]);
      yield* Effect.andThen(one.finish, two.finish);
    }),
  );
});
