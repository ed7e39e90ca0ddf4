/** Statements about messages: how they are appended, compared and read. */
import { Effect, Schema } from "effect";
import { SqlClient, type SqlError } from "effect/unstable/sql";
import { Role } from "../domain/Message.ts";
import { JsonObject } from "../domain/Text.ts";
import type { NewConversation } from "./ConversationQueries.ts";
import { standing } from "./conditions.ts";
import { DbCount, DbTime, decodeRows, int4Array, intArray, textArray, uuidArray } from "./rows.ts";

/** A message ready to be written: its metadata as JSON text, its search document already made. */
export interface MessageRow {
  readonly id: string;
  readonly role: Role;
  readonly content: string;
  readonly metadata: string;
  readonly vector: string | null;
  readonly length: number;
}

/** A message for a turn that has been settled. */
export interface PlacedRow extends MessageRow {
  readonly turn: number;
}

const Stored = Schema.Struct({ id: Schema.String, turn_number: DbCount, created_at: DbTime });
export type Stored = typeof Stored.Type;
const decodeStored = decodeRows(Stored);
/** Messages as parameters for `unnest`, a column each. */
export const columns = (rows: ReadonlyArray<MessageRow>) => ({
  ids: uuidArray(rows.map((row) => row.id)),
  roles: textArray(rows.map((row) => row.role)),
  contents: textArray(rows.map((row) => row.content)),
  metadata: textArray(rows.map((row) => row.metadata)),
  vectors: textArray(rows.map((row) => row.vector)),
  lengths: int4Array(rows.map((row) => row.length)),
});

const decodeHeld = decodeRows(
  Schema.Struct({ is_there: Schema.Boolean, last_turn: Schema.NullOr(DbCount) }),
);

/** What came of taking a conversation: its last turn where it is held now. */
export type Hold =
  | { readonly _tag: "Held"; readonly lastTurn: number }
  | { readonly _tag: "Missing" };

/** Somebody else holds the conversation; the transaction that met them ends. */
export class HeldByOthers extends Schema.TaggedError<HeldByOthers>()("HeldByOthers", {}) {}

/** How long a transaction stands in line for a conversation, which takes it a connection. */
const standingMillis = 100;

/** Takes a conversation for the rest of the transaction: at once, or in line behind whoever else holds it. */
export const holdConversation = Effect.fnUntraced(function* (
  space: string,
  id: string,
  patience: "now" | "inLine",
): Effect.fn.Return<Hold, SqlError.SqlError | HeldByOthers, SqlClient.SqlClient> {
  const sql = yield* SqlClient.SqlClient;
  if (patience === "inLine") {
    yield* sql`SELECT set_config('lock_timeout', ${String(standingMillis)}, true)`;
  }
  const itself = standing(sql, space, id);
  const rows = yield* sql`
    SELECT
      EXISTS (SELECT FROM conversations WHERE ${itself}) AS is_there,
      (SELECT last_turn FROM conversations WHERE ${itself}
        FOR NO KEY UPDATE ${patience === "now" ? sql`SKIP LOCKED` : sql``}) AS last_turn`.pipe(
    Effect.catchIf(
      ({ reason }) => reason._tag === "LockTimeoutError",
      () => Effect.fail(new HeldByOthers()),
    ),
  );
  if (patience === "inLine") yield* sql`SELECT set_config('lock_timeout', '0', true)`;
  const [row] = yield* decodeHeld(rows);
  if (typeof row?.last_turn === "number") return { _tag: "Held", lastTurn: row.last_turn };
  if (patience === "now" && row?.is_there === true) return yield* new HeldByOthers();
  return { _tag: "Missing" };
});

const decodeKnown = decodeRows(
  Schema.Struct({
    ...Stored.fields,
    role: Role,
    content: Schema.String,
    metadata: JsonObject,
  }),
);

/** The messages of a conversation that already have one of the ids. */
export const findByIds = Effect.fnUntraced(function* (
  conversation_id: string,
  ids: ReadonlyArray<string>,
) {
  const sql = yield* SqlClient.SqlClient;
  const rows = yield* sql`
    SELECT id, turn_number, created_at, role, content, metadata FROM messages
    WHERE conversation_id = ${conversation_id}::uuid AND id = ANY(${textArray(ids)}::uuid[])`;
  return yield* decodeKnown(rows);
});

const decodeTurns = decodeRows(Schema.Struct({ turn_number: DbCount }));

/** Which of the turns of a conversation are taken. */
export const findTakenTurns = Effect.fnUntraced(function* (
  conversation_id: string,
  turns: ReadonlyArray<number>,
) {
  const sql = yield* SqlClient.SqlClient;
  const rows = yield* sql`
    SELECT turn_number FROM messages
    WHERE conversation_id = ${conversation_id}::uuid AND turn_number = ANY(${intArray(turns)}::bigint[])`;
  return (yield* decodeTurns(rows)).map((row) => row.turn_number);
});

/** Inserts rows at settled turns of a conversation that this transaction holds, and moves its counters. */
export const placeRows = Effect.fnUntraced(function* (
  space: string,
  conversation_id: string,
  last_turn: number,
  rows: ReadonlyArray<PlacedRow>,
) {
  const sql = yield* SqlClient.SqlClient;
  const { ids, roles, contents, metadata, vectors, lengths } = columns(rows);
  const stored = yield* sql`
    WITH counted AS (
      UPDATE conversations
      SET last_turn = ${BigInt(last_turn)}, message_count = message_count + ${rows.length}::int,
        updated_at = greatest(updated_at, now())
      WHERE id = ${conversation_id}::uuid
    )
    INSERT INTO messages (conversation_id, id, space, turn_number, role, content, metadata, search_vector, search_length)
    SELECT ${conversation_id}::uuid, id, ${space}, turn, role, content, metadata::json, vector::tsvector, length
    FROM unnest(
      ${ids}, ${intArray(rows.map((row) => row.turn))}, ${roles}, ${contents}, ${metadata}, ${vectors}, ${lengths}
    ) AS t (id, turn, role, content, metadata, vector, length)
    RETURNING id, turn_number, created_at`;
  return yield* decodeStored(stored);
});

/** Begins a conversation with all its messages at settled turns. */
export const createWithMessages = Effect.fnUntraced(function* (
  conversation: NewConversation,
  last_turn: number,
  rows: ReadonlyArray<PlacedRow>,
) {
  const sql = yield* SqlClient.SqlClient;
  const { ids, roles, contents, metadata, vectors, lengths } = columns(rows);
  const { id, space, session_id } = conversation;
  yield* sql`
    WITH begun AS (
      INSERT INTO conversations (id, space, session_id, metadata, last_turn, message_count)
      VALUES (${id}::uuid, ${space}, ${session_id}, ${JSON.stringify(conversation.metadata)}::text::json,
        ${BigInt(last_turn)}, ${rows.length}::int)
    )
    INSERT INTO messages (conversation_id, id, space, turn_number, role, content, metadata, search_vector, search_length)
    SELECT ${id}::uuid, id, ${space}, turn, role, content, metadata::json, vector::tsvector, length
    FROM unnest(
      ${ids}, ${intArray(rows.map((row) => row.turn))}, ${roles}, ${contents}, ${metadata}, ${vectors}, ${lengths}
    ) AS t (id, turn, role, content, metadata, vector, length)`;
});

const Read = Schema.Struct({
  id: Schema.String,
  turn: DbCount,
  role: Role,
  content: Schema.String,
  metadata: JsonObject,
  created_at: DbTime,
});
const decodeRead = decodeRows(Read);

/** Messages after a turn, by turn: as many as asked for, and no more than fit into `bytes` (but always one). */
export const readMessages = Effect.fnUntraced(function* (request: {
  readonly conversation_id: string;
  readonly after_turn: number;
  readonly limit: number;
  readonly bytes: number;
}) {
  const sql = yield* SqlClient.SqlClient;
  const rows = yield* sql`
    SELECT id, turn_number AS turn, role, content, metadata, created_at
    FROM (
      SELECT *, sum(octet_length(content) + octet_length(metadata::text))
        OVER (ORDER BY turn_number ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS bytes_before
      FROM (
        SELECT id, turn_number, role, content, metadata, created_at FROM messages
        WHERE conversation_id = ${request.conversation_id}::uuid AND turn_number > ${BigInt(request.after_turn)}
        ORDER BY turn_number LIMIT ${request.limit}::int
      ) AS page
    ) AS measured
    WHERE bytes_before IS NULL OR bytes_before < ${request.bytes}::int
    ORDER BY turn_number`;
  return yield* decodeRead(rows);
});
