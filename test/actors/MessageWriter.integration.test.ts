// The writer under trouble: conversations that somebody else holds, rows that cannot be written,
// callers that go away, and two processes that write at once.
import { afterAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { Effect, Fiber } from "effect";
import type { Caller } from "../support/tools.ts";
import { openProcess, openTools } from "../support/tools.ts";

const dewey = await openTools();
const other = await openProcess(dewey.db.address);
afterAll(async () => {
  await other.close();
  await dewey.close();
});

const begin = async () => (await dewey.call("dewey_begin_conversation", {})).conversation_id;
const beginMany = (count: number) => Promise.all(Array.from({ length: count }, begin));
const say = (conversation_id: string, more: object = {}) => ({
  conversation_id,
  role: "user",
  content: "text",
  ...more,
});
const turnsOf = async (conversation_id: string) => {
  const turns: Array<number> = [];
  let next: number | null = 0;
  while (next !== null) {
    const page: { messages: ReadonlyArray<{ turn: number }>; next_after_turn: number | null } =
      await dewey.call("dewey_get_conversation", { conversation_id, after_turn: next });
    turns.push(...page.messages.map(({ turn }) => turn));
    next = page.next_after_turn;
  }
  return turns;
};
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

const holdRows = (ids: ReadonlyArray<string>) =>
  `SELECT FROM conversations WHERE id IN (${ids.map((id) => `'${id}'`).join(",")}) FOR UPDATE`;

const { untilWaiting, whileHeld } = dewey.db;

describe("a conversation that somebody else holds", () => {
  /** Stores into `held`, and into others meanwhile; the others must not wait for the held ones. */
  const delaysNobody = async (held: ReadonlyArray<string>, free: ReadonlyArray<string>) => {
    const settled = new Set<string>();
    const pending = await whileHeld([holdRows(held)], async () => {
      const stores = held.map(async (id) => {
        const answer = await dewey.call("dewey_store_message", say(id));
        settled.add(id);
        return answer;
      });
      await untilWaiting(1);
      const repeated = randomUUID();
      for (const id of free) {
        const first = await dewey.call("dewey_store_message", say(id, { message_id: repeated }));
        expect(first.turn_number).toBe(1);
        // Both of these need a closer look than a message at the next turn.
        expect(await dewey.call("dewey_store_message", say(id, { message_id: repeated }))).toEqual(
          first,
        );
        const placed = await dewey.call("dewey_store_message", say(id, { turn_number: 7 }));
        expect(placed.turn_number).toBe(7);
        const bulk = { conversation_id: id, messages: [{ role: "user", content: "text" }] };
        expect((await dewey.call("dewey_store_messages_bulk", bulk)).stored).toBe(1);
        const fresh = { messages: bulk.messages };
        expect((await dewey.call("dewey_store_messages_bulk", fresh)).stored).toBe(1);
        expect(await turnsOf(id)).toEqual([1, 7, 8]);
      }
      expect(settled.size).toBe(0);
      return stores;
    });
    for (const answer of await Promise.all(pending)) expect(answer.turn_number).toBe(1);
  };

  test("delays no other one", async () => {
    const [held, ...free] = await beginMany(4);
    await delaysNobody([held ?? ""], free);
  });

  test("delays no other one when there are more of them than connections", async () => {
    const ids = await beginMany(24);
    await delaysNobody(ids.slice(0, 20), ids.slice(20));
  });

  test("delays no other one that was held for a moment only", async () => {
    const [briefly = "", ...held] = await beginMany(21);
    const stores = await whileHeld([holdRows(held)], async () => {
      const waiting = held.map((id) => dewey.call("dewey_store_message", say(id)));
      await untilWaiting(1);
      const store = await whileHeld([holdRows([briefly])], async () => {
        const own = dewey.call("dewey_store_message", say(briefly));
        // One that was sent later is answered: the first has been tried, and is waiting by now.
        await dewey.call("dewey_store_message", say(await begin()));
        return { answer: own };
      });
      expect((await store.answer).turn_number).toBe(1);
      return waiting;
    });
    for (const { turn_number } of await Promise.all(stores)) expect(turn_number).toBe(1);
  });

  test("keeps the order and the turns of what waits for it", async () => {
    const id = await begin();
    const stores = await whileHeld([holdRows([id])], async () => {
      const first = dewey.call("dewey_store_message", say(id));
      await untilWaiting(1);
      return [first, ...upTo(200).map(() => dewey.call("dewey_store_message", say(id)))];
    });
    const answers = await Promise.all(stores);
    expect(answers.map(({ turn_number }) => turn_number)).toEqual(upTo(201));
    expect(await turnsOf(id)).toEqual(upTo(201));
  });

  test("answers TIMEOUT when it is held for too long, and stores nothing", async () => {
    const hasty = await openProcess(dewey.db.address, { limits: { queryTimeoutMs: 2000 } });
    const [held = "", free = ""] = await beginMany(2);
    const message_id = randomUUID();
    try {
      await whileHeld([holdRows([held])], async () => {
        const waits = hasty.refusal("dewey_store_message", say(held, { message_id }));
        const stored = await hasty.call("dewey_store_message", say(free));
        expect(stored.turn_number).toBe(1);
        expect(await waits).toMatchObject({ code: "TIMEOUT", retryable: true });
      });
      expect(await turnsOf(held)).toEqual([]);
      const again = await hasty.call("dewey_store_message", say(held, { message_id }));
      expect(again).toMatchObject({ message_id, turn_number: 1 });
    } finally {
      await hasty.close();
    }
  });
});

test("a statement that waits is joined by another, without anybody else who writes", async () => {
  const [before = "", ...ids] = await beginMany(3);
  // After one who wrote alone the next is written at once, and whoever comes with it waits.
  await dewey.call("dewey_store_message", say(before));
  const stores = await whileHeld(["LOCK TABLE messages"], async () => {
    const both = ids.map((id) => dewey.call("dewey_store_message", say(id)));
    await untilWaiting(2);
    return both;
  });
  for (const { turn_number } of await Promise.all(stores)) expect(turn_number).toBe(1);
});

describe("a row that cannot be written", () => {
  test("fails alone, and the others of its batch are stored", async () => {
    const [good = "", bad = ""] = await beginMany(2);
    await dewey.db.rows(
      `ALTER TABLE messages ADD CONSTRAINT no_poison CHECK (content <> 'poison') NOT VALID`,
    );
    try {
      const store = (index: number) => {
        const poisoned = index % 10 === 0;
        return dewey.call(
          "dewey_store_message",
          say(index % 2 === 0 ? bad : good, { content: poisoned ? "poison" : `text ${index}` }),
        );
      };
      const outcomes = await Promise.allSettled(upTo(60).map(store));
      expect(
        outcomes.flatMap(({ status }, index) => (status === "rejected" ? [index + 1] : [])),
      ).toEqual([10, 20, 30, 40, 50, 60]);
      const poison = await dewey.refusal("dewey_store_message", say(bad, { content: "poison" }));
      expect(poison).toMatchObject({ code: "INTERNAL" });
      expect(poison.message).not.toMatch(/poison|constraint|check|sql/i);
      expect(await turnsOf(good)).toEqual(upTo(30));
      expect(await turnsOf(bad)).toEqual(upTo(24));
    } finally {
      await dewey.db.rows("ALTER TABLE messages DROP CONSTRAINT no_poison");
    }
  });

  test("one of a bulk leaves nothing of it", async () => {
    const id = await begin();
    await dewey.db.rows(
      `ALTER TABLE messages ADD CONSTRAINT no_poison CHECK (content <> 'poison') NOT VALID`,
    );
    try {
      const before = await dewey.db.fingerprint();
      const messages = ["a", "poison", "b"].map((content) => ({ role: "user", content }));
      for (const target of [{ conversation_id: id }, {}]) {
        const error = await dewey.refusal("dewey_store_messages_bulk", { messages, ...target });
        expect(error.code).toBe("INTERNAL");
      }
      expect(await dewey.db.fingerprint()).toEqual(before);
    } finally {
      await dewey.db.rows("ALTER TABLE messages DROP CONSTRAINT no_poison");
    }
  });

  test("a refused one leaves no gap", async () => {
    const id = await begin();
    const taken = say(id, { turn_number: 1 });
    await dewey.call("dewey_store_message", taken);
    const outcomes = await Promise.allSettled(
      upTo(40).map((index) => dewey.call("dewey_store_message", index % 4 === 0 ? taken : say(id))),
    );
    expect(outcomes.filter(({ status }) => status === "rejected")).toHaveLength(10);
    expect(await turnsOf(id)).toEqual(upTo(31));
  });
});

describe("a caller that goes away", () => {
  test("leaves its message stored, to be found by its id, or not stored", async () => {
    const id = await begin();
    const calls = upTo(200).map((index) => ({ message_id: randomUUID(), index }));
    await Effect.forEach(
      calls,
      ({ message_id, index }) =>
        Effect.gen(function* () {
          const fiber = yield* Effect.forkChild(
            dewey.effect("dewey_store_message", say(id, { message_id })),
          );
          // Some before they reach the mailbox, some in it, some while they are written.
          for (let step = 0; step < index % 40; step++) yield* Effect.yieldNow;
          if (index % 3 !== 0) yield* Fiber.interrupt(fiber);
          yield* Fiber.await(fiber);
        }),
      { concurrency: 32, discard: true },
    ).pipe(Effect.runPromise);
    // Behind what is still being written for those who have gone.
    await dewey.call("dewey_store_message", say(id));
    const stored = await dewey.call("dewey_get_conversation", { conversation_id: id });
    const ids = new Set(stored.messages.map((message) => message.id));
    expect(stored.messages.map(({ turn }) => turn)).toEqual(upTo(ids.size));
    expect(stored.message_count).toBe(ids.size);
    const missing = calls.filter(({ message_id }) => !ids.has(message_id));
    expect(missing.filter(({ index }) => index % 3 === 0)).toEqual([]);
    for (const { message_id } of calls) {
      const again = await dewey.call("dewey_store_message", say(id, { message_id }));
      const first = stored.messages.find((message) => message.id === message_id);
      if (first !== undefined) expect(again.turn_number).toBe(first.turn);
    }
    expect(await turnsOf(id)).toEqual(upTo(calls.length + 1));
  });

  test("while its conversation is held: what was not begun is dropped", async () => {
    const id = await begin();
    const message_id = randomUUID();
    await whileHeld([holdRows([id])], async () => {
      const first = Effect.runFork(dewey.effect("dewey_store_message", say(id)));
      await untilWaiting(1);
      const second = Effect.runFork(dewey.effect("dewey_store_message", say(id, { message_id })));
      // A store into another conversation, sent later and answered: the second one has arrived.
      await dewey.call("dewey_store_message", say(await begin()));
      await Effect.runPromise(Fiber.interrupt(second));
      await Effect.runPromise(Fiber.interrupt(first));
    });
    const next = await dewey.call("dewey_store_message", say(id));
    const { messages } = await dewey.call("dewey_get_conversation", { conversation_id: id });
    expect(messages.map(({ turn }) => turn)).toEqual(upTo(next.turn_number));
    expect(messages.map((message) => message.id)).not.toContain(message_id);
    // The one that was being written may have been stored.
    expect(next.turn_number).toBeLessThanOrEqual(2);
  });

  test("frees what it took: a thousand of them leave room for the next", async () => {
    const id = await begin();
    const content = "x".repeat(500_000);
    await whileHeld([holdRows([id])], async () => {
      const fibers = upTo(1000).map(() =>
        Effect.runFork(dewey.effect("dewey_store_message", say(id, { content }))),
      );
      await untilWaiting(1);
      await Effect.runPromise(Fiber.interruptAll(fibers));
      expect((await dewey.call("dewey_store_message", say(await begin()))).turn_number).toBe(1);
    });
    const next = await dewey.call("dewey_store_message", say(id));
    const turns = await turnsOf(id);
    expect(turns).toEqual(upTo(next.turn_number));
  });
});

describe("two processes at once", () => {
  const callers: ReadonlyArray<Caller> = [dewey, other];

  test("64 writers in one conversation: 1, 2, 3, … without gap or duplicate", async () => {
    const id = await begin();
    const writer = (index: number) =>
      Effect.forEach(upTo(16), () =>
        (callers[index % 2] ?? dewey).effect("dewey_store_message", say(id)),
      );
    const answers = await Effect.runPromise(
      Effect.forEach(upTo(64), writer, { concurrency: "unbounded" }),
    );
    const given = answers.flat().map(({ turn_number }) => turn_number);
    expect(given.toSorted((a, b) => a - b)).toEqual(upTo(1024));
    for (const own of answers) {
      const turns = own.map(({ turn_number }) => turn_number);
      expect(turns).toEqual(turns.toSorted((a, b) => a - b));
    }
    expect(await turnsOf(id)).toEqual(upTo(1024));
    const { message_count } = await dewey.call("dewey_get_conversation", {
      conversation_id: id,
      limit: 1,
    });
    expect(message_count).toBe(1024);
  });

  test("64 writers in one conversation go on while eight others are held", async () => {
    const [busy = "", ...held] = await beginMany(9);
    const waiting = await whileHeld([holdRows(held)], async () => {
      const stores = held.flatMap((id) =>
        callers.map((caller) => caller.call("dewey_store_message", say(id))),
      );
      await untilWaiting(2);
      const writer = (index: number) =>
        Effect.forEach(upTo(8), () =>
          (callers[index % 2] ?? dewey).effect("dewey_store_message", say(busy)),
        );
      await Effect.runPromise(Effect.forEach(upTo(64), writer, { concurrency: "unbounded" }));
      expect(await turnsOf(busy)).toEqual(upTo(512));
      return stores;
    });
    const turns = (await Promise.all(waiting)).map(({ turn_number }) => turn_number);
    expect(turns.toSorted((a, b) => a - b)).toEqual(upTo(16).map((index) => Math.ceil(index / 8)));
  });

  test("many conversations, singles and bulks in every order, without a deadlock", async () => {
    const ids = await beginMany(8);
    const stored = new Map(ids.map((id) => [id, 0]));
    await Effect.forEach(
      upTo(400),
      (index) => {
        const id = ids[(index * 7) % ids.length] ?? "";
        const caller = callers[index % 2] ?? dewey;
        const size = index % 5 === 0 ? 10 : 1;
        stored.set(id, (stored.get(id) ?? 0) + size);
        return size === 1
          ? Effect.asVoid(caller.effect("dewey_store_message", say(id)))
          : Effect.asVoid(
              caller.effect("dewey_store_messages_bulk", {
                conversation_id: id,
                messages: upTo(size).map(() => ({ role: "tool", content: "text" })),
              }),
            );
      },
      { concurrency: 64, discard: true },
    ).pipe(Effect.runPromise);
    for (const [id, count] of stored) expect(await turnsOf(id)).toEqual(upTo(count));
  });

  test("a bulk takes turns that follow each other", async () => {
    const id = await begin();
    const bulk = (caller: Caller) =>
      caller.call("dewey_store_messages_bulk", {
        conversation_id: id,
        messages: upTo(20).map(() => ({ role: "user", content: "text" })),
      });
    const bulks = await Promise.all(upTo(20).map((index) => bulk(callers[index % 2] ?? dewey)));
    const { messages } = await dewey.call("dewey_get_conversation", { conversation_id: id });
    const turnOf = new Map(messages.map((message) => [message.id, message.turn]));
    for (const { message_ids } of bulks) {
      const turns = message_ids.map((each) => turnOf.get(each) ?? 0);
      expect(turns).toEqual(upTo(20).map((index) => (turns[0] ?? 0) + index - 1));
    }
    expect(messages.map(({ turn }) => turn)).toEqual(upTo(400));
  });

  test("the same message_id many times at once is stored once, and answered alike", async () => {
    const id = await begin();
    const message_id = randomUUID();
    const answers = await Promise.all(
      upTo(64).map((index) =>
        (callers[index % 2] ?? dewey).call("dewey_store_message", say(id, { message_id })),
      ),
    );
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(await turnsOf(id)).toEqual([1]);
  });

  test("one turn_number asked for many times at once has one winner", async () => {
    const id = await begin();
    const outcomes = await Promise.allSettled(
      upTo(32).map((index) =>
        (callers[index % 2] ?? dewey).call("dewey_store_message", say(id, { turn_number: 5 })),
      ),
    );
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await turnsOf(id)).toEqual([5]);
    expect((await other.call("dewey_store_message", say(id))).turn_number).toBe(6);
  });

  test("a conversation erased while they write: each is stored or refused, and nothing is left", async () => {
    const id = await begin();
    const stores = upTo(200).map((index) => {
      // So far apart that no automatic turn above one of them reaches the next.
      const more = index % 3 === 0 ? { turn_number: 1000 * index } : {};
      return (callers[index % 2] ?? dewey).attempt("dewey_store_message", say(id, more));
    });
    const erased = await other.call("dewey_delete_conversation", {
      conversation_id: id,
      force: true,
    });
    const outcomes = await Promise.all(stores);
    const refused = outcomes.filter((outcome) => typeof outcome === "string");
    expect(new Set([...refused, "NOT_FOUND"])).toEqual(new Set(["NOT_FOUND"]));
    expect(outcomes.length - refused.length).toBe(erased.messages_deleted);
    const [left] = await dewey.db.rows(
      `SELECT count(*)::int AS count FROM messages WHERE conversation_id = '${id}'`,
    );
    expect(left).toEqual({ count: 0 });
  });

  test("a conversation deleted while they write: each is stored or refused, none lost", async () => {
    const id = await begin();
    const stores = upTo(200).map((index) =>
      (callers[index % 2] ?? dewey).call("dewey_store_message", say(id)).then(
        () => "stored" as const,
        (error: unknown) => error,
      ),
    );
    const { messages_deleted } = await other.call("dewey_delete_conversation", {
      conversation_id: id,
    });
    const outcomes = await Promise.all(stores);
    const stored = outcomes.filter((outcome) => outcome === "stored").length;
    expect(stored).toBe(messages_deleted);
    for (const outcome of outcomes) {
      if (outcome !== "stored") expect(outcome).toMatchObject({ code: "NOT_FOUND" });
    }
    const restored = await dewey.call("dewey_restore_conversation", { conversation_id: id });
    expect(restored.message_count).toBe(stored);
    expect(await turnsOf(id)).toEqual(upTo(stored));
  });
});
