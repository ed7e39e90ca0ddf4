/** Statements about conversations. */
import { Effect, Option, Schema } from "effect";
import { SqlClient } from "effect/unstable/sql";
import type { ConversationSort } from "../domain/Conversation.ts";
import type { Page } from "../domain/Page.ts";
import { JsonObject, type Metadata } from "../domain/Text.ts";
import { checked, standing } from "./conditions.ts";
import { DbCount, DbTime, decodeRows } from "./rows.ts";

const Conversation = Schema.Struct({
  id: Schema.String,
  session_id: Schema.NullOr(Schema.String),
  created_at: DbTime,
  updated_at: DbTime,
  metadata: JsonObject,
  message_count: DbCount,
});
const decodeConversations = decodeRows(Conversation);

const first = <A>(rows: ReadonlyArray<A>): Option.Option<A> => Option.fromUndefinedOr(rows[0]);

/** What a conversation is begun with. */
export interface NewConversation {
  readonly id: string;
  readonly space: string;
  readonly session_id: string | null;
  readonly metadata: Metadata;
}

const decodeBegun = decodeRows(Schema.Struct({ created_at: DbTime }));

/** Begins a conversation; none where the id is taken, in whatever space. */
export const insertConversation = Effect.fnUntraced(function* (conversation: NewConversation) {
  const sql = yield* SqlClient.SqlClient;
  const rows = yield* sql`
    INSERT INTO conversations (id, space, session_id, metadata)
    VALUES (${conversation.id}::uuid, ${conversation.space}, ${conversation.session_id},
      ${JSON.stringify(conversation.metadata)}::text::json)
    ON CONFLICT (id) DO NOTHING
    RETURNING created_at`;
  return first(yield* decodeBegun(rows));
});

const decodeSame = decodeRows(Schema.Struct({ created_at: DbTime, same: Schema.Boolean }));

/** The conversation that already has an id, and whether it was begun with the same data and still stands. */
export const compareConversation = Effect.fnUntraced(function* (conversation: NewConversation) {
  const sql = yield* SqlClient.SqlClient;
  const rows = yield* sql`
    SELECT created_at,
      space = ${conversation.space}
        AND deleted_at IS NULL
        AND session_id IS NOT DISTINCT FROM ${conversation.session_id}
        AND metadata::jsonb = ${JSON.stringify(conversation.metadata)}::text::jsonb AS same
    FROM conversations WHERE id = ${conversation.id}::uuid`;
  return first(yield* decodeSame(rows));
});

/** A conversation that is not in the trash. */
export const findConversation = Effect.fnUntraced(function* (space: string, id: string) {
  const sql = yield* SqlClient.SqlClient;
  const rows = yield* sql`
    SELECT id, session_id, created_at, updated_at, metadata, message_count
    FROM conversations
    WHERE ${standing(sql, space, id)}`;
  return first(yield* decodeConversations(rows));
});

const decodeTotal = decodeRows(Schema.Struct({ total: DbCount }));

/** Which conversations a list holds, and in what order. */
export interface ConversationList {
  readonly space: string;
  readonly session_id: string | null;
  readonly sort_by: ConversationSort;
}

const orderOf = (sql: SqlClient.SqlClient, { sort_by }: ConversationList) =>
  sort_by === "created_at" ? sql`c.created_at DESC, c.id DESC` : sql`c.updated_at DESC, c.id DESC`;

// The columns are those of an index, which is all that is read. Without an order, the plan for a small space that lies
// beside a large one would be to read the whole table.
const keysOf = (sql: SqlClient.SqlClient, list: ConversationList) => sql`
  SELECT c.id FROM conversations c
  WHERE c.space = ${list.space} AND c.deleted_at IS NULL
    ${list.session_id === null ? sql`` : sql`AND c.session_id = ${list.session_id}`}
  ORDER BY ${orderOf(sql, list)}`;

/** A page of conversations, newest first. */
export const listConversations = Effect.fnUntraced(function* (list: ConversationList, page: Page) {
  const sql = yield* SqlClient.SqlClient;
  const rows = yield* sql`
    SELECT c.id, c.session_id, c.created_at, c.updated_at, c.metadata, c.message_count
    FROM (${keysOf(sql, list)} LIMIT ${page.limit}::int OFFSET ${page.offset}::int) AS page
    JOIN conversations c USING (id)
    ORDER BY ${orderOf(sql, list)}`;
  return yield* decodeConversations(rows);
});

/** How many conversations a list holds, counted up to `most`. */
export const countConversations = Effect.fnUntraced(function* (
  list: ConversationList,
  most: number,
) {
  const sql = yield* SqlClient.SqlClient;
  const rows = yield* sql`
    SELECT count(*) AS total FROM (${keysOf(sql, list)} LIMIT ${most}::int) AS counted`;
  return (yield* decodeTotal(rows))[0]?.total ?? 0;
});

const decodeTrashed = decodeRows(Schema.Struct({ message_count: DbCount, deleted_at: DbTime }));

/** Moves a conversation to the trash. */
export const trashConversation = Effect.fnUntraced(function* (space: string, id: string) {
  const sql = yield* SqlClient.SqlClient;
  const rows = yield* sql`
    UPDATE conversations SET deleted_at = now()
    WHERE ${standing(sql, space, id)}
    RETURNING message_count, deleted_at`;
  return first(yield* decodeTrashed(rows));
});

const decodeCount = decodeRows(Schema.Struct({ message_count: DbCount }));

/** Erases a conversation with all that belongs to it, from the trash too. */
export const eraseConversation = Effect.fnUntraced(function* (space: string, id: string) {
  const sql = yield* SqlClient.SqlClient;
  const rows = yield* sql`
    DELETE FROM conversations WHERE id = ${id}::uuid AND ${checked(sql, sql`space = ${space}`)}
    RETURNING message_count`;
  return first(yield* decodeCount(rows));
});

/** Brings a conversation back from the trash, where its time there is not over. */
export const restoreConversation = Effect.fnUntraced(function* (
  space: string,
  id: string,
  trashDays: number,
) {
  const sql = yield* SqlClient.SqlClient;
  const rows = yield* sql`
    UPDATE conversations SET deleted_at = NULL
    WHERE id = ${id}::uuid AND ${checked(sql, sql`space = ${space} AND deleted_at IS NOT NULL`)}
      AND (${trashDays}::int = 0 OR deleted_at > now() - make_interval(days => ${trashDays}::int))
    RETURNING message_count`;
  return first(yield* decodeCount(rows));
});

const decodeIds = decodeRows(Schema.Struct({ id: Schema.String }));

/** Erases up to `most` conversations whose time in the trash is over, and says how many it were. */
export const purgeTrash = Effect.fnUntraced(function* (trashDays: number, most: number) {
  const sql = yield* SqlClient.SqlClient;
  const rows = yield* sql`
    DELETE FROM conversations WHERE id IN (
      SELECT id FROM conversations
      WHERE deleted_at <= now() - make_interval(days => ${trashDays}::int)
      ORDER BY deleted_at LIMIT ${most}::int
      FOR UPDATE SKIP LOCKED
    )
    RETURNING id`;
  return (yield* decodeIds(rows)).length;
});
