/** Keeps one session listening to the other processes while it is wanted, and opens it again when it is lost. */
import { Cause, Deferred, Duration, Effect, Option } from "effect";
import { type Change, type Resync, resync } from "../domain/Change.ts";
import { type FeedDeaf, type FeedLost, openChangeFeed } from "../sql/ChangeFeed.ts";

/** For whom it listens. */
export interface ListenerOptions {
  /** This process, whose own changes are not heard. */
  readonly own: string;
  readonly heard: (changes: ReadonlyArray<Change | Resync>) => void;
  /** Called with the number of the session that listens now; undefined where none does. */
  readonly listening: (session: number | undefined) => void;
}

/** How long one who wants to listen may be kept waiting; the session then comes later, with a resync. */
const start = Duration.seconds(2);
const pauses = { first: 100, longest: 2000, deaf: 60_000, fault: 10_000 };

/** An effect that listens for as long as its scope is open, and returns once it does or cannot. */
export const makeChangeListener = ({ own, heard, listening }: ListenerOptions) => {
  // Kept from one listening to the next, so that what does not change is said once.
  let trouble: string | undefined;

  const tell = (error: FeedLost | FeedDeaf) => {
    if (trouble === error._tag) return Effect.void;
    trouble = error._tag;
    return Effect.logWarning(
      `What other processes change is not told to subscribers for now: ${error.message}`,
    );
  };

  const tellEnd = Effect.suspend(() => {
    if (trouble === undefined) return Effect.void;
    trouble = undefined;
    return Effect.logInfo("What other processes change is told to subscribers again");
  });

  return Effect.gen(function* () {
    const settled = yield* Deferred.make<void>();
    let missed = false;
    let pause = pauses.first;

    const session = Effect.gen(function* () {
      const feed = yield* openChangeFeed;
      listening(feed.session);
      yield* Effect.addFinalizer(() => Effect.sync(() => listening(undefined)));
      pause = pauses.first;
      if (missed) heard([resync]);
      yield* tellEnd;
      yield* Deferred.succeed(settled, undefined);
      return yield* feed.run(own, heard);
    }).pipe(Effect.scoped);

    const wait = (millis: number) =>
      Effect.suspend(() => {
        missed = true;
        Deferred.doneUnsafe(settled, Effect.void);
        return Effect.sleep(millis);
      });

    const patiently = session.pipe(
      Effect.catchTags({
        FeedLost: (error) =>
          Effect.andThen(
            tell(error),
            Effect.suspend(() => {
              const now = pause;
              pause = Math.min(pause * 2, pauses.longest);
              return wait(now);
            }),
          ),
        FeedDeaf: (error) => Effect.andThen(tell(error), wait(pauses.deaf)),
      }),
      Effect.catchDefect((defect) =>
        Effect.andThen(
          Effect.logError("A fault while listening to the other processes", Cause.die(defect)),
          wait(pauses.fault),
        ),
      ),
    );

    yield* Effect.forkScoped(Effect.forever(patiently));
    const inTime = yield* Effect.timeoutOption(Deferred.await(settled), start);
    if (Option.isNone(inTime)) missed = true;
  });
};
