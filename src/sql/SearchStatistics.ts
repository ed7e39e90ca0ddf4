/** What a search over everything needs to know before it chooses candidates: how common its words are. */
import { Effect, Schema } from "effect";
import { SqlClient } from "effect/unstable/sql";
import { DbCount, decodeRows, textArray } from "./rows.ts";

const decodeStatistics = decodeRows(
  Schema.Struct({
    messages: Schema.Finite,
    share: Schema.NullOr(Schema.Finite),
    rarest: Schema.NullOr(Schema.Finite),
    lexeme: Schema.NullOr(Schema.String),
    frequency: Schema.NullOr(Schema.Finite),
  }),
);

/** What Postgres remembers of all messages. */
export interface Statistics {
  readonly messages: number;
  /** In what share of them each of the lexemes asked for occurs, where it is common. */
  readonly frequencies: ReadonlyMap<string, number>;
  /** The share that lexemes which are not common do not pass; null where nothing is known. */
  readonly rarest: number | null;
  /** What share of them is in the space; null where it has few. */
  readonly share: number | null;
}

/**
 * What Postgres remembers of all messages: how many, and which of the lexemes are common among them. Where the table is
 * partitioned, it remembers that of each partition: the whole is their sum.
 */
export const statisticsOf = Effect.fn("SearchStatistics.statisticsOf")(function* (
  space: string,
  lexemes: ReadonlyArray<string>,
) {
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
        v.most_common_freqs[array_position(v.most_common_vals::text::text[], ${space})] AS share,
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
        sum(share * messages) / nullif(sum(messages), 0) AS share,
        CASE WHEN bool_and(rarest IS NOT NULL OR messages = 0) THEN max(rarest) END AS rarest
      FROM known
    )
    SELECT every.messages, every.share, every.rarest, l.lexeme,
      sum(l.frequency * known.messages) / nullif(every.messages, 0) AS frequency
    FROM every CROSS JOIN known
    LEFT JOIN LATERAL unnest(known.lexemes, known.frequencies) AS l (lexeme, frequency)
      ON l.lexeme = ANY(${textArray(lexemes)}::text[])
    GROUP BY every.messages, every.share, every.rarest, l.lexeme`;
  const statistics = yield* decodeStatistics(rows);
  const frequencies = new Map<string, number>();
  for (const { lexeme, frequency } of statistics) {
    if (lexeme !== null && frequency !== null) frequencies.set(lexeme, frequency);
  }
  const [first] = statistics;
  return {
    messages: first?.messages ?? 0,
    share: first?.share ?? null,
    rarest: first?.rarest ?? null,
    frequencies,
  } satisfies Statistics;
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
