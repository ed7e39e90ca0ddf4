/** Statements by which processes on one database tell each other of changes, while one of them listens. */
import { Effect } from "effect";
import { SqlClient } from "effect/unstable/sql";
import { textArray } from "./rows.ts";

/** The channel of the notifications. */
export const channel = "dewey_changes";

/**
 * Held in shared mode by every session that listens, so that others see that somebody does. Postgres lets go of it with
 * the session, however that ends. The form of two numbers is used for nothing else here.
 */
export const listenersLock = [0x64657765, 1] as const;

/** Sends a payload to every session that listens. */
export const notify = Effect.fnUntraced(function* (payload: string) {
  const sql = yield* SqlClient.SqlClient;
  yield* sql`SELECT pg_notify(${channel}, ${payload})::text`;
});

/** Sends payloads if a session other than `own` listens, and says whether one does. */
export const notifyOthers = Effect.fnUntraced(function* (
  payloads: ReadonlyArray<string>,
  own: number | undefined,
) {
  const sql = yield* SqlClient.SqlClient;
  const [one, two] = listenersLock;
  const rows = yield* sql`
    SELECT pg_notify(${channel}, payload)::text FROM unnest(${textArray(payloads)}::text[]) AS payload
    WHERE EXISTS (
      SELECT FROM pg_locks
      WHERE locktype = 'advisory' AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND classid = ${one}::int::oid AND objid = ${two}::int::oid AND objsubid = 2
        AND pid <> ${own ?? 0}::int
    )`;
  return rows.length > 0;
});
