// The embedded database as a Dewey sees it: a lease that brings it up, or joins it, and keeps it
// up for a scope. A keeper that dies is replaced in the background; the location stays the same.
import { fileURLToPath } from "node:url";
import { Context, Deferred, Effect, Layer, type SubscriptionRef } from "effect";
import { openDataFolder } from "./DataFolder.ts";
import { makeKeeperLease } from "./KeeperLease.ts";
import { defaultLingerMillis } from "./keeperProcess.ts";
import type { DatabaseLocation, KeeperState } from "./keeperProtocol.ts";

/** What to bring up; all but the folder is for tests and for the compiled program. */
export interface EmbeddedDatabaseOptions {
  readonly dataDir: string;
  /** Runs this program as a keeper, up to the keeper's arguments; the default runs it from source. */
  readonly keeper?: ReadonlyArray<string>;
  readonly lingerMillis?: number;
  readonly durable?: boolean;
  readonly temporary?: boolean;
  readonly cacheDir?: string;
  /** Closing the scope waits, if this was the last lease, until the database has stopped. */
  readonly waitForStop?: boolean;
}

// A container ends with its first process, and all that is left in it is killed: there the database
// must have stopped before we do. Without one, and under a service manager, waiting does no harm.
const endsWithUs = process.pid === 1 || process.ppid === 1;

const fromSource = () => [
  process.execPath,
  fileURLToPath(new URL("./keeperMain.ts", import.meta.url)),
];

const stillStarting = Effect.logInfo(
  "The embedded database is still starting; after a crash it first recovers what was written",
);

/** A lease on the embedded database. */
export class EmbeddedDatabase extends Context.Service<
  EmbeddedDatabase,
  {
    readonly location: DatabaseLocation;
    /** `Ready` while the database serves; the pool gets over the rest by itself. */
    readonly state: SubscriptionRef.SubscriptionRef<KeeperState>;
  }
>()("dewey/sql/embedded/EmbeddedDatabase") {
  /** Brings the database of a folder up, or joins it, and waits until it serves. */
  static readonly acquire = Effect.fn("EmbeddedDatabase.acquire")(function* (
    options: EmbeddedDatabaseOptions,
  ) {
    const folder = yield* openDataFolder(options.dataDir);
    const lease = yield* makeKeeperLease(folder, options.keeper ?? fromSource(), {
      dataDir: folder.root,
      lingerMillis: options.lingerMillis ?? defaultLingerMillis,
      durable: options.durable ?? true,
      temporary: options.temporary ?? false,
      cacheDir: options.cacheDir,
    });
    yield* Effect.forkScoped(lease.hold);
    if (options.waitForStop ?? endsWithUs) yield* Effect.addFinalizer(() => lease.leave);
    const location = yield* Effect.raceFirst(
      Deferred.await(lease.first),
      Effect.andThen(Effect.delay(stillStarting, "5 seconds"), Effect.never),
    );
    return EmbeddedDatabase.of({ location, state: lease.state });
  });

  static readonly layer = (options: EmbeddedDatabaseOptions) =>
    Layer.effect(EmbeddedDatabase, EmbeddedDatabase.acquire(options));
}
