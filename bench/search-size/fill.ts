/** Fills a database with the corpus, by statements and by several processes. */
import { join } from "node:path";
import { Schema } from "effect";
import type { PostgresServer } from "../../test/support/postgresServer.ts";
import { addressOf, login } from "../../test/support/postgresServer.ts";
import { migrateAt } from "../../test/support/tools.ts";
import { turnsOfConversation } from "./corpus.ts";

/** How long ago the first message was stored, in days. */
export const days = 365;

const Share = Schema.Struct({
  login: Schema.Struct({
    host: Schema.String,
    port: Schema.Int,
    user: Schema.String,
    password: Schema.String,
    database: Schema.String,
  }),
  conversations: Schema.Int,
  days: Schema.Int,
  index: Schema.Int,
  processes: Schema.Int,
});

/** What one of the processes fills. */
export const decodeShare = Schema.decodeUnknownSync(Share);

const processes = 2;

/** Creates a database and fills it with so many messages. The index of the words is built once they are there. */
export const fill = async (
  server: PostgresServer,
  database: string,
  messages: number,
): Promise<void> => {
  await server.query(`CREATE DATABASE ${database} OWNER dewey TEMPLATE template0 ENCODING 'UTF8'`);
  await migrateAt({ ...addressOf(server), database });
  const [[definition] = []] = await server.query(
    "SELECT pg_get_indexdef('messages_by_words'::regclass)",
    database,
  );
  await server.query("DROP INDEX messages_by_words", database);
  const children = Array.from({ length: processes }, (_, index) => {
    const share: typeof Share.Type = {
      login: { host: "127.0.0.1", port: server.port, ...login, database },
      conversations: messages / turnsOfConversation,
      days,
      index,
      processes,
    };
    return Bun.spawn(
      [process.execPath, join(import.meta.dir, "fillProcess.ts"), JSON.stringify(share)],
      { stdio: ["ignore", "inherit", "inherit"] },
    );
  });
  for (const child of children) {
    if ((await child.exited) !== 0) throw new Error(`${database} could not be filled.`);
  }
  await server.query(String(definition), database);
  await server.query("VACUUM ANALYZE", database);
};
