/** Statements of the recorder: how far a journal is recorded, and what is written of it, a batch at a time. */
import { Effect, Schema } from "effect";
import { SqlClient } from "effect/unstable/sql";
import type { Direction } from "../domain/Frame.ts";
import type { ToolCallStatus } from "../domain/ToolCall.ts";
import type { NewConversation } from "./ConversationQueries.ts";
import { checked } from "./conditions.ts";
import type { PlacedRow } from "./MessageQueries.ts";
import {
  bytesArray,
  DbCount,
  decodeRows,
  doubleArray,
  intArray,
  textArray,
  timeArray,
} from "./rows.ts";

const decodeIds = decodeRows(Schema.Struct({ id: Schema.String }));
const decodePositions = decodeRows(Schema.Struct({ lane: Schema.Int, recorded_through: DbCount }));

/** The last segment that is recorded of each lane of a journal that has one. */
export const findPositions = Effect.fnUntraced(function* (journal: string) {
  const sql = yield* SqlClient.SqlClient;
  const rows = yield* sql`SELECT lane, recorded_through FROM journals WHERE id = ${journal}::uuid`;
  return new Map(
    (yield* decodePositions(rows)).map((row) => [row.lane, row.recorded_through] as const),
  );
});

/** How long a batch waits for whoever holds a conversation of it. */
const lockTimeoutMillis = 5000;

/** A step of a lane: from the last segment that is recorded to the one that is about to be. */
export interface Step {
  readonly journal: string;
  readonly lane: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Moves the position of a lane, and whoever moves it records what lies between: false where it is elsewhere by now, and
 * nothing may be recorded. From then on the transaction waits only so long for what others hold.
 */
export const movePosition = Effect.fnUntraced(function* ({ journal, lane, from, to }: Step) {
  const sql = yield* SqlClient.SqlClient;
  const rows = yield* sql`
    INSERT INTO journals AS j (id, lane, recorded_through)
    VALUES (${journal}::uuid, ${lane}::int, ${BigInt(to)})
    ON CONFLICT (id, lane) DO UPDATE SET recorded_through = excluded.recorded_through, updated_at = now()
      WHERE j.recorded_through = ${BigInt(from)}
    RETURNING set_config('lock_timeout', ${String(lockTimeoutMillis)}, true)`;
  return rows.length > 0;
});

/** Says that the process behind a journal lives. */
export const touchPositions = Effect.fnUntraced(function* (journal: string) {
  const sql = yield* SqlClient.SqlClient;
  yield* sql`UPDATE journals SET updated_at = now() WHERE id = ${journal}::uuid`;
});

const decodeSigns = decodeRows(Schema.Struct({ id: Schema.String, last_sign: Schema.String }));

/** The journals whose streams are not over, each with its last sign of life. */
export const findSigns = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient;
  const rows = yield* sql`
    SELECT id, max(updated_at)::text AS last_sign FROM journals
    WHERE id IN (SELECT journal FROM streams WHERE NOT is_over) GROUP BY id`;
  return yield* decodeSigns(rows);
});

/** Forgets the positions of a journal that is no more. */
export const dropPositions = Effect.fnUntraced(function* (journal: string) {
  const sql = yield* SqlClient.SqlClient;
  yield* sql`DELETE FROM journals WHERE id = ${journal}::uuid`;
});

/** A conversation that was recorded, from its first entry on. */
export interface RecordedConversation extends NewConversation {
  readonly at: number;
}

/** Begins conversations where they have not begun; answers with those that it began. */
export const beginRecorded = Effect.fnUntraced(function* (
  conversations: ReadonlyArray<RecordedConversation>,
) {
  const sql = yield* SqlClient.SqlClient;
  const rows = yield* sql`
    INSERT INTO conversations (id, space, session_id, metadata, created_at, updated_at)
    SELECT id, space, session_id, metadata::json, at, at FROM unnest(
      ${textArray(conversations.map(({ id }) => id))}::uuid[],
      ${textArray(conversations.map(({ space }) => space))}::text[],
      ${textArray(conversations.map(({ session_id }) => session_id))}::text[],
      ${textArray(conversations.map(({ metadata }) => JSON.stringify(metadata)))}::text[],
      ${timeArray(conversations.map(({ at }) => at))}::timestamptz[]
    ) AS t (id, space, session_id, metadata, at)
    ON CONFLICT (id) DO NOTHING
    RETURNING id`;
  return (yield* decodeIds(rows)).map(({ id }) => id);
});

/** Those of some conversations that there are. */
export const findStanding = Effect.fnUntraced(function* (conversations: ReadonlyArray<string>) {
  const sql = yield* SqlClient.SqlClient;
  const rows = yield* sql`
    SELECT id FROM conversations WHERE id = ANY(${textArray(conversations)}::uuid[])`;
  return new Set((yield* decodeIds(rows)).map(({ id }) => id));
});

/** How much is about to be written into a conversation, and the time of the last of it. */
export interface Advance {
  readonly id: string;
  readonly frames: number;
  readonly messages: number;
  readonly at: number;
}

const decodeAdvanced = decodeRows(
  Schema.Struct({ id: Schema.String, last_frame: DbCount, last_turn: DbCount }),
);

/**
 * Holds conversations, in the order of their ids, and moves their counters; answers with what they were before. One that
 * is in the trash or erased is not in the answer.
 */
export const advanceConversations = Effect.fnUntraced(function* (advances: ReadonlyArray<Advance>) {
  const sql = yield* SqlClient.SqlClient;
  const ids = textArray(advances.map(({ id }) => id));
  const rows = yield* sql`
    WITH input AS MATERIALIZED (
      SELECT * FROM unnest(
        ${ids}::uuid[],
        ${intArray(advances.map(({ frames }) => frames))}::bigint[],
        ${intArray(advances.map(({ messages }) => messages))}::bigint[],
        ${timeArray(advances.map(({ at }) => at))}::timestamptz[]
      ) AS t (id, frames, messages, at)
    ),
    held AS MATERIALIZED (
      SELECT id FROM conversations
      WHERE id = ANY(${ids}::uuid[]) AND ${checked(sql, sql`deleted_at IS NULL`)}
      ORDER BY id
      FOR NO KEY UPDATE
    )
    UPDATE conversations c
    SET last_frame = c.last_frame + input.frames,
      last_turn = c.last_turn + input.messages,
      message_count = c.message_count + input.messages,
      updated_at = greatest(c.updated_at, input.at)
    FROM held JOIN input USING (id) WHERE c.id = held.id
    RETURNING c.id, c.last_frame - input.frames AS last_frame, c.last_turn - input.messages AS last_turn`;
  return yield* decodeAdvanced(rows);
});

/** A frame at its place in its conversation. */
export interface FrameRow {
  readonly conversation_id: string;
  readonly sequence: number;
  readonly id: string;
  readonly space: string;
  readonly direction: Direction;
  readonly payload: Uint8Array;
  readonly redactions: number;
  readonly at: number;
}

/** Writes frames. */
export const insertFrames = Effect.fnUntraced(function* (rows: ReadonlyArray<FrameRow>) {
  const sql = yield* SqlClient.SqlClient;
  yield* sql`
    INSERT INTO frames (conversation_id, sequence, id, space, direction, payload, redactions, captured_at)
    SELECT * FROM unnest(
      ${textArray(rows.map((row) => row.conversation_id))}::uuid[],
      ${intArray(rows.map(({ sequence }) => sequence))}::bigint[],
      ${textArray(rows.map(({ id }) => id))}::uuid[],
      ${textArray(rows.map(({ space }) => space))}::text[],
      ${textArray(rows.map(({ direction }) => direction))}::text[],
      ${bytesArray(rows.map(({ payload }) => payload))}::bytea[],
      ${intArray(rows.map(({ redactions }) => redactions))}::int[],
      ${timeArray(rows.map(({ at }) => at))}::timestamptz[])`;
});

/** A message at its turn of its conversation, at the time it was captured. */
export interface RecordedMessageRow extends PlacedRow {
  readonly conversation_id: string;
  readonly space: string;
  readonly at: number;
}

/** Writes messages at settled turns of conversations that this transaction holds. */
export const insertRecordedMessages = Effect.fnUntraced(function* (
  rows: ReadonlyArray<RecordedMessageRow>,
) {
  const sql = yield* SqlClient.SqlClient;
  yield* sql`
    INSERT INTO messages (conversation_id, id, space, turn_number, role, content, metadata, created_at,
      search_vector, search_length)
    SELECT conversation_id, id, space, turn, role, content, metadata::json, at, vector::tsvector, length
    FROM unnest(
      ${textArray(rows.map((row) => row.conversation_id))}::uuid[],
      ${textArray(rows.map(({ id }) => id))}::uuid[],
      ${textArray(rows.map(({ space }) => space))}::text[],
      ${intArray(rows.map(({ turn }) => turn))}::bigint[],
      ${textArray(rows.map(({ role }) => role))}::text[],
      ${textArray(rows.map(({ content }) => content))}::text[],
      ${textArray(rows.map(({ metadata }) => metadata))}::text[],
      ${timeArray(rows.map(({ at }) => at))}::timestamptz[],
      ${textArray(rows.map(({ vector }) => vector))}::text[],
      ${intArray(rows.map(({ length }) => length))}::int[]
    ) AS t (conversation_id, id, space, turn, role, content, metadata, at, vector, length)`;
});

/** A tool call that has ended. */
export interface ToolCallRow {
  readonly id: string;
  readonly space: string;
  readonly conversation_id: string;
  readonly correlation_id: string;
  readonly upstream: string;
  readonly tool: string;
  readonly model: string | null;
  readonly status: ToolCallStatus;
  readonly duration_ms: number | null;
  readonly tokens_prompt: number | null;
  readonly tokens_completion: number | null;
  readonly error_message: string | null;
  readonly arguments: string | null;
  readonly result: string | null;
  readonly metadata: string;
  readonly at: number;
}

/** Writes tool calls. One that was given up for lost, and was answered after all, is written over. */
export const insertToolCalls = Effect.fnUntraced(function* (rows: ReadonlyArray<ToolCallRow>) {
  const sql = yield* SqlClient.SqlClient;
  yield* sql`
    INSERT INTO tool_calls (id, space, conversation_id, correlation_id, upstream, tool, model, status,
      duration_ms, tokens_prompt, tokens_completion, error_message, arguments, result, metadata, created_at)
    SELECT id, space, conversation_id, correlation_id, upstream, tool, model, status, duration_ms,
      tokens_prompt, tokens_completion, error_message, arguments::json, result::json, metadata::json, at
    FROM unnest(
      ${textArray(rows.map(({ id }) => id))}::uuid[],
      ${textArray(rows.map(({ space }) => space))}::text[],
      ${textArray(rows.map((row) => row.conversation_id))}::uuid[],
      ${textArray(rows.map((row) => row.correlation_id))}::text[],
      ${textArray(rows.map(({ upstream }) => upstream))}::text[],
      ${textArray(rows.map(({ tool }) => tool))}::text[],
      ${textArray(rows.map(({ model }) => model))}::text[],
      ${textArray(rows.map(({ status }) => status))}::text[],
      ${doubleArray(rows.map((row) => row.duration_ms))}::float8[],
      ${intArray(rows.map((row) => row.tokens_prompt))}::bigint[],
      ${intArray(rows.map((row) => row.tokens_completion))}::bigint[],
      ${textArray(rows.map((row) => row.error_message))}::text[],
      ${textArray(rows.map((row) => row.arguments))}::text[],
      ${textArray(rows.map(({ result }) => result))}::text[],
      ${textArray(rows.map(({ metadata }) => metadata))}::text[],
      ${timeArray(rows.map(({ at }) => at))}::timestamptz[]
    ) AS t (id, space, conversation_id, correlation_id, upstream, tool, model, status, duration_ms,
      tokens_prompt, tokens_completion, error_message, arguments, result, metadata, at)
    ON CONFLICT (id) DO UPDATE SET model = excluded.model, status = excluded.status,
      duration_ms = excluded.duration_ms, tokens_prompt = excluded.tokens_prompt,
      tokens_completion = excluded.tokens_completion, error_message = excluded.error_message,
      result = excluded.result, metadata = excluded.metadata
    WHERE tool_calls.status = 'lost'`;
});

/** Which of these entries conversations have already, as frames or as messages. */
export const findRecorded = Effect.fnUntraced(function* (
  conversations: ReadonlyArray<string>,
  ids: ReadonlyArray<string>,
) {
  const sql = yield* SqlClient.SqlClient;
  const rows = yield* sql`
    SELECT id FROM frames
    WHERE conversation_id = ANY(${textArray(conversations)}::uuid[]) AND id = ANY(${textArray(ids)}::uuid[])
    UNION
    SELECT id FROM messages
    WHERE conversation_id = ANY(${textArray(conversations)}::uuid[]) AND id = ANY(${textArray(ids)}::uuid[])`;
  return (yield* decodeIds(rows)).map(({ id }) => id);
});
