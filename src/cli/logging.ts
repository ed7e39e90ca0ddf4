/** The log: lines for a person on a terminal, JSON for machines; always on stderr, where it disturbs no protocol. */
import { isatty } from "node:tty";
import { Effect, Layer, Logger, References } from "effect";
import { Config } from "../Config.ts";

const json = Logger.withConsoleError(Logger.formatJson);

// Standard output may go elsewhere than the log, whose own end decides about colours.
const pretty = Logger.consolePretty({ colors: isatty(2) });

/** The logger, its level, and the warnings that the configuration gave rise to. */
export const loggingLayer = Layer.unwrap(
  Effect.map(Config, ({ log, warnings }) =>
    Layer.effectDiscard(
      Effect.forEach(warnings, (warning) => Effect.logWarning(warning), { discard: true }),
    ).pipe(
      Layer.provideMerge(
        Layer.mergeAll(
          Logger.layer([log.format === "json" ? json : pretty]),
          Layer.succeed(References.MinimumLogLevel, log.level),
          Layer.succeed(Logger.LogToStderr, true),
        ),
      ),
    ),
  ),
);
