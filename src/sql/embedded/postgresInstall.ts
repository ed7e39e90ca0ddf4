// Unpacks Postgres into a cache folder, once a machine and user, together with a template: an
// initialised cluster that new data folders are copied from. The template is what lets a user
// without an entry in /etc/passwd, which initdb insists on, start where another has prepared it.
import * as fs from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";
import { Effect, Option, Schema } from "effect";
import { dedicatedUser, type SystemUser } from "./DataFolder.ts";
import { attempt, EmbeddedDatabaseError, errnoCode } from "./EmbeddedDatabaseError.ts";
import { PostgresBinaries } from "./PostgresBinaries.ts";
import { runProgram } from "./systemProcess.ts";

/** A Postgres that is ready to run. */
export interface PostgresInstall {
  readonly postgres: string;
  readonly initdb: string;
  /** An initialised cluster, never started, to be copied. */
  readonly template: string;
}

/** The cache of the whole machine: read by every user, filled by root alone. */
export const machineCache = "/var/cache/dewey";

/** Owns the cluster inside Postgres; only the keeper uses it. */
export const superuser = "keeper";

/** The role and the database that Dewey gets. */
export const deweyRole = "dewey";

const cacheFolders = (cacheDir: string | undefined, dataDir: string): ReadonlyArray<string> => {
  if (cacheDir !== undefined) return [cacheDir];
  const inData = join(dataDir, "cache");
  if (process.getuid?.() === 0) return [machineCache, inData];
  const base = process.env.XDG_CACHE_HOME;
  const home = process.env.HOME ?? homedir();
  const personal = join(base?.startsWith("/") ? base : join(home, ".cache"), "dewey");
  return [machineCache, personal, inData];
};

const installAt = (folder: string): PostgresInstall => ({
  postgres: join(folder, "bin", "postgres"),
  initdb: join(folder, "bin", "initdb"),
  template: join(folder, "template"),
});

/** The install in a folder, unless somebody else could have put another program there. */
const existing = (folder: string) =>
  attempt("look at", folder, async () => {
    const found = await fs.lstat(folder).catch((cause: unknown) => {
      if (["ENOENT", "EACCES", "ENOTDIR"].includes(errnoCode(cause) ?? "")) return undefined;
      throw cause;
    });
    const trusted = found !== undefined && [0, process.getuid?.()].includes(found.uid);
    return trusted && found.isDirectory() && (found.mode & 0o022) === 0
      ? Option.some(installAt(folder))
      : Option.none();
  });

/** Finds the install of these binaries or makes it in the first cache folder that can be written. */
export const installPostgres = Effect.fn("postgresInstall.install")(function* (options: {
  readonly cacheDir: string | undefined;
  readonly dataDir: string;
}) {
  const binaries = yield* PostgresBinaries;
  const caches = cacheFolders(options.cacheDir, options.dataDir);
  for (const cache of caches) {
    const found = yield* existing(join(cache, binaries.name));
    if (Option.isSome(found)) return found.value;
  }
  const cache = yield* Effect.firstSuccessOf(caches.map(writableFolder));
  yield* sweep(cache);
  const target = join(cache, binaries.name);
  yield* Effect.scoped(build(target));
  yield* Effect.logInfo(`Unpacked Postgres into ${target}`);
  return installAt(target);
});

const writableFolder = (folder: string) =>
  attempt("write to", folder, async () => {
    const created = await fs.mkdir(folder, { recursive: true, mode: 0o755 });
    const { mode } = await fs.stat(folder);
    // Under root others run what is in it, and a start that was killed may have left it shut.
    const isShut = process.getuid?.() === 0 && (mode & 0o055) !== 0o055;
    if (created !== undefined) await fs.chmod(folder, 0o755);
    else if (isShut) await fs.chmod(folder, (mode & 0o7777) | 0o055);
    await fs.access(folder, fs.constants.W_OK | fs.constants.X_OK);
    return folder;
  });

/** Removes what was left by builds that were killed. */
const sweep = (cache: string) =>
  attempt("tidy", cache, async () => {
    const anHourAgo = Date.now() - 3_600_000;
    for (const name of await fs.readdir(cache)) {
      if (!name.startsWith(".building-")) continue;
      const path = join(cache, name);
      const found = await fs.stat(path).catch(() => undefined);
      if (found !== undefined && found.mtimeMs < anHourAgo) {
        await fs.rm(path, { recursive: true, force: true });
      }
    }
  });

/** Makes sure that a cluster is on the disk, and on Linux all else on its file system with it. */
export const syncCluster = (
  install: PostgresInstall,
  cluster: string,
  user: SystemUser | undefined,
) =>
  runProgram(
    [
      install.initdb,
      "--sync-only",
      `--pgdata=${cluster}`,
      // One call, where a thousand files would each wait for the disk: 0.05 s against 2 to 4 s.
      ...(process.platform === "linux" ? ["--sync-method=syncfs"] : []),
    ],
    { user },
  );

/** Builds beside the target and renames: whoever is killed or loses a race leaves no half install. */
const build = Effect.fnUntraced(function* (target: string) {
  const binaries = yield* PostgresBinaries;
  const draft = yield* Effect.acquireRelease(
    attempt("create", target, async () => {
      const path = await fs.mkdtemp(join(dirname(target), ".building-"));
      await fs.chmod(path, 0o755);
      return path;
    }),
    (path) => Effect.promise(() => fs.rm(path, { recursive: true, force: true })),
  );
  const folder = join(draft, basename(target));
  yield* attempt("create", folder, () => fs.mkdir(folder));
  yield* binaries.unpack(folder);
  yield* attempt("open to all users", folder, () => openToAll(folder));
  const install = installAt(folder);
  yield* buildTemplate(install);
  yield* attempt("open to all users", install.template, () => openToAll(install.template));
  // Or the power could fail after the new name was written and before the programs were.
  yield* syncCluster(install, install.template, undefined);
  yield* attempt("rename", folder, async () => {
    try {
      await fs.rename(folder, target);
    } catch (cause) {
      // Another process was faster, and made the same.
      if (errnoCode(cause) !== "ENOTEMPTY" && errnoCode(cause) !== "EEXIST") throw cause;
    }
  });
});

const buildTemplate = Effect.fnUntraced(function* (install: PostgresInstall) {
  const user = process.getuid?.() === 0 ? yield* userForInitdb : undefined;
  yield* attempt("create", install.template, async () => {
    await fs.mkdir(install.template, { mode: 0o700 });
    if (user !== undefined) await fs.chown(install.template, user.uid, user.gid);
  });
  yield* runProgram(
    [
      install.initdb,
      `--pgdata=${install.template}`,
      `--username=${superuser}`,
      "--encoding=UTF8",
      "--locale=C",
      "--locale-provider=builtin",
      "--builtin-locale=C.UTF-8",
      "--data-checksums",
      "--auth-local=trust",
      "--auth-host=reject",
      "--no-instructions",
      "--no-sync",
    ],
    { user },
  ).pipe(Effect.mapError(explainInitdb));
  yield* runProgram([install.postgres, "--single", "-D", install.template, "postgres"], {
    user,
    // One statement a line is how this mode reads.
    input: `CREATE ROLE ${deweyRole} LOGIN CREATEDB\nCREATE DATABASE ${deweyRole} OWNER ${deweyRole}\n`,
  });
});

const explainInitdb = (error: EmbeddedDatabaseError) =>
  error.message.includes("could not look up effective user ID")
    ? new EmbeddedDatabaseError({
        message: `User ${process.getuid?.()} has no entry in /etc/passwd, without which Postgres cannot prepare a new database. Start Dewey once as a user that has one (as root it prepares ${machineCache} for everybody), or set DEWEY_DATABASE_URL.`,
      })
    : error.message.includes("No space left on device")
      ? new EmbeddedDatabaseError({
          message:
            "The disk is full: the embedded database cannot be prepared. Free some space and start again.",
        })
      : error;

const PasswdEntry = Schema.TupleWithRest(
  Schema.Tuple([Schema.String, Schema.String, Schema.NumberFromString, Schema.NumberFromString]),
  [Schema.String],
);
const decodeEntry = Schema.decodeUnknownOption(PasswdEntry);

/** Under root, initdb needs some user that is not root and has an entry; its files are handed on. */
const userForInitdb = Effect.gen(function* () {
  const passwd = yield* attempt("read", "/etc/passwd", () => fs.readFile("/etc/passwd", "utf8"));
  const users = passwd
    .split("\n")
    .flatMap((line) => Option.toArray(decodeEntry(line.split(":"))))
    .map(([name, , uid, gid]) => ({ name, uid, gid }))
    .filter(({ uid }) => uid > 0);
  const chosen =
    users.find(({ uid }) => uid === dedicatedUser.uid) ??
    users.find(({ name }) => name === "nobody") ??
    users[0];
  if (chosen === undefined) {
    return yield* new EmbeddedDatabaseError({
      message:
        "/etc/passwd names no user but root, and Postgres refuses to run as root. Add a user (for example nobody), or set DEWEY_DATABASE_URL.",
    });
  }
  const user: SystemUser = { uid: chosen.uid, gid: chosen.gid };
  return user;
});

/** Every user may read and run what is below, and only this one may change it. */
const openToAll = async (path: string): Promise<void> => {
  const found = await fs.lstat(path);
  if (process.getuid?.() === 0) await fs.lchown(path, 0, 0);
  if (found.isSymbolicLink()) return;
  await fs.chmod(path, found.isDirectory() || (found.mode & 0o100) !== 0 ? 0o755 : 0o644);
  if (!found.isDirectory()) return;
  for (const name of await fs.readdir(path)) await openToAll(join(path, name));
};
