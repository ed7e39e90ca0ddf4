/** What a search goes by that looks at the newest messages first, or between dates. */
import { Effect } from "effect";
import { SqlClient } from "effect/unstable/sql";

/** Which messages of a space stand in which span of time, in their order: pages of the table alone do not say it. */
export const searchByTime = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient;
  yield* sql`DROP INDEX messages_by_time`;
  yield* sql`CREATE INDEX messages_by_time ON messages (space, created_at)`;
});
