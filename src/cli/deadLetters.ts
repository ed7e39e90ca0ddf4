/** `dewey dead-letters`: shows what the database refused for good, puts it back, or drops it. */
import { Console, Effect, Layer, Schema } from "effect";
import { Argument, Command, Flag } from "effect/unstable/cli";
import { Config } from "../Config.ts";
import { type DeadLetter, DeadLetters } from "../services/DeadLetters.ts";
import { loggingLayer } from "./logging.ts";

/** The command line does not say which dead letters it means. */
class UnclearSelection extends Schema.TaggedError<UnclearSelection>()("UnclearSelection", {
  message: Schema.String,
}) {}

/** Some of the ids that were given are of no dead letter. */
class NotFound extends Schema.TaggedError<NotFound>()("NotFound", { message: Schema.String }) {}

const lettersLayer = Layer.unwrap(
  Effect.map(Config, ({ dataDir }) => DeadLetters.layer({ dataDir })),
).pipe(Layer.provide(loggingLayer.pipe(Layer.provideMerge(Config.layer))));

const page = 500;
const longestReason = 200;

const counted = (count: number): string =>
  count === 1 ? "1 dead letter" : `${count} dead letters`;

/** On one line of a terminal, whatever is in it. */
const plain = (text: string): string =>
  text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ").slice(0, longestReason);

const row = (...[id, captured, upstream, direction, bytes, reason]: ReadonlyArray<string>) =>
  [
    id?.padEnd(36),
    captured?.padEnd(24),
    upstream?.padEnd(16),
    direction?.padEnd(11),
    bytes?.padStart(9),
    reason,
  ].join("  ");

const lineOf = ({ id, at, upstream, direction, bytes, reason }: DeadLetter): string =>
  row(
    id,
    new Date(at).toISOString(),
    plain(upstream ?? "unknown"),
    direction,
    String(bytes),
    plain(reason),
  );

const list = Command.make("list", {}, () =>
  Effect.gen(function* () {
    const letters = yield* DeadLetters;
    let count = 0;
    let last: string | undefined;
    while (true) {
      const found = yield* letters.list(page, last);
      if (found.length === 0) break;
      if (count === 0) {
        yield* Console.log(row("ID", "CAPTURED", "UPSTREAM", "DIRECTION", "BYTES", "REASON"));
      }
      yield* Console.log(found.map(lineOf).join("\n"));
      count += found.length;
      last = found.at(-1)?.id;
    }
    if (count === 0) yield* Console.log("There are no dead letters.");
  }).pipe(Effect.provide(lettersLayer)),
).pipe(Command.withDescription("Show what the database refused, and why; never its content"));

const which = {
  ids: Argument.String("id").pipe(
    Argument.withDescription("The id of a dead letter, as the list shows it"),
    Argument.variadic(),
  ),
  all: Flag.Boolean("all").pipe(Flag.withDefault(false), Flag.withDescription("All of them")),
};

interface Which {
  readonly ids: ReadonlyArray<string>;
  readonly all: boolean;
}

type Selection = ReadonlyArray<string> | "all";

const selectionOf = ({ all, ids }: Which): Effect.Effect<Selection, UnclearSelection> =>
  all === ids.length > 0
    ? Effect.fail(
        new UnclearSelection({
          message:
            "Name dead letters by their ids, as `dewey dead-letters list` shows them, or all of them with --all.",
        }),
      )
    : Effect.succeed(all ? "all" : [...new Set(ids)]);

/** Says what was done, and fails where ids were given that are of no dead letter. */
const told = Effect.fnUntraced(function* (selection: Selection, done: number, sentence: string) {
  yield* Console.log(sentence);
  if (selection === "all" || done === selection.length) return;
  return yield* new NotFound({
    message: `${selection.length - done} of the ${selection.length} ids that were given are of no dead letter.`,
  });
});

const replay = Command.make("replay", which, (given) =>
  Effect.gen(function* () {
    const selection = yield* selectionOf(given);
    const letters = yield* DeadLetters;
    const count = yield* letters.replay(selection);
    const next =
      count === 0 ? "" : " A running Dewey records them in a moment, otherwise the next one does.";
    yield* told(selection, count, `Put back ${counted(count)}.${next}`);
  }).pipe(Effect.provide(lettersLayer)),
).pipe(
  Command.withDescription("Put them back to be recorded; what was recorded already is not doubled"),
);

const drop = Command.make("drop", which, (given) =>
  Effect.gen(function* () {
    const selection = yield* selectionOf(given);
    const letters = yield* DeadLetters;
    const count = yield* letters.drop(selection);
    yield* told(selection, count, `Dropped ${counted(count)}.`);
  }).pipe(Effect.provide(lettersLayer)),
).pipe(Command.withDescription("Forget them for good"));

/** The command and what can be done with it. */
export const deadLetters = Command.make("dead-letters").pipe(
  Command.withDescription("Look at what could not be recorded, put it back, or drop it"),
  Command.withSubcommands([list, replay, drop]),
);
