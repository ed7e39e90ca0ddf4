/**
 * Statements for those who look through a space from one end to the other: each page begins after the last row of the
 * one before it, in an order that no later change disturbs.
 */
import { Effect, Schema } from "effect";
import { SqlClient } from "effect/unstable/sql";
import { Bounds } from "../domain/Bounds.ts";
import { DbCount, DbTime, decodeRows } from "./rows.ts";

/** Where a page of conversations begins: after this one. */
export interface ConversationPlace {
  readonly created_at: string;
  readonly id: string;
}

const decodeConversations = decodeRows(
  Schema.Struct({
    id: Schema.String,
    session_id: Schema.NullOr(Schema.String),
    created_at: DbTime,
    updated_at: DbTime,
    message_count: DbCount,
  }),
);

/** Conversations by their beginning, newest first. */
export const conversationsAfter = Effect.fnUntraced(function* (
  space: string,
  after: ConversationPlace | undefined,
  limit: number,
) {
  const sql = yield* SqlClient.SqlClient;
  const beyond =
    after === undefined
      ? sql``
      : sql`AND (created_at, id) < (${after.created_at}::timestamptz, ${after.id}::uuid)`;
  const rows = yield* sql`
    SELECT id, session_id, created_at, updated_at, message_count FROM conversations
    WHERE space = ${space} AND deleted_at IS NULL ${beyond}
    ORDER BY created_at DESC, id DESC LIMIT ${limit}::int`;
  return yield* decodeConversations(rows);
});

const decodeStartupContexts = decodeRows(
  Schema.Struct({
    name: Schema.String,
    is_active: Schema.Boolean,
    size_bytes: Schema.Int,
    updated_at: DbTime,
  }),
);

/** Startup contexts by name. */
export const startupContextsAfter = Effect.fnUntraced(function* (
  space: string,
  after: string | undefined,
  limit: number,
) {
  const sql = yield* SqlClient.SqlClient;
  const beyond = after === undefined ? sql`` : sql`AND name COLLATE "C" > ${after}`;
  const rows = yield* sql`
    SELECT name, is_active, octet_length(content) AS size_bytes, updated_at FROM startup_contexts
    WHERE space = ${space} ${beyond}
    ORDER BY name COLLATE "C" LIMIT ${limit}::int`;
  return yield* decodeStartupContexts(rows);
});

const decodeKeys = decodeRows(
  Schema.Struct({
    key: Schema.String,
    size_bytes: Schema.Int,
    version: DbCount,
    updated_at: DbTime,
  }),
);

/** Keys of the shared context in their order. */
export const keysAfter = Effect.fnUntraced(function* (
  space: string,
  after: string | undefined,
  limit: number,
) {
  const sql = yield* SqlClient.SqlClient;
  const beyond = after === undefined ? sql`` : sql`AND key > ${after}`;
  const rows = yield* sql`
    SELECT key, octet_length(content) AS size_bytes, version, updated_at FROM shared_context
    WHERE space = ${space} AND content IS NOT NULL ${beyond}
    ORDER BY key LIMIT ${limit}::int`;
  return yield* decodeKeys(rows);
});

const decodeNames = decodeRows(Schema.Struct({ name: Schema.String }));
const decodeTotal = decodeRows(Schema.Struct({ total: DbCount }));

const namesOf = (rows: ReadonlyArray<{ readonly name: string }>) => rows.map(({ name }) => name);

/** The ids from `first` to `last` of conversations, the latest changed first, and how many there are up to a bound. */
export const conversationIdsBetween = Effect.fnUntraced(function* (
  space: string,
  [first, last]: readonly [first: string, last: string],
  limit: number,
) {
  const sql = yield* SqlClient.SqlClient;
  const where = sql`space = ${space} AND deleted_at IS NULL AND id BETWEEN ${first}::uuid AND ${last}::uuid`;
  const rows = yield* sql`
    SELECT id AS name FROM conversations WHERE ${where}
    ORDER BY updated_at DESC, id DESC LIMIT ${limit}::int`;
  const totals = yield* sql`
    SELECT count(*) AS total
    FROM (SELECT 1 FROM conversations WHERE ${where} LIMIT ${Bounds.exactTotal}::int) AS counted`;
  const total = (yield* decodeTotal(totals))[0]?.total ?? 0;
  return { names: namesOf(yield* decodeNames(rows)), total };
});

/** The sessions of the latest conversations that begin with a text, the latest first. */
export const recentSessions = Effect.fnUntraced(function* (
  space: string,
  prefix: string,
  conversations: number,
) {
  const sql = yield* SqlClient.SqlClient;
  const rows = yield* sql`
    SELECT session_id AS name FROM (
      SELECT session_id, updated_at FROM conversations
      WHERE space = ${space} AND deleted_at IS NULL
      ORDER BY updated_at DESC, id DESC LIMIT ${conversations}::int
    ) AS latest
    WHERE session_id <> '' AND starts_with(session_id, ${prefix})
    GROUP BY session_id ORDER BY max(updated_at) DESC`;
  return namesOf(yield* decodeNames(rows));
});
