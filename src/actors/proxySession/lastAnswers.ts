/** What an upstream still has to say to a client that says nothing more. */
import { type Duration, Effect } from "effect";
import type { Traffic } from "./Traffic.ts";

type Last = Pick<Traffic, "endInput" | "forwarded" | "isResting" | "passed" | "rested" | "said">;

/**
 * Waits until everything of the client was forwarded, and then for the end of an upstream that can be told that there is
 * no more: it answers what it likes, and ends. One that cannot be told is waited for while it has something to answer,
 * but not through so long a silence; nor is one that has answered everything, and does not end.
 */
export const lastAnswers = Effect.fnUntraced(function* (
  traffic: Last,
  ended: Effect.Effect<void>,
  silence: Duration.Input,
) {
  yield* Effect.promise(() => traffic.forwarded());
  const isTold = traffic.endInput();
  const silent = Effect.gen(function* () {
    for (;;) {
      const before = traffic.passed;
      yield* Effect.sleep(silence);
      if (before === traffic.passed && (!isTold || traffic.isResting)) return;
    }
  });
  const rested = isTold ? Effect.never : Effect.promise(() => traffic.rested());
  yield* Effect.raceAllFirst([ended, rested, silent]);
  yield* Effect.promise(() => traffic.said());
});
