// What callers see when something is wrong behind the tools: faults, a database that is away, one
// that takes too long. And that all of it passes without a restart.
import { afterAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { Effect, Fiber, Schedule } from "effect";
import type { ErrorBody } from "../../src/domain/ErrorBody.ts";
import type { ToolName, ToolSuccess } from "../../src/rpc/DeweyTools.ts";
import { makeSandbox } from "../sql/embedded/sandbox.ts";
import { openRelay } from "../support/relay.ts";
import { migrateAt, openProcess, openTools, type Process } from "../support/tools.ts";

const dewey = await openTools();
const hasty = await openProcess(dewey.db.address, {
  limits: { queryTimeoutMs: 1500, maxConnections: 40 },
});
afterAll(async () => {
  await hasty.close();
  await dewey.close();
});

const { conversation_id } = await dewey.call("dewey_begin_conversation", { session_id: "s" });
const message = { conversation_id, role: "user", content: "text" };
await dewey.call("dewey_store_message", message);
await dewey.call("dewey_set_startup_context", { name: "n", content: "text" });
await dewey.call("write_context", { key: "k", content: "text" });

/** A call of every tool that reaches the database, and the table that it cannot do without. */
const calls: ReadonlyArray<readonly [ToolName, object, string]> = [
  ["dewey_begin_conversation", {}, "conversations"],
  ["dewey_store_message", message, "messages"],
  ["dewey_store_message", { ...message, turn_number: 1000 }, "messages"],
  ["dewey_store_message", { ...message, message_id: randomUUID() }, "conversations"],
  ["dewey_store_messages_bulk", { messages: [{ role: "user", content: "text" }] }, "messages"],
  [
    "dewey_store_messages_bulk",
    { conversation_id, messages: [{ role: "user", content: "text" }] },
    "messages",
  ],
  ["dewey_get_conversation", { conversation_id }, "messages"],
  ["dewey_list_conversations", {}, "conversations"],
  ["dewey_delete_conversation", { conversation_id: randomUUID() }, "conversations"],
  ["dewey_delete_conversation", { conversation_id: randomUUID(), force: true }, "conversations"],
  ["dewey_restore_conversation", { conversation_id }, "conversations"],
  ["dewey_search", { query: "text" }, "messages"],
  ["dewey_search", { query: "text", session_id: "s" }, "conversations"],
  ["dewey_get_startup_context", {}, "startup_contexts"],
  ["dewey_set_startup_context", { name: "n", content: "text" }, "startup_contexts"],
  ["dewey_list_startup_contexts", {}, "startup_contexts"],
  ["dewey_list_startup_contexts", { include_content: true }, "startup_contexts"],
  ["dewey_delete_startup_context", { name: "other" }, "startup_contexts"],
  ["write_context", { key: "k", content: "text" }, "context_history"],
  ["write_context", { key: "k", content: "text", if_version: 1 }, "shared_context"],
  ["read_context", { key: "k" }, "shared_context"],
  ["read_context", { key: "k", version: 1 }, "context_history"],
  ["list_context", {}, "shared_context"],
  ["delete_context", { key: "other" }, "shared_context"],
  ["delete_context", { key: "other", erase: true }, "shared_context"],
  ["context_history", { key: "k" }, "context_history"],
  ["dewey_list_tool_calls", {}, "tool_calls"],
  ["dewey_get_tool_call", { id: randomUUID() }, "tool_calls"],
];

/** What no caller may read: statements, names of the schema, the driver, places in the code. */
const inner =
  /select|insert|update |relation|constraint|column|syntax|postgres|\bpg|sqlstate|sql|effect|driver|ECONN|socket|\.ts\b|\/|at line|stack/i;

const works = async (process: Process) => {
  const stored = await process.call("dewey_store_message", message);
  expect(stored.turn_number).toBeGreaterThan(1);
  const found = await process.call("dewey_search", { query: "text", conversation_id, limit: 1 });
  expect(found.results).toHaveLength(1);
};

/** Waits until a process knows that the database is there, or that it is not. */
const untilReachable = (process: Process, wanted: boolean) =>
  Effect.runPromise(
    Effect.repeat(Effect.delay(process.database.reachable, "5 millis"), {
      until: (reachable) => reachable === wanted,
    }),
  );

/** Runs `work` while a table is not there. */
const whileGone = async <A>(table: string, work: () => Promise<A>): Promise<A> => {
  await dewey.db.rows(`ALTER TABLE ${table} RENAME TO gone`);
  try {
    return await work();
  } finally {
    await dewey.db.rows(`ALTER TABLE gone RENAME TO ${table}`);
  }
};

describe("a fault is INTERNAL, with an id that the log has too", () => {
  test.each(calls)("%s %j", async (tool, input, table) => {
    const error = await whileGone(table, () => dewey.refusal(tool, input));
    expect(error).toMatchObject({ code: "INTERNAL", retryable: false });
    const { error_id = "" } = error.details ?? {};
    expect(error_id).toMatch(/^[0-9a-f-]{36}$/);
    expect(error.message).toContain(error_id);
    expect(error.message).not.toMatch(inner);
    expect(Object.keys(error.details ?? {})).toEqual(["error_id"]);
    const [line, ...more] = dewey.logs.filter((each) => each.includes(error_id));
    expect(more).toEqual([]);
    expect(line).toContain(tool);
    expect(line).toContain(table);
    await works(dewey);
  });
});

describe("a database that takes too long is TIMEOUT", () => {
  test("for every tool, and nothing was changed", async () => {
    const tables = [...new Set(calls.map(([, , table]) => table))];
    const before = await dewey.db.fingerprint();
    await dewey.db.whileHeld(
      tables.map((table) => `LOCK TABLE ${table}`),
      async () => {
        const errors = await Promise.all(calls.map(([tool, input]) => hasty.refusal(tool, input)));
        for (const error of errors) {
          expect(error).toMatchObject({ code: "TIMEOUT", retryable: true });
          expect(error.details?.retry_after_ms).toBeGreaterThan(0);
          expect(error.message).not.toMatch(inner);
        }
      },
    );
    expect(await dewey.db.fingerprint()).toEqual(before);
    await works(hasty);
  });

  test("one row that others hold delays nobody who wants another", async () => {
    const caller = dewey.as({ space: "rows" });
    const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);
    const write = (key: string) => caller.call("write_context", { key, content: "text" });
    const set = (space: string) =>
      dewey.as({ space }).call("dewey_set_startup_context", { name: "n", content: "text" });
    const { conversation_id: held } = await caller.call("dewey_begin_conversation", {});
    await write("held");
    await set("rows");
    const pending = await dewey.db.whileHeld(
      [
        "SELECT FROM shared_context WHERE key = 'held' FOR UPDATE",
        "SELECT FROM startup_contexts WHERE space = 'rows' FOR UPDATE",
        `SELECT FROM conversations WHERE id = '${held}' FOR UPDATE`,
      ],
      async () => {
        const waiting = [
          ...upTo(20).map(() => write("held")),
          ...upTo(20).map(() => set("rows")),
          ...upTo(20).map(() =>
            caller.attempt("dewey_delete_conversation", { conversation_id: held }),
          ),
        ];
        await dewey.db.untilWaiting(3);
        expect(await write("free")).toMatchObject({ version: 1 });
        expect(await set("other rows")).toMatchObject({ is_active: true });
        expect(await caller.call("read_context", { key: "held" })).toMatchObject({ version: 1 });
        await works(dewey);
        return waiting;
      },
    );
    await Promise.all<unknown>(pending);
    expect(await caller.call("read_context", { key: "held" })).toMatchObject({ version: 21 });
  });

  test("a call that finds no free connection in time is UNAVAILABLE", async () => {
    const narrow = await openProcess(dewey.db.address, {
      limits: { maxConnections: 1, acquireTimeoutMs: 100 },
    });
    try {
      await dewey.db.whileHeld(["LOCK TABLE startup_contexts"], async (letGo) => {
        const waiting = narrow.call("dewey_get_startup_context", {});
        const error = await narrow.refusal("dewey_list_conversations", {});
        expect(error).toMatchObject({ code: "UNAVAILABLE", retryable: true });
        expect(error.message).not.toMatch(inner);
        await letGo();
        expect(await waiting).toMatchObject({ name: "n" });
      });
      await works(narrow);
    } finally {
      await narrow.close();
    }
  });
});

test("callers that go away in the middle leave no session, lock or half a change behind", async () => {
  const leaving = calls.flatMap(([tool, input]) =>
    Array.from({ length: 12 }, (_, steps) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(dewey.effect(tool, input));
        for (let step = 0; step < steps * 4; step++) yield* Effect.yieldNow;
        yield* Fiber.interrupt(fiber);
      }),
    ),
  );
  await Effect.runPromise(Effect.all(leaving, { concurrency: 24, discard: true }));
  // As many at once as there are connections: each of them has to be sound.
  await Promise.all(Array.from({ length: 30 }, () => works(dewey)));
  const [row] = await dewey.db.rows(
    `SELECT count(*)::int AS count FROM pg_stat_activity
     WHERE datname = current_database() AND state LIKE 'idle in transaction%'`,
  );
  expect(row).toEqual({ count: 0 });
  const [counts] = await dewey.db.rows(
    `SELECT count(*)::int AS wrong FROM conversations c WHERE
       message_count <> (SELECT count(*) FROM messages m WHERE m.conversation_id = c.id)
       OR last_turn <> (SELECT coalesce(max(turn_number), 0) FROM messages m WHERE m.conversation_id = c.id)`,
  );
  expect(counts).toEqual({ wrong: 0 });
  const [history] = await dewey.db.rows(
    `SELECT count(*)::int AS wrong FROM shared_context s WHERE version <>
       (SELECT max(version) FROM context_history h WHERE h.space = s.space AND h.key = s.key)`,
  );
  expect(history).toEqual({ wrong: 0 });
});

describe("a database that is away is UNAVAILABLE, and comes back by itself", () => {
  const throughRelay = (port: number) =>
    openProcess({ ...dewey.db.address, host: "127.0.0.1", port });

  test("for every tool, at once", async () => {
    await using relay = await openRelay();
    const process = await throughRelay(relay.port);
    try {
      const before = await dewey.db.fingerprint();
      await relay.cut();
      for (const [tool, input] of calls) {
        const error = await process.refusal(tool, input);
        expect(error).toMatchObject({ code: "UNAVAILABLE", retryable: true });
        expect(error.details?.retry_after_ms).toBeGreaterThan(0);
        expect(error.message).not.toMatch(inner);
      }
      const started = performance.now();
      await Promise.all(calls.map(([tool, input]) => process.refusal(tool, input)));
      // Neither for a place nor for a connection, which may take five seconds each.
      expect(performance.now() - started).toBeLessThan(2500);
      expect(await dewey.db.fingerprint()).toEqual(before);
      await relay.restore();
      await untilReachable(process, true);
      await works(process);
    } finally {
      await process.close();
    }
  });

  test("a call in flight is refused, and may be repeated with its id", async () => {
    await using relay = await openRelay();
    const process = await throughRelay(relay.port);
    const own = { ...message, message_id: randomUUID() };
    try {
      await dewey.db.whileHeld(["LOCK TABLE messages"], async () => {
        const reads = Array.from({ length: 9 }, () =>
          process.refusal("dewey_get_conversation", { conversation_id: message.conversation_id }),
        );
        const pending = process.refusal("dewey_store_message", own);
        await dewey.db.untilWaiting(10);
        await relay.cut();
        for (const read of await Promise.all(reads)) expect(read.code).toBe("UNAVAILABLE");
        const error = await pending;
        expect(error).toMatchObject({ code: "UNAVAILABLE", retryable: true });
        expect(error.message).toContain("message_id");
        expect(error.message).not.toMatch(inner);
      });
      await untilReachable(process, false);
      await relay.restore();
      await untilReachable(process, true);
      // From here on no call is refused for what has passed.
      await Promise.all(Array.from({ length: 20 }, () => works(process)));
      const first = await process.call("dewey_store_message", own);
      expect(await process.call("dewey_store_message", own)).toEqual(first);
      const [row] = await dewey.db.rows(
        `SELECT count(*)::int AS count FROM messages WHERE id = '${own.message_id}'`,
      );
      expect(row).toEqual({ count: 1 });
      await works(process);
    } finally {
      await process.close();
    }
  });

  test("Postgres is killed under load: what was acknowledged is there, once", async () => {
    await using box = await makeSandbox();
    const [, location] = await box.serve();
    const address = { ...location, tls: false } as const;
    await migrateAt(address);
    const process = await openProcess(address);
    const acknowledged = new Map<string, number>();
    const refusals: Array<ErrorBody["code"]> = [];
    try {
      const begun = await process.call("dewey_begin_conversation", {});
      const killed = Promise.withResolvers<void>();
      const store = Effect.fnUntraced(function* (index: number) {
        const message_id = randomUUID();
        const input = {
          conversation_id: begun.conversation_id,
          role: "user",
          content: `text ${index}`,
          message_id,
        };
        const stored = yield* process.effect("dewey_store_message", input).pipe(
          Effect.tapError((error) => Effect.sync(() => void refusals.push(error.code))),
          Effect.retry({
            while: ({ retryable }) => retryable,
            schedule: Schedule.spaced("20 millis"),
          }),
        );
        acknowledged.set(message_id, stored.turn_number);
        if (acknowledged.size === 100) {
          const pids = yield* Effect.promise(box.postmasters);
          for (const pid of pids) globalThis.process.kill(pid, "SIGKILL");
          killed.resolve();
        }
      });
      await Effect.runPromise(
        Effect.forEach(
          Array.from({ length: 1500 }, (_, index) => index),
          store,
          {
            concurrency: 32,
            discard: true,
          },
        ),
      );
      await killed.promise;
      expect(refusals.length).toBeGreaterThan(0);
      expect(new Set(refusals)).toEqual(new Set(["UNAVAILABLE"]));
      const stored = new Map<string, number>();
      for (let after: number | null = 0; after !== null; ) {
        const page: ToolSuccess<"dewey_get_conversation"> = await process.call(
          "dewey_get_conversation",
          { conversation_id: begun.conversation_id, after_turn: after },
        );
        for (const { id, turn } of page.messages) stored.set(id, turn);
        after = page.next_after_turn;
      }
      expect(stored).toEqual(new Map([...acknowledged].sort(([, a], [, b]) => a - b)));
      expect([...stored.values()]).toEqual(Array.from({ length: 1500 }, (_, index) => index + 1));
    } finally {
      await process.close();
    }
  });
});
