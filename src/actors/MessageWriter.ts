/**
 * Writes all messages of this process. What waits is gathered into one statement of one transaction (group commit); a
 * conversation that is held by somebody else, or that needs a closer look, is left to its lane, so that it delays nobody
 * but those who write to it. Answers are given after the commit, while the next statement is under way.
 */
import { Context, Effect, Exit, Layer } from "effect";
import { Changes } from "../services/Changes.ts";
import { type Append, appendRows } from "../sql/AppendQueries.ts";
import { Database } from "../sql/Database.ts";
import { mayBeCommitted } from "../sql/failures.ts";
import type { Stored } from "../sql/MessageQueries.ts";
import { makeLanes } from "./ConversationLanes.ts";
import type { Unit } from "./draft.ts";
import { makeMailbox } from "./mailbox.ts";
import { type AppendError, answerAll, changeOf, type Pending } from "./pending.ts";
import { WordIndex } from "./WordIndex.ts";

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
  ).pipe(Layer.provide(WordIndex.layer));
}

/** How many statements may be under way at once. */
const mostUnderWay = 2;

/**
 * For how many milliseconds a statement is alone. The server works on it while Dewey and its callers work on the next,
 * and two at once would only stand in each other's way. What takes longer than its units explain waits for something,
 * such as the disk, or holds so much that the server is worth two cores.
 */
const aloneFor = (units: number): number => 2 + units / 5;

const hasOwnIds = ({ unit }: Pending): boolean => unit.messages.some((message) => message.ownId);

const hasTurns = ({ unit }: Pending): boolean =>
  unit.messages.some((message) => message.turn !== undefined);

const appendOf = ({ unit: { conversation_id, space, messages } }: Pending): Append => ({
  conversation_id,
  space,
  rows: messages.map(({ row }) => row),
});

/** An id that is there already fails the statement as a whole, and nothing of it is written. */
const appendOrCollide = (appends: ReadonlyArray<Append>) =>
  Effect.catch(appendRows(appends), (error) =>
    error.reason._tag === "UniqueViolation"
      ? Effect.succeed("collision" as const)
      : Effect.fail(error),
  );

const make = Effect.fnUntraced(function* () {
  const database = yield* Database;
  const changes = yield* Changes;
  const scope = yield* Effect.scope;
  const lanes = yield* makeLanes();
  const words = yield* WordIndex;
  const mailbox = makeMailbox();
  let unanswered: Array<() => void> = [];

  /** Tells those who wait for what was committed. */
  const answerStored = () => {
    const answers = unanswered;
    unanswered = [];
    for (const answer of answers) answer();
  };

  /** Writes units of many conversations in one statement; what could not be written so goes to its lane. */
  const writeTogether = (pendings: ReadonlyArray<Pending>): Effect.Effect<void> =>
    database.run(appendOrCollide(pendings.map(appendOf))).pipe(
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
        const { created_at, firstTurns } = exit.value;
        const passedOver: Array<Pending> = [];
        let documents = 0;
        for (const [index, pending] of pendings.entries()) {
          const first = firstTurns[index];
          if (first === undefined) {
            passedOver.push(pending);
            continue;
          }
          const { unit, answer } = pending;
          changes.publish(changeOf(unit));
          const stored = unit.messages.map(({ row }, at): Stored => {
            documents += row.vector?.length ?? 0;
            return { id: row.id, turn_number: first + at, created_at };
          });
          unanswered.push(() => answer(Exit.succeed(stored)));
        }
        return Effect.andThen(lanes.sendAll(passedOver), words.stored(documents));
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

  const busy = new Set<string>();
  const mayWrite = ({ unit }: Pending) => !busy.has(unit.conversation_id);

  let underWay = 0;
  let unitsUnderWay = 0;
  let isCrowded = false;
  let isAlone = false;
  /** Nobody waits while the server has nothing to do; a further statement is to be worth its while. */
  const hasEnough = () =>
    underWay === 0 || (underWay < mostUnderWay && !isAlone && 2 * mailbox.size() >= unitsUnderWay);

  const start = (batch: ReadonlyArray<Pending>) => {
    const conversations = new Set(batch.map(({ unit }) => unit.conversation_id));
    for (const each of conversations) busy.add(each);
    underWay += 1;
    unitsUnderWay += batch.length;
    isCrowded = batch.length > 1;
    isAlone = true;
    const alone = setTimeout(() => {
      isAlone = false;
      mailbox.tell();
    }, aloneFor(batch.length));
    return writeOrWait(batch).pipe(
      Effect.ensuring(
        Effect.sync(() => {
          clearTimeout(alone);
          for (const each of conversations) busy.delete(each);
          underWay -= 1;
          unitsUnderWay -= batch.length;
          mailbox.tell();
        }),
      ),
      Effect.forkIn(scope, { startImmediately: true }),
    );
  };

  const writeNext = Effect.gen(function* () {
    const batch = hasEnough() ? mailbox.take(mayWrite) : [];
    if (batch.length > 0) yield* start(batch);
    // The statement has been sent: the server works while the callers before go on.
    answerStored();
    if (batch.length > 0) return;
    yield* mailbox.news;
    // Where many write, what arrives at the same time is written together; a single caller waits for nobody.
    if (isCrowded) yield* Effect.yieldNow;
  });

  yield* writeNext.pipe(
    Effect.forever({ disableYield: true }),
    Effect.ensuring(Effect.sync(answerStored)),
    Effect.forkIn(scope),
  );

  return MessageWriter.of({ append: mailbox.send });
});
