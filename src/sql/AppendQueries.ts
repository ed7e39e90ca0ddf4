/** Statements that append messages to conversations, as many as wait at once, and what keeps them cheap. */
import { Effect, Schema } from "effect";
import { SqlClient } from "effect/unstable/sql";
import { checked, standing } from "./conditions.ts";
import { columns, type MessageRow } from "./MessageQueries.ts";
import { DbCount, DbTime, decodeRows, int4Array, textArray, uuidArray } from "./rows.ts";

/** Messages for the next turns of a conversation, in their order. */
export interface Append {
  readonly conversation_id: string;
  readonly space: string;
  readonly rows: ReadonlyArray<MessageRow>;
}

const decodeAppended = decodeRows(
  Schema.Struct({
    created_at: DbTime,
    positions: Schema.Array(Schema.Int),
    last_turns: Schema.Array(DbCount),
  }),
);

/** The appends of a batch by the conversations that they are for: the statement has each of those once. */
const byConversation = (appends: ReadonlyArray<Append>) => {
  const known = new Map<string, number>();
  const ids: Array<string> = [];
  const spaces: Array<string> = [];
  const counts: Array<number> = [];
  const places = appends.map((append) => {
    const { conversation_id, space, rows } = append;
    // An id is of one length: no two of these are alike.
    const key = conversation_id + space;
    let index = known.get(key);
    if (index === undefined) {
      index = ids.length;
      known.set(key, index);
      ids.push(conversation_id);
      spaces.push(space);
      counts.push(0);
    }
    const before = counts[index] ?? 0;
    counts[index] = before + rows.length;
    return { append, index, before };
  });
  return { ids, spaces, counts, places };
};

const decodeAppendedOne = decodeRows(Schema.Struct({ created_at: DbTime, turn_number: DbCount }));

/** `appendRows` for one message, by a statement that costs the server half as much. */
const appendRow = Effect.fnUntraced(function* (
  { conversation_id, space }: Append,
  { id, role, content, metadata, vector, length }: MessageRow,
) {
  const sql = yield* SqlClient.SqlClient;
  const rows = yield* sql`
    WITH held AS (
      SELECT id FROM conversations
      WHERE ${standing(sql, space, conversation_id)}
      FOR NO KEY UPDATE SKIP LOCKED
    ),
    counted AS (
      UPDATE conversations
      SET last_turn = last_turn + 1, message_count = message_count + 1, updated_at = greatest(updated_at, now())
      WHERE id = (SELECT id FROM held)
      RETURNING id, space, last_turn
    )
    INSERT INTO messages (conversation_id, id, space, turn_number, role, content, metadata, search_vector, search_length)
    SELECT counted.id, ${id}::uuid, counted.space, counted.last_turn,
      ${role}, ${content}, ${metadata}::text::json, ${vector}::text::tsvector, ${length}::int
    FROM counted
    RETURNING turn_number, created_at`;
  const [stored] = yield* decodeAppendedOne(rows);
  return { created_at: stored?.created_at ?? "", firstTurns: [stored?.turn_number] };
});

/**
 * Appends to many conversations in one statement, each at the next turns of its own. A conversation that somebody else
 * holds is passed over instead of waited for, so that no two batches wait for each other, in a circle least of all.
 * Answers with the first turn of each append; it is undefined where nothing was written, since the conversation was
 * passed over or is not there.
 *
 * What looks odd is for the planner. Each array is in a `SELECT` of its own, which hides its length: the server then
 * makes one plan for all batches instead of one for each, which costs more than to write a few rows. What is true of
 * every row of `input` makes it expect few, and look conversations up by an index: else it reads all of them while the
 * table has no statistics.
 */
export const appendRows = Effect.fnUntraced(function* (appends: ReadonlyArray<Append>) {
  const [first] = appends;
  const [only, ...others] = first?.rows ?? [];
  if (first !== undefined && only !== undefined && appends.length === 1 && others.length === 0) {
    return yield* appendRow(first, only);
  }
  const sql = yield* SqlClient.SqlClient;
  const conversations = byConversation(appends);
  const rows: Array<MessageRow> = [];
  const positions: Array<number> = [];
  const turns: Array<number> = [];
  for (const { index, before, append } of conversations.places) {
    for (const [at, row] of append.rows.entries()) {
      positions.push(index + 1);
      turns.push(before + at + 1);
      rows.push(row);
    }
  }
  const { ids, roles, contents, metadata, vectors, lengths } = columns(rows);
  const stored = yield* sql`
    WITH input AS MATERIALIZED (
      SELECT * FROM unnest(
        (SELECT ${uuidArray(conversations.ids)}), (SELECT ${textArray(conversations.spaces)}),
        (SELECT ${int4Array(conversations.counts)})
      ) WITH ORDINALITY AS t (id, space, rows, position)
      WHERE rows > 0 AND position > 0
    ),
    held AS MATERIALIZED (
      SELECT free.id, input.rows, input.position FROM input
      CROSS JOIN LATERAL (
        SELECT c.id FROM conversations c
        WHERE c.id = input.id AND ${checked(sql, sql`c.space = input.space AND c.deleted_at IS NULL`)}
        FOR NO KEY UPDATE SKIP LOCKED
      ) AS free
    ),
    counted AS (
      UPDATE conversations c
      SET last_turn = c.last_turn + held.rows,
        message_count = c.message_count + held.rows,
        updated_at = greatest(c.updated_at, now())
      FROM held WHERE c.id = held.id
      RETURNING c.id, c.space, c.last_turn - held.rows AS last_turn, held.position::int AS position
    ),
    written AS (
      INSERT INTO messages (conversation_id, id, space, turn_number, role, content, metadata, search_vector, search_length)
      SELECT counted.id, m.id, counted.space, counted.last_turn + m.turn,
        m.role, m.content, m.metadata::json, m.vector::tsvector, m.length
      FROM unnest(
        (SELECT ${int4Array(positions)}), (SELECT ${int4Array(turns)}), (SELECT ${ids}), (SELECT ${roles}),
        (SELECT ${contents}), (SELECT ${metadata}), (SELECT ${vectors}), (SELECT ${lengths})
      ) AS m (position, turn, id, role, content, metadata, vector, length)
      JOIN counted ON counted.position = m.position
    )
    SELECT now()::timestamptz(3) AS created_at,
      coalesce(array_agg(position), '{}') AS positions, coalesce(array_agg(last_turn), '{}') AS last_turns
    FROM counted`;
  const [answer] = yield* decodeAppended(stored);
  if (answer === undefined) return yield* Effect.die("an append was not answered");
  const { created_at, positions: written, last_turns } = answer;
  const lastTurns = new Map(written.map((position, at) => [position - 1, last_turns[at]]));
  return {
    created_at,
    firstTurns: conversations.places.map(({ index, before }) => {
      const last = lastTurns.get(index);
      return last === undefined ? undefined : last + before + 1;
    }),
  };
});

/**
 * Sorts the words of new messages into the index of words: until then they are in a list beside it, which every search
 * reads, and which a store sorts in itself once it is full. Each partition has an index of its own.
 */
export const sortInWords = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient;
  yield* sql`
    SELECT gin_clean_pending_list(i.indexrelid) FROM pg_index i
    JOIN pg_class c ON c.oid = i.indexrelid AND c.relkind = 'i'
    JOIN pg_am a ON a.oid = c.relam AND a.amname = 'gin'
    WHERE i.indrelid = 'messages'::regclass
      OR i.indrelid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'messages'::regclass)`;
});
