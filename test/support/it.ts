// Tests that are effects, for `bun test`: `it.effect` runs one with a scope of its own, interrupts
// it and waits for its finalizers when it takes too long, and fails with the whole cause.
import { test } from "bun:test";
import { Cause, Effect, Exit, type Scope } from "effect";

/** What an effect test may set. */
export interface TestOptions {
  /** After how many milliseconds the test is interrupted; 5,000 unless given. */
  readonly timeout?: number;
}

type EffectTest = <A, E>(
  name: string,
  body: () => Effect.Effect<A, E, Scope.Scope>,
  options?: TestOptions,
) => void;

/** How long the finalizers of an interrupted test may take before bun ends it. */
const finalizersMillis = 10_000;

/** Runs the effect to its end; rejects with what failed, and with the time limit when that was it. */
export const runTest = async <A, E>(
  body: () => Effect.Effect<A, E, Scope.Scope>,
  timeout: number,
): Promise<void> => {
  const exit = await Effect.suspend(body).pipe(
    Effect.scoped,
    Effect.timeoutOrElse({
      duration: timeout,
      orElse: () => Effect.die(new Error(`The test took longer than ${timeout} ms.`)),
    }),
    Effect.runPromiseExit,
  );
  if (Exit.isSuccess(exit)) return;
  const errors = Cause.prettyErrors(exit.cause);
  // One defect, a failed `expect` above all, keeps its own stack and the diff bun prints for it.
  const [reason] = exit.cause.reasons;
  if (exit.cause.reasons.length === 1 && reason !== undefined && Cause.isDieReason(reason)) {
    throw reason.defect;
  }
  const [error] = errors;
  if (errors.length === 1 && error !== undefined) throw error;
  throw new Error(Cause.pretty(exit.cause));
};

const effect: EffectTest = (name, body, { timeout = 5000 } = {}) => {
  test(name, () => runTest(body, timeout), timeout + finalizersMillis);
};

/** `it.effect("name", () => Effect)`. */
export const it = { effect };

/** `test`, or the same skipped with the reason in its name when the condition does not hold. */
export const skipUnless = (
  condition: boolean,
  reason: string,
): ((name: string, body: () => void | Promise<unknown>, timeout?: number) => void) =>
  condition ? test : (name, body) => test.skip(`${name} [skipped: ${reason}]`, body);
