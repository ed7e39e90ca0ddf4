/** A journal as the recorder reads it. */
import { type Effect, Schema } from "effect";
import type { Entry } from "../../domain/Recording.ts";

/** The journal cannot be read or written; a sentence says why and what to do. */
export class JournalError extends Schema.TaggedError<JournalError>()("JournalError", {
  message: Schema.String,
}) {}

/** Some segments of a journal, whole and in order. */
export interface JournalBatch {
  /** The number of its last segment, for `release` and for the next `read`. */
  readonly through: number;
  /** In the order of the calls of `append`. Empty where all its segments were damaged: release it all the same. */
  readonly entries: ReadonlyArray<Entry>;
}

/** How much a batch may hold; the first segment is there whatever its size. */
export interface BatchBounds {
  readonly entries: number;
  readonly bytes: number;
}

/** One journal. Its segments are numbered from 1 on; a number is never used twice. */
export interface JournalSource {
  /** Its UUID. */
  readonly id: string;
  /** What it holds was put back from the dead letters: it may be in the database already, under the same ids. */
  readonly isReplay: boolean;
  /**
   * The segments after a number, 0 for the first. The process's own journal waits for one; that of a dead process
   * answers undefined at its end.
   */
  readonly read: (
    after: number,
    most: BatchBounds,
  ) => Effect.Effect<JournalBatch | undefined, JournalError>;
  /**
   * Forgets everything through a segment; a process that dies may find some of it again. An abandoned journal is found
   * again until its last segment was released, or segment 0 of one that holds none: whoever does so has done all that
   * follows from its end.
   */
  readonly release: (through: number) => Effect.Effect<void, JournalError>;
}
