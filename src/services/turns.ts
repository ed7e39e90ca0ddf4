/** Lets those who change the same row come one after the other: they wait here, and not with a connection each. */
import { Duration, Effect, Semaphore } from "effect";
import type { TimedOut } from "../domain/Errors.ts";
import { late } from "../sql/failures.ts";
import type { PoolLimits } from "../sql/server.ts";

interface Line {
  readonly place: Semaphore.Semaphore;
  /** How many wait or work; the line goes with the last of them. */
  length: number;
}

/** Makes the lines of one kind of row, each under the row's key. */
export const makeTurns = ({ queryTimeoutMs }: PoolLimits) => {
  const lines = new Map<string, Line>();

  const join = (key: string) =>
    Effect.sync(() => {
      const line = lines.get(key) ?? { place: Semaphore.makeUnsafe(1), length: 0 };
      line.length += 1;
      lines.set(key, line);
      return line;
    });

  const leave = (key: string, line: Line) =>
    Effect.sync(() => {
      line.length -= 1;
      if (line.length === 0) lines.delete(key);
    });

  /** Runs a change when those before it in its line are done; who has waited too long has changed nothing. */
  return <A, E, R>(
    key: string,
    change: Effect.Effect<A, E, R>,
  ): Effect.Effect<A, E | TimedOut, R> =>
    Effect.acquireUseRelease(
      join(key),
      ({ place }) => {
        let begun = false;
        const own = Effect.suspend(() => {
          begun = true;
          return change;
        });
        const giveUp = Effect.andThen(
          Effect.sleep(Duration.millis(queryTimeoutMs)),
          Effect.suspend(() => (begun ? Effect.never : Effect.fail(late))),
        );
        return Effect.raceFirst(place.withPermit(own), giveUp);
      },
      (line) => leave(key, line),
    );
};
