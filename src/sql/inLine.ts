/** Work that stands in line for a place, and gives up where that takes too long. */
import { Duration, Effect } from "effect";

/**
 * Runs work as soon as `withPlace` lets it begin, or what is done instead where that takes longer than `millis`. Once it
 * has begun it has all the time that it needs.
 */
export const inLine = <A, E, R, E2, R2>(
  work: Effect.Effect<A, E, R>,
  withPlace: (work: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>,
  millis: number,
  tooLate: Effect.Effect<never, E2, R2>,
): Effect.Effect<A, E | E2, R | R2> =>
  Effect.suspend(() => {
    let hasBegun = false;
    const begin = Effect.suspend(() => {
      hasBegun = true;
      return work;
    });
    const giveUp = Effect.andThen(
      Effect.sleep(Duration.millis(millis)),
      Effect.suspend(() => (hasBegun ? Effect.never : tooLate)),
    );
    return Effect.raceFirst(withPlace(begin), giveUp);
  });
