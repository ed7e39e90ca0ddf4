// What a keeper and its Deweys say to each other: one JSON object a line.
import { type Array as Arr, Effect, Schema, Stream } from "effect";

/** How to reach the database; the same for as long as the data folder stays where it is. */
export const DatabaseLocation = Schema.Struct({
  /** The folder of the unix socket. */
  host: Schema.String,
  port: Schema.Int,
  username: Schema.String,
  database: Schema.String,
});
export type DatabaseLocation = typeof DatabaseLocation.Type;

/** What the keeper tells every lease: first the state it is in, then each change. */
export const KeeperState = Schema.Union([
  Schema.TaggedStruct("Starting", {}),
  Schema.TaggedStruct("Ready", { location: DatabaseLocation }),
  Schema.TaggedStruct("Failed", { message: Schema.String }),
  Schema.TaggedStruct("Stopped", {}),
]);
export type KeeperState = typeof KeeperState.Type;

/** What a Dewey tells the keeper: that it goes and will wait until the database has stopped. */
export const LeaseRequest = Schema.TaggedStruct("Leave", {});

/** What a keeper that was just started prints, once, to whoever started it. */
export const KeeperGreeting = Schema.Union([
  Schema.TaggedStruct("Listening", {}),
  Schema.TaggedStruct("Taken", {}),
  Schema.TaggedStruct("Failed", { message: Schema.String }),
]);
export type KeeperGreeting = typeof KeeperGreeting.Type;

/** Everything a keeper is told on its command line besides the data folder. */
export const KeeperOptions = Schema.Struct({
  dataDir: Schema.String,
  /** How long the database outlives its last lease. */
  lingerMillis: Schema.Int,
  /** False gives up every promise about crashes for speed: tests only. */
  durable: Schema.Boolean,
  /** Removes the data folder at the end: for tests, and only below the system's temporary folder. */
  temporary: Schema.Boolean,
  /** Where the unpacked binaries are kept; absent: a cache folder of this user. */
  cacheDir: Schema.optional(Schema.String),
});
export type KeeperOptions = typeof KeeperOptions.Type;

/** The messages that arrive on a socket, until it closes. */
export const messages = <A, E, I>(
  pull: Effect.Effect<Arr.NonEmptyReadonlyArray<string>, E>,
  schema: Schema.Codec<A, I>,
): Stream.Stream<A, E | Schema.SchemaError> => {
  const decode = Schema.decodeEffect(Schema.fromJsonString(schema));
  return Stream.fromPull(Effect.succeed(pull)).pipe(
    Stream.splitLines,
    Stream.mapEffect((line) => decode(line)),
  );
};
