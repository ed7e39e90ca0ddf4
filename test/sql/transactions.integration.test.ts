// What becomes of a transaction whose connection breaks, or on whose way everything is silently dropped.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createConnection } from "node:net";
import { Cause, Effect, Exit, Layer, Logger, ManagedRuntime } from "effect";
import { SqlClient } from "effect/unstable/sql";
import { TimedOut, Unavailable } from "../../src/domain/Errors.ts";
import { Database } from "../../src/sql/Database.ts";
import { addressOf, type PostgresServer, startPostgres } from "../support/postgresServer.ts";
import { openRelayTo } from "../support/relay.ts";

const limits = {
  minConnections: 0,
  maxConnections: 1,
  acquireTimeoutMs: 500,
  queryTimeoutMs: 500,
};

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
  await server.query("CREATE TABLE notes (id int PRIMARY KEY)");
  await server.query("ALTER TABLE notes OWNER TO dewey");
}, 30_000);
afterAll(() => server[Symbol.asyncDispose]());

/** A pool of one connection, whose way leads through a relay. */
const open = async () => {
  const relay = await openRelayTo(() => createConnection(server.port, "127.0.0.1"));
  const runtime = ManagedRuntime.make(
    Layer.provideMerge(
      Database.layer({ ...addressOf(server), port: relay.port }, limits),
      Logger.layer([]),
    ),
  );
  const database = await runtime.runPromise(Database);
  return {
    relay,
    transaction: <A, E>(work: Effect.Effect<A, E, SqlClient.SqlClient>) =>
      runtime.runPromiseExit(database.transaction(work)),
    /** Asks until there is a connection again, and says for how long there was none. */
    untilServed: async () => {
      const started = performance.now();
      const ask = database.run(Effect.flatMap(SqlClient.SqlClient, (sql) => sql`SELECT 1`));
      await runtime.runPromise(Effect.eventually(ask));
      return performance.now() - started;
    },
    [Symbol.asyncDispose]: async () => {
      await runtime.dispose();
      await relay[Symbol.asyncDispose]();
    },
  };
};

const insert = (id: number) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) => sql`INSERT INTO notes VALUES (${id})`);

const rows = (id: number) => server.query(`SELECT id FROM notes WHERE id = ${id}`);

const failure = <A, E>(exit: Exit.Exit<A, E>) =>
  Exit.isFailure(exit) ? Cause.squash(exit.cause) : "no failure";

/** What happens then, and what a caller is told of it where the connection breaks. */
const cases = [
  ["the end of the work", 1, Effect.void, "UNAVAILABLE"],
  ["its failure", 2, Effect.fail("refused"), "refused"],
] as const;

describe("where nothing passes any more", () => {
  test.concurrent.each(cases)(
    "from before %s on, the call is answered and the connection replaced",
    async (_name, id, end) => {
      await using pool = await open();
      const started = performance.now();
      const exit = await pool.transaction(
        Effect.gen(function* () {
          yield* insert(id);
          pool.relay.swallow();
          yield* end;
        }),
      );
      expect(failure(exit)).toBeInstanceOf(TimedOut);
      expect(performance.now() - started).toBeLessThan(5000);
      // The driver waits five seconds for an answer to what it cancels, and the session that is left counts as one.
      expect(await pool.untilServed()).toBeLessThan(9000);
      expect(await rows(id)).toEqual([]);
    },
    20_000,
  );
});

describe("where the connection breaks", () => {
  test.each(cases)("before %s, the call may be repeated", async (_name, id, end, said) => {
    await using pool = await open();
    const exit = await pool.transaction(
      Effect.gen(function* () {
        yield* insert(id);
        pool.relay.sever(() => true);
        yield* end;
      }),
    );
    const error = failure(exit);
    expect(error instanceof Unavailable ? error.code : error).toBe(said);
    await pool.untilServed();
    expect(Exit.isSuccess(await pool.transaction(insert(id + 10)))).toBe(true);
    expect(await rows(id + 10)).toEqual([[id + 10]]);
  });
});
