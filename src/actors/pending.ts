/** Messages on their way through the writer: who waits for them, and how many go into one statement. */
import { Deferred, type Exit } from "effect";
import type { Change } from "../domain/Change.ts";
import { type Conflict, NotFound, type TimedOut, type Unavailable } from "../domain/Errors.ts";
import type { Stored } from "../sql/MessageQueries.ts";
import type { Unit } from "./draft.ts";

/** Why messages were not written; in every case nothing of the unit was. */
export type AppendError = NotFound | Conflict | Unavailable | TimedOut;

/** Where the messages of a unit were stored, in its order. */
export type Answer = Exit.Exit<ReadonlyArray<Stored>, AppendError>;

/** A unit and the caller who waits for its answer. */
export interface Pending {
  readonly unit: Unit;
  readonly answer: Deferred.Deferred<ReadonlyArray<Stored>, AppendError>;
  readonly bytes: number;
  /** Its caller has gone: it is dropped, unless it is being written already. */
  abandoned: boolean;
}

/** The answer to writing into a conversation that is not there, or no longer, or not in the caller's space. */
export const noSuchConversation = new NotFound({
  message:
    "There is no conversation with this conversation_id. Begin one with dewey_begin_conversation, or restore it if it was deleted.",
  details: { path: "conversation_id" },
});

/** What writing into a conversation changes. */
export const changeOf = ({ space, conversation_id }: Omit<Unit, "messages">): Change => ({
  space,
  kind: "conversation",
  name: conversation_id,
  what: "updated",
});

/** Answers each of them. */
export const answerAll = (
  pendings: ReadonlyArray<Pending>,
  answerOf: (index: number) => Answer,
): void => {
  for (const [index, pending] of pendings.entries()) {
    Deferred.doneUnsafe(pending.answer, answerOf(index));
  }
};

const batchRows = 512;
const batchBytes = 4 * 1024 * 1024;

/** Takes from the front what one statement may hold, at least one, and lets go of what nobody waits for. */
export const takeBatch = (waiting: Array<Pending>): ReadonlyArray<Pending> => {
  const batch: Array<Pending> = [];
  let taken = 0;
  let rows = 0;
  let bytes = 0;
  for (const next of waiting) {
    if (!next.abandoned) {
      rows += next.unit.messages.length;
      bytes += next.bytes;
      if (batch.length > 0 && (rows > batchRows || bytes > batchBytes)) break;
      batch.push(next);
    }
    taken += 1;
  }
  waiting.splice(0, taken);
  return batch;
};
