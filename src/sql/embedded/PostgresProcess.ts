// The Postgres that serves a cluster: started by this process, or taken over from a keeper that
// was killed. Nothing here ends it but `stop`: it outlives this process on purpose.
import * as fs from "node:fs/promises";
import { join } from "node:path";
import { Effect, Option, Schedule } from "effect";
import { type DataFolder, postgresPort, postgresSocket } from "./DataFolder.ts";
import { attempt, EmbeddedDatabaseError, errnoCode, fileFailure } from "./EmbeddedDatabaseError.ts";
import type { PostgresInstall } from "./postgresInstall.ts";
import { commandLine, postgresEnvironment } from "./systemProcess.ts";

/** A Postgres that accepts connections. */
export interface PostgresProcess {
  readonly pid: number;
  /** Waits until it has ended, for whatever reason. */
  readonly ended: Effect.Effect<void>;
  /** Ends its sessions, writes what is to be written, and waits until it has ended. */
  readonly stop: Effect.Effect<void>;
}

const settings = (folder: DataFolder, durable: boolean): Record<string, string> => ({
  listen_addresses: "",
  unix_socket_directories: folder.postgresSocketFolder,
  unix_socket_permissions: "0700",
  port: String(postgresPort),
  // A pool of 10 and a listener for each of a dozen windows and a server, with as much to spare.
  max_connections: "200",
  shared_buffers: "64MB",
  // The reserve of huge pages in containers is often there and not usable: Postgres would crash.
  huge_pages: "off",
  jit: "off",
  io_method: "sync",
  // /dev/shm has 64 MB in a container, which parallel plans exhaust.
  max_parallel_workers_per_gather: "0",
  max_parallel_maintenance_workers: "0",
  max_wal_senders: "0",
  timezone: "UTC",
  log_timezone: "UTC",
  cluster_name: "dewey",
  // Statements and rows are the users' text: they do not belong into a log.
  log_min_error_statement: "panic",
  log_error_verbosity: "terse",
  log_checkpoints: "off",
  ...(durable
    ? { fsync: "on", full_page_writes: "on", synchronous_commit: "on" }
    : { fsync: "off", full_page_writes: "off", synchronous_commit: "off" }),
  // Elsewhere the default reaches the disk; on macOS it stops at the drive's cache.
  ...(process.platform === "darwin" ? { wal_sync_method: "fsync_writethrough" } : {}),
});

interface PidFile {
  readonly pid: number;
  readonly status: string;
  /** Tells one writing of the file from another: a number can come back, in a container it does. */
  readonly written: string;
}

const readPidFile = (folder: DataFolder) => {
  const path = join(folder.cluster, "postmaster.pid");
  return attempt("read", path, async (): Promise<Option.Option<PidFile>> => {
    try {
      const { ino, mtimeNs } = await fs.stat(path, { bigint: true });
      const lines = (await fs.readFile(path, "utf8")).split("\n");
      const pid = Math.abs(Number(lines[0]));
      return Number.isSafeInteger(pid) && pid > 0
        ? Option.some({
            pid,
            status: lines[7]?.trim() ?? "starting",
            written: `${ino} ${mtimeNs}`,
          })
        : Option.none();
    } catch (cause) {
      if (errnoCode(cause) === "ENOENT") return Option.none();
      throw cause;
    }
  });
};

/** Whether that process is a Postgres of this folder: its number alone may be anybody's by now. */
const isServing = (folder: DataFolder, pid: number) =>
  Effect.map(
    commandLine(pid),
    Option.exists((line) => line.includes("postgres") && line.includes(`-D ${folder.cluster} `)),
  );

const signal = (pid: number, name: "SIGINT" | "SIGQUIT") =>
  Effect.sync(() => {
    try {
      process.kill(pid, name);
    } catch (cause) {
      if (errnoCode(cause) !== "ESRCH") throw cause;
    }
  });

const processOf = (pid: number, ended: Effect.Effect<void>): PostgresProcess => ({
  pid,
  ended,
  stop: Effect.gen(function* () {
    yield* signal(pid, "SIGINT");
    const inTime = yield* Effect.timeoutOption(ended, "30 seconds");
    if (Option.isSome(inTime)) return;
    yield* Effect.logWarning(
      "Postgres does not stop: it will recover from its log at the next start",
    );
    yield* signal(pid, "SIGQUIT");
    yield* ended;
  }),
});

/** Takes over the Postgres that a killed keeper has left, waiting for one that starts or stops. */
export const adoptPostgres = Effect.fn("PostgresProcess.adopt")(function* (folder: DataFolder) {
  const step = Effect.gen(function* () {
    const file = yield* readPidFile(folder);
    if (Option.isNone(file)) return { _tag: "None" as const };
    const { pid, status } = file.value;
    if (!(yield* isServing(folder, pid))) return { _tag: "None" as const };
    return status === "ready" ? { _tag: "Ready" as const, pid } : { _tag: "Wait" as const };
  });
  // Not our child: the kernel has no event for us, and the file is what Postgres offers instead.
  const outcome = yield* Effect.repeat(step, {
    while: ({ _tag }) => _tag === "Wait",
    schedule: Schedule.spaced("50 millis"),
  });
  if (outcome._tag !== "Ready") return Option.none<PostgresProcess>();
  const { pid } = outcome;
  const ended = Effect.repeat(isServing(folder, pid), {
    while: (serving) => serving,
    schedule: Schedule.spaced("100 millis"),
  }).pipe(Effect.asVoid);
  yield* Effect.logInfo(`Took over the Postgres that was running, process ${pid}`);
  return Option.some(processOf(pid, ended));
});

/** Starts Postgres on the cluster and waits until it accepts connections. */
export const startPostgres = Effect.fn("PostgresProcess.start")(function* (
  folder: DataFolder,
  install: PostgresInstall,
  options: { readonly durable: boolean },
) {
  yield* refuseForeignServer(folder);
  const stale = yield* readPidFile(folder);
  const logStart = yield* logSize(folder);
  const child = yield* spawn(folder, install, options.durable, stale);
  const ended = Effect.promise(() => child.exited).pipe(Effect.asVoid);
  const isStale = ({ written }: PidFile) =>
    Option.exists(stale, (before) => before.written === written);
  const ready = Effect.repeat(readPidFile(folder), {
    until: Option.exists(
      (file) => file.pid === child.pid && file.status === "ready" && !isStale(file),
    ),
    schedule: Schedule.spaced("20 millis"),
  }).pipe(Effect.as(true));
  const started = yield* Effect.raceFirst(ready, Effect.as(ended, false)).pipe(
    Effect.onInterrupt(() => Effect.andThen(signal(child.pid, "SIGINT"), ended)),
  );
  if (!started) return yield* yield* explainEnd(folder, logStart);
  yield* Effect.logInfo(`Postgres is ready, process ${child.pid}`);
  return processOf(child.pid, ended);
});

const spawn = (
  folder: DataFolder,
  install: PostgresInstall,
  durable: boolean,
  stale: Option.Option<PidFile>,
) =>
  attempt("start Postgres in", folder.cluster, async () => {
    // Left by a Postgres that was killed. Its number may belong to another process by now, so that
    // Postgres would refuse to start.
    await fs.rm(`${postgresSocket(folder)}.lock`, { force: true });
    const log = await fs.open(folder.postgresLog, "a", 0o600);
    try {
      if (folder.asRoot) await log.chown(folder.owner.uid, folder.owner.gid);
      return Bun.spawn(
        [
          install.postgres,
          "-D",
          folder.cluster,
          ...Object.entries(settings(folder, durable)).flatMap(([name, value]) => [
            "-c",
            `${name}=${value}`,
          ]),
        ],
        {
          ...(folder.asRoot ? folder.postgresUser : {}),
          cwd: "/",
          env: {
            ...postgresEnvironment,
            // The same for its own pid file, which must stay: it also names the shared memory by
            // which Postgres sees sessions that outlived their server. This variable makes it pass
            // over that one process number.
            ...(Option.isSome(stale) ? { PG_GRANDPARENT_PID: String(stale.value.pid) } : {}),
          },
          // A session of its own: what is sent to the keeper's group is not meant for it.
          detached: true,
          stdin: "ignore",
          stdout: log.fd,
          stderr: log.fd,
        },
      );
    } finally {
      await log.close();
    }
  });

/** A server that answers though its process is not to be seen runs in another container. */
const refuseForeignServer = Effect.fnUntraced(function* (folder: DataFolder) {
  const path = postgresSocket(folder);
  const answers = yield* Effect.promise(() =>
    Bun.connect({ unix: path, socket: { data() {} } }).then(
      (socket) => {
        socket.end();
        return true;
      },
      () => false,
    ),
  );
  if (!answers) return;
  return yield* new EmbeddedDatabaseError({
    message: `A Postgres that this process cannot see, perhaps in another container, serves ${folder.root}. Stop it, or name another folder in DEWEY_DATA_DIR.`,
  });
});

const logSize = (folder: DataFolder) =>
  Effect.promise(() =>
    fs.stat(folder.postgresLog).then(
      ({ size }) => size,
      () => 0,
    ),
  );

/** The sentence for a Postgres that ended before it was ready, out of what it has just logged. */
const explainEnd = Effect.fnUntraced(function* (folder: DataFolder, logStart: number) {
  const logged = yield* attempt("read", folder.postgresLog, () =>
    Bun.file(folder.postgresLog).slice(logStart).text(),
  );
  const complaints = logged
    .split("\n")
    .filter((line) => /FATAL|PANIC|ERROR|error while/.test(line));
  const last = (complaints.at(-1) ?? logged.trim().split("\n").at(-1) ?? "").trim();
  // On a full disk the log may be empty.
  const { bavail, bsize } = yield* attempt("look at", folder.root, () => fs.statfs(folder.root));
  if (logged.includes("No space left on device") || bavail * bsize < 1_048_576) {
    return fileFailure("start the database in", folder.root, { code: "ENOSPC", message: last });
  }
  return new EmbeddedDatabaseError({
    message: `Postgres did not start in ${folder.cluster}: ${last || "it said nothing"}. More is in ${folder.postgresLog}.`,
  });
});
