/** What a search over everything needs to know before it chooses candidates: how common its words are. */
import { Effect, Schema } from "effect";
import { SqlClient } from "effect/unstable/sql";
import { DbCount, decodeRows, textArray } from "./rows.ts";
import { filtered, type SearchFilters } from "./SearchQueries.ts";

const decodeStatistics = decodeRows(
  Schema.Struct({
    messages: Schema.Finite,
    rarest: Schema.NullOr(Schema.Finite),
    kind: Schema.NullOr(Schema.Literals(["word", "space"])),
    name: Schema.NullOr(Schema.String),
    share: Schema.NullOr(Schema.Finite),
  }),
);

/** What Postgres remembers of all messages. */
export interface Statistics {
  readonly messages: number;
  /** In what share of them a lexeme occurs, where it is common. */
  readonly words: ReadonlyMap<string, number>;
  /** The share that lexemes which are not common do not pass; null where nothing is known. */
  readonly rarest: number | null;
  /** What share of them a space has, where it has many. */
  readonly spaces: ReadonlyMap<string, number>;
}

/**
 * What Postgres remembers of all messages: how many, and which lexemes and spaces are common among them. Where the table
 * is partitioned, it remembers that of each partition: the whole is their sum.
 */
export const readStatistics = Effect.fn("SearchStatistics.readStatistics")(function* () {
  const sql = yield* SqlClient.SqlClient;
  const rows = yield* sql`
    WITH parts AS MATERIALIZED (
      SELECT c.oid, n.nspname, c.relname, greatest(c.reltuples, 0)::float8 AS messages
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind <> 'p' AND (
        c.oid = 'messages'::regclass
        OR c.oid IN (SELECT relid FROM pg_partition_tree('messages'::regclass) WHERE isleaf)
      )
    ),
    known AS MATERIALIZED (
      SELECT parts.messages,
        v.most_common_vals::text::text[] AS spaces, v.most_common_freqs AS shares,
        -- Behind the frequencies of the elements stand the least and the greatest of them, and that of nulls.
        w.most_common_elem_freqs[cardinality(w.most_common_elem_freqs) - 2] AS rarest,
        w.most_common_elems::text::text[] AS lexemes, w.most_common_elem_freqs AS frequencies
      FROM parts
      LEFT JOIN pg_stats v ON v.schemaname = parts.nspname AND v.tablename = parts.relname
        AND v.attname = 'space' AND NOT v.inherited
      LEFT JOIN pg_stats w ON w.schemaname = parts.nspname AND w.tablename = parts.relname
        AND w.attname = 'search_vector' AND NOT w.inherited
    ),
    every AS (
      SELECT sum(messages) AS messages,
        CASE WHEN bool_and(rarest IS NOT NULL OR messages = 0) THEN max(rarest) END AS rarest
      FROM known
    ),
    common AS (
      SELECT 'word' AS kind, name, share * messages AS held
      FROM known, unnest(lexemes, frequencies) AS l (name, share)
      UNION ALL
      SELECT 'space', name, share * messages
      FROM known, unnest(spaces, shares) AS s (name, share)
    )
    SELECT every.messages, every.rarest, common.kind, common.name,
      sum(common.held) / nullif(every.messages, 0) AS share
    FROM every LEFT JOIN common ON common.name IS NOT NULL
    GROUP BY every.messages, every.rarest, common.kind, common.name`;
  const known = yield* decodeStatistics(rows);
  const of = (asked: "word" | "space") =>
    new Map(
      known.flatMap(
        ({ kind, name, share }): ReadonlyArray<[string, number]> =>
          kind !== asked || name === null || share === null ? [] : [[name, share]],
      ),
    );
  return {
    messages: known[0]?.messages ?? 0,
    rarest: known[0]?.rarest ?? null,
    words: of("word"),
    spaces: of("space"),
  } satisfies Statistics;
});

const decodePlan = decodeRows(
  Schema.Struct({
    "QUERY PLAN": Schema.Tuple([
      Schema.Struct({ Plan: Schema.Struct({ "Plan Rows": Schema.Finite }) }),
    ]),
  }),
);

/** How many messages of a space pass the filters, as Postgres expects without looking at them. */
export const expectMessages = Effect.fn("SearchStatistics.expectMessages")(function* (
  space: string,
  filters: SearchFilters,
) {
  const sql = yield* SqlClient.SqlClient;
  const [plan] = yield* decodePlan(
    yield* sql`EXPLAIN (FORMAT json)
      SELECT FROM messages m WHERE m.space = ${space} AND ${filtered(sql, filters)}`.unprepared,
  );
  return plan?.["QUERY PLAN"][0].Plan["Plan Rows"] ?? 0;
});

const decodeMatches = decodeRows(Schema.Struct({ matches: DbCount }));

/** How many messages match each query, counted up to `most`. */
export const countMatches = Effect.fn("SearchStatistics.countMatches")(function* (
  queries: ReadonlyArray<string>,
  most: number,
) {
  if (queries.length === 0) return [];
  const sql = yield* SqlClient.SqlClient;
  const rows = yield* sql`
    SELECT (
      SELECT count(*)
      FROM (SELECT FROM messages WHERE search_vector @@ q.query::tsquery LIMIT ${most}) m
    ) AS matches
    FROM unnest(${textArray(queries)}::text[]) WITH ORDINALITY AS q (query, place)
    ORDER BY q.place`;
  return (yield* decodeMatches(rows)).map(({ matches }) => matches);
});

const decodeSize = decodeRows(Schema.Struct({ conversations: DbCount, messages: DbCount }));

/** How many messages a space has; of more than `most` conversations, in the newest of them. */
export const sizeOfSpace = Effect.fn("SearchStatistics.sizeOfSpace")(function* (
  space: string,
  most: number,
) {
  const sql = yield* SqlClient.SqlClient;
  const rows = yield* sql`
    SELECT count(*) AS conversations, coalesce(sum(message_count), 0)::bigint AS messages
    FROM (
      SELECT message_count FROM conversations
      WHERE space = ${space} AND deleted_at IS NULL
      ORDER BY updated_at DESC, id DESC LIMIT ${most + 1}
    ) newest`;
  const [size] = yield* decodeSize(rows);
  return { messages: size?.messages ?? 0, isWhole: (size?.conversations ?? 0) <= most };
});
