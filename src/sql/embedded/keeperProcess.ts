// The keeper as a process: how a Dewey starts one, and what that process runs.

import { existsSync, writeSync } from "node:fs";
import * as fs from "node:fs/promises";
import { parseArgs } from "node:util";
import { Effect, Exit, type Layer, Logger, Schema, Stream } from "effect";
import { keepDatabase } from "./DatabaseKeeper.ts";
import type { DataFolder } from "./DataFolder.ts";
import { attempt, EmbeddedDatabaseError, fileFailure } from "./EmbeddedDatabaseError.ts";
import { KeeperGreeting, type KeeperOptions } from "./keeperProtocol.ts";
import { PostgresBinaries } from "./PostgresBinaries.ts";
import { installPostgres, machineCache } from "./postgresInstall.ts";

/** The hidden command under which the program runs as a keeper. */
export const keeperCommand = "keep-database";

const GreetingLine = Schema.fromJsonString(KeeperGreeting);
const encodeGreeting = Schema.encodeSync(GreetingLine);
const decodeGreeting = Schema.decodeEffect(GreetingLine);

const keeperArguments = (options: KeeperOptions): ReadonlyArray<string> => [
  `--data-dir=${options.dataDir}`,
  `--linger-millis=${options.lingerMillis}`,
  ...(options.durable ? [] : ["--not-durable"]),
  ...(options.temporary ? ["--temporary"] : []),
  ...(options.cacheDir === undefined ? [] : [`--cache-dir=${options.cacheDir}`]),
];

const decodeArguments = Schema.decodeUnknownSync(
  Schema.Struct({
    "data-dir": Schema.String,
    "linger-millis": Schema.optional(Schema.NumberFromString),
    "not-durable": Schema.optional(Schema.Boolean),
    temporary: Schema.optional(Schema.Boolean),
    "cache-dir": Schema.optional(Schema.String),
  }),
);

/** How long the database outlives its last lease: a client that restarts finds it warm. */
export const defaultLingerMillis = 3_000;

const parseKeeperArguments = (args: ReadonlyArray<string>) =>
  Effect.try({
    try: (): KeeperOptions => {
      const { values } = parseArgs({
        args: [...args],
        options: {
          "data-dir": { type: "string" },
          "linger-millis": { type: "string" },
          "not-durable": { type: "boolean" },
          temporary: { type: "boolean" },
          "cache-dir": { type: "string" },
        },
      });
      const parsed = decodeArguments(values);
      return {
        dataDir: parsed["data-dir"],
        lingerMillis: parsed["linger-millis"] ?? defaultLingerMillis,
        durable: parsed["not-durable"] !== true,
        temporary: parsed.temporary === true,
        cacheDir: parsed["cache-dir"],
      };
    },
    catch: (cause) =>
      new EmbeddedDatabaseError({
        message: `${keeperCommand} is run by Dewey itself, with --data-dir: ${String(cause)}`,
      }),
  });

/** The little of the environment that a keeper needs: it outlives whoever started it. */
const keeperEnvironment = () =>
  Object.fromEntries(
    ["PATH", "HOME", "TMPDIR", "XDG_CACHE_HOME"].flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );

/**
 * A shell that starts the keeper and ends: the keeper is then nobody's child, so that it outlives
 * clients which kill all that descends from a Dewey of theirs.
 */
const throughShell = ["/bin/sh", "-c", '"$@" &', "sh"];

/**
 * Starts a keeper and waits for its greeting. `program` is how to run one up to its arguments:
 * the compiled binary or Bun and the entry point, and `keeperCommand`.
 */
export const spawnKeeper = Effect.fn("keeperProcess.spawn")(function* (
  program: ReadonlyArray<string>,
  folder: DataFolder,
  options: KeeperOptions,
) {
  const child = yield* attempt("start the keeper of", folder.root, async () => {
    const log = await fs.open(folder.keeperLog, "a", 0o600);
    try {
      if (folder.asRoot) await log.chown(folder.owner.uid, folder.owner.gid);
      const command = [...program, ...keeperArguments({ ...options, dataDir: folder.root })];
      return Bun.spawn(existsSync("/bin/sh") ? [...throughShell, ...command] : command, {
        // A session of its own: Ctrl-C in the terminal of one Dewey is not meant for the others.
        detached: true,
        cwd: "/",
        env: keeperEnvironment(),
        stdin: "ignore",
        stdout: "pipe",
        stderr: log.fd,
      });
    } finally {
      await log.close();
    }
  });
  // It is not waited for, and may outlive this process.
  child.unref();
  const silent = new EmbeddedDatabaseError({
    message: `The keeper of ${folder.root} ended before it was ready. Its log is ${folder.keeperLog}.`,
  });
  return yield* Stream.fromReadableStream({
    evaluate: () => child.stdout,
    onError: (cause) => fileFailure("hear from the keeper of", folder.root, cause),
  }).pipe(
    Stream.decodeText(),
    Stream.splitLines,
    Stream.mapEffect((line) => decodeGreeting(line)),
    Stream.runHead,
    Effect.catchTag("SchemaError", () => Effect.fail(silent)),
    Effect.flatMap((greeting) =>
      greeting._tag === "Some" ? Effect.succeed(greeting.value) : Effect.fail(silent),
    ),
  );
});

const ignoreSignal = () => undefined;

/**
 * Runs this process as a keeper and exits; SIGTERM makes it end with its last lease. With
 * `--prepare` it unpacks Postgres for every user of the machine instead, as an image's build does.
 */
export const runKeeper = async (
  args: ReadonlyArray<string>,
  binaries: Layer.Layer<PostgresBinaries, EmbeddedDatabaseError> = PostgresBinaries.layerNpm,
): Promise<never> => {
  process.umask(0o077);
  process.on("SIGINT", ignoreSignal).on("SIGHUP", ignoreSignal);
  let greeted = false;
  const greet = (greeting: KeeperGreeting) =>
    Effect.sync(() => {
      if (greeted) return;
      greeted = true;
      try {
        writeSync(1, `${encodeGreeting(greeting)}\n`);
      } catch {
        // Who started it is gone already: others may come.
      }
    });
  const drain = Effect.callback<void>((resume) => {
    process.once("SIGTERM", () => resume(Effect.void));
  });
  const work = args.includes("--prepare")
    ? installPostgres({ cacheDir: machineCache, dataDir: machineCache })
    : Effect.flatMap(parseKeeperArguments(args), (options) => keepDatabase(options, greet, drain));
  const exit = await work.pipe(
    Effect.provide(binaries),
    Effect.tapError((error) => greet({ _tag: "Failed", message: error.message })),
    Effect.tapCause((cause) => Effect.logError("The keeper failed", cause)),
    Effect.provide(keeperLogger),
    Effect.runPromiseExit,
  );
  return process.exit(Exit.isSuccess(exit) ? 0 : 1);
};

const keeperLogger: Layer.Layer<never> = Logger.layer([
  Logger.withConsoleError(Logger.formatLogFmt),
]);
