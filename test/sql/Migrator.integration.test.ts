// The migrator over records of the tests' own: transactions, order, many at once, and what stops it.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Cause, Effect, Exit, Layer, Logger } from "effect";
import { SqlClient } from "effect/unstable/sql";
import { migrations } from "../../migrations/all.ts";
import { Database } from "../../src/sql/Database.ts";
import { type Migrations, migrate } from "../../src/sql/Migrator.ts";
import { addressOf, type PostgresServer, startPostgres } from "../support/postgresServer.ts";

const limits = {
  minConnections: 0,
  maxConnections: 4,
  acquireTimeoutMs: 5000,
  queryTimeoutMs: 400,
};

const statement = (text: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient;
    yield* sql.unsafe(text);
  });

const twoTables: Migrations = {
  "0002_second": statement("CREATE TABLE second (n int)"),
  "0001_first": statement("CREATE TABLE first (n int)"),
};

let server: PostgresServer;
let databases = 0;
beforeAll(async () => {
  server = await startPostgres();
}, 30_000);
afterAll(() => server[Symbol.asyncDispose]());

const freshDatabase = async (): Promise<string> => {
  const name = `migrated_${++databases}`;
  await server.query(`CREATE DATABASE ${name} OWNER dewey`);
  return name;
};

/** Migrates as one process does; the number of steps, or the sentence of the refusal. */
const run = async (database: string, record: Migrations): Promise<number | string> => {
  const pool = Database.layer({ ...addressOf(server), database }, limits);
  const exit = await migrate(record).pipe(
    Effect.provide(Layer.provideMerge(pool, Logger.layer([]))),
    Effect.runPromiseExit,
  );
  if (Exit.isSuccess(exit)) return exit.value;
  const error = Cause.squash(exit.cause);
  return error instanceof Error ? error.message : String(error);
};

const tables = async (database: string): Promise<ReadonlyArray<unknown>> => {
  const rows = await server.query(
    "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1",
    database,
  );
  return rows.flat();
};

const applied = async (database: string): Promise<ReadonlyArray<unknown>> =>
  server.query("SELECT number, name FROM dewey_migrations ORDER BY number", database);

describe("migrate", () => {
  test("applies what is missing in the order of the numbers, and nothing twice", async () => {
    const database = await freshDatabase();
    expect(await run(database, twoTables)).toBe(2);
    expect(await run(database, twoTables)).toBe(0);
    const more = { ...twoTables, "0003_third": statement("CREATE TABLE third (n int)") };
    expect(await run(database, more)).toBe(1);
    expect(await applied(database)).toEqual([
      [1, "first"],
      [2, "second"],
      [3, "third"],
    ]);
  });

  test("undoes a step that fails, keeps those before it, and goes on there the next time", async () => {
    const database = await freshDatabase();
    const broken = {
      ...twoTables,
      "0003_third": Effect.andThen(
        statement("CREATE TABLE third (n int)"),
        statement("INSERT INTO nowhere VALUES (1)"),
      ),
      "0004_fourth": statement("CREATE TABLE fourth (n int)"),
    };
    expect(await run(database, broken)).toBe(
      'Migration 3 (third) failed: relation "nowhere" does not exist.',
    );
    expect(await tables(database)).toEqual(["dewey_migrations", "first", "second"]);
    const mended = { ...broken, "0003_third": statement("CREATE TABLE third (n int)") };
    expect(await run(database, mended)).toBe(2);
    expect(await applied(database)).toHaveLength(4);
  });

  test("refuses a schema that is newer than the program, and changes nothing", async () => {
    const database = await freshDatabase();
    await run(database, twoTables);
    const { "0001_first": first } = twoTables;
    if (first === undefined) throw new Error("It is there.");
    expect(await run(database, { "0001_first": first })).toContain(
      "at migration 2, and this Dewey knows only up to 1",
    );
    expect(await applied(database)).toHaveLength(2);
  });

  test("is done once by many at once, those that wait longer than a statement may take too", async () => {
    const database = await freshDatabase();
    const slow = {
      ...twoTables,
      "0003_slow": statement("SELECT pg_sleep(1)"),
    };
    const counts = await Promise.all(Array.from({ length: 8 }, () => run(database, slow)));
    expect(counts.reduce<number>((sum, count) => sum + Number(count), 0)).toBe(3);
    expect(await applied(database)).toHaveLength(3);
  }, 20_000);

  test("waits for a server that goes away in the middle of it", async () => {
    const database = await freshDatabase();
    let attempts = 0;
    const interrupted = {
      ...twoTables,
      "0003_third": Effect.suspend(() => {
        attempts += 1;
        return attempts === 1
          ? statement("SELECT pg_terminate_backend(pg_backend_pid())")
          : statement("CREATE TABLE third (n int)");
      }),
    };
    expect(await run(database, interrupted)).toBe(3);
    expect(attempts).toBe(2);
    expect(await applied(database)).toHaveLength(3);
  }, 20_000);

  test("needs no right to create anything where there is nothing to do", async () => {
    const database = await freshDatabase();
    await run(database, twoTables);
    await server.query("REVOKE CREATE ON SCHEMA public FROM PUBLIC", database);
    await server.query("ALTER SCHEMA public OWNER TO keeper", database);
    await server.query(`ALTER DATABASE ${database} OWNER TO keeper`);
    expect(await run(database, twoTables)).toBe(0);
    const more = { ...twoTables, "0003_third": statement("CREATE TABLE third (n int)") };
    expect(await run(database, more)).toMatch(/permission denied for schema public.*GRANT CREATE/);
  });
});

test("the record's names are numbers without gaps, and words", () => {
  const names = Object.keys(migrations).toSorted();
  expect(names.map((name) => Number(/^(\d{4})_[a-z][a-z0-9_]*$/.exec(name)?.[1]))).toEqual(
    names.map((_, index) => index + 1),
  );
});
