// The feed of changes between processes on one database: what is told to whom, and what is not even sent.
import { afterAll, describe, expect, test } from "bun:test";
import { Effect, Exit, Stream } from "effect";
import { type Change, resync } from "../../src/domain/Change.ts";
import { away, interrupted } from "../../src/sql/failures.ts";
import { until } from "../sql/embedded/sandbox.ts";
import { eavesdrop, type Follower, follow, isNamed, listeners } from "../support/changes.ts";
import { openDatabase, openProcess, type Process } from "../support/tools.ts";

const db = await openDatabase();
afterAll(db.drop);

const open = async (limits: { readonly maxConnections?: number } = {}) => {
  const process = await openProcess(db.address, { limits });
  return { ...process, [Symbol.asyncDispose]: process.close };
};

const begin = async (process: Process) =>
  (await process.call("dewey_begin_conversation", {})).conversation_id;

const store = (process: Process, conversation_id: string) =>
  process.call("dewey_store_message", { conversation_id, role: "user", content: "text" });

const change = (
  kind: Change["kind"],
  name: string,
  what: Change["what"],
  space = "default",
): Change => ({ space, kind, name, what });

/** Changes something of the shared context that everybody hears of, so that all before it was told. */
const mark = async (process: Process, ...followers: ReadonlyArray<Follower>) => {
  const key = `mark-${crypto.randomUUID()}`;
  await process.call("write_context", { key, content: "text" });
  await Promise.all(followers.map((follower) => follower.untilNamed(key)));
};

const ofOne = (follower: Follower, name: string) => follower.told.filter(isNamed(name));

describe("a change through one process", () => {
  test("is told in the other and in its own, once in each, within a second", async () => {
    await using one = await open();
    await using two = await open();
    await using here = await follow(one);
    await using there = await follow(two);
    const started = performance.now();
    const id = await begin(one);
    const told = change("conversation", id, "created");
    expect(await Promise.all([here.untilNamed(id), there.untilNamed(id)])).toEqual([told, told]);
    expect(performance.now() - started).toBeLessThan(1000);
    await mark(one, here, there);
    await mark(two, here, there);
    expect(ofOne(here, id)).toEqual([told]);
    expect(ofOne(there, id)).toEqual([told]);
  });

  test("is of every kind, and says what happened", async () => {
    await using one = await open();
    await using two = await open();
    await using there = await follow(two);
    const id = await begin(one);
    await there.untilNamed(id);
    const { conversation_id: bulk } = await one.call("dewey_store_messages_bulk", {
      messages: [{ role: "user", content: "text" }],
    });
    const message = { role: "user", content: "text" } as const;
    const [key, name, next] = ["a-key", "a name", "the next"];
    const steps: ReadonlyArray<readonly [() => Promise<unknown>, ReadonlyArray<Change>]> = [
      [() => Promise.resolve(), [change("conversation", bulk, "created")]],
      [() => store(one, id), [change("conversation", id, "updated")]],
      [
        () => one.call("dewey_store_message", { ...message, conversation_id: id, turn_number: 7 }),
        [change("conversation", id, "updated")],
      ],
      [
        () =>
          one.call("dewey_store_messages_bulk", {
            conversation_id: id,
            messages: [message, message],
          }),
        [change("conversation", id, "updated")],
      ],
      [
        () => one.call("dewey_delete_conversation", { conversation_id: id }),
        [change("conversation", id, "deleted")],
      ],
      [
        () => one.call("dewey_restore_conversation", { conversation_id: id }),
        [change("conversation", id, "created")],
      ],
      [
        () => one.call("dewey_delete_conversation", { conversation_id: id, force: true }),
        [change("conversation", id, "deleted")],
      ],
      [
        () => one.call("write_context", { key, content: "a" }),
        [change("shared_context", key, "created")],
      ],
      [
        () => one.call("write_context", { key, content: "b" }),
        [change("shared_context", key, "updated")],
      ],
      [() => one.call("delete_context", { key }), [change("shared_context", key, "deleted")]],
      [
        () => one.call("write_context", { key, content: "c" }),
        [change("shared_context", key, "created")],
      ],
      [
        () => one.call("dewey_set_startup_context", { name, content: "a" }),
        [change("startup_context", name, "created")],
      ],
      [
        () => one.call("dewey_set_startup_context", { name, content: "b" }),
        [change("startup_context", name, "updated")],
      ],
      [
        () => one.call("dewey_set_startup_context", { name: next, content: "a" }),
        [
          change("startup_context", next, "created"),
          // It is not the active one any more.
          change("startup_context", name, "updated"),
        ],
      ],
      [
        () => one.call("dewey_delete_startup_context", { name }),
        [change("startup_context", name, "deleted")],
      ],
    ];
    let since = 1;
    for (const [step, expected] of steps) {
      await step();
      await mark(one, there);
      const told = there.told
        .slice(since)
        .filter((it) => !("name" in it && it.name.startsWith("mark")));
      expect(told).toEqual([...expected]);
      since = there.told.length;
    }
  });

  test("names its space, and each space has things of its own", async () => {
    await using one = await open();
    await using two = await open();
    await using there = await follow(two);
    for (const space of ["red", "blue"]) {
      await one.as({ space }).call("write_context", { key: "shared", content: "text" });
    }
    await mark(one, there);
    expect(ofOne(there, "shared")).toEqual([
      change("shared_context", "shared", "created", "red"),
      change("shared_context", "shared", "created", "blue"),
    ]);
  });

  test("that was refused or changes nothing is not told", async () => {
    await using one = await open();
    await using two = await open();
    const id = await begin(one);
    await one.call("write_context", { key: "kept", content: "text" });
    await using there = await follow(two);
    await mark(one, there);
    const since = there.told.length;
    await one.call("dewey_begin_conversation", { conversation_id: id });
    await one.call("dewey_restore_conversation", { conversation_id: id });
    expect(
      await one.attempt("write_context", { key: "kept", content: "other", if_version: 7 }),
    ).toBe("CONFLICT");
    const nowhere = crypto.randomUUID();
    const nothing = [
      await one.attempt("dewey_delete_conversation", { conversation_id: nowhere }),
      await one.attempt("dewey_store_message", {
        conversation_id: nowhere,
        role: "user",
        content: "text",
      }),
      await one.attempt("delete_context", { key: "missing" }),
      await one.attempt("dewey_delete_startup_context", { name: "missing" }),
    ];
    expect(nothing).toEqual(["NOT_FOUND", "NOT_FOUND", "NOT_FOUND", "NOT_FOUND"]);
    await mark(one, there);
    expect(there.told.length).toBe(since + 1);
  });

  test("is told where the caller went away, or nobody knows whether it was committed", async () => {
    await using one = await open();
    await using there = await follow(one);
    const outcomes = [
      [Effect.interrupt, true],
      [Effect.fail(interrupted), true],
      [Effect.fail(away), false],
      [Effect.die("a fault"), false],
    ] as const;
    for (const [index, [outcome]] of outcomes.entries()) {
      const asked = change("shared_context", `asked ${index}`, "updated");
      const exit = await Effect.runPromiseExit(one.changes.publishing(outcome, asked, () => []));
      expect(Exit.isFailure(exit)).toBe(true);
    }
    await mark(one, there);
    for (const [index, [, told]] of outcomes.entries()) {
      expect([index, ofOne(there, `asked ${index}`).length]).toEqual([index, told ? 1 : 0]);
    }
  });

  test("is told even where the process ends right after", async () => {
    await using two = await open();
    await using there = await follow(two);
    const one = await open();
    const id = await begin(one);
    await one.close();
    expect(await there.untilNamed(id)).toEqual(change("conversation", id, "created"));
  });

  test("is told between processes that have one connection each", async () => {
    await using one = await open({ maxConnections: 1 });
    await using two = await open({ maxConnections: 1 });
    await using here = await follow(one);
    await using there = await follow(two);
    const ids = await Promise.all([one, two, one, two].map(begin));
    for (const id of ids) await Promise.all([here.untilNamed(id), there.untilNamed(id)]);
  });
});

/** The server lets go of a session a moment after its client. */
const untilNobodyListens = () =>
  until("nobody listens", async () => (await listeners(db)).length === 0);

describe("nothing is sent", () => {
  const leave = async (follower: Follower) => {
    await follower.leave();
    await untilNobodyListens();
  };

  /** Stores for longer than the pause between two looks for subscribers. */
  const storeForAWhile = async (process: Process) => {
    const id = await begin(process);
    const end = performance.now() + 700;
    while (performance.now() < end) await store(process, id);
  };

  test("where nobody subscribes, or nobody any more", async () => {
    await using ears = await eavesdrop(db);
    await untilNobodyListens();
    const one = await open();
    const two = await open();
    await storeForAWhile(one);
    expect(await ears.overheard()).toEqual([]);
    const there = await follow(two);
    expect(await listeners(db)).toHaveLength(1);
    await mark(one, there);
    expect((await ears.overheard()).at(-1)).toContain("mark");
    await leave(there);
    await storeForAWhile(one);
    await Promise.all([one.close(), two.close()]);
    // The last of it would have been sent before the end of the process.
    expect(await ears.overheard()).toEqual([]);
  });

  test("where only the process itself subscribes, to which it is told all the same", async () => {
    await untilNobodyListens();
    await using ears = await eavesdrop(db);
    const one = await open();
    const here = await follow(one);
    await ears.overheard();
    await storeForAWhile(one);
    await mark(one, here);
    expect(await ears.overheard()).toEqual([]);
    await leave(here);
    await one.close();
    expect(await ears.overheard()).toEqual([]);
  });
});

describe("many changes", () => {
  test("of one thing are few that are told, and fewer than there are windows", async () => {
    await using one = await open();
    await using two = await open();
    await using there = await follow(two);
    const id = await begin(one);
    await using ears = await eavesdrop(db);
    const started = performance.now();
    await Promise.all(Array.from({ length: 1000 }, () => store(one, id)));
    await mark(one, there);
    const windows = Math.ceil((performance.now() - started) / 100);
    expect(ofOne(there, id).length).toBeLessThanOrEqual(windows + 1);
    expect((await ears.overheard()).length).toBeLessThanOrEqual(windows + 1);
  });

  test("of 10,000 things are one resync for those who cannot take them, here and there", async () => {
    await using one = await open();
    await using two = await open();
    await using here = await follow(one);
    await using there = await follow(two);
    await using ears = await eavesdrop(db);
    for (let index = 0; index < 10_000; index++) {
      one.changes.publish(change("conversation", `${index} ${"🙂".repeat(200)}`, "updated"));
    }
    await Promise.all([here.untilResync(), there.untilResync()]);
    await mark(one, here, there);
    expect(here.told[0]).toEqual(resync);
    expect(there.told[0]).toEqual(resync);
    expect(here.told).toHaveLength(2);
    expect(there.told).toHaveLength(2);
    expect((await ears.overheard()).length).toBeLessThanOrEqual(2);
  });

  test("that a subscriber does not read wait for it as a resync", async () => {
    await using one = await open();
    await using reader = await follow(one);
    const read = Effect.gen(function* () {
      const slow = yield* one.changes.subscribe;
      for (let round = 0; round < 6; round++) {
        for (let index = 0; index < 100; index++) {
          one.changes.publish(change("conversation", `${round} ${index}`, "updated"));
        }
        yield* Effect.promise(() => mark(one, reader));
      }
      return yield* Stream.runCollect(Stream.take(slow, 1));
    });
    expect(await Effect.runPromise(Effect.scoped(read))).toEqual([resync]);
    // Who reads has had them all, one by one.
    expect(reader.told).toHaveLength(606);
  });
});

describe("when the session that listens is lost", () => {
  test("it is opened again, and what was missed meanwhile is a resync", async () => {
    await untilNobodyListens();
    await using one = await open();
    await using two = await open();
    await using there = await follow(two);
    const [session] = await listeners(db);
    await db.rows("SELECT pg_terminate_backend($1)", [session]);
    await there.untilResync();
    const since = there.told.length;
    await mark(one, there);
    expect(there.told.length).toBe(since + 1);
    const again = await listeners(db);
    expect(again).toHaveLength(1);
    expect(again).not.toContain(session);
    const warnings = two.logs.filter((line) => line.includes("not told to subscribers for now"));
    expect(warnings).toHaveLength(1);
    expect(two.logs.at(-1)).toContain("told to subscribers again");
  });
});
