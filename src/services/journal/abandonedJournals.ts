/** The journals that dead processes left in the data folder: taken, read to their end, and taken away. */
import { Effect, Exit, Scope } from "effect";
import { askStore, segmentsOf } from "./askStore.ts";
import { JournalError, type JournalSource } from "./JournalSource.ts";
import { type Lease, tryLease } from "./lease.ts";
import type { Sync } from "./PartFile.ts";
import { type FoundJournal, findJournals, lockPath, removeGone } from "./partNames.ts";
import { readSegments } from "./readSegments.ts";
import { failureSentence } from "./sqliteFailures.ts";
import { directLink } from "./storeRequests.ts";

/** Where to look, and what is not to be looked at. */
export interface AbandonedOptions {
  readonly folder: string;
  readonly own: string;
  readonly sync: Sync;
}

const givenBack = new JournalError({ message: "The journal was given back before this." });

const makeSource = Effect.fnUntraced(function* (
  { folder, sync }: AbandonedOptions,
  { id, kind, parts }: FoundJournal,
  lease: Lease,
  ended: (isUnreadable: boolean) => void,
) {
  const link = directLink({ folder, id, kind, sync, partBytes: 0, idleBytes: 0 }, parts);
  const outer = yield* Effect.scope;
  const scope = yield* Scope.fork(outer);
  let isOpen = true;
  let isDrained = false;
  yield* Scope.addFinalizer(
    scope,
    Effect.suspend(() => {
      isOpen = false;
      return askStore(link, { _tag: "Close" }).pipe(
        Effect.catch(({ message }) => Effect.logWarning(message)),
        Effect.andThen(
          Effect.sync(() => {
            // What another version has to record stays, with its lock.
            const isLeft = findJournals(folder).some(
              (each) => each.id === id && each.parts.length > 0,
            );
            if (isLeft || !isDrained) lease.release();
            else lease.end();
            ended(isDrained && isLeft);
          }),
        ),
      );
    }),
  );
  const source: JournalSource = {
    id,
    isReplay: kind === "replay",
    read: Effect.fnUntraced(function* (after, most) {
      if (isDrained) return undefined;
      if (!isOpen) return yield* givenBack;
      const reply = yield* askStore(link, { _tag: "Read", after, most });
      return yield* readSegments(folder, id, segmentsOf(reply));
    }),
    release: Effect.fnUntraced(function* (through) {
      if (isDrained) return;
      if (!isOpen) return yield* givenBack;
      const { isEmpty } = yield* askStore(link, { _tag: "Release", through });
      if (!isEmpty) return;
      isDrained = true;
      yield* Scope.close(scope, Exit.void);
    }),
  };
  return source;
});

/** That of a process that ended before it kept anything, or after everything of it was moved. */
const emptySource = Effect.fnUntraced(function* (id: string, lease: Lease, ended: () => void) {
  let isDrained = false;
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      if (isDrained) lease.end();
      else lease.release();
      ended();
    }),
  );
  const source: JournalSource = {
    id,
    isReplay: false,
    read: () => Effect.succeed(undefined),
    release: () =>
      Effect.sync(() => {
        isDrained = true;
      }),
  };
  return source;
});

/** Looks for abandoned journals each time it is run; one that cannot be taken is told of once. */
export const findAbandoned = (
  options: AbandonedOptions,
): Effect.Effect<ReadonlyArray<JournalSource>, never, Scope.Scope> => {
  const { folder, own } = options;
  const held = new Set([own]);
  const told = new Set<string>();

  const tellOnce = (id: string, message: string) => {
    if (told.has(id)) return Effect.void;
    told.add(id);
    return Effect.logWarning(message);
  };

  const list = Effect.try({
    try: () => findJournals(folder),
    catch: (cause) => failureSentence("look into", folder, cause),
  }).pipe(Effect.catch((sentence) => Effect.as(tellOnce(folder, sentence), [])));

  const tidy = Effect.tryPromise({
    try: () => removeGone(folder),
    catch: (cause) => failureSentence("tidy up", folder, cause),
  }).pipe(Effect.catch((sentence) => tellOnce(`${folder} gone`, sentence)));

  const take = Effect.fnUntraced(function* ({ id }: FoundJournal) {
    const path = lockPath(folder, id);
    const lease = yield* Effect.try({
      try: () => tryLease(path),
      catch: (cause) => failureSentence("take over the journal behind", path, cause),
    }).pipe(Effect.catch((sentence) => Effect.as(tellOnce(id, sentence), undefined)));
    if (lease === undefined) return [];
    // Looked up again: its process may have written until just now, or another one has drained it.
    const found = (yield* list).find((each) => each.id === id);
    if (found === undefined) {
      lease.end();
      return [];
    }
    held.add(id);
    // One that only a newer version can read is not taken again and again.
    const forget = (isUnreadable = false) => {
      if (!isUnreadable) held.delete(id);
    };
    if (found.parts.length === 0) return [yield* emptySource(id, lease, forget)];
    return [yield* makeSource(options, found, lease, forget)];
  });

  return Effect.gen(function* () {
    yield* tidy;
    const found = (yield* list).filter(({ id }) => !held.has(id));
    // Between the lease and its place in the scope nothing may come.
    return (yield* Effect.forEach(found, (each) => Effect.uninterruptible(take(each)))).flat();
  });
};
