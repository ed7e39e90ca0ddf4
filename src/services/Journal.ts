/** The journal: what passed the proxy and is not in the database yet, on the disk before it is forwarded. */
import { Cause, Context, Effect, Latch, Layer, type Scope } from "effect";
import type { Entry } from "../domain/Recording.ts";
import { newId } from "../domain/Text.ts";
import { Appender } from "./journal/Appender.ts";
import { findAbandoned } from "./journal/abandonedJournals.ts";
import { askStore, segmentsOf } from "./journal/askStore.ts";
import { JournalError, type JournalSource } from "./journal/JournalSource.ts";
import { newLease } from "./journal/lease.ts";
import type { Sync } from "./journal/PartFile.ts";
import { journalFolder, lockPath } from "./journal/partNames.ts";
import { makePrivateFolder, syncFolder } from "./journal/privateFiles.ts";
import { readSegments } from "./journal/readSegments.ts";
import { failureSentence } from "./journal/sqliteFailures.ts";
import { directLink } from "./journal/storeRequests.ts";
import { workerLink } from "./journal/workerLink.ts";
import { sparingly } from "./sparingly.ts";

export { JournalError, type JournalSource };

/** What health and metrics need to know of the process's own journal. */
export interface JournalState {
  /** What was taken in and not released yet. */
  readonly entries: number;
  readonly bytes: number;
  /** How many it may hold. */
  readonly limitBytes: number;
  /** When the oldest of what is on the disk was captured, in milliseconds. */
  readonly oldestAt: number | undefined;
  /** How many entries since the start of the process. */
  readonly kept: number;
  readonly lost: number;
  /** Why it keeps nothing at the moment: a sentence. */
  readonly fault: string | undefined;
}

/** How a journal is kept. */
export interface JournalOptions {
  readonly dataDir: string;
  /** `normal` survives the death of the process, `full` the loss of power as well. */
  readonly sync: Sync;
  /** How many bytes it may hold; past that, entries are not kept. */
  readonly limitBytes: number;
}

/** Keeps entries until the recorder has them in the database. */
export class Journal extends Context.Service<
  Journal,
  {
    /**
     * Takes an entry in. `written` is called in the order of the calls: once the entry is on the disk, or once it is
     * known that it cannot be kept. What comes within one turn of the event loop is one commit.
     */
    readonly append: (entry: Entry, written?: (kept: boolean) => void) => void;
    /** Calls back when its turn among the entries has come, as for one that is lost. */
    readonly pass: (passed: () => void) => void;
    /** False while nothing is kept: what is appended then is lost. */
    readonly isTaking: () => boolean;
    /** Waits until everything appended so far was written, or is known to be lost. */
    readonly flush: Effect.Effect<void>;
    /** The journal of this process. */
    readonly own: JournalSource;
    /**
     * Journals of dead processes in the same data folder, each held for the scope or until it is drained. One that is
     * held already, here or elsewhere, is not among them.
     */
    readonly abandoned: Effect.Effect<ReadonlyArray<JournalSource>, never, Scope.Scope>;
    readonly state: () => JournalState;
  }
>()("dewey/services/Journal") {
  static readonly layer = (options: JournalOptions): Layer.Layer<Journal, JournalError> =>
    Layer.effect(Journal, make(options));
}

const MiB = 1024 * 1024;
/** Large enough that making a part is rare, small enough that its space comes back soon. */
const partBytes = 64 * MiB;
const idleBytes = 16 * MiB;
/** A disk that is all but full fails and succeeds in turns, which is not worth a line each time. */
const quietMillis = 10_000;

/** The folder of journals and this process's place in it. */
const openFolder = (dataDir: string, id: string, sync: Sync) => {
  const folder = journalFolder(dataDir);
  return Effect.try({
    try: () => {
      makePrivateFolder(folder);
      if (sync === "full") syncFolder(dataDir);
      return { folder, lease: newLease(lockPath(folder, id)) };
    },
    catch: (cause) =>
      new JournalError({ message: failureSentence("keep its journal in", folder, cause) }),
  });
};

const make = Effect.fnUntraced(function* ({ dataDir, sync, limitBytes }: JournalOptions) {
  const id = newId();
  const { folder, lease } = yield* Effect.acquireRelease(
    openFolder(dataDir, id, sync),
    ({ lease: held }) => Effect.sync(held.release),
  );
  const storeOptions = { folder, id, kind: "journal", sync, partBytes, idleBytes } as const;
  const link = sync === "full" ? workerLink(storeOptions) : directLink(storeOptions);
  const log = Effect.runForkWith(yield* Effect.context<never>());
  const filled = Latch.makeUnsafe();
  const lossTold = sparingly(quietMillis);
  const returnTold = sparingly(quietMillis);
  let untold = 0;

  const appender = new Appender({
    link,
    limitBytes,
    committed: () => filled.openUnsafe(),
    losing: (sentence) => {
      if (!lossTold()) return;
      log(Effect.logError(`Traffic goes on and is not recorded: ${sentence}`));
    },
    keeping: (lost) => {
      untold += lost;
      if (!returnTold()) return;
      log(Effect.logWarning(`Traffic is recorded again; ${untold} entries were not.`));
      untold = 0;
    },
    fault: (cause) => {
      log(
        Effect.logError(
          "A fault of Dewey's own, while it forwarded what it had written",
          Cause.die(cause),
        ),
      );
    },
  });
  const flush = Effect.callback<void>((resume) => appender.flushed(() => resume(Effect.void)));

  yield* Effect.addFinalizer(() =>
    Effect.gen(function* () {
      appender.close();
      yield* flush;
      const { isEmpty } = yield* askStore(link, { _tag: "Close" });
      if (isEmpty) lease.end();
    }).pipe(Effect.catch(({ message }) => Effect.logError(message))),
  );

  const own: JournalSource = {
    id,
    isReplay: false,
    read: Effect.fnUntraced(function* (after, most) {
      while (true) {
        filled.closeUnsafe();
        const reply = yield* askStore(link, { _tag: "Read", after, most });
        appender.heard(reply.held);
        const batch = yield* readSegments(folder, id, segmentsOf(reply));
        if (batch !== undefined) return batch;
        yield* filled.await;
      }
    }),
    release: Effect.fnUntraced(function* (through) {
      const { held } = yield* askStore(link, { _tag: "Release", through });
      appender.heard(held);
    }),
  };

  return Journal.of({
    append: appender.append,
    pass: appender.pass,
    isTaking: appender.isTaking,
    flush,
    own,
    abandoned: findAbandoned({ folder, own: id, sync }),
    state: () => ({ ...appender.state, limitBytes }),
  });
});
