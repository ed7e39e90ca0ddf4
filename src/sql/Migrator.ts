/** Brings the schema up to date: each step in its own transaction, one process at a time. */
import { Effect, Predicate, Schema } from "effect";
import { SqlClient, type SqlError } from "effect/unstable/sql";
import { migrations } from "../../migrations/all.ts";
import { describe, outcomeOf } from "./failures.ts";
import { DbCount, decodeRows } from "./rows.ts";
import { backoff } from "./server.ts";

/** Any number that nothing else on the server locks: the letters of "dewey". */
const advisoryLock = 0x6465776579n;

/** The schema is of a newer program. */
export class SchemaTooNew extends Schema.TaggedError<SchemaTooNew>()("SchemaTooNew", {
  message: Schema.String,
}) {}

/** A step that the server refused; the steps before it stay. */
export class MigrationFailed extends Schema.TaggedError<MigrationFailed>()("MigrationFailed", {
  message: Schema.String,
}) {}

/** Steps under their numbers and names, such as `0001_foundation`. */
export type Migrations = Readonly<
  Record<string, Effect.Effect<unknown, SqlError.SqlError, SqlClient.SqlClient>>
>;

interface Step {
  readonly number: number;
  readonly name: string;
  readonly apply: Migrations[string];
}

const stepsOf = (record: Migrations): ReadonlyArray<Step> =>
  Object.entries(record)
    .map(([name, apply]) => ({ number: Number(name.slice(0, 4)), name: name.slice(5), apply }))
    .sort((left, right) => left.number - right.number);

const decodeTable = decodeRows(Schema.Struct({ exists: Schema.Boolean }));
const decodeNewest = decodeRows(Schema.Struct({ number: DbCount }));

/** The number of the last step applied. */
const newestApplied = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient;
  const rows = yield* sql`SELECT coalesce(max(number), 0)::bigint AS number FROM dewey_migrations`;
  return (yield* decodeNewest(rows))[0]?.number ?? 0;
});

/** The first step that is missing; fails where the schema is newer than all of them. */
const nextStep = Effect.fnUntraced(function* (steps: ReadonlyArray<Step>) {
  const applied = yield* newestApplied;
  const known = steps.at(-1)?.number ?? 0;
  if (applied > known) {
    return yield* new SchemaTooNew({
      message: `The database is at migration ${applied}, and this Dewey knows only up to ${known}. Start a newer Dewey, or point this one at another database.`,
    });
  }
  return steps.find((step) => step.number > applied);
});

const isUpToDate = Effect.fnUntraced(function* (steps: ReadonlyArray<Step>) {
  const sql = yield* SqlClient.SqlClient;
  const tables = yield* sql`SELECT to_regclass('dewey_migrations') IS NOT NULL AS exists`;
  const [table] = yield* decodeTable(tables);
  return table?.exists === true && (yield* nextStep(steps)) === undefined;
});

const apply = Effect.fnUntraced(function* (step: Step) {
  const sql = yield* SqlClient.SqlClient;
  yield* step.apply;
  yield* sql`INSERT INTO dewey_migrations (number, name) VALUES (${step.number}::int, ${step.name})`;
});

const permissionHint = (said: string): string =>
  said.startsWith("permission denied")
    ? " The role must own the database, or have CREATE on it and on its schema: GRANT CREATE ON SCHEMA public TO …"
    : "";

/** A statement that the server refused stops the start; that the server itself is in trouble is left as it is. */
const refused =
  (what: string) =>
  (error: SqlError.SqlError): SqlError.SqlError | MigrationFailed => {
    if (outcomeOf(error) !== "defect") return error;
    const said = describe(error);
    return new MigrationFailed({ message: `${what} failed: ${said}.${permissionHint(said)}` });
  };

/** Tries again for as long as the server is in trouble. */
const patiently = <A, R>(
  work: Effect.Effect<A, SchemaTooNew | MigrationFailed | SqlError.SqlError, R>,
) =>
  work.pipe(
    Effect.catchTag("SqlError", (error) => Effect.fail(refused("Migrating the database")(error))),
    Effect.tapError((error) =>
      Predicate.isTagged(error, "SqlError")
        ? Effect.logWarning(`Waiting to migrate the database: ${describe(error)}`)
        : Effect.void,
    ),
    Effect.retry({
      while: (error) => Predicate.isTagged(error, "SqlError"),
      schedule: backoff("250 millis", "5 seconds"),
    }),
  );

/** Takes the lock for the rest of the transaction, then applies the next step if there is still one. */
const applyNext = Effect.fnUntraced(function* (steps: ReadonlyArray<Step>) {
  const sql = yield* SqlClient.SqlClient;
  // Another process may take long over its step.
  yield* sql`SET LOCAL statement_timeout = 0`;
  yield* sql`SELECT pg_advisory_xact_lock(${advisoryLock}::bigint)`;
  // Whether the table exists can only be found out by using it: to_regclass may answer from before the lock.
  yield* sql`
    CREATE TABLE IF NOT EXISTS dewey_migrations (
      number integer PRIMARY KEY,
      name text NOT NULL,
      applied_at timestamptz NOT NULL DEFAULT now()
    )`;
  const step = yield* nextStep(steps);
  if (step === undefined) return undefined;
  yield* Effect.mapError(apply(step), refused(`Migration ${step.number} (${step.name})`));
  return step;
});

/**
 * Applies what is missing and says how many steps that were. Any number of processes may run it at once; a server that
 * goes away meanwhile is waited for.
 */
export const migrate = Effect.fn("Migrator.migrate")(function* (
  record: Migrations = migrations,
): Effect.fn.Return<
  number,
  SchemaTooNew | MigrationFailed | SqlError.SqlError,
  SqlClient.SqlClient
> {
  const sql = yield* SqlClient.SqlClient;
  const steps = stepsOf(record);
  // Without the lock first: most starts find nothing to do, and need not wait for each other.
  if (yield* patiently(isUpToDate(steps))) return 0;
  let count = 0;
  while (true) {
    const step = yield* patiently(sql.withTransaction(applyNext(steps)));
    if (step === undefined) return count;
    count += 1;
    yield* Effect.logInfo(`Migration ${step.number} (${step.name}) applied`);
  }
});
