// A Dewey's connection to the keeper of a data folder: made, lost and made again.
import { BunSocket } from "@effect/platform-bun";
import { Clock, Deferred, Duration, Effect, Schema, Stream, SubscriptionRef } from "effect";
import { Socket } from "effect/unstable/socket";
import type { DataFolder } from "./DataFolder.ts";
import { EmbeddedDatabaseError, errnoCode, fileFailure } from "./EmbeddedDatabaseError.ts";
import { spawnKeeper } from "./keeperProcess.ts";
import {
  type DatabaseLocation,
  type KeeperOptions,
  KeeperState,
  LeaseRequest,
  messages,
} from "./keeperProtocol.ts";

const encodeLeave = Schema.encodeSync(Schema.fromJsonString(LeaseRequest));
const leaveLine = `${encodeLeave({ _tag: "Leave" })}\n`;

// From a keeper that holds the lock to its socket are milliseconds.
const patienceMillis = 30_000;

/** Prepares a lease: `hold` keeps it for ever, `leave` waits for the database to stop after it. */
export const makeKeeperLease = Effect.fnUntraced(function* (
  folder: DataFolder,
  program: ReadonlyArray<string>,
  options: KeeperOptions,
) {
  const first = yield* Deferred.make<DatabaseLocation, EmbeddedDatabaseError>();
  const state = yield* SubscriptionRef.make<KeeperState>({ _tag: "Starting" });
  let leaving = false;
  let sendLeave: Effect.Effect<void, Socket.SocketError> | undefined;

  /** Goes to whoever waits for the first answer, and to the log when nobody does any more. */
  const complain = (error: EmbeddedDatabaseError) =>
    Effect.flatMap(Deferred.fail(first, error), (heard) =>
      heard ? Effect.void : Effect.logError(error.message),
    );

  const hear = Effect.fnUntraced(function* (told: KeeperState) {
    yield* SubscriptionRef.set(state, told);
    if (told._tag === "Ready") yield* Deferred.succeed(first, told.location);
    if (told._tag === "Failed") {
      yield* complain(new EmbeddedDatabaseError({ message: told.message }));
    }
  });

  /** Holds one connection until it breaks. */
  const connection = Effect.gen(function* () {
    const socket = yield* BunSocket.makeNet({ path: folder.keeperSocket });
    const pull = yield* Socket.readerString(socket);
    const { write } = yield* socket.writer;
    sendLeave = write(leaveLine);
    let spoken = false;
    yield* messages(pull, KeeperState).pipe(
      Stream.runForEach((told) => {
        spoken = true;
        return hear(told);
      }),
      Effect.catchTag("SocketError", () => Effect.void),
      Effect.catchTag("SchemaError", () =>
        complain(
          new EmbeddedDatabaseError({
            message: `Another release of Dewey keeps the database in ${folder.root}. Stop the Deweys that use it, then start this one.`,
          }),
        ),
      ),
    );
    return spoken ? ("lost" as const) : ("refused" as const);
  }).pipe(
    Effect.scoped,
    Effect.ensuring(
      Effect.sync(() => {
        sendLeave = undefined;
      }),
    ),
  );

  /** No keeper listens: starts one. Where another has the lock it will listen in a moment. */
  const start = Effect.fnUntraced(function* (refused: Socket.SocketError) {
    const cause = refused.reason._tag === "SocketCloseError" ? refused : refused.reason.cause;
    if (errnoCode(cause) !== "ENOENT" && errnoCode(cause) !== "ECONNREFUSED") {
      return yield* fileFailure("reach the keeper at", folder.keeperSocket, cause);
    }
    const greeting = yield* spawnKeeper(program, folder, options);
    if (greeting._tag === "Failed") {
      return yield* new EmbeddedDatabaseError({ message: greeting.message });
    }
    return greeting._tag === "Listening" ? ("started" as const) : ("refused" as const);
  });

  const hold = Effect.gen(function* () {
    let waitedSince = yield* Clock.currentTimeMillis;
    let failures = 0;
    while (true) {
      const outcome = yield* connection.pipe(
        Effect.catchTag("SocketError", start),
        Effect.catchTag("EmbeddedDatabaseError", (error) =>
          Effect.as(complain(error), "refused" as const),
        ),
      );
      const wasReady = SubscriptionRef.getUnsafe(state)._tag === "Ready";
      if (leaving) return yield* SubscriptionRef.set(state, { _tag: "Stopped" });
      yield* SubscriptionRef.set(state, { _tag: "Starting" });
      if (wasReady)
        yield* Effect.logWarning("Lost the keeper of the embedded database: getting another");
      if (outcome === "started") continue;
      if (outcome === "lost") waitedSince = yield* Clock.currentTimeMillis;
      if (wasReady) {
        failures = 0;
        continue;
      }
      if ((yield* Clock.currentTimeMillis) - waitedSince > patienceMillis) {
        yield* Deferred.fail(
          first,
          new EmbeddedDatabaseError({
            message: `A process holds ${folder.lock} and does not answer. Its log is ${folder.keeperLog}; end that process and start again.`,
          }),
        );
      }
      failures += 1;
      yield* Effect.sleep(Duration.millis(Math.min(10 * 2 ** failures, 1_000)));
    }
  });

  const leave = Effect.gen(function* () {
    leaving = true;
    if (sendLeave === undefined) return;
    yield* sendLeave;
    yield* SubscriptionRef.changes(state).pipe(
      Stream.filter(({ _tag }) => _tag === "Stopped"),
      Stream.runHead,
      Effect.timeoutOption("30 seconds"),
    );
  }).pipe(Effect.ignore);

  return { first, state, hold, leave };
});
