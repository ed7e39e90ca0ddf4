/** How the index of words takes what is stored. */
import { Effect } from "effect";
import { SqlClient } from "effect/unstable/sql";

/** Room for new words beside the index, so that no store has to sort them in. */
export const ingest = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient;
  // Dewey sorts them in by itself long before the list is full: until then a store only appends to it.
  yield* sql`ALTER INDEX messages_by_words SET (gin_pending_list_limit = 16384)`;
});
