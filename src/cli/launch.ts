/** Runs the program: its exit codes, its last words, and the signals that end it. */
import { Cause, Effect, Exit, Fiber, Predicate, Runtime } from "effect";
import { CliError } from "effect/unstable/cli";

const signals = { SIGINT: 130, SIGTERM: 143 } as const;

/** The sentence of an error that was meant for a person; undefined for anything else. */
const sentenceOf = (error: unknown): string | undefined =>
  Predicate.hasProperty(error, "message") && Predicate.hasProperty(error, "_tag")
    ? String(error.message)
    : undefined;

const lastWords = (cause: Cause.Cause<unknown>): string => {
  const errors = cause.reasons.filter(Cause.isFailReason).map((reason) => reason.error);
  const sentences = errors.map(sentenceOf).filter(Predicate.isNotUndefined);
  return sentences.length > 0 && !Cause.hasDies(cause)
    ? `Dewey stops: ${sentences.join("\n")}`
    : `Dewey stops because of a fault of its own:\n${Cause.pretty(cause)}`;
};

const exitCode = (exit: Exit.Exit<unknown, unknown>): number => {
  if (Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause)) return 0;
  const error = Cause.squash(exit.cause);
  // The command line has said by itself what was wrong with it.
  if (CliError.isCliError(error)) return Runtime.getErrorExitCode(error);
  process.stderr.write(`${lastWords(exit.cause)}\n`);
  return 1;
};

/** One Ctrl-C reaches the program several times, from the terminal and from the runners above it. */
const sameSignalMillis = 500;

/**
 * Runs until the effect ends or a signal comes. The first signal lets everything finish and close, and the process then
 * exits with 0; a second one exits at once.
 */
export const launch = <A, E>(program: Effect.Effect<A, E>): void => {
  const fiber = Effect.runFork(program);
  let stoppingSince: number | undefined;
  for (const [signal, code] of Object.entries(signals)) {
    process.on(signal, () => {
      const now = performance.now();
      if (stoppingSince === undefined) {
        stoppingSince = now;
        Effect.runFork(Fiber.interrupt(fiber));
      } else if (now - stoppingSince > sameSignalMillis) {
        process.exit(code);
      }
    });
  }
  fiber.addObserver((exit) => process.exit(exitCode(exit)));
};
