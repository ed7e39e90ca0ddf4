/**
 * Writes all messages of this process. What waits is gathered into one statement of one transaction (group commit); a
 * conversation that is held by somebody else, or that needs a closer look, is left to its lane, so that it delays nobody
 * but those who write to it. Answers are given after the commit.
 */
import { Context, Deferred, Effect, Exit, Layer, Queue, Semaphore } from "effect";
import { Changes } from "../services/Changes.ts";
import { Database } from "../sql/Database.ts";
import { mayBeCommitted } from "../sql/failures.ts";
import { type AppendedRow, appendRows, type Stored } from "../sql/MessageQueries.ts";
import { makeLanes } from "./ConversationLanes.ts";
import type { Unit } from "./draft.ts";
import { type AppendError, answerAll, changeOf, type Pending, takeBatch } from "./pending.ts";

/** How much may wait at once; who comes after waits until there is room. */
const bounds = { units: 4096, bytes: 64 * 1024 * 1024 };

/** Takes units of messages and answers with where each message was stored. */
export class MessageWriter extends Context.Service<
  MessageWriter,
  {
    readonly append: (unit: Unit) => Effect.Effect<ReadonlyArray<Stored>, AppendError>;
  }
>()("dewey/actors/MessageWriter") {
  static readonly layer = Layer.effect(
    MessageWriter,
    Effect.suspend(() => make()),
  );
}

const hasOwnIds = ({ unit }: Pending): boolean => unit.messages.some((message) => message.ownId);

const hasTurns = ({ unit }: Pending): boolean =>
  unit.messages.some((message) => message.turn !== undefined);

const rowsOf = ({ unit: { conversation_id, space, messages } }: Pending) =>
  messages.map(({ row }): AppendedRow => ({ ...row, conversation_id, space }));

/** An id that is there already fails the statement as a whole, and nothing of it is written. */
const appendOrCollide = (rows: ReadonlyArray<AppendedRow>) =>
  Effect.catch(appendRows(rows), (error) =>
    error.reason._tag === "UniqueViolation"
      ? Effect.succeed("collision" as const)
      : Effect.fail(error),
  );

const make = Effect.fnUntraced(function* () {
  const database = yield* Database;
  const changes = yield* Changes;
  const scope = yield* Effect.scope;
  const lanes = yield* makeLanes();
  const mailbox = yield* Queue.bounded<Pending>(bounds.units);
  const budget = yield* Semaphore.make(bounds.bytes);

  /** Writes units of many conversations in one statement; what could not be written so goes to its lane. */
  const writeTogether = (pendings: ReadonlyArray<Pending>): Effect.Effect<void> =>
    database.run(appendOrCollide(pendings.flatMap(rowsOf))).pipe(
      Effect.exit,
      Effect.flatMap((exit) => {
        if (Exit.isFailure(exit)) {
          const { cause } = exit;
          if (Exit.hasDies(exit)) return lanes.sendAll(pendings);
          if (mayBeCommitted(cause)) {
            for (const { unit } of pendings) changes.publish(changeOf(unit));
          }
          answerAll(pendings, () => exit);
          return Effect.void;
        }
        if (exit.value === "collision") {
          const others = pendings.filter((pending) => !hasOwnIds(pending));
          if (others.length === 0 || others.length === pendings.length) {
            return lanes.sendAll(pendings);
          }
          return Effect.andThen(
            lanes.sendAll(pendings.filter(hasOwnIds)),
            Effect.suspend(() => writeOrWait(others)),
          );
        }
        const stored = new Map(exit.value.map((row) => [`${row.conversation_id} ${row.id}`, row]));
        const passedOver = pendings.filter(({ unit, answer }) => {
          const found = unit.messages.flatMap(
            ({ row }) => stored.get(`${unit.conversation_id} ${row.id}`) ?? [],
          );
          if (found.length < unit.messages.length) return true;
          changes.publish(changeOf(unit));
          Deferred.doneUnsafe(answer, Exit.succeed(found));
          return false;
        });
        return lanes.sendAll(passedOver);
      }),
    );

  /** Leaves to the lanes what must wait behind others there. */
  const writeOrWait = (batch: ReadonlyArray<Pending>): Effect.Effect<void> => {
    const together: Array<Pending> = [];
    const slowly: Array<Pending> = [];
    const slow = new Set<string>();
    for (const pending of batch) {
      const { unit } = pending;
      const waits = hasTurns(pending) || slow.has(unit.conversation_id) || lanes.isOpen(unit);
      if (waits) slow.add(unit.conversation_id);
      (waits ? slowly : together).push(pending);
    }
    return Effect.andThen(
      together.length === 0 ? Effect.void : writeTogether(together),
      lanes.sendAll(slowly),
    );
  };

  const gathered: Array<Pending> = [];

  const writeNext = Effect.suspend(() =>
    gathered.length > 0 ? Queue.clear(mailbox) : Queue.takeAll(mailbox),
  ).pipe(
    Effect.flatMap((arrived) => {
      for (const pending of arrived) gathered.push(pending);
      return writeOrWait(takeBatch(gathered));
    }),
  );

  yield* Effect.forkIn(Effect.forever(writeNext), scope);

  const append = (unit: Unit) =>
    Effect.suspend(() => {
      const bytes = unit.messages.reduce((sum, message) => sum + message.bytes, 0);
      const pending: Pending = { unit, answer: Deferred.makeUnsafe(), bytes, abandoned: false };
      const withdraw = Effect.sync(() => {
        pending.abandoned = true;
      });
      return Queue.offer(mailbox, pending).pipe(
        Effect.andThen(Deferred.await(pending.answer)),
        Effect.onInterrupt(() => withdraw),
        budget.withPermits(Math.min(bytes, bounds.bytes)),
      );
    });

  return MessageWriter.of({ append });
});
