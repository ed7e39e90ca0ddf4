// A row that somebody else holds, so that a call which needs it waits in the database.
import { PgConnection } from "@effect/sql-pg";
import { Effect, Redacted, Schedule } from "effect";
import type { TestCluster } from "./testCluster.ts";

type Place = Pick<TestCluster, "host" | "port" | "user" | "password"> & { readonly name: string };

/** Holds the row that a statement selects, and sees who waits for it. */
export const holdRow = Effect.fnUntraced(function* (database: Place, selecting: string) {
  const blocker = yield* PgConnection.make({
    host: database.host,
    port: database.port,
    username: database.user,
    password: database.password === undefined ? undefined : Redacted.make(database.password),
    database: database.name,
  });
  yield* blocker.query("BEGIN");
  const { rows } = yield* blocker.query(`${selecting} FOR UPDATE`);
  if (rows.length !== 1) return yield* Effect.die(`Not one row but ${rows.length}: ${selecting}`);
  // Not by the activity, of which a transaction sees what was so when it first looked.
  const waits = blocker
    .query(
      "SELECT pid FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))",
    )
    .pipe(Effect.map((result) => result.rows.length > 0));
  return {
    /** Resolves when somebody waits for the row, or nobody does any more. */
    when: (state: boolean) =>
      Effect.repeat(waits, { until: (is) => is === state, schedule: Schedule.spaced(10) }),
    letGo: blocker.query("ROLLBACK"),
  };
});
