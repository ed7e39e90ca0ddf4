import { expect } from "bun:test";
import { Effect } from "effect";
import { TestClock } from "effect/testing";
import { Bounds } from "../../src/domain/Bounds.ts";
import { makeLongLists } from "../../src/services/longLists.ts";
import { it } from "../support/it.ts";

/** A list of so many conversations, and how often they were counted. */
const listOf = (length: number) => {
  const list = {
    length,
    counts: 0,
    count: (most: number) =>
      Effect.sync(() => {
        list.counts += 1;
        return Math.min(most, list.length);
      }),
  };
  return list;
};

const all = { space: "s", session_id: null };
const long = 5 * Bounds.exactTotal;

const test = (name: string, body: () => Effect.Effect<void>) =>
  it.effect(name, () => Effect.provide(body(), TestClock.layer()));

test("a list that is far past exactness is counted once in a while", () =>
  Effect.gen(function* () {
    const list = listOf(long);
    const lists = makeLongLists();
    for (let page = 0; page < 10; page++) {
      expect(yield* lists.count(all, list.count)).toBeGreaterThan(Bounds.exactTotal);
    }
    expect(list.counts).toBe(1);
    list.length = 3;
    yield* TestClock.adjust("1 second");
    expect(yield* lists.count(all, list.count)).toBe(3);
  }));

test("a list that could soon be exact is counted each time", () =>
  Effect.gen(function* () {
    const lists = makeLongLists();
    const list = listOf(2 * Bounds.exactTotal);
    expect(yield* lists.count(all, list.count)).toBeGreaterThan(Bounds.exactTotal);
    list.length = Bounds.exactTotal;
    expect(yield* lists.count(all, list.count)).toBe(Bounds.exactTotal);
  }));

test("what this process deletes is known at once", () =>
  Effect.gen(function* () {
    const lists = makeLongLists();
    const list = listOf(2 * Bounds.exactTotal + 1);
    yield* lists.count(all, list.count);
    for (let deleted = 0; deleted <= Bounds.exactTotal; deleted++) {
      expect(yield* lists.count(all, list.count)).toBeGreaterThan(Bounds.exactTotal);
      list.length -= 1;
      lists.shorten("s");
    }
    expect(yield* lists.count(all, list.count)).toBe(Bounds.exactTotal);
  }));

test("each session and each space is a list of its own, and what is forgotten is counted again", () =>
  Effect.gen(function* () {
    const lists = makeLongLists();
    yield* lists.count(all, listOf(long).count);
    const others = [
      { space: "s", session_id: "a" },
      { space: "s", session_id: "" },
      { space: "other", session_id: null },
    ];
    for (const other of others) expect(yield* lists.count(other, listOf(7).count)).toBe(7);
    for (let space = 0; space < 5000; space++) {
      yield* lists.count({ space: `many ${space}`, session_id: null }, listOf(long).count);
    }
    for (let session = 0; session < 500; session++) {
      yield* lists.count({ space: "s", session_id: `many ${session}` }, listOf(long).count);
    }
    const list = listOf(9);
    expect(yield* lists.count(all, list.count)).toBe(9);
  }));
