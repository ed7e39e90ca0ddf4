// The keeper of one data folder: the one process that owns its Postgres. Every Dewey on the folder
// holds a connection to the keeper as its lease; the database stops soon after the last has gone.
import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { Duration, Effect, Option, Schedule } from "effect";
import { ensureCluster } from "./cluster.ts";
import { type DataFolder, giveToOwner, openDataFolder, postgresPort } from "./DataFolder.ts";
import { attempt, EmbeddedDatabaseError } from "./EmbeddedDatabaseError.ts";
import { tryKeeperLock } from "./keeperLock.ts";
import type { KeeperGreeting, KeeperOptions, KeeperState } from "./keeperProtocol.ts";
import { openLeaseDesk } from "./LeaseDesk.ts";
import { keepLogSmall } from "./logFile.ts";
import { mustReach } from "./mustReach.ts";
import { adoptPostgres, type PostgresProcess, startPostgres } from "./PostgresProcess.ts";
import { deweyRole, installPostgres } from "./postgresInstall.ts";

const starting: KeeperState = { _tag: "Starting" };
const stopped: KeeperState = { _tag: "Stopped" };

/** Keeps the database of a folder until nobody needs it; greets whoever started this process. */
export const keepDatabase = Effect.fn("DatabaseKeeper.keep")(function* (
  options: KeeperOptions,
  greet: (greeting: KeeperGreeting) => Effect.Effect<void>,
  drain: Effect.Effect<void>,
) {
  const folder = yield* openDataFolder(options.dataDir);
  if (!(yield* tryKeeperLock(folder.lock))) return yield* greet({ _tag: "Taken" });
  yield* giveToOwner(folder, folder.lock);
  yield* Effect.logInfo(`Keeps the database in ${folder.root}, process ${process.pid}`);
  if (options.temporary) yield* removeAtTheEnd(folder);
  const desk = yield* openLeaseDesk(folder, options.lingerMillis);
  yield* Effect.forkScoped(Effect.andThen(drain, desk.drain));
  yield* keepLogSmall(folder.keeperLog);
  yield* keepLogSmall(folder.postgresLog);
  yield* greet({ _tag: "Listening" });
  yield* supervise(folder, options, desk);
}, Effect.scoped);

/** Starts, restarts and at last stops Postgres; returns when it has stopped and nobody waits. */
const supervise = Effect.fnUntraced(function* (
  folder: DataFolder,
  options: KeeperOptions,
  desk: Effect.Success<ReturnType<typeof openLeaseDesk>>,
) {
  const ready: KeeperState = {
    _tag: "Ready",
    location: {
      host: folder.postgresSocketFolder,
      port: postgresPort,
      username: deweyRole,
      database: deweyRole,
    },
  };
  const life = Effect.acquireUseRelease(
    launch(folder, options),
    Effect.fnUntraced(function* (postgres: PostgresProcess) {
      yield* desk.announce(ready);
      return yield* Effect.raceFirst(
        Effect.as(postgres.ended, "ended" as const),
        Effect.as(desk.unused(starting), "unused" as const),
      );
    }),
    (postgres, exit) =>
      exit._tag === "Success" && exit.value === "ended" ? Effect.void : postgres.stop,
  );
  let failures = 0;
  while (true) {
    const [duration, outcome] = yield* Effect.timed(Effect.result(life));
    if (outcome._tag === "Success" && outcome.success === "unused") {
      if (yield* desk.announceIfUnused(stopped)) {
        return yield* Effect.logInfo("The last Dewey has gone: the database has stopped");
      }
      continue;
    }
    if (outcome._tag === "Failure") {
      yield* Effect.logError(outcome.failure.message);
      yield* desk.announce({ _tag: "Failed", message: outcome.failure.message });
    } else {
      yield* Effect.logWarning("Postgres has ended by itself: starting it again");
      yield* desk.announce(starting);
    }
    failures = Duration.toSeconds(duration) > 10 ? 1 : failures + 1;
    const pause = outcome._tag === "Success" && failures === 1 ? 0 : 100 * 2 ** failures;
    const next = yield* Effect.raceAllFirst([
      Effect.as(Effect.sleep(Duration.millis(Math.min(pause, 10_000))), "retry" as const),
      Effect.as(desk.wantedAgain, "retry" as const),
      Effect.as(desk.unused(stopped), "unused" as const),
    ]);
    if (next === "unused") return yield* Effect.logInfo("The last Dewey has gone");
    yield* desk.announce(starting);
  }
});

const launch = Effect.fn("DatabaseKeeper.launch")(function* (
  folder: DataFolder,
  options: KeeperOptions,
) {
  const install = yield* installPostgres({ cacheDir: options.cacheDir, dataDir: folder.root });
  if (folder.asRoot) {
    for (const path of [folder.cluster, folder.postgresSocketFolder, install.postgres]) {
      yield* mustReach(path, folder.postgresUser);
    }
  }
  yield* ensureCluster(folder, install, options);
  const adopted = yield* adoptPostgres(folder);
  if (Option.isSome(adopted)) return adopted.value;
  return yield* startPostgres(folder, install, options).pipe(
    // Sessions of a Postgres that was killed end by themselves when their statement does.
    Effect.retry({
      while: (error) => error.message.includes("pre-existing shared memory block"),
      schedule: Schedule.spaced("200 millis").pipe(Schedule.upTo({ duration: "1 minute" })),
    }),
  );
});

const removeAtTheEnd = Effect.fnUntraced(function* (folder: DataFolder) {
  const temporary = yield* attempt("look at", tmpdir(), () => fs.realpath(tmpdir()));
  if (!folder.root.startsWith(`${temporary}/`)) {
    return yield* new EmbeddedDatabaseError({
      message: `${folder.root} is not below ${temporary}: only there is a folder removed at the end.`,
    });
  }
  yield* Effect.addFinalizer(() =>
    Effect.promise(async () => {
      await fs.rm(folder.runtime, { recursive: true, force: true });
      await fs.rm(folder.root, { recursive: true, force: true });
    }),
  );
});
