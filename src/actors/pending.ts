/** Messages on their way through the writer: who waits for them, and how many go into one statement. */
import type { Exit } from "effect";
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
  readonly bytes: number;
  readonly answer: (answer: Answer) => void;
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
  for (const [index, pending] of pendings.entries()) pending.answer(answerOf(index));
};

const batchRows = 512;
const batchBytes = 4 * 1024 * 1024;

/**
 * What there is in turns: the first of each conversation, then the second of each, so that whoever sends much into one
 * keeps nobody waiting who sends little into another. Within a conversation the order stays.
 */
const inTurns = (waiting: ReadonlyArray<Pending>): ReadonlyArray<Pending> => {
  const seen = new Map<string, number>();
  return waiting
    .map((pending) => {
      const { conversation_id } = pending.unit;
      const turn = seen.get(conversation_id) ?? 0;
      seen.set(conversation_id, turn + 1);
      return { pending, turn };
    })
    .sort((a, b) => a.turn - b.turn)
    .map(({ pending }) => pending);
};

/** How many of them, from the first on, one statement may hold: at least one. */
const fitting = (pendings: ReadonlyArray<Pending>): number => {
  let rows = 0;
  let bytes = 0;
  for (const [index, pending] of pendings.entries()) {
    rows += pending.unit.messages.length;
    bytes += pending.bytes;
    if (index > 0 && (rows > batchRows || bytes > batchBytes)) return index;
  }
  return pendings.length;
};

/**
 * Takes what one statement may hold of what may be written now, at least one; lets go of what nobody waits for. What may
 * not be written now stays, and what follows it in its conversation with it.
 */
export const takeBatch = (
  waiting: Array<Pending>,
  mayWrite: (pending: Pending) => boolean,
): ReadonlyArray<Pending> => {
  const wanted = waiting.splice(0).filter(({ abandoned }) => !abandoned);
  const ready = wanted.filter(mayWrite);
  const ordered = fitting(ready) === ready.length ? ready : inTurns(ready);
  const batch = ordered.slice(0, fitting(ordered));
  if (batch.length === wanted.length) return batch;
  const taken = new Set(batch);
  for (const pending of wanted) if (!taken.has(pending)) waiting.push(pending);
  return batch;
};
