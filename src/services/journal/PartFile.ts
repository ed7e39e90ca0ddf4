/**
 * One file of a journal. A journal is a row of them, so that its space is given back by taking files away; SQLite alone
 * would have to move what is left from the file's end to its front.
 */
import { Database } from "bun:sqlite";
import * as fs from "node:fs";
import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { Schema } from "effect";
import { goneEnding } from "./partNames.ts";
import { makePrivateFile, syncFolder } from "./privateFiles.ts";
import type { Segment } from "./segmentCodec.ts";

/** How a file is written: `full` waits for the disk at every commit. */
export const Sync = Schema.Literals(["normal", "full"]);
export type Sync = typeof Sync.Type;

/** A segment as it was found; its sum may be wrong. */
export interface StoredSegment extends Segment {
  readonly number: number;
  readonly isSound: boolean;
}

/** How much there is of something. */
export interface Amount {
  readonly entries: number;
  readonly bytes: number;
}

const version = 1;
/**
 * How many pages are gathered before the next commit takes them from the WAL to their places: a millisecond's work
 * where the event loop waits for it, more where the disk is waited for and nobody else.
 */
const checkpointPages = { normal: 256, full: 1000 };
const walBytes = 4 * 1024 * 1024;
const cacheKiB = 1024;

const Version = Schema.Struct({ user_version: Schema.Int });
const Sizes = Schema.Array(
  Schema.Struct({ number: Schema.Int, entries: Schema.Int, bytes: Schema.Int }),
);
const Rows = Schema.Array(
  Schema.Struct({
    number: Schema.Int,
    entries: Schema.Int,
    at: Schema.Number,
    sum: Schema.Int,
    body: Schema.Uint8Array,
  }),
);
const Total = Schema.Struct({ entries: Schema.Int, bytes: Schema.Int });
const Last = Schema.Struct({ last: Schema.Int });
const Oldest = Schema.Struct({ at: Schema.NullOr(Schema.Number) });

const decodeVersion = Schema.decodeUnknownSync(Version);
const decodeSizes = Schema.decodeUnknownSync(Sizes);
const decodeRows = Schema.decodeUnknownSync(Rows);
const decodeTotal = Schema.decodeUnknownSync(Total);
const decodeLast = Schema.decodeUnknownSync(Last);
const decodeOldest = Schema.decodeUnknownSync(Oldest);

/** The file was written by a version that is newer than this one. */
export class NewerFormat extends Schema.TaggedError<NewerFormat>()("NewerFormat", {
  message: Schema.String,
}) {}

/**
 * Takes a part that is closed away: it is no part any more at once, and its space comes back when the promise resolves.
 * To free a large file takes milliseconds, which nobody is to wait for.
 */
export const removePart = async (path: string): Promise<void> => {
  // In this order, so that never a WAL is left without its file.
  fs.rmSync(`${path}-wal`, { force: true });
  const gone = `${path}${goneEnding}`;
  fs.renameSync(path, gone);
  await rm(gone, { force: true });
};

const open = (path: string, sync: Sync): Database => {
  const database = new Database(path, { readwrite: true, create: false });
  try {
    // Held by a lease: alone with it, SQLite needs neither shared memory nor a lock for each commit.
    database.run("PRAGMA locking_mode = EXCLUSIVE");
    database.run("PRAGMA journal_mode = WAL");
    // Without it, what was written is the kernel's at each commit and outlives the process all the same.
    database.run(`PRAGMA synchronous = ${sync === "full" ? "FULL" : "OFF"}`);
    database.run(`PRAGMA wal_autocheckpoint = ${checkpointPages[sync]}`);
    database.run(`PRAGMA journal_size_limit = ${walBytes}`);
    database.run(`PRAGMA cache_size = ${-cacheKiB}`);
    return database;
  } catch (cause) {
    database.close();
    throw cause;
  }
};

/** All of it or nothing. Bun's own helper keeps statements, and with them the file and its locks, past the close. */
const inTransaction = <A>(database: Database, work: () => A): A => {
  database.run("BEGIN IMMEDIATE");
  try {
    const result = work();
    database.run("COMMIT");
    return result;
  } catch (cause) {
    // A full disk has made SQLite take it back already.
    if (database.inTransaction) database.run("ROLLBACK");
    throw cause;
  }
};

const prepare = (database: Database) => ({
  insert: database.prepare("INSERT INTO segments VALUES (?, ?, ?, ?, ?, ?)"),
  sizes: database.prepare(
    "SELECT number, entries, bytes FROM segments WHERE number > ? ORDER BY number LIMIT ?",
  ),
  rows: database.prepare(
    "SELECT number, entries, at, sum, body FROM segments WHERE number BETWEEN ? AND ? ORDER BY number",
  ),
  total: database.prepare(
    `SELECT coalesce(sum(entries), 0) AS entries, coalesce(sum(bytes), 0) AS bytes
     FROM segments WHERE number > ? AND number <= ?`,
  ),
  remove: database.prepare("DELETE FROM segments WHERE number <= ?"),
  last: database.prepare("SELECT coalesce(max(number), 0) AS last FROM segments"),
  oldest: database.prepare(
    "SELECT (SELECT at FROM segments WHERE number > ? ORDER BY number LIMIT 1) AS at",
  ),
});

const readVersion = (database: Database): number => {
  const statement = database.prepare("PRAGMA user_version");
  try {
    return decodeVersion(statement.get()).user_version;
  } finally {
    statement.finalize();
  }
};

/** An open file. Everything throws what SQLite throws. */
export class PartFile {
  readonly #database: Database;
  readonly #statements: ReturnType<typeof prepare>;

  readonly #sync: Sync;

  private constructor(database: Database, sync: Sync) {
    this.#database = database;
    this.#sync = sync;
    this.#statements = prepare(database);
  }

  static create(path: string, sync: Sync): PartFile {
    makePrivateFile(path);
    const database = open(path, sync);
    try {
      inTransaction(database, () => {
        database.run(
          `CREATE TABLE segments (number INTEGER PRIMARY KEY, at REAL NOT NULL, entries INTEGER NOT NULL,
             bytes INTEGER NOT NULL, sum INTEGER NOT NULL, body BLOB NOT NULL) STRICT`,
        );
        database.run(`PRAGMA user_version = ${version}`);
      });
      if (sync === "full") syncFolder(dirname(path));
      return new PartFile(database, sync);
    } catch (cause) {
      database.close();
      fs.rmSync(`${path}-wal`, { force: true });
      fs.rmSync(path, { force: true });
      throw cause;
    }
  }

  /** One that is there already; undefined where its making was never finished, so that there is nothing in it. */
  static open(path: string, sync: Sync): PartFile | undefined {
    const database = open(path, sync);
    try {
      const found = readVersion(database);
      if (found > version) {
        throw new NewerFormat({
          message: `${path} was written by a newer version of Dewey, which has to record it.`,
        });
      }
      if (found === version) return new PartFile(database, sync);
    } catch (cause) {
      database.close();
      throw cause;
    }
    database.close();
    return undefined;
  }

  /** All of them or none. */
  write(first: number, segments: ReadonlyArray<Segment>): void {
    const insert = (segment: Segment, index: number) =>
      this.#statements.insert.run(
        first + index,
        segment.at,
        segment.entries,
        segment.body.length,
        Bun.hash.crc32(segment.body),
        segment.body,
      );
    const [only] = segments;
    if (segments.length === 1 && only !== undefined) insert(only, 0);
    else inTransaction(this.#database, () => segments.forEach(insert));
  }

  /** The segments after a number, within the bounds but for the first of them. */
  read(after: number, most: Amount): ReadonlyArray<StoredSegment> {
    const sizes = decodeSizes(this.#statements.sizes.all(after, Math.max(1, most.entries)));
    const [first] = sizes;
    if (first === undefined) return [];
    let { entries, bytes, number: last } = first;
    for (const size of sizes.slice(1)) {
      entries += size.entries;
      bytes += size.bytes;
      if (entries > most.entries || bytes > most.bytes) break;
      last = size.number;
    }
    return decodeRows(this.#statements.rows.all(first.number, last)).map(({ sum, ...segment }) => ({
      ...segment,
      isSound: Bun.hash.crc32(segment.body) === sum,
    }));
  }

  /** How much there is after a number and through another. */
  total(after: number, through: number): Amount {
    return decodeTotal(this.#statements.total.get(after, through));
  }

  /** Erases everything through a number. That survives a loss of power with the next write: twice read is harmless. */
  erase(through: number): void {
    if (this.#sync === "full") this.#database.run("PRAGMA synchronous = NORMAL");
    try {
      this.#statements.remove.run(through);
    } finally {
      if (this.#sync === "full") this.#database.run("PRAGMA synchronous = FULL");
    }
  }

  /** The number of the last segment; 0 where there is none. */
  last(): number {
    return decodeLast(this.#statements.last.get()).last;
  }

  /** When the oldest entry after a number was captured. */
  oldestAt(after: number): number | undefined {
    return decodeOldest(this.#statements.oldest.get(after)).at ?? undefined;
  }

  /** Gives the file back at once: a statement that is left open would hold it. */
  close(): void {
    for (const statement of Object.values(this.#statements)) statement.finalize();
    this.#database.close();
  }
}
