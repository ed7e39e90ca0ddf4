/**
 * Moves what the journals hold into the database: that of this process for as long as it runs, and those that dead
 * processes left in the same data folder. Forwarding never waits for it.
 */
import { Cause, Context, Duration, Effect, Layer, Schedule } from "effect";
import type { Changes } from "../services/Changes.ts";
import type { DeadLetters } from "../services/DeadLetters.ts";
import { Journal } from "../services/Journal.ts";
import { Database } from "../sql/Database.ts";
import { dropPositions, findSigns, touchPositions } from "../sql/RecordingQueries.ts";
import { drain } from "./recorder/drain.ts";
import { finishStreams } from "./recorder/finish.ts";
import { WordIndex } from "./WordIndex.ts";

/** How things are recorded. */
export interface RecorderOptions {
  /** The most bytes of a message's content; frames are kept whole. */
  readonly recordLimit: number;
  /** How often it looks for what dead processes left, and says itself that it lives; every 30 seconds unless given. */
  readonly lookEvery?: Duration.Input;
}

/** Records, for as long as its scope. */
export class Recorder extends Context.Service<
  Recorder,
  {
    /** Waits until everything that was captured so far is in the database. */
    readonly drained: Effect.Effect<void>;
  }
>()("dewey/actors/Recorder") {
  static readonly layer = (
    options: RecorderOptions,
  ): Layer.Layer<Recorder, never, Journal | Database | DeadLetters | Changes> =>
    Layer.effect(Recorder, make(options)).pipe(Layer.provide(WordIndex.layer));
}

/**
 * A process that gave no sign for so many looks is dead, whatever journal it had. Looks are counted, and not the time, since
 * that passes for all while the machine sleeps.
 */
const silentLooks = 10;
/** How long the end of the process waits for what is left; the next process records the rest. */
const farewell = Duration.seconds(5);
/** It rests no more once the oldest entry waits so long, or so much of the journal is full. */
const hurriedMillis = 60_000;
const hurriedShare = 0.25;
/** How often the log says that entries of deleted conversations were dropped. */
const tellEveryMillis = 60_000;

/** Counts what is dropped, and tells of it now and then. */
const makeDropCount = Effect.fnUntraced(function* () {
  let untold = 0;
  const tell = Effect.suspend(() => {
    if (untold === 0) return Effect.void;
    const count = untold;
    untold = 0;
    return Effect.logInfo(
      `Dropped ${count} entries that were recorded for conversations which have been deleted`,
    );
  });
  yield* Effect.addFinalizer(() => tell);
  yield* tell.pipe(
    Effect.delay(Duration.millis(tellEveryMillis)),
    Effect.forever,
    Effect.forkScoped,
  );
  return (count: number) => {
    untold += count;
  };
});

/** Finds the journals of processes that live no more, by what became of their signs since the last looks. */
const makeWatch = (own: string) => {
  let seen = new Map<string, { readonly sign: string; readonly looks: number }>();
  return Effect.map(findSigns, (signs) => {
    seen = new Map(
      signs.map(({ id, last_sign: sign }) => {
        const before = seen.get(id);
        return [id, { sign, looks: before?.sign === sign ? before.looks + 1 : 0 }];
      }),
    );
    return [...seen].flatMap(([id, { looks }]) => (looks >= silentLooks && id !== own ? [id] : []));
  });
};

const make = Effect.fnUntraced(function* ({
  recordLimit,
  lookEvery = Duration.seconds(30),
}: RecorderOptions) {
  const journal = yield* Journal;
  const database = yield* Database;
  const addDropped = yield* makeDropCount();
  const words = yield* WordIndex;
  const waiting = new Set<() => void>();

  const wake = () => {
    if (journal.state().entries > 0) return;
    for (const resume of waiting) resume();
    waiting.clear();
  };

  const drained = Effect.andThen(
    journal.flush,
    Effect.callback<void>((resume) => {
      if (journal.state().entries === 0) {
        resume(Effect.void);
        return undefined;
      }
      const done = () => resume(Effect.void);
      waiting.add(done);
      return Effect.sync(() => waiting.delete(done));
    }),
  ).pipe(Effect.withSpan("Recorder.drained"));

  /** Full of haste where somebody waits for it, or where it is a minute or a quarter of the journal behind. */
  const haste = () => {
    if (waiting.size > 0) return 1;
    const { bytes, limitBytes, oldestAt } = journal.state();
    const lateness = oldestAt === undefined ? 0 : (Date.now() - oldestAt) / hurriedMillis;
    return Math.min(1, Math.max(lateness, bytes / (limitBytes * hurriedShare)));
  };

  const common = {
    recordLimit,
    stored: words.stored,
    moved: (dropped: number) => {
      addDropped(dropped);
      wake();
    },
  };

  yield* Effect.forkScoped(
    drain(journal.own, {
      ...common,
      isEnding: false,
      haste,
      waiting: () => journal.state().entries,
    }),
  );

  /** Whoever wrote is gone by now: a journal that is drained has no more to come, and its position nothing to say. */
  const settle = drained.pipe(
    Effect.andThen(finishStreams(journal.own.id, recordLimit)),
    Effect.andThen(database.run(dropPositions(journal.own.id))),
    Effect.catch(({ message }) =>
      Effect.logDebug(`What this process recorded is brought to an end by another one: ${message}`),
    ),
  );
  // Added before the looks below begin, and so run when they are over: whoever leaves declares nobody dead.
  yield* Effect.addFinalizer(() =>
    Effect.flatMap(database.reachable, (isThere) =>
      isThere ? Effect.timeoutOption(settle, farewell) : Effect.void,
    ),
  );

  /** What fails is tried again at the next look. */
  const atEachLook = <E extends { readonly message: string }, R>(work: Effect.Effect<void, E, R>) =>
    work.pipe(
      Effect.catch(({ message }) =>
        Effect.logDebug(`What dead processes left waits for the next look: ${message}`),
      ),
      Effect.catchDefect((fault) =>
        Effect.logError("A fault while recording what a dead process left", Cause.die(fault)),
      ),
      Effect.repeat(Schedule.spaced(lookEvery)),
      Effect.forkScoped,
    );

  yield* Effect.scoped(
    Effect.flatMap(journal.abandoned, (sources) =>
      Effect.forEach(
        sources,
        (source) =>
          drain(source, { ...common, isEnding: true, haste: () => 0, waiting: () => undefined }),
        { discard: true },
      ),
    ),
  ).pipe(atEachLook);

  const findDead = makeWatch(journal.own.id);
  yield* database.run(touchPositions(journal.own.id)).pipe(
    Effect.andThen(database.run(findDead)),
    Effect.flatMap((dead) =>
      Effect.forEach(dead, (id) => finishStreams(id, recordLimit), { discard: true }),
    ),
    atEachLook,
  );

  return Recorder.of({ drained });
});
