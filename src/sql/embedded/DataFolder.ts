// Where everything of the embedded database lives, and whose it is. Every process that shares a
// data folder must come to the same answer, whatever its environment: nothing here reads one.
import { createHash } from "node:crypto";
import * as fs from "node:fs/promises";
import { join } from "node:path";
import { Effect, Option } from "effect";
import { attempt, EmbeddedDatabaseError, errnoCode } from "./EmbeddedDatabaseError.ts";

/** A user and group of the operating system. */
export interface SystemUser {
  readonly uid: number;
  readonly gid: number;
}

/** An opened data folder: the paths in it, and the users its files and its Postgres belong to. */
export interface DataFolder {
  readonly root: string;
  /** Postgres's own folder (`PGDATA`). */
  readonly cluster: string;
  readonly lock: string;
  readonly keeperLog: string;
  readonly postgresLog: string;
  /** Holds both sockets; outside of the data folder where that one's path is too long for them. */
  readonly runtime: string;
  readonly keeperSocket: string;
  readonly postgresSocketFolder: string;
  /** Whom the keeper's own files belong to. */
  readonly owner: SystemUser;
  /** Whom Postgres runs as: never root. */
  readonly postgresUser: SystemUser;
  /** True where this process is root and must hand files to `owner` and drop to `postgresUser`. */
  readonly asRoot: boolean;
}

/**
 * The user Postgres drops to under root where the folder names no other: in a range that neither
 * distributions nor container engines hand out, so that it is nobody else's.
 */
export const dedicatedUser: SystemUser = { uid: 60920, gid: 60920 };

/** The port is only a part of the socket's name: nothing listens on TCP. */
export const postgresPort = 5432;

// sockaddr_un holds 104 bytes on macOS and 108 on Linux, the closing zero included.
const longestSocketPath = 100;

const socketFileOf = (folder: string) => join(folder, `.s.PGSQL.${postgresPort}`);

/** The file of Postgres's socket. */
export const postgresSocket = (folder: DataFolder) => socketFileOf(folder.postgresSocketFolder);

const runtimeFolder = (root: string) => {
  const inside = join(root, "run");
  if (Buffer.byteLength(socketFileOf(join(inside, "postgres"))) <= longestSocketPath) return inside;
  const digest = createHash("sha256").update(root).digest("hex").slice(0, 20);
  return `/tmp/dewey-${digest}`;
};

const statOrNone = (path: string) =>
  attempt("look at", path, () =>
    fs.lstat(path).then(Option.some, (cause: unknown) => {
      if (errnoCode(cause) === "ENOENT") return Option.none();
      throw cause;
    }),
  );

/** Makes a folder that nobody but its owner can change, or checks that the one there is such. */
const privateFolder = Effect.fnUntraced(function* (
  path: string,
  mode: number,
  owner: SystemUser,
  asRoot: boolean,
) {
  const found = yield* attempt("create", path, async () => {
    await fs.mkdir(path, { mode }).catch((cause: unknown) => {
      if (errnoCode(cause) !== "EEXIST") throw cause;
    });
    const made = await fs.lstat(path);
    // Made a moment ago, or by a start that was killed before it gave it away: nobody but root makes what is root's.
    const isOurs = made.isDirectory() && made.uid === (process.getuid?.() ?? made.uid);
    if (!isOurs || (made.mode & 0o022) !== 0) return made;
    await fs.chmod(path, mode);
    if (asRoot) await fs.lchown(path, owner.uid, owner.gid);
    return await fs.lstat(path);
  });
  if (found.uid !== owner.uid && found.uid !== 0) {
    return yield* new EmbeddedDatabaseError({
      message: `${path} belongs to user ${found.uid}, and user ${process.getuid?.()} may not use that user's database. Run Dewey as the owner, or name another folder in DEWEY_DATA_DIR.`,
    });
  }
  if (!found.isDirectory() || (found.mode & 0o022) !== 0) {
    return yield* new EmbeddedDatabaseError({
      message: `${path} should be a folder that only its owner can change, and it is not. Remove it and start again.`,
    });
  }
});

/** Hands a file that root made to the folder's owner, who must be able to use it without root. */
export const giveToOwner = (folder: DataFolder, path: string) =>
  folder.asRoot
    ? attempt("give away", path, () => fs.lchown(path, folder.owner.uid, folder.owner.gid))
    : Effect.void;

/** Opens a data folder, making what is missing of it except for the cluster itself. */
export const openDataFolder = Effect.fn("DataFolder.open")(function* (dataDir: string) {
  const asRoot = process.getuid?.() === 0;
  const root = yield* attempt("create", dataDir, async () => {
    // Postgres, as another user, has to walk through a folder that root makes.
    const mode = asRoot ? 0o711 : 0o700;
    const created = await fs.mkdir(dataDir, { recursive: true, mode });
    if (created !== undefined) await fs.chmod(dataDir, mode);
    return await fs.realpath(dataDir);
  });
  const found = yield* attempt("look at", root, () => fs.stat(root));
  if (!found.isDirectory()) {
    return yield* new EmbeddedDatabaseError({
      message: `${root} is not a folder. Name a folder in DEWEY_DATA_DIR.`,
    });
  }
  const me: SystemUser = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  const folderUser: SystemUser = { uid: found.uid, gid: found.gid };
  const owner = asRoot ? folderUser : me;

  const cluster = join(root, "postgres");
  const clusterStat = yield* statOrNone(cluster);
  const postgresUser = !asRoot
    ? me
    : Option.isSome(clusterStat) && clusterStat.value.uid !== 0
      ? { uid: clusterStat.value.uid, gid: clusterStat.value.gid }
      : folderUser.uid !== 0
        ? folderUser
        : dedicatedUser;

  const runtime = runtimeFolder(root);
  const postgresSocketFolder = join(runtime, "postgres");
  yield* privateFolder(runtime, asRoot ? 0o711 : 0o700, owner, asRoot);
  yield* privateFolder(postgresSocketFolder, 0o700, postgresUser, asRoot);

  const folder: DataFolder = {
    root,
    cluster,
    lock: join(root, "keeper.lock"),
    keeperLog: join(root, "keeper.log"),
    postgresLog: join(root, "postgres.log"),
    runtime,
    keeperSocket: join(runtime, "keeper.sock"),
    postgresSocketFolder,
    owner,
    postgresUser,
    asRoot,
  };
  return folder;
});
