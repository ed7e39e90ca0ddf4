/** Erases what has been kept long enough: in small batches, off the hot path, with a line in the log. */
import { Duration, Effect, Layer, Schedule } from "effect";
import type { TimedOut, Unavailable } from "../domain/Errors.ts";
import { purgeTrash } from "../sql/ConversationQueries.ts";
import { Database } from "../sql/Database.ts";
import {
  type Doomed,
  findErased,
  purgeBookkeeping,
  purgeContents,
  purgeFrames,
  purgeRecorded,
  purgeToolCalls,
} from "../sql/RetentionQueries.ts";
import { DeadLetters, type DeadLettersError } from "./DeadLetters.ts";

/** How long each kind of thing is kept, in days; 0 stands for ever. */
export interface RetentionOptions {
  readonly trashDays: number;
  readonly framesDays: number;
  readonly toolCallsDays: number;
  readonly recordedDays: number;
  readonly deadLettersDays: number;
}

const conversations = 100;
const rows = 2000;
const pause = Duration.millis(200);
const interval = Duration.hours(1);
/** How long the dead letters of a conversation may outlive it. */
const forgetEvery = Duration.minutes(1);
/** How long it is remembered whose conversation a stream was, however long these are kept. */
const bookkeepingDays = 400;

/** Erases batch by batch until one is not full, and says how much it was. */
const untilDone = Effect.fnUntraced(function* <E, R>(
  erase: Effect.Effect<number, E, R>,
  full: number,
) {
  let erased = 0;
  while (true) {
    const count = yield* erase;
    erased += count;
    if (count < full) return erased;
    yield* Effect.sleep(pause);
  }
});

const tell = (erased: number, what: string): Effect.Effect<void> =>
  erased > 0 ? Effect.logInfo(`Purged ${erased} ${what}`) : Effect.void;

/** Erases conversations, each emptied before it goes. */
const purgeConversations = Effect.fnUntraced(function* (which: Doomed, days: number) {
  const database = yield* Database;
  const erase = which === "trash" ? purgeTrash : purgeRecorded;
  const contents = database.run(purgeContents(which, days, { conversations, rows }));
  return yield* untilDone(
    Effect.andThen(untilDone(contents, 1), database.run(erase(days, conversations))),
    conversations,
  );
});

/** Purges the trash and says how many conversations it erased. */
export const purge = Effect.fn("Retention.purge")(function* ({
  trashDays,
}: Pick<RetentionOptions, "trashDays">) {
  if (trashDays === 0) return 0;
  const erased = yield* purgeConversations("trash", trashDays);
  yield* tell(erased, `conversations that were in the trash for more than ${trashDays} days`);
  return erased;
});

/** Purges what the proxy recorded. */
export const purgeRecordings = Effect.fn("Retention.purgeRecordings")(function* (
  options: Omit<RetentionOptions, "trashDays">,
) {
  const { framesDays, toolCallsDays, recordedDays, deadLettersDays } = options;
  const database = yield* Database;
  const deadLetters = yield* DeadLetters;
  if (recordedDays > 0) {
    const erased = yield* purgeConversations("recorded", recordedDays);
    yield* tell(
      erased,
      `recorded conversations in which nothing happened for ${recordedDays} days`,
    );
  }
  if (framesDays > 0) {
    const erased = yield* untilDone(database.run(purgeFrames(framesDays, rows)), rows);
    yield* tell(erased, `frames that are more than ${framesDays} days old`);
  }
  if (toolCallsDays > 0) {
    const erased = yield* untilDone(database.run(purgeToolCalls(toolCallsDays, rows)), rows);
    yield* tell(erased, `tool calls that are more than ${toolCallsDays} days old`);
  }
  if (deadLettersDays > 0) {
    const erased = yield* untilDone(deadLetters.purge(deadLettersDays, rows), rows);
    yield* tell(erased, `dead letters that are more than ${deadLettersDays} days old`);
  }
  yield* database.run(purgeBookkeeping(bookkeepingDays));
});

/** Drops the dead letters of conversations that were erased, by whichever process. */
export const forgetErased = Effect.fn("Retention.forgetErased")(function* () {
  const database = yield* Database;
  const deadLetters = yield* DeadLetters;
  const conversationsThere = yield* deadLetters.conversations;
  if (conversationsThere.length === 0) return;
  const erased = yield* database.run(findErased(conversationsThere));
  yield* tell(yield* deadLetters.forget(erased), "dead letters of conversations that were erased");
});

const untilNextTurn = <R>(
  work: Effect.Effect<unknown, Unavailable | TimedOut | DeadLettersError, R>,
) =>
  Effect.catch(work, (error) =>
    Effect.logWarning(`Retention waits for its next turn: ${error.message}`),
  );

/** Purges at once and every hour from then on, for as long as the process runs. */
export const retentionLayer = (options: RetentionOptions) =>
  Layer.effectDiscard(
    Effect.andThen(
      Effect.andThen(untilNextTurn(purge(options)), untilNextTurn(purgeRecordings(options))).pipe(
        Effect.repeat(Schedule.spaced(interval)),
        Effect.forkScoped,
      ),
      untilNextTurn(forgetErased()).pipe(
        Effect.repeat(Schedule.spaced(forgetEvery)),
        Effect.forkScoped,
      ),
    ),
  );
