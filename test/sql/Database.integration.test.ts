// The pool's rules below the tools: what becomes of the driver's errors, and what may be said of them.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Cause, Effect, Exit, Fiber, Layer, Logger, ManagedRuntime } from "effect";
import { SqlClient, type SqlError } from "effect/unstable/sql";
import { Database } from "../../src/sql/Database.ts";
import { unusable } from "../../src/sql/server.ts";
import { holdTable } from "../support/heldTable.ts";
import { addressOf, type PostgresServer, startPostgres } from "../support/postgresServer.ts";

const limits = {
  minConnections: 0,
  maxConnections: 2,
  acquireTimeoutMs: 20_000,
  queryTimeoutMs: 20_000,
};

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
  await server.query("CREATE TABLE notes (id int PRIMARY KEY, content text CHECK (content <> ''))");
  await server.query("ALTER TABLE notes OWNER TO dewey");
}, 30_000);
afterAll(() => server[Symbol.asyncDispose]());

const open = (some: Partial<typeof limits> = {}, at = server) => {
  const logs: Array<string> = [];
  const logger = Logger.map(Logger.formatJson, (line) => void logs.push(line));
  const runtime = ManagedRuntime.make(
    Layer.provideMerge(
      Database.layer(addressOf(at), { ...limits, ...some }),
      Logger.layer([logger]),
    ),
  );
  return { runtime, logs, [Symbol.asyncDispose]: () => runtime.dispose() };
};

type Opened = ReturnType<typeof open>;

const statement = (text: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient;
    return yield* sql.unsafe(text);
  });

const run = <A>(
  { runtime }: Opened,
  work: Effect.Effect<A, SqlError.SqlError, SqlClient.SqlClient>,
  how: "run" | "transaction" = "run",
) =>
  runtime.runPromiseExit(
    Effect.gen(function* () {
      const database = yield* Database;
      return yield* database[how](work);
    }),
  );

/** The tag of the error that a caller gets; what a defect says. */
const outcome = <A, E>(exit: Exit.Exit<A, E>): string => {
  if (Exit.isSuccess(exit)) return "fine";
  const [reason] = exit.cause.reasons;
  if (reason !== undefined && Cause.isDieReason(reason)) return `defect: ${String(reason.defect)}`;
  const error: unknown = Cause.squash(exit.cause);
  return error instanceof Error ? error.name : "?";
};

describe("a failure of the driver becomes", () => {
  test("TIMEOUT where a statement takes too long, and the connection is free again", async () => {
    await using database = open({ queryTimeoutMs: 600 });
    expect(outcome(await run(database, statement("SELECT pg_sleep(5)")))).toBe("TimedOut");
    expect(outcome(await run(database, statement("SELECT 1")))).toBe("fine");
  });

  test("TIMEOUT for the loser of a deadlock and of a serialization", async () => {
    await using database = open();
    for (const state of ["40P01", "40001"]) {
      const raise = `DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '${state}'; END $$`;
      expect(outcome(await run(database, statement(raise)))).toBe("TimedOut");
    }
  });

  test("UNAVAILABLE where the server has trouble of its own", async () => {
    await using database = open();
    for (const state of ["53100", "53200", "25006", "57P01", "58030", "XX000"]) {
      const raise = `DO $$ BEGIN RAISE EXCEPTION 'trouble' USING ERRCODE = '${state}'; END $$`;
      expect([state, outcome(await run(database, statement(raise)))]).toEqual([
        state,
        "Unavailable",
      ]);
    }
  });

  test("a defect where the statement is at fault, which says where and quotes no data", async () => {
    await using database = open();
    const secret = "what somebody said";
    const cases = [
      [`INSERT INTO notes VALUES (7, '${secret}'), (7, '${secret}')`, "constraint notes_pkey"],
      [`INSERT INTO notes VALUES (NULL, '${secret}')`, "column id"],
      [`INSERT INTO notes SELECT 8, left('${secret}', 0)`, "constraint notes_content_check"],
      [`SELECT '${secret}'::int`, "22P02"],
      [`SELECT '${secret}'::json`, "22P02"],
      ["SELECT nothing FROM notes", "42703"],
    ] as const;
    for (const [text, expected] of cases) {
      const exit = await run(database, statement(text));
      expect(outcome(exit)).toContain("defect");
      const logged = Exit.isFailure(exit) ? Bun.inspect(exit.cause) + Cause.pretty(exit.cause) : "";
      expect(logged).toContain(expected);
      expect(logged).not.toContain(secret);
    }
  });
});

describe("a transaction", () => {
  test("takes effect as a whole or not at all", async () => {
    await using database = open();
    const half = Effect.andThen(
      statement("INSERT INTO notes VALUES (100, 'x')"),
      statement("SELECT 1 / 0"),
    );
    expect(outcome(await run(database, half, "transaction"))).toContain("defect");
    expect(await server.query("SELECT 1 FROM notes WHERE id = 100")).toEqual([]);
    const whole = Effect.andThen(
      statement("INSERT INTO notes VALUES (101, 'x')"),
      statement("INSERT INTO notes VALUES (102, 'y')"),
    );
    expect(outcome(await run(database, whole, "transaction"))).toBe("fine");
    expect(await server.query("SELECT id FROM notes WHERE id > 100")).toEqual([[101], [102]]);
  });
});

describe("an interrupted call", () => {
  test("cancels its statement in the server and gives back its place", async () => {
    await using database = open();
    await using held = await holdTable(server, "notes");
    const work = Effect.gen(function* () {
      const pool = yield* Database;
      return yield* pool.run(statement("SELECT * FROM notes"));
    });
    const fibers = [1, 2].map(() => database.runtime.runFork(work));
    await held.awaitedBy(2);
    await Effect.runPromise(Fiber.interruptAll(fibers));
    await held.awaitedBy(0);
    expect(outcome(await run(database, statement("SELECT 1")))).toBe("fine");
  });

  test("that still waits for a place leaves the queue", async () => {
    await using database = open();
    await using held = await holdTable(server, "notes");
    const work = Effect.gen(function* () {
      const pool = yield* Database;
      return yield* pool.run(statement("SELECT * FROM notes"));
    });
    const busy = [1, 2].map(() => database.runtime.runFork(work));
    await held.awaitedBy(2);
    const waiting = database.runtime.runFork(work);
    await Effect.runPromise(Fiber.interrupt(waiting));
    await held.release();
    const exits = await Effect.runPromise(Effect.all(busy.map((fiber) => Fiber.await(fiber))));
    expect(exits.map(outcome)).toEqual(["fine", "fine"]);
    expect(outcome(await run(database, statement("SELECT 1")))).toBe("fine");
  });
});

describe("a pool without a free connection", () => {
  test("refuses after the time to wait, with one line in the log however many were refused", async () => {
    await using database = open({ acquireTimeoutMs: 400 });
    await using held = await holdTable(server, "notes");
    const busy = [1, 2].map(() => run(database, statement("SELECT * FROM notes")));
    await held.awaitedBy(2);
    const refused = await Promise.all(
      Array.from({ length: 20 }, () => run(database, statement("SELECT 1"))),
    );
    expect(new Set(refused.map(outcome))).toEqual(new Set(["Unavailable"]));
    expect(database.logs.filter((line) => line.includes("are busy"))).toHaveLength(1);
    await held.release();
    await Promise.all(busy);
    expect(outcome(await run(database, statement("SELECT 1")))).toBe("fine");
  });

  test("never has more connections than its limit", async () => {
    await using database = open();
    await Promise.all(
      Array.from({ length: 30 }, () => run(database, statement("SELECT pg_sleep(0.01)"))),
    );
    const sessions = await server.query(
      "SELECT count(*)::int FROM pg_stat_activity WHERE application_name = 'dewey' AND query LIKE '%pg_sleep(0.01)%' AND pid <> pg_backend_pid()",
    );
    expect(Number(sessions[0]?.[0])).toBeLessThanOrEqual(2);
  });
});

test("a server without room for one more connection refuses that one, and serves the others", async () => {
  await using small = await startPostgres({
    settings: { max_connections: "6", superuser_reserved_connections: "2" },
  });
  await small.query("CREATE TABLE notes ()");
  await small.query("ALTER TABLE notes OWNER TO dewey");
  await using database = open({ maxConnections: 3 }, small);
  expect(outcome(await run(database, statement("SELECT 1")))).toBe("fine");
  // Three others and the pool's one, which has to wait for them: no ordinary role gets a fifth.
  const others = await Promise.all([1, 2, 3].map(() => holdTable(small, "notes", "ACCESS SHARE")));
  const waiting = run(database, statement("LOCK TABLE notes"), "transaction");
  await others[0]?.awaitedBy(1);
  expect(outcome(await run(database, statement("SELECT 1")))).toBe("Unavailable");
  for (const other of others) await other.release();
  expect(outcome(await waiting)).toBe("fine");
  expect(outcome(await run(database, statement("SELECT 1")))).toBe("fine");
  const { reachable } = await database.runtime.runPromise(Database);
  expect(await database.runtime.runPromise(reachable)).toBe(true);
  expect(database.logs.join()).not.toContain("away");
}, 30_000);

test("an older server, and one of another encoding, are refused with what is needed", () => {
  expect(unusable({ version: 150_004, encoding: "UTF8" })).toBeUndefined();
  expect(unusable({ version: 149_999, encoding: "UTF8" })).toBe(
    "The database server is Postgres 14; Dewey needs 15 or newer.",
  );
  expect(unusable({ version: 180_000, encoding: "LATIN1" })).toContain("encoding is LATIN1");
});
