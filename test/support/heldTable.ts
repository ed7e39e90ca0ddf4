// A table that somebody else holds, so that calls which need it wait in the database.
import { PgConnection } from "@effect/sql-pg";
import { Effect, Exit, Scope } from "effect";
import { until } from "../sql/embedded/sandbox.ts";
import { addressOf, type PostgresServer } from "./postgresServer.ts";

/** Holds a table until it is released. */
export interface HeldTable extends AsyncDisposable {
  /** Waits until so many statements wait for it. */
  readonly awaitedBy: (count: number) => Promise<void>;
  readonly release: () => Promise<void>;
}

/** Locks a table, by default against every other use, in a session of its own. */
export const holdTable = async (
  server: PostgresServer,
  table: string,
  mode: "ACCESS EXCLUSIVE" | "ACCESS SHARE" = "ACCESS EXCLUSIVE",
): Promise<HeldTable> => {
  const scope = Scope.makeUnsafe();
  const { tls, ...address } = addressOf(server);
  const session = await Effect.runPromise(
    PgConnection.make({ ...address, ssl: tls }).pipe(Scope.provide(scope)),
  );
  await Effect.runPromise(session.query("BEGIN"));
  await Effect.runPromise(session.query(`LOCK TABLE ${table} IN ${mode} MODE`));
  const release = () => Effect.runPromise(Scope.close(scope, Exit.void));
  return {
    awaitedBy: (count) =>
      until(`${count} statements wait for ${table}`, async () => {
        const waiting = await server.query(
          `SELECT 1 FROM pg_locks WHERE relation = '${table}'::regclass AND NOT granted`,
        );
        return waiting.length === count;
      }),
    release,
    [Symbol.asyncDispose]: release,
  };
};
