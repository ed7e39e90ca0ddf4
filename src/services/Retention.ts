/** Erases what has been kept long enough: in small batches, off the hot path, with a line in the log. */
import { Duration, Effect, Layer, Schedule } from "effect";
import { purgeTrash } from "../sql/ConversationQueries.ts";
import { Database } from "../sql/Database.ts";

/** How long each kind of thing is kept, in days; 0 stands for ever. */
export interface RetentionOptions {
  readonly trashDays: number;
}

const batch = 100;
const pause = Duration.millis(200);
const interval = Duration.hours(1);

/** Purges the trash and says how many conversations it erased. */
export const purge = Effect.fn("Retention.purge")(function* ({ trashDays }: RetentionOptions) {
  if (trashDays === 0) return 0;
  const database = yield* Database;
  let erased = 0;
  while (true) {
    const count = yield* database.run(purgeTrash(trashDays, batch));
    erased += count;
    if (count < batch) break;
    yield* Effect.sleep(pause);
  }
  if (erased > 0) {
    yield* Effect.logInfo(
      `Purged ${erased} conversations that were in the trash for more than ${trashDays} days`,
    );
  }
  return erased;
});

/** Purges at once and every hour from then on, for as long as the process runs. */
export const retentionLayer = (options: RetentionOptions) =>
  Layer.effectDiscard(
    purge(options).pipe(
      Effect.catch((error) =>
        Effect.logWarning(`Retention waits for its next turn: ${error.message}`),
      ),
      Effect.repeat(Schedule.spaced(interval)),
      Effect.forkScoped,
    ),
  );
