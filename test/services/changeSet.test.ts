// What becomes of changes that wait: each thing once, as what happened to it in the end.
import { describe, expect, test } from "bun:test";
import { Effect, Fiber } from "effect";
import { type Change, resync } from "../../src/domain/Change.ts";
import { makeChangeSet } from "../../src/services/changeSet.ts";

const change = (name: string, what: Change["what"], more: Partial<Change> = {}): Change => ({
  space: "default",
  kind: "conversation",
  name,
  what,
  ...more,
});

const coalesced = (...whats: ReadonlyArray<Change["what"]>) => {
  const set = makeChangeSet(10);
  for (const what of whats) set.add(change("a", what));
  return set.take();
};

describe("changes of one thing are one change", () => {
  test("a creation stays one, whatever is updated", () => {
    expect(coalesced("created", "updated", "updated")).toEqual([change("a", "created")]);
  });

  test("an update that comes late does not bring back what was deleted", () => {
    expect(coalesced("updated", "deleted", "updated")).toEqual([change("a", "deleted")]);
  });

  test("the last of creations and deletions counts", () => {
    expect(coalesced("created", "deleted")).toEqual([change("a", "deleted")]);
    expect(coalesced("deleted", "created", "updated")).toEqual([change("a", "created")]);
  });

  test("the same name in another space or of another kind is another thing", () => {
    const set = makeChangeSet(10);
    const changes = [
      change("a", "updated"),
      change("a", "updated", { space: "other" }),
      change("a", "updated", { kind: "shared_context" }),
    ];
    for (const one of [...changes, ...changes]) set.add(one);
    expect(set.take()).toEqual(changes);
  });
});

describe("the bound", () => {
  const filled = (count: number) => {
    const set = makeChangeSet(3);
    for (let index = 0; index < count; index++) set.add(change(`${index}`, "updated"));
    return set;
  };

  test("holds as many things as it says, each as often as it likes", () => {
    const set = filled(3);
    set.add(change("2", "deleted"));
    expect(set.take().map((one) => one.kind === "conversation" && one.name)).toEqual([
      "0",
      "1",
      "2",
    ]);
  });

  test("one more makes it a single resync, which the next take does not see", () => {
    const set = filled(4);
    set.add(change("5", "updated"));
    expect(set.take()).toEqual([resync]);
    expect(set.take()).toEqual([]);
    set.add(change("6", "updated"));
    expect(set.take()).toEqual([change("6", "updated")]);
  });

  test("a resync swallows what waits with it", () => {
    const set = filled(2);
    set.addAll([resync, change("3", "updated")]);
    expect(set.take()).toEqual([resync]);
  });
});

test("who waits finds all that is added at once, although it goes on within that call", async () => {
  const set = makeChangeSet(3);
  const changes = [change("a", "updated"), change("b", "updated")];
  const reading = Effect.runFork(Effect.map(set.filled, set.take));
  set.addAll([]);
  expect(reading.pollUnsafe()).toBeUndefined();
  set.addAll(changes);
  expect(await Effect.runPromise(Fiber.join(reading))).toEqual(changes);
  const one = Effect.runFork(Effect.map(set.filled, set.take));
  set.add(change("c", "updated"));
  expect(await Effect.runPromise(Fiber.join(one))).toEqual([change("c", "updated")]);
});

test("who waits goes on when something comes, and waits again once it is taken", async () => {
  const set = makeChangeSet(3);
  expect(set.isEmpty()).toBe(true);
  const waiting = Effect.runFork(set.filled);
  set.add(change("a", "updated"));
  await Effect.runPromise(Fiber.join(waiting));
  expect(set.isEmpty()).toBe(false);
  set.take();
  expect(set.isEmpty()).toBe(true);
  const again = Effect.runFork(set.filled);
  expect(again.pollUnsafe()).toBeUndefined();
  await Effect.runPromise(Fiber.interrupt(again));
});
