/** A session that listens to the changes that other processes tell of. It is one more than the pool's. */
import { PgClient, PgConnection } from "@effect/sql-pg";
import { Duration, Effect, Fiber, Option, Queue, Schema, Scope } from "effect";
import type { SqlError } from "effect/unstable/sql";
import { type Change, type Resync, resync } from "../domain/Change.ts";
import { newId } from "../domain/Text.ts";
import { channel, listenersLock, notify } from "./ChangeQueries.ts";
import { decodePayload, emptyPayload } from "./changePayloads.ts";
import { Database } from "./Database.ts";
import { describe } from "./failures.ts";
import { decodeRows } from "./rows.ts";

/** The session could not be opened, or has ended. */
export class FeedLost extends Schema.TaggedError<FeedLost>()("FeedLost", {
  message: Schema.String,
}) {}

/** The session listens, and is not told: something on the way does not keep it for this process alone. */
export class FeedDeaf extends Schema.TaggedError<FeedDeaf>()("FeedDeaf", {
  message: Schema.String,
}) {}

/** An open feed. */
export interface ChangeFeed {
  /** The server's number of the listening session. */
  readonly session: number;
  /** Hands on what others than `own` tell, until the session is lost. */
  readonly run: (
    own: string,
    heard: (changes: ReadonlyArray<Change | Resync>) => void,
  ) => Effect.Effect<never, FeedLost>;
}

const opening = Duration.seconds(15);
const arrival = Duration.seconds(2);
const silence = Duration.seconds(5);
const patience = Duration.seconds(5);

const decodeSession = decodeRows(Schema.Struct({ pid: Schema.Int }));

const lost = (error: SqlError.SqlError): FeedLost => new FeedLost({ message: describe(error) });

const unanswered = new FeedLost({ message: "The listening session does not answer" });

const deaf = new FeedDeaf({
  message:
    "A notification that was sent through the database did not arrive: a pooler between Dewey and Postgres has to keep a session for each client",
});

const open = Effect.gen(function* () {
  const { config } = yield* PgClient.PgClient;
  const database = yield* Database;
  const scope = yield* Effect.scope;
  // Closed after the connection: it would wait for the answer to an UNLISTEN, which may never come.
  const listening = yield* Scope.fork(scope);
  const connection = yield* Effect.mapError(PgConnection.make(config), lost);
  const session = yield* connection.pin;
  const notifications = yield* session
    .listen(channel)
    .pipe(Scope.provide(listening), Effect.mapError(lost));

  // Through the pool, so that it comes from another session than the one that listens.
  const probe = emptyPayload(newId());
  yield* Effect.mapError(database.run(notify(probe)), ({ message }) => new FeedLost({ message }));
  yield* Queue.take(notifications).pipe(
    Effect.repeat({ until: ({ payload }) => payload === probe }),
    Effect.mapError(lost),
    Effect.timeoutOrElse({ duration: arrival, orElse: () => Effect.fail(deaf) }),
  );

  const [one, two] = listenersLock;
  const { rows } = yield* Effect.mapError(
    session.query(
      `SELECT pg_backend_pid() AS pid, pg_advisory_lock_shared(${one}, ${two})::text`,
      [],
      false,
    ),
    lost,
  );
  const [row] = yield* decodeSession(rows);
  if (row === undefined) return yield* Effect.die("a session without a number");

  const run: ChangeFeed["run"] = (own, heard) => {
    const listen = Effect.map(Queue.takeAll(notifications), (arrived) => {
      for (const { payload } of arrived) {
        const told = decodePayload(payload);
        // Of a newer Dewey, or of somebody else on the channel: whatever it tells, nothing is missed so.
        if (Option.isNone(told)) heard([resync]);
        else if (told.value.from !== own) heard(told.value.changes);
      }
    });
    // A server that is gone without a word is only noticed by talking to it.
    const ask = Effect.gen(function* () {
      yield* Effect.sleep(silence);
      // Detached: to interrupt what hangs in the driver takes long, and it ends with the connection.
      const asked = yield* Effect.forkDetach(session.query("SELECT 1", [], false));
      yield* Effect.mapError(Fiber.join(asked), lost).pipe(
        Effect.timeoutOrElse({ duration: patience, orElse: () => Effect.fail(unanswered) }),
      );
    });
    return Effect.raceFirst(Effect.mapError(Effect.forever(listen), lost), Effect.forever(ask));
  };

  return { session: row.pid, run } satisfies ChangeFeed;
});

/** Opens a feed: what is told from now on is heard. */
export const openChangeFeed = open.pipe(
  Effect.timeoutOrElse({ duration: opening, orElse: () => Effect.fail(unanswered) }),
  Effect.withSpan("ChangeFeed.open"),
);
