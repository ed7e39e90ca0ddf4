import { expect, test } from "bun:test";
import { Deferred, Effect, Exit, Fiber } from "effect";
import { makeTurns } from "../../src/services/turns.ts";

const limits = {
  minConnections: 0,
  maxConnections: 10,
  acquireTimeoutMs: 1000,
  queryTimeoutMs: 10_000,
};

/** A change that says when it has begun, and ends when it is told to. */
const change = (name: string, log: Array<string>) => {
  const begun = Deferred.makeUnsafe<void>();
  const ended = Deferred.makeUnsafe<void>();
  const work = Effect.gen(function* () {
    log.push(`${name} begins`);
    yield* Deferred.succeed(begun, undefined);
    yield* Deferred.await(ended);
    log.push(`${name} ends`);
  });
  return { work, begun: Deferred.await(begun), end: Deferred.succeed(ended, undefined) };
};

const start = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.forkChild(effect, { startImmediately: true });

test("changes of one row come one after the other, those of another at once", () =>
  Effect.gen(function* () {
    const inTurn = makeTurns(limits);
    const log: Array<string> = [];
    const [a, b, c, other] = ["a", "b", "c", "other"].map((name) => change(name, log));
    if (!a || !b || !c || !other) return expect.unreachable();
    const fibers = [yield* start(inTurn("row", a.work)), yield* start(inTurn("row", b.work))];
    yield* a.begun;
    fibers.push(yield* start(inTurn("another", other.work)));
    yield* other.begun;
    yield* a.end;
    yield* b.begun;
    // It joins the line when the first of it has gone already.
    fibers.push(yield* start(inTurn("row", c.work)));
    yield* other.end;
    yield* b.end;
    yield* c.begun;
    yield* c.end;
    yield* Effect.forEach(fibers, Fiber.join);
    expect(log.filter((line) => !line.startsWith("other"))).toEqual([
      "a begins",
      "a ends",
      "b begins",
      "b ends",
      "c begins",
      "c ends",
    ]);
  }).pipe(Effect.runPromise));

test("who goes away leaves the line, and who fails lets the next one on", () =>
  Effect.gen(function* () {
    const inTurn = makeTurns(limits);
    const log: Array<string> = [];
    const first = change("first", log);
    const failing = Effect.andThen(first.work, Effect.fail("failed"));
    const one = yield* start(inTurn("row", failing));
    const gone = yield* start(
      inTurn(
        "row",
        Effect.sync(() => log.push("gone")),
      ),
    );
    const last = yield* start(inTurn("row", Effect.succeed("last")));
    yield* first.begun;
    yield* Fiber.interrupt(gone);
    yield* first.end;
    expect(Exit.isFailure(yield* Fiber.await(one))).toBe(true);
    expect(yield* Fiber.join(last)).toBe("last");
    expect(log).toEqual(["first begins", "first ends"]);
  }).pipe(Effect.runPromise));

test("who has waited too long has changed nothing", () =>
  Effect.gen(function* () {
    const inTurn = makeTurns({ ...limits, queryTimeoutMs: 20 });
    const log: Array<string> = [];
    const slow = change("slow", log);
    const one = yield* start(inTurn("row", slow.work));
    yield* slow.begun;
    const error = yield* Effect.flip(inTurn("row", change("late", log).work));
    expect(error.code).toBe("TIMEOUT");
    // The change that was begun is not cut off by the time that others may wait.
    yield* slow.end;
    yield* Fiber.join(one);
    expect(log).toEqual(["slow begins", "slow ends"]);
    expect(yield* inTurn("row", Effect.succeed("next"))).toBe("next");
  }).pipe(Effect.runPromise));
