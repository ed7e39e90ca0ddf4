/** The database that the settings name: a server, or the embedded one of the data folder. */
import { Effect, Layer } from "effect";
import type { DatabaseTarget } from "../Config/databaseTarget.ts";
import { Config } from "../Config.ts";
import { Database } from "../sql/Database.ts";
import { EmbeddedDatabase } from "../sql/embedded/EmbeddedDatabase.ts";
import { migrate } from "../sql/Migrator.ts";
import type { ServerAddress } from "../sql/server.ts";

const addressOf = Effect.fnUntraced(function* (target: DatabaseTarget) {
  if (target._tag === "Embedded") {
    const { location } = yield* EmbeddedDatabase.acquire({ dataDir: target.dataDir });
    return { ...location, tls: false } satisfies ServerAddress;
  }
  const { url, host, port, name, user, password, tls } = target;
  return {
    ...(url === undefined ? {} : { url }),
    ...(password === undefined ? {} : { password }),
    host,
    port,
    database: name,
    username: user,
    tls,
  } satisfies ServerAddress;
});

/** The pool, connected. */
export const databaseLayer = Layer.unwrap(
  Effect.gen(function* () {
    const { database } = yield* Config;
    return Database.layer(yield* addressOf(database.target), database);
  }),
);

/** The pool over a schema that is up to date. */
export const migratedDatabaseLayer = Layer.effectDiscard(migrate()).pipe(
  Layer.provideMerge(databaseLayer),
);
