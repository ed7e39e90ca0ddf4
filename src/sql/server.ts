/** The server behind the pool: how it is reached, whether it answers, and whether Dewey can use it. */
import { PgClient, PgConnection } from "@effect/sql-pg";
import { Duration, Effect, Predicate, type Redacted, Schedule, Schema } from "effect";
import { SqlClient } from "effect/unstable/sql";
import { DatabaseUnusable, describe, outcomeOf, refusalOf } from "./failures.ts";
import { boundedTransactions } from "./transactions.ts";

/** How a server is reached; what is given beside a `url` is stronger than what it says. */
export interface ServerAddress {
  readonly url?: Redacted.Redacted;
  readonly host?: string;
  readonly port?: number;
  readonly database?: string;
  readonly username?: string;
  readonly password?: Redacted.Redacted;
  readonly tls: false | { readonly ca?: string };
}

/** The limits of the pool. */
export interface PoolLimits {
  readonly minConnections: number;
  readonly maxConnections: number;
  readonly acquireTimeoutMs: number;
  readonly queryTimeoutMs: number;
}

/** However short callers wait for a place: a new connection over a long way takes several round trips. */
const leastConnectMillis = 2000;

/** How long the server may take to accept a connection before it counts as away. */
const connectTimeoutOf = ({ acquireTimeoutMs }: PoolLimits) =>
  Duration.millis(Math.max(acquireTimeoutMs, leastConnectMillis));

const connectionConfig = (address: ServerAddress, limits: PoolLimits) => {
  const { tls, ...where } = address;
  return {
    ...where,
    ssl: tls === false ? false : { rejectUnauthorized: true, ...tls },
    connectTimeout: connectTimeoutOf(limits),
    applicationName: "dewey",
    multiplex: false,
    startupParameters: {
      TimeZone: "UTC",
      DateStyle: "ISO",
      statement_timeout: String(limits.queryTimeoutMs),
      idle_in_transaction_session_timeout: String(limits.queryTimeoutMs + 30_000),
      jit: "off",
      // What a search sorts, and the places of a word that is common among millions of messages.
      work_mem: "16MB",
      // A search visits pages here and there, most of which the system has in memory: where the server has other processes
      // read ahead for it, these take as much of the processor again, from whoever stores meanwhile.
      effective_io_concurrency: "0",
    },
  };
};

/** How long a statement is waited for: the bound is on the server's side; this is for one that does not answer at all. */
export const patienceOf = ({ queryTimeoutMs }: PoolLimits) =>
  Duration.millis(queryTimeoutMs + 2000);

/** The pool's client; it connects when somebody asks for a connection. */
export const clientLayer = (address: ServerAddress, limits: PoolLimits) =>
  PgClient.layerFrom(
    Effect.map(
      PgClient.make({
        ...connectionConfig(address, limits),
        minConnections: limits.minConnections,
        maxConnections: limits.maxConnections,
        idleTimeout: Duration.seconds(60),
      }),
      (client) =>
        Object.assign(client, { withTransaction: boundedTransactions(client, patienceOf(limits)) }),
    ),
  );

/**
 * Asks the server for a sign of life on a connection of its own, which no other work can keep busy. That it has no room
 * for one more is a sign of life too.
 */
export const makeContact = (address: ServerAddress, limits: PoolLimits) =>
  PgConnection.make(connectionConfig(address, limits)).pipe(
    Effect.flatMap((connection) => connection.query("SELECT 1", [], false)),
    Effect.scoped,
    Effect.asVoid,
    Effect.catchIf(
      (error) => outcomeOf(error) === "crowded",
      () => Effect.void,
    ),
    Effect.timeoutOrElse({
      duration: connectTimeoutOf(limits),
      orElse: () => Effect.fail("it does not answer"),
    }),
    Effect.mapError((error) => (typeof error === "string" ? error : describe(error))),
  );

/** Ever longer pauses, up to the longest. */
export const backoff = (first: Duration.Input, longest: Duration.Input) =>
  Schedule.min([Schedule.exponential(first), Schedule.spaced(longest)]);

const ServerFacts = Schema.Struct({ version: Schema.Int, encoding: Schema.String });
const decodeFacts = Schema.decodeUnknownEffect(Schema.Tuple([ServerFacts]));

/** Why a server of this kind cannot be used, as a sentence; undefined where it can. */
export const unusable = ({ version, encoding }: typeof ServerFacts.Type): string | undefined => {
  if (version < 150_000) {
    return `The database server is Postgres ${Math.floor(version / 10_000)}; Dewey needs 15 or newer.`;
  }
  return encoding === "UTF8"
    ? undefined
    : `The database's encoding is ${encoding}; Dewey needs UTF8. Create one with: CREATE DATABASE dewey ENCODING 'UTF8' TEMPLATE template0`;
};

const checkServer = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient;
  const rows = yield* sql`
    SELECT current_setting('server_version_num')::int AS version, current_setting('server_encoding') AS encoding`;
  const [facts] = yield* Effect.orDie(decodeFacts(rows));
  const message = unusable(facts);
  if (message !== undefined) return yield* new DatabaseUnusable({ message });
});

/** Waits for a server that is not there yet, with a line in the log for each attempt; stops where waiting is in vain. */
export const waitForServer = checkServer.pipe(
  Effect.catchTag("SqlError", (error) => {
    const message = refusalOf(error);
    return Effect.fail(message === undefined ? error : new DatabaseUnusable({ message }));
  }),
  Effect.tapError((error) =>
    Predicate.isTagged(error, "SqlError")
      ? Effect.logWarning(`Waiting for the database: ${describe(error)}`)
      : Effect.void,
  ),
  Effect.retry({
    while: (error) => Predicate.isTagged(error, "SqlError"),
    schedule: backoff("250 millis", "5 seconds"),
  }),
);
