// A process that holds a lease as a Dewey does: prints one line when the database serves or cannot,
// writes a row for each line it reads and prints it once it is committed, and leaves at the end of
// its input.

import { BunStdio } from "@effect/platform-bun";
import { PgConnection } from "@effect/sql-pg";
import { Console, Effect, Logger, Schema, Stdio, Stream } from "effect";
import {
  EmbeddedDatabase,
  type EmbeddedDatabaseOptions,
} from "../../../src/sql/embedded/EmbeddedDatabase.ts";

const Options = Schema.fromJsonString(
  Schema.Struct({
    dataDir: Schema.String,
    lingerMillis: Schema.Int,
    durable: Schema.Boolean,
    waitForStop: Schema.optionalKey(Schema.Boolean),
    cacheDir: Schema.optionalKey(Schema.String),
    keeper: Schema.optionalKey(Schema.Array(Schema.String)),
  }),
);

const say = (what: unknown) => Console.log(JSON.stringify(what));

const program = Effect.gen(function* () {
  const options: EmbeddedDatabaseOptions = yield* Schema.decodeUnknownEffect(Options)(
    process.argv[2],
  );
  const { location } = yield* EmbeddedDatabase.acquire(options);
  const connection = yield* PgConnection.make(location);
  yield* connection.query("SELECT 1");
  yield* say({ _tag: "Serving", location });
  const stdio = yield* Stdio.Stdio;
  yield* stdio.stdin.pipe(
    Stream.decodeText(),
    Stream.splitLines,
    Stream.runForEach((line) =>
      Effect.andThen(
        connection.query("INSERT INTO entries (text) VALUES ($1)", [line]),
        say({ _tag: "Stored", line }),
      ),
    ),
  );
}).pipe(
  Effect.scoped,
  Effect.catchTag("EmbeddedDatabaseError", ({ message }) => say({ _tag: "Refused", message })),
  Effect.provide([BunStdio.layer, Logger.layer([Logger.withConsoleError(Logger.formatLogFmt)])]),
);

await Effect.runPromise(program);
process.exit(0);
