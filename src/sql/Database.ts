/**
 * The pool as everything above uses it: work waits for a connection only so long, fails fast while the database is
 * away, and fails with the errors of the tools instead of those of the driver.
 */
import type { PgClient } from "@effect/sql-pg";
import {
  Clock,
  Context,
  Duration,
  Effect,
  Exit,
  type Fiber,
  Layer,
  Option,
  Semaphore,
} from "effect";
import { SqlClient, SqlError } from "effect/unstable/sql";
import type { TimedOut, Unavailable } from "../domain/Errors.ts";
import {
  away,
  type DatabaseUnusable,
  defectOf,
  describe,
  exhausted,
  interrupted,
  late,
  outcomeOf,
} from "./failures.ts";
import { inLine } from "./inLine.ts";
import {
  backoff,
  clientLayer,
  makeContact,
  type PoolLimits,
  patienceOf,
  type ServerAddress,
  waitForServer,
} from "./server.ts";

/** Gives work the client, and fails with the errors of the tools where it failed with those of the driver. */
type Runs = <A, E, R>(
  work: Effect.Effect<A, E, R>,
) => Effect.Effect<
  A,
  Exclude<E | SqlError.SqlError, SqlError.SqlError> | Unavailable | TimedOut,
  Exclude<R, SqlClient.SqlClient>
>;

/** One place for a connection in the pool, and the state of the server behind it. */
export class Database extends Context.Service<
  Database,
  {
    /** Runs statements, on one connection at a time; a failure of the driver becomes one of the tools' errors. */
    readonly run: Runs;
    /** Runs statements in one transaction: all of them take effect, or none. */
    readonly transaction: Runs;
    /** Whether the server answers, asked anew where the last answer is older than a second. */
    readonly reachable: Effect.Effect<boolean>;
    readonly limits: PoolLimits;
  }
>()("dewey/sql/Database") {
  /** The pool and the client; starts once the server answers, and waits for it with a line in the log. */
  static readonly layer = (
    address: ServerAddress,
    limits: PoolLimits,
  ): Layer.Layer<
    Database | SqlClient.SqlClient | PgClient.PgClient,
    SqlError.SqlError | DatabaseUnusable
  > =>
    Layer.effect(Database, make(address, limits)).pipe(
      Layer.provideMerge(clientLayer(address, limits)),
    );
}

/** Knows whether the server is there, and looks for it in the background while it is not. */
const makeWatch = Effect.fnUntraced(function* (address: ServerAddress, limits: PoolLimits) {
  const sql = yield* SqlClient.SqlClient;
  const scope = yield* Effect.scope;
  const contact = makeContact(address, limits);
  let present = true;
  let suspected = false;

  // What the pool tried in vain meanwhile waits there for whoever asks next: that is to be nobody's call.
  const untilPoolIsSound = Effect.ignore(
    Effect.retry(sql`SELECT 1`, { times: limits.maxConnections }),
  );

  const untilBack = contact.pipe(
    Effect.retry(backoff("100 millis", "2 seconds")),
    Effect.andThen(untilPoolIsSound),
    Effect.andThen(
      Effect.suspend(() => {
        present = true;
        return Effect.logInfo("The database answers again");
      }),
    ),
  );

  /** From now on calls fail at once, until the server is back. */
  const lost = (why: string) =>
    Effect.suspend(() => {
      if (!present) return Effect.void;
      present = false;
      return Effect.logWarning(`The database is away: ${why}`).pipe(
        Effect.andThen(Effect.forkIn(untilBack, scope)),
        Effect.asVoid,
      );
    });

  const asked = Effect.matchEffect(contact, {
    onSuccess: () => Effect.succeed(true),
    onFailure: (why) => Effect.as(lost(why), false),
  });

  /** One broken or late connection says little about the server: it is asked, in the background. */
  const suspect = Effect.suspend(() => {
    if (!present || suspected) return Effect.void;
    suspected = true;
    const ask = Effect.ensuring(
      asked,
      Effect.sync(() => {
        suspected = false;
      }),
    );
    return Effect.asVoid(Effect.forkIn(ask, scope));
  });

  // Whoever asks first may go away; the others wait for the same answer. Only a good one is kept.
  const answered = yield* Effect.cachedWithTTL(Effect.uninterruptible(asked), (exit) =>
    Exit.isSuccess(exit) && exit.value ? "1 second" : 0,
  );
  const reachable = Effect.suspend(() => (present ? answered : Effect.succeed(false)));

  return { isPresent: () => present, lost, suspect, reachable };
});

/** A warning that would fill the log if each call wrote it: written at most every ten seconds, with how many there were. */
const makeBusyWarning = (limits: PoolLimits) => {
  let refused = 0;
  let writtenAt = Number.NEGATIVE_INFINITY;
  return Effect.flatMap(Clock.currentTimeMillis, (now) => {
    refused += 1;
    if (now - writtenAt < 10_000) return Effect.void;
    const count = refused;
    refused = 0;
    writtenAt = now;
    return Effect.logWarning(
      `All ${limits.maxConnections} database connections are busy; calls refused since the last such line: ${count}. Raise DEWEY_DB_MAX_CONNECTIONS if this happens often.`,
    );
  });
};

/** A timer without a fiber, since each statement takes one; what it returns stops it. */
const afterMillis = (millis: number, then: () => void): (() => void) => {
  const timer = setTimeout(then, millis);
  return () => clearTimeout(timer);
};

const make = Effect.fnUntraced(function* (address: ServerAddress, limits: PoolLimits) {
  const sql = yield* SqlClient.SqlClient;
  yield* waitForServer;
  const watch = yield* makeWatch(address, limits);
  const places = yield* Semaphore.make(limits.maxConnections);
  const warnOfBusy = makeBusyWarning(limits);

  const translate = (error: SqlError.SqlError): Effect.Effect<never, Unavailable | TimedOut> => {
    const outcome = outcomeOf(error);
    switch (outcome) {
      case "away":
        return Effect.andThen(watch.lost(describe(error)), Effect.fail(away));
      case "crowded":
        return Effect.andThen(Effect.logWarning(describe(error)), Effect.fail(exhausted));
      case "broken":
        return Effect.andThen(watch.suspect, Effect.fail(interrupted));
      case "late":
        return Effect.fail(late);
      case "defect":
        return Effect.die(defectOf(error));
      default:
        return outcome satisfies never;
    }
  };

  const noPlace = Effect.andThen(warnOfBusy, watch.suspect).pipe(
    Effect.andThen(Effect.fail(exhausted)),
  );

  const deadline = Duration.toMillis(patienceOf(limits));
  const unanswered = Effect.andThen(watch.suspect, Effect.fail(late));

  /** What becomes of a fiber, or nothing where that takes too long. */
  const exitInTime = <A, E>(fiber: Fiber.Fiber<A, E>) =>
    Effect.callback<Option.Option<A>, E>((resume) => {
      const stop = afterMillis(deadline, () => resume(Effect.succeedNone));
      const forget = fiber.addObserver((exit) => {
        stop();
        resume(Exit.map(exit, Option.some));
      });
      return Effect.sync(() => {
        stop();
        forget();
      });
    });

  /** Answers at the deadline, without waiting for what hangs in the driver to be given up. */
  const withinDeadline = <A, E, R>(work: Effect.Effect<A, E, R>) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(Effect.forkDetach(restore(work), { startImmediately: true }), (fiber) =>
        restore(exitInTime(fiber)).pipe(
          Effect.onInterrupt(() => {
            fiber.interruptUnsafe();
            return Effect.exit(exitInTime(fiber));
          }),
          Effect.flatMap(
            Option.match({
              onSome: Effect.succeed,
              onNone: () => {
                fiber.interruptUnsafe();
                return unanswered;
              },
            }),
          ),
        ),
      ),
    );

  const withPlace = <A, E, R>(work: Effect.Effect<A, E, R>) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(places.takeIfAvailable(1), (taken) =>
        taken
          ? Effect.ensuring(restore(work), places.release(1))
          : restore(
              inLine(work, (begin) => places.withPermit(begin), limits.acquireTimeoutMs, noPlace),
            ),
      ),
    );

  const run: Runs = <A, E, R>(work: Effect.Effect<A, E | SqlError.SqlError, R>) => {
    const translated = Effect.catchIf(
      Effect.provideService(work, SqlClient.SqlClient, sql),
      SqlError.isSqlError,
      translate,
    );
    const bounded = withinDeadline(translated);
    return Effect.suspend(() => (watch.isPresent() ? withPlace(bounded) : Effect.fail(away)));
  };

  return Database.of({
    run,
    transaction: (work) => run(sql.withTransaction(work)),
    reachable: watch.reachable,
    limits,
  });
});
