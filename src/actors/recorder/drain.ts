/**
 * Moves one journal into the database: while a batch is written, the next one is prepared. After any failure it starts
 * over from what the database says, with nothing in mind, so that what it has in mind is never ahead of the truth.
 */
import { Cause, Clock, Duration, Effect, Fiber, Predicate, Schema } from "effect";
import type { TimedOut, Unavailable } from "../../domain/Errors.ts";
import type { Entry } from "../../domain/Recording.ts";
import { Changes } from "../../services/Changes.ts";
import type { DeadLettersError } from "../../services/DeadLetters.ts";
import type { JournalError, JournalSource } from "../../services/journal/JournalSource.ts";
import { Database } from "../../sql/Database.ts";
import { mayBeCommitted, StatementFailed } from "../../sql/failures.ts";
import { dropPositions, findPositions } from "../../sql/RecordingQueries.ts";
import { type Batch, makeBatch } from "./Batch.ts";
import { finishStreams } from "./finish.ts";
import { rest, wantedMillis } from "./pace.ts";
import type { StreamState } from "./StreamState.ts";
import { loadStreams } from "./streams.ts";
import { settlePlaces, type Written, writeBatch } from "./write.ts";

/** What a drain needs to know, and whom it tells. */
export interface DrainOptions {
  /** The journal ends: nobody writes into it any more. */
  readonly isEnding: boolean;
  /** The most bytes of a message's content. */
  readonly recordLimit: number;
  /** How far behind it is: see `pace.ts`. */
  readonly haste: () => number;
  /** How many entries wait, where that is known; for the log. */
  readonly waiting: () => number | undefined;
  /** Told how long the search documents are together that a batch has stored. */
  readonly stored: (length: number) => Effect.Effect<void>;
  /** Called once the journal is rid of what was written; how much of it belonged to deleted conversations. */
  readonly moved: (dropped: number) => void;
}

/** Somebody else has moved the position of the journal. */
class PositionElsewhere extends Schema.TaggedError<PositionElsewhere>()("PositionElsewhere", {
  message: Schema.String,
}) {}

type Trouble = Unavailable | TimedOut | DeadLettersError | JournalError | PositionElsewhere;

/** A batch that holds more is full, and the next one follows at once; a small one is waited for, to save effort. */
const most = { entries: 1024, bytes: 4 * 1024 * 1024 };
const fullEntries = 256;
const fullMillis = 20;

/**
 * The streams of a journal are recorded in so many transactions side by side: while one is waited for, the parameters of
 * the other are made. Positions are kept by lane, so this changes by a step of the schema alone.
 */
const lanes = 2;

/** Ids end in chance. */
const laneOf = (stream: string): number => Number.parseInt(stream.slice(-1), 16) % lanes;

/** Streams that are kept in mind although nothing came of them for a while. */
const mostStreams = 10_000;

/** Lasts for as long as a drain of a journal. */
interface Course {
  /** Divides the size of batches that the database could not take in time. */
  divisor: number;
  failures: number;
}

const forgetIdle = (streams: Map<string, StreamState>, before: number): void => {
  if (streams.size <= mostStreams) return;
  for (const [id, stream] of streams) {
    if (stream.touchedBy < before) streams.delete(id);
  }
};

const publish = Effect.fnUntraced(function* (written: Pick<Written, "begun" | "grown">) {
  const changes = yield* Changes;
  const kind = "conversation";
  for (const { id, space } of written.begun) {
    changes.publish({ space, kind, name: id, what: "created" });
  }
  for (const { id, space } of written.grown) {
    changes.publish({ space, kind, name: id, what: "updated" });
  }
});

/** The sessions that a batch may have changed although nobody can know. */
const perhapsWritten = ({ derived }: Batch): Pick<Written, "begun" | "grown"> => {
  const streams = new Set(derived.map(({ stream }) => stream));
  const sessions = [...streams].filter(({ description }) => description.kind === "session");
  return {
    begun: [],
    grown: sessions.map(({ id, description: { space } }) => ({ id, space })),
  };
};

/** Writes a batch, as a whole where the database takes it so, else without what it refuses. */
const write = Effect.fnUntraced(function* (
  source: JournalSource,
  batch: Batch,
  { recordLimit, stored }: DrainOptions,
) {
  const database = yield* Database;
  const attempt = (isCareful: boolean) =>
    database.transaction(
      writeBatch(batch, {
        limit: recordLimit,
        isReplay: source.isReplay,
        isCareful,
      }),
    );
  const written = yield* attempt(false).pipe(
    Effect.catchDefect((defect) =>
      defect instanceof StatementFailed ? attempt(true) : Effect.die(defect),
    ),
    Effect.onError((cause) =>
      mayBeCommitted(cause) ? publish(perhapsWritten(batch)) : Effect.void,
    ),
  );
  if (written === undefined) {
    return yield* new PositionElsewhere({
      message: `Journal ${source.id} is being recorded by another process as well`,
    });
  }
  settlePlaces(batch, written);
  const messages = batch.derived.flatMap((each) => each.messages);
  yield* stored(messages.reduce((sum, { vector }) => sum + (vector?.length ?? 0), 0));
  yield* publish(written);
  for (const { reason } of written.refused.slice(0, 1)) {
    yield* Effect.logWarning(
      `The database refuses ${written.refused.length} entries of the journal for good; they are dead letters now. The first: ${reason} Look at them with: dewey dead-letters list`,
    );
  }
  return written;
});

/** The batches of the lanes that have entries among those of some segments. */
interface Round {
  readonly through: number;
  readonly batches: ReadonlyArray<Batch>;
}

/** Drains until the journal ends, or until something fails. */
const drainOnce = Effect.fnUntraced(function* (
  source: JournalSource,
  options: DrainOptions,
  course: Course,
) {
  const database = yield* Database;
  const { isEnding } = options;
  const streams = new Map<string, StreamState>();
  const positions = yield* database.run(findPositions(source.id));
  const furthest = Math.max(0, ...positions.values());
  let number = 0;
  let readAt = Number.NEGATIVE_INFINITY;
  let wasFull = true;

  const load = Effect.fnUntraced(function* (entries: ReadonlyArray<Entry>) {
    forgetIdle(streams, number - 1);
    const unknown = new Set<string>();
    for (const { stream } of entries) if (!streams.has(stream)) unknown.add(stream);
    if (unknown.size === 0) return;
    const loaded = yield* database.run(loadStreams([...unknown], options.recordLimit));
    for (const [id, stream] of loaded) streams.set(id, stream);
  });

  const prepare = Effect.fnUntraced(function* (after: number) {
    if (!wasFull) {
      const early = readAt + fullMillis - (yield* Clock.currentTimeMillis);
      if (early > 0) yield* Effect.sleep(Duration.millis(early));
    }
    // Up to where some lane is already, one by one: it is not to have what it has once more.
    const divisor = after < furthest ? most.bytes : course.divisor;
    const read = yield* source.read(after, {
      entries: Math.max(1, Math.floor(most.entries / divisor)),
      bytes: Math.max(1, Math.floor(most.bytes / divisor)),
    });
    readAt = yield* Clock.currentTimeMillis;
    if (read === undefined) return undefined;
    const { entries, through } = read;
    wasFull = entries.length >= fullEntries;
    number += 1;
    yield* load(entries);
    const batches: Array<Batch> = [];
    for (let lane = 0; lane < lanes; lane++) {
      const from = positions.get(lane) ?? 0;
      const own = from >= through ? [] : entries.filter(({ stream }) => laneOf(stream) === lane);
      if (own.length === 0) continue;
      positions.set(lane, through);
      const step = { journal: source.id, lane, from, to: through };
      const { isReplay } = source;
      batches.push(
        yield* makeBatch(step, own, streams, { number, limit: options.recordLimit, isReplay }),
      );
    }
    const round: Round = { through, batches };
    return round;
  });

  let preparing = yield* Effect.forkChild(prepare(0));
  let written: Round | undefined;
  while (true) {
    const round = yield* Fiber.join(preparing);
    if (round === undefined) break;
    const began = yield* Clock.currentTimeMillis;
    if (written !== undefined && isEnding) yield* source.release(written.through);
    preparing = yield* Effect.forkChild(prepare(round.through));
    const came = yield* Effect.forEach(round.batches, (batch) => write(source, batch, options), {
      concurrency: "unbounded",
    });
    written = round;
    yield* recovered(options, course);
    // A dead process's journal goes with its last segment: before that, its streams are brought to an end.
    if (!isEnding) yield* source.release(round.through);
    options.moved(came.reduce((sum, { dropped }) => sum + dropped, 0));
    yield* rest((yield* Clock.currentTimeMillis) - began, { wantedMillis, haste: options.haste });
  }
  yield* finishStreams(source.id, options.recordLimit);
  yield* source.release(written?.through ?? 0);
  yield* database.run(dropPositions(source.id));
});

const entriesWait = ({ waiting }: DrainOptions): string => {
  const entries = waiting();
  return entries === undefined ? "" : ` Entries in the journal: ${entries}.`;
};

/** A batch was written: whatever was wrong is over. */
const recovered = Effect.fnUntraced(function* (options: DrainOptions, course: Course) {
  course.divisor = Math.max(1, Math.floor(course.divisor / 2));
  if (course.failures === 0) return;
  course.failures = 0;
  yield* Effect.logInfo(`Recording goes on.${entriesWait(options)}`);
});

const pauseAfter = (failures: number): Duration.Duration =>
  Duration.millis(Math.min(2000, 50 * 2 ** Math.min(failures, 10)));

/** Says once that recording waits, and waits until it may go better. */
const afterTrouble = Effect.fnUntraced(function* (
  trouble: Trouble,
  options: DrainOptions,
  course: Course,
) {
  const database = yield* Database;
  // What took too long may fit in where it is less.
  if (Predicate.isTagged(trouble, "TimedOut")) {
    course.divisor = Math.min(most.entries, course.divisor * 4);
  }
  course.failures += 1;
  if (course.failures === 1) {
    yield* Effect.logWarning(
      `Recording waits, and nothing is lost: ${trouble.message}${entriesWait(options)}`,
    );
  }
  yield* Effect.sleep(pauseAfter(course.failures));
  while (!(yield* database.reachable)) yield* Effect.sleep(pauseAfter(2));
});

const afterFault = Effect.fnUntraced(function* (fault: unknown, course: Course) {
  course.failures += 1;
  yield* Effect.logError("Recording waits because of a fault of its own", Cause.die(fault));
  yield* Effect.sleep(Duration.seconds(5));
});

/** Drains to the journal's end, however often it has to wait; that of this process has none. */
export const drain = Effect.fnUntraced(function* (source: JournalSource, options: DrainOptions) {
  const course: Course = { divisor: 1, failures: 0 };
  let isDone = false;
  while (!isDone) {
    isDone = yield* drainOnce(source, options, course).pipe(
      Effect.scoped,
      Effect.as(true),
      Effect.catch((trouble) => Effect.as(afterTrouble(trouble, options, course), false)),
      Effect.catchDefect((fault) => Effect.as(afterFault(fault, course), false)),
    );
  }
});
