// One keeper a data folder. The lock is an exclusive SQLite transaction, which is a lock of the
// kernel: it goes with its process, however that ends, and no stale one can be left behind.
import { Database } from "bun:sqlite";
import { Effect, type Scope } from "effect";
import { type EmbeddedDatabaseError, errnoCode, fileFailure } from "./EmbeddedDatabaseError.ts";

/** Takes the lock for the scope, or answers false at once where another process has it. */
export const tryKeeperLock = (
  path: string,
): Effect.Effect<boolean, EmbeddedDatabaseError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.try({
      try: () => {
        const database = new Database(path, { create: true, readwrite: true });
        try {
          // Two that try at the same instant can refuse each other: a short wait lets one win.
          database.run("PRAGMA busy_timeout = 50");
          // Nothing is ever written, so there is nothing to leave beside the file.
          database.run("PRAGMA journal_mode = MEMORY");
          database.run("BEGIN EXCLUSIVE");
          return database;
        } catch (cause) {
          database.close();
          if (errnoCode(cause) === "SQLITE_BUSY") return undefined;
          throw cause;
        }
      },
      catch: (cause) => fileFailure("lock", path, cause),
    }),
    (database) => Effect.sync(() => database?.close()),
  ).pipe(Effect.map((database) => database !== undefined));
