/**
 * Transactions that end on a path that passes nothing on any more: the driver lets nobody interrupt what begins and ends
 * one, and a connection that waits for an answer to it would stay out of the pool for as long as TCP believes in it.
 */
import { type Duration, Effect, Exit, Fiber, Option, Scope } from "effect";
import type { SqlConnection } from "effect/unstable/sql";
import { SqlClient, SqlError } from "effect/unstable/sql";

const unanswered = new SqlError.SqlError({
  reason: new SqlError.ConnectionError({
    cause: new Error("The server does not answer"),
    message: "The server does not answer",
    operation: "query",
  }),
});

/** Makes a client's `withTransaction` anew: what begins, divides and ends a transaction gets so long for its answer. */
export const boundedTransactions = (
  client: SqlClient.SqlClient,
  patience: Duration.Input,
): SqlClient.SqlClient["withTransaction"] => {
  // Nobody's interruption reaches it, so that a commit is seen to its end; when the time is over, the driver gives up the
  // connection along with the statement.
  const control = (statement: string) =>
    Effect.fnUntraced(function* (connection: SqlConnection.Connection) {
      const asked = yield* Effect.forkDetach(
        Effect.interruptible(connection.execute(statement, [], undefined)),
      );
      const exit = yield* Effect.timeoutOption(Effect.interruptible(Fiber.await(asked)), patience);
      if (Option.isSome(exit)) return yield* Effect.asVoid(exit.value);
      yield* Fiber.interrupt(asked);
      return yield* unanswered;
    });
  const named = (words: string) => (connection: SqlConnection.Connection, id: number) =>
    control(`${words} dewey_${id}`)(connection);

  const withTransaction = SqlClient.makeWithTransaction({
    transactionService: client.transactionService,
    spanAttributes: [],
    acquireConnection: Effect.gen(function* () {
      const scope = yield* Scope.make();
      const connection = yield* client.reserve.pipe(
        Scope.provide(scope),
        Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause))),
      );
      return [scope, connection] as const;
    }),
    begin: control("BEGIN"),
    savepoint: named("SAVEPOINT"),
    releaseSavepoint: named("RELEASE SAVEPOINT"),
    commit: control("COMMIT"),
    // It fails with the connection alone, and the work has failed with something to tell.
    rollback: (connection) => Effect.ignore(control("ROLLBACK")(connection)),
    rollbackSavepoint: named("ROLLBACK TO SAVEPOINT"),
  });

  // A commit that fails is a failure, not a fault of the program.
  return (work) =>
    Effect.catchDefect(withTransaction(work), (defect) =>
      SqlError.isSqlError(defect) ? Effect.fail(defect) : Effect.die(defect),
    );
};
