/** Statements that erase what was recorded and has been kept long enough, so many rows at a time. */
import { Effect, Schema } from "effect";
import { SqlClient, type Statement } from "effect/unstable/sql";
import { DbCount, decodeRows, textArray } from "./rows.ts";

const decodeErased = decodeRows(Schema.Struct({ erased: DbCount }));

const decodeIds = decodeRows(Schema.Struct({ id: Schema.String }));

const erasedBy = Effect.fnUntraced(function* (rows: unknown) {
  return (yield* decodeErased(rows))[0]?.erased ?? 0;
});

/** Runs a deletion, and answers how many rows it erased. */
const erase = Effect.fnUntraced(function* (deletion: Statement.Fragment) {
  const sql = yield* SqlClient.SqlClient;
  const rows = yield* sql`
    WITH gone AS (${deletion} RETURNING 1) SELECT count(*) AS erased FROM gone`;
  return yield* erasedBy(rows);
});

/** Erases frames that were captured more than so many days ago. */
export const purgeFrames = Effect.fnUntraced(function* (days: number, most: number) {
  const sql = yield* SqlClient.SqlClient;
  return yield* erase(sql`
    DELETE FROM frames WHERE (conversation_id, sequence) IN (
      SELECT conversation_id, sequence FROM frames
      WHERE captured_at <= now() - make_interval(days => ${days}::int)
      LIMIT ${most}::int FOR UPDATE SKIP LOCKED
    )`);
});

/** Erases tool calls that were made more than so many days ago. */
export const purgeToolCalls = Effect.fnUntraced(function* (days: number, most: number) {
  const sql = yield* SqlClient.SqlClient;
  return yield* erase(sql`
    DELETE FROM tool_calls WHERE id IN (
      SELECT id FROM tool_calls
      WHERE created_at <= now() - make_interval(days => ${days}::int)
      LIMIT ${most}::int FOR UPDATE SKIP LOCKED
    )`);
});

/** Those of some conversations that are no more, in the trash neither. */
export const findErased = Effect.fnUntraced(function* (conversations: ReadonlyArray<string>) {
  const sql = yield* SqlClient.SqlClient;
  const rows = yield* sql`
    SELECT id FROM unnest(${textArray(conversations)}::uuid[]) AS t (id)
    WHERE NOT EXISTS (SELECT FROM conversations c WHERE c.id = t.id)`;
  return (yield* decodeIds(rows)).map(({ id }) => id);
});

/** Which conversations are to go: those in the trash, or those that were recorded, since so many days. */
export type Doomed = "trash" | "recorded";

const overdue = Effect.fnUntraced(function* (which: Doomed, days: number, conversations: number) {
  const sql = yield* SqlClient.SqlClient;
  const age = sql`now() - make_interval(days => ${days}::int)`;
  return which === "trash"
    ? sql`SELECT id FROM conversations WHERE deleted_at <= ${age}
        ORDER BY deleted_at LIMIT ${conversations}::int`
    : sql`SELECT id FROM conversations WHERE last_frame > 0 AND updated_at <= ${age}
        ORDER BY updated_at LIMIT ${conversations}::int`;
});

/**
 * Erases frames and messages of the conversations that are to go next, so that none of them is so large that it cannot
 * be erased at once.
 */
export const purgeContents = Effect.fnUntraced(function* (
  which: Doomed,
  days: number,
  { conversations, rows: most }: { readonly conversations: number; readonly rows: number },
) {
  const sql = yield* SqlClient.SqlClient;
  const doomed = yield* overdue(which, days, conversations);
  const rows = yield* sql`
    WITH doomed AS MATERIALIZED (${doomed}),
    frames_gone AS (
      DELETE FROM frames WHERE (conversation_id, sequence) IN (
        SELECT f.conversation_id, f.sequence FROM doomed JOIN frames f ON f.conversation_id = doomed.id
        LIMIT ${most}::int FOR UPDATE OF f SKIP LOCKED
      ) RETURNING 1
    ),
    messages_gone AS (
      DELETE FROM messages WHERE (conversation_id, id) IN (
        SELECT m.conversation_id, m.id FROM doomed JOIN messages m ON m.conversation_id = doomed.id
        LIMIT ${most}::int FOR UPDATE OF m SKIP LOCKED
      ) RETURNING 1
    )
    SELECT (SELECT count(*) FROM frames_gone) + (SELECT count(*) FROM messages_gone) AS erased`;
  return yield* erasedBy(rows);
});

/** Erases recorded conversations in which nothing happened for so many days. */
export const purgeRecorded = Effect.fnUntraced(function* (days: number, most: number) {
  const sql = yield* SqlClient.SqlClient;
  return yield* erase(sql`
    DELETE FROM conversations WHERE id IN (
      SELECT id FROM conversations
      WHERE last_frame > 0 AND updated_at <= now() - make_interval(days => ${days}::int)
      ORDER BY updated_at LIMIT ${most}::int FOR UPDATE SKIP LOCKED
    )`);
});

/** Forgets streams, spans and positions that nothing can refer to any more. */
export const purgeBookkeeping = Effect.fnUntraced(function* (days: number) {
  const sql = yield* SqlClient.SqlClient;
  const age = sql`now() - make_interval(days => ${days}::int)`;
  yield* sql`DELETE FROM streams WHERE is_over AND seen_at <= ${age}`;
  yield* sql`DELETE FROM stateless_conversations WHERE last_at <= extract(epoch FROM ${age}) * 1000`;
  yield* sql`DELETE FROM journals WHERE updated_at <= ${age}`;
});
