/**
 * The lease on a journal: an exclusive transaction on a file beside it, which is a lock of the kernel. It goes with its
 * process, however that ends, and is seen by every other process of the machine.
 */
import { Database } from "bun:sqlite";
import * as fs from "node:fs";
import { makePrivateFile } from "./privateFiles.ts";
import { sqliteCode } from "./sqliteFailures.ts";

/** What holds a journal. */
export interface Lease {
  readonly release: () => void;
  /** Takes the file away too; what it stands for has to be gone already: whoever opened it meanwhile finds nothing. */
  readonly end: () => void;
}

/** Whoever holds one may only wait, and be referred to by nobody: the garbage collector would give it back. */
const held = new Set<Database>();

const hold = (path: string): Database | undefined => {
  makePrivateFile(path);
  const database = new Database(path, { create: true, readwrite: true });
  try {
    database.run("PRAGMA busy_timeout = 0");
    // Nothing is ever written, so there is nothing to leave beside the file.
    database.run("PRAGMA journal_mode = MEMORY");
    database.run("BEGIN EXCLUSIVE");
  } catch (cause) {
    database.close();
    if (sqliteCode(cause) === "SQLITE_BUSY") return undefined;
    throw cause;
  }
  return database;
};

const leaseOn = (path: string, database: Database): Lease => {
  held.add(database);
  const release = () => {
    held.delete(database);
    database.close();
  };
  return {
    release,
    end: () => {
      fs.rmSync(path, { force: true });
      release();
    },
  };
};

/** Takes the lease, or answers undefined at once where somebody has it. Throws where the file cannot be had. */
export const tryLease = (path: string): Lease | undefined => {
  const database = hold(path);
  return database && leaseOn(path, database);
};

/**
 * Takes the lease on a journal that begins. The file gets its name once it is held: before that, whoever looks for
 * abandoned journals would take it for one.
 */
export const newLease = (path: string): Lease => {
  const unnamed = `${path}.new`;
  const database = hold(unnamed);
  if (database === undefined) throw new Error("its own lock is held by another process");
  try {
    fs.renameSync(unnamed, path);
  } catch (cause) {
    database.close();
    throw cause;
  }
  return leaseOn(path, database);
};
