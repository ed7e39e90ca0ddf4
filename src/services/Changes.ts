/**
 * The feed of changes: what is changed through this process or another one on the same database is told to whoever
 * subscribes. Changes are told after their commit, coalesced, and only while somebody subscribes.
 */
import {
  Cause,
  Context,
  Duration,
  Effect,
  Exit,
  Fiber,
  Layer,
  RcRef,
  type Scope,
  Stream,
} from "effect";
import { type Change, type Resync, resync } from "../domain/Change.ts";
import { newId } from "../domain/Text.ts";
import { notifyOthers } from "../sql/ChangeQueries.ts";
import { encodePayloads } from "../sql/changePayloads.ts";
import { Database } from "../sql/Database.ts";
import { mayBeCommitted } from "../sql/failures.ts";
import { makeChangeListener } from "./changeListener.ts";
import { type ChangeSet, makeChangeSet } from "./changeSet.ts";

/** Takes what was changed and tells those who want to know. */
export class Changes extends Context.Service<
  Changes,
  {
    /** Call it after the commit. It neither waits nor fails; hot paths call it without an effect. */
    readonly publish: (change: Change) => void;
    /**
     * Publishes what a write changed: what its result says, or what was asked for where nobody can know whether it was
     * committed.
     */
    readonly publishing: <A, E, R>(
      write: Effect.Effect<A, E, R>,
      asked: Change,
      changed: (result: A) => ReadonlyArray<Change>,
    ) => Effect.Effect<A, E, R>;
    /**
     * The changes from now on, of every process and every space, for one reader. A resync stands for changes that were
     * missed, or were too many.
     */
    readonly subscribe: Effect.Effect<Stream.Stream<Change | Resync>, never, Scope.Scope>;
  }
>()("dewey/services/Changes") {
  static readonly layer = Layer.effect(
    Changes,
    Effect.suspend(() => make),
  );
}

/** How many different things may wait to be told, on their way out and for each subscriber. */
const most = 512;
/** How long changes are gathered before they are told. */
const window = Duration.millis(100);
/** What the sender waits for after what came of its last batch. */
const pauses = { told: 0, nobody: 400, failed: 1000, fault: 10_000 };
const farewell = Duration.seconds(1);

const make = Effect.gen(function* () {
  const database = yield* Database;
  const own = newId();
  const fresh = makeChangeSet(most);
  const abroad = makeChangeSet(most);
  const inboxes = new Set<ChangeSet>();
  let session: number | undefined;

  const deliver = (changes: ReadonlyArray<Change | Resync>) => {
    for (const inbox of inboxes) inbox.addAll(changes);
  };

  const spread = () => {
    const changes = fresh.take();
    abroad.addAll(changes);
    deliver(changes);
  };

  /** Tells the other processes if one of them listens; asking and telling are one statement. */
  const send = Effect.suspend(() => {
    const payloads = encodePayloads(own, abroad.take());
    return database.run(notifyOthers(payloads, session));
  }).pipe(
    Effect.map((told) => (told ? pauses.told : pauses.nobody)),
    Effect.onError(() => Effect.sync(() => abroad.addAll([resync]))),
  );

  // The last of what was changed, since a process may live for one call only; a server that hangs is not waited for.
  yield* Effect.addFinalizer(() =>
    Effect.suspend(() => {
      spread();
      if (abroad.isEmpty()) return Effect.void;
      return Effect.flatMap(Effect.forkDetach(send), (sending) =>
        Effect.timeoutOption(Fiber.await(sending), farewell),
      );
    }),
  );

  yield* fresh.filled.pipe(
    Effect.andThen(Effect.sleep(window)),
    Effect.andThen(Effect.sync(spread)),
    Effect.forever,
    Effect.forkScoped,
  );

  yield* Effect.andThen(abroad.filled, send).pipe(
    Effect.catch(() => Effect.succeed(pauses.failed)),
    Effect.catchDefect((defect) =>
      Effect.as(
        Effect.logError("A fault while telling of changes", Cause.die(defect)),
        pauses.fault,
      ),
    ),
    Effect.flatMap(Effect.sleep),
    Effect.forever,
    Effect.forkScoped,
  );

  const listener = yield* RcRef.make({
    acquire: makeChangeListener({
      own,
      heard: deliver,
      listening: (now) => {
        session = now;
      },
    }),
  });

  const publish = fresh.add;

  const publishing: Changes["Service"]["publishing"] = (write, asked, changed) =>
    Effect.onExit(write, (exit) =>
      Effect.sync(() => {
        if (Exit.isSuccess(exit)) changed(exit.value).forEach(publish);
        else if (mayBeCommitted(exit.cause)) publish(asked);
      }),
    );

  const subscribe = Effect.gen(function* () {
    const inbox = makeChangeSet(most);
    yield* Effect.acquireRelease(
      Effect.sync(() => inboxes.add(inbox)),
      () => Effect.sync(() => inboxes.delete(inbox)),
    );
    yield* RcRef.get(listener);
    return Stream.fromIterableEffectRepeat(Effect.map(inbox.filled, inbox.take));
  }).pipe(Effect.withSpan("Changes.subscribe"));

  return Changes.of({ publish, publishing, subscribe });
});
