/** What a search between dates needs beside the index of words. */
import { Effect } from "effect";
import { SqlClient } from "effect/unstable/sql";

/** Where in the table which times are: messages come in the order of their times, so that a page a thousand says it. */
export const search = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient;
  yield* sql`CREATE INDEX messages_by_time ON messages USING brin (created_at)
    WITH (pages_per_range = 32, autosummarize = on)`;
});
