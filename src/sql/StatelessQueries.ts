/** Statements about the conversations of clients without sessions: which of a key's, by the times of what was captured. */
import { Effect, Schema } from "effect";
import { SqlClient } from "effect/unstable/sql";
import { decodeRows, doubleArray, intArray, textArray } from "./rows.ts";

/** From when to when a key had one conversation, in milliseconds. */
const Span = Schema.Struct({
  conversation_id: Schema.String,
  space: Schema.String,
  key: Schema.String,
  first_at: Schema.Finite,
  last_at: Schema.Finite,
});
export type Span = typeof Span.Type;
const decodeSpans = decodeRows(Span);

/** Whose conversation is looked for. */
export interface StatelessKey {
  readonly space: string;
  readonly key: string;
}

/**
 * Holds keys for the rest of the transaction, so that no other process begins a conversation of theirs meanwhile, and
 * answers with their conversations that are not over before `from`. The locks are taken in one order everywhere.
 */
export const holdSpans = Effect.fnUntraced(function* (
  keys: ReadonlyArray<StatelessKey>,
  between: { readonly from: number; readonly to: number },
) {
  const sql = yield* SqlClient.SqlClient;
  const names = textArray(keys.map(({ space, key }) => `${space} ${key}`));
  yield* sql`
    SELECT pg_advisory_xact_lock(lock) FROM (
      SELECT DISTINCT hashtextextended(name, 0) AS lock FROM unnest(${names}::text[]) AS t (name) ORDER BY 1
    ) AS locks`;
  const rows = yield* sql`
    SELECT c.conversation_id, c.space, c.key, c.first_at, c.last_at
    FROM stateless_conversations c JOIN unnest(
      ${textArray(keys.map(({ space }) => space))}::text[], ${textArray(keys.map(({ key }) => key))}::text[]
    ) AS t (space, key) ON t.space = c.space AND t.key = c.key
    WHERE c.last_at >= ${between.from}::float8 AND c.first_at <= ${between.to}::float8
    ORDER BY c.first_at`;
  return yield* decodeSpans(rows);
});

const decodePlaced = decodeRows(
  Schema.Struct({ place: Schema.Int, conversation_id: Schema.String }),
);

/** The conversations of keys at times, by the places that are asked for: those within a silence, the nearest. */
export const findSpansAt = Effect.fnUntraced(function* (
  asked: ReadonlyArray<StatelessKey & { readonly place: number; readonly at: number }>,
  silence: number,
) {
  if (asked.length === 0) return new Map<number, string>();
  const sql = yield* SqlClient.SqlClient;
  const rows = yield* sql`
    SELECT t.place, near.conversation_id FROM unnest(
      ${intArray(asked.map(({ place }) => place))}::int[], ${textArray(asked.map(({ space }) => space))}::text[],
      ${textArray(asked.map(({ key }) => key))}::text[], ${doubleArray(asked.map(({ at }) => at))}::float8[]
    ) AS t (place, space, key, at), LATERAL (
      SELECT c.conversation_id FROM stateless_conversations c
      WHERE c.space = t.space AND c.key = t.key
        AND c.last_at >= t.at - ${silence}::float8 AND c.first_at <= t.at + ${silence}::float8
      ORDER BY greatest(c.first_at - t.at, t.at - c.last_at, 0) LIMIT 1
    ) AS near`;
  return new Map(
    (yield* decodePlaced(rows)).map((row) => [row.place, row.conversation_id] as const),
  );
});

/** Writes spans, new or grown. */
export const putSpans = Effect.fnUntraced(function* (spans: ReadonlyArray<Span>) {
  const sql = yield* SqlClient.SqlClient;
  yield* sql`
    INSERT INTO stateless_conversations (conversation_id, space, key, first_at, last_at)
    SELECT * FROM unnest(
      ${textArray(spans.map((span) => span.conversation_id))}::uuid[],
      ${textArray(spans.map(({ space }) => space))}::text[],
      ${textArray(spans.map(({ key }) => key))}::text[],
      ${doubleArray(spans.map((span) => span.first_at))}::float8[],
      ${doubleArray(spans.map((span) => span.last_at))}::float8[])
    ON CONFLICT (conversation_id) DO UPDATE SET first_at = excluded.first_at, last_at = excluded.last_at`;
});
