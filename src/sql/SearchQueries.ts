/**
 * The statements of the search: BM25 over the messages of a scope, where the turns around a message
 * lend it the words that it lacks itself. Counts and weights are those of the scope searched.
 */
import { Effect, Schema } from "effect";
import { SqlClient, type Statement } from "effect/unstable/sql";
import { Bounds } from "../domain/Bounds.ts";
import type { DateSpan } from "../domain/DateBound.ts";
import { Role } from "../domain/Message.ts";
import type { Page } from "../domain/Page.ts";
import { JsonObject } from "../domain/Text.ts";
import { DbCount, DbTime, decodeRows, textArray } from "./rows.ts";

/** A term of a query, as the `tsquery` literal that the query parser made of it. */
export interface RankedTerm {
  readonly query: string;
  /** Repetitions of a word count; a phrase is there or not. */
  readonly kind: "word" | "phrase";
  readonly weight: number;
  /** In what share of the messages it occurs; null where the messages that match tell. */
  readonly frequency: number | null;
}

/** A search in its scope. */
export interface SearchRequest {
  readonly space: string;
  /** What every result fulfils. */
  readonly condition: string;
  readonly terms: ReadonlyArray<RankedTerm>;
  readonly role: string | null;
  readonly span: DateSpan;
  readonly page: Page;
  /** How many characters of each content are returned. */
  readonly contentLength: number;
}

/** A search within a session or a conversation: every message of it counts. */
export interface ScopedRequest extends SearchRequest {
  /** Any one of the terms: what gives a message, or its neighbour, a score. */
  readonly anyTerm: string;
  readonly session_id: string | null;
  readonly conversation_id: string | null;
}

const Found = Schema.Struct({
  message_id: Schema.String,
  conversation_id: Schema.String,
  turn: DbCount,
  role: Role,
  content: Schema.String,
  created_at: DbTime,
  metadata: JsonObject,
  session_id: Schema.NullOr(Schema.String),
  conversation_metadata: JsonObject,
  rank: Schema.Finite,
});
// An empty page still says how many there are: its one row has no message.
const Counted = {
  total: DbCount,
  lowest: Schema.NullOr(Schema.Finite),
  highest: Schema.NullOr(Schema.Finite),
};
const decodeFound = decodeRows(
  Schema.Union([
    Schema.Struct({ ...Found.fields, ...Counted }),
    Schema.Struct({ ...Counted, message_id: Schema.Null }),
  ]),
);

/** A message that was found, its content cut to the length asked for. */
export type Found = typeof Found.Type;

/** A page of ranked messages. */
export interface FoundPage {
  /** How many match, counted up to one past `Bounds.exactTotal`. */
  readonly total: number;
  /** The ranks of the last and of the first of them all, on whatever page; null where there are none. */
  readonly lowest: number | null;
  readonly highest: number | null;
  readonly found: ReadonlyArray<Found>;
}

// BM25: how fast repetition stops to count, and how much a long message is held against itself.
const saturation = "1.2";
const lengthWeight = "0.4";

/**
 * How much of a term's weight a turn takes over from the turns one, two and three away, where it
 * lacks the term. A question and its answer, or a subject and what is said of it, rarely stand in
 * the same turn.
 */
const neighbourShares = [0.6, 0.4, 0.2];
const neighbours = neighbourShares
  .flatMap((share, index) => [`(${index + 1}, ${share})`, `(${-index - 1}, ${share})`])
  .join(", ");

const reach = String(neighbourShares.length);

/** What the contents of a page hold together: past it they come empty, where no answer has room for them. */
const contentBytes = 4 * Bounds.answerBytes;

/** Only the best turns lend: the rest is far from any first page, and would cost most of the time. */
const lenders = 1000;

/**
 * Postgres does not give out how often a lexeme occurs, but `ts_rank` of a single lexeme grows with
 * the sum of 1/i² up to that number: the steps between its values, as `width_bucket` takes them.
 */
const occurrenceSteps = (() => {
  const steps: Array<number> = [];
  let sum = 0;
  for (let count = 1; count <= 64; count++) {
    const step = 1 / (count * count);
    steps.push((sum + step / 2) / ((Math.PI * Math.PI) / 6));
    sum += step;
  }
  return `'{${steps.join(",")}}'::float8[]`;
})();

interface Sources {
  /** The messages that may score: their keys, `vector`, `length`, `created_at` and `eligible`. */
  readonly candidates: Statement.Fragment;
  /** How many `messages` there are in the scope, and their mean `length`. */
  readonly corpus: Statement.Fragment;
}

const filters = (sql: SqlClient.SqlClient, { role, span }: SearchRequest): Statement.Fragment =>
  sql.and([
    ...(role === null ? [] : [sql`m.role = ${role}`]),
    ...(span.from === null ? [] : [sql`m.created_at >= ${span.from}::text::timestamptz`]),
    ...(span.to === null
      ? []
      : span.toExclusive
        ? [sql`m.created_at < ${span.to}::text::timestamptz`]
        : [sql`m.created_at <= ${span.to}::text::timestamptz`]),
  ]);

const rank = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  { terms, page, contentLength }: SearchRequest,
  { candidates, corpus }: Sources,
) {
  // Not prepared: a plan made without the words at hand cannot know whether they are rare.
  const rows = yield* sql`
    WITH terms AS MATERIALIZED (
      SELECT ordinality::int AS term, query::tsquery AS query, kind, weight, frequency
      FROM unnest(
        ${textArray(terms.map((term) => term.query))}::text[],
        ${textArray(terms.map((term) => term.kind))}::text[],
        ${textArray(terms.map((term) => String(term.weight)))}::float8[],
        ${textArray(terms.map((term) => (term.frequency === null ? null : String(term.frequency))))}::float8[]
      ) WITH ORDINALITY AS t (query, kind, weight, frequency, ordinality)
    ),
    hits AS MATERIALIZED (
      SELECT m.conversation_id, m.turn_number, m.created_at, m.eligible, m.length, t.term,
        CASE t.kind
          WHEN 'word' THEN width_bucket(
            ts_rank('{1,1,1,1}', m.vector, t.query)::float8, ${sql.literal(occurrenceSteps)}
          )
          ELSE 1
        END AS occurrences
      FROM (${candidates}) m JOIN terms t ON m.vector @@ t.query
    ),
    corpus AS MATERIALIZED (${corpus}),
    weights AS MATERIALIZED (
      SELECT t.term, t.weight * ln(
        1 + (greatest(c.messages - d.messages, 0) + 0.5) / (d.messages + 0.5)
      ) AS weight
      FROM corpus c, terms t
      LEFT JOIN (SELECT term, count(*) AS messages FROM hits GROUP BY term) h USING (term),
      LATERAL (SELECT coalesce(t.frequency * c.messages, h.messages, 0) AS messages) d
    ),
    scores AS MATERIALIZED (
      SELECT h.conversation_id, h.turn_number, h.term, h.created_at, h.eligible,
        w.weight * h.occurrences * (${sql.literal(saturation)} + 1) / (
          h.occurrences + ${sql.literal(saturation)} * (
            1 - ${sql.literal(lengthWeight)}
            + ${sql.literal(lengthWeight)} * h.length / greatest(c.length, 1)
          )
        ) AS score
      FROM hits h JOIN weights w USING (term), corpus c
    ),
    lenders AS (
      SELECT conversation_id, turn_number, array_agg(term) AS terms, array_agg(score) AS scores
      FROM scores GROUP BY conversation_id, turn_number
      ORDER BY sum(score) DESC, conversation_id DESC, turn_number DESC
      LIMIT ${sql.literal(String(lenders))}
    ),
    in_context AS (
      SELECT conversation_id, turn_number, term, score, NULL::float8 AS lent, created_at, eligible
      FROM scores
      UNION ALL
      SELECT l.conversation_id, l.turn_number + n.distance, t.term, NULL, t.score * n.share,
        NULL, NULL
      FROM lenders l, unnest(l.terms, l.scores) t (term, score),
        (VALUES ${sql.literal(neighbours)}) n (distance, share)
    ),
    by_term AS (
      SELECT conversation_id, turn_number, coalesce(max(score), max(lent)) AS score,
        max(created_at) AS created_at, bool_or(eligible) AS eligible
      FROM in_context GROUP BY conversation_id, turn_number, term
    ),
    ranked AS MATERIALIZED (
      SELECT conversation_id, turn_number, max(created_at) AS created_at,
        round(sum(score)::numeric, 9)::float8 AS rank
      FROM by_term GROUP BY conversation_id, turn_number HAVING bool_or(eligible)
    ),
    page AS (
      SELECT * FROM ranked
      ORDER BY rank DESC, created_at DESC, turn_number DESC, conversation_id DESC
      LIMIT ${page.limit} OFFSET ${page.offset}
    )
    SELECT t.total, t.lowest, t.highest, m.*
    FROM (SELECT count(*) AS total, min(rank) AS lowest, max(rank) AS highest FROM ranked) t
    LEFT JOIN (
      SELECT m.id AS message_id, m.conversation_id, m.turn_number AS turn, m.role,
        CASE
          WHEN sum(least(octet_length(m.content), 4 * ${contentLength}::int)) OVER best
            - least(octet_length(m.content), 4 * ${contentLength}::int)
            < ${sql.literal(String(contentBytes))} THEN left(m.content, ${contentLength})
          ELSE ''
        END AS content,
        m.created_at, m.metadata, c.session_id, c.metadata AS conversation_metadata, p.rank,
        row_number() OVER best AS place
      FROM page p
      JOIN messages m USING (conversation_id, turn_number)
      JOIN conversations c ON c.id = m.conversation_id
      WINDOW best AS (
        ORDER BY p.rank DESC, m.created_at DESC, m.turn_number DESC, m.conversation_id DESC
        ROWS UNBOUNDED PRECEDING
      )
    ) m ON true
    ORDER BY m.place`.unprepared;
  const decoded = yield* decodeFound(rows);
  const [first] = decoded;
  return {
    total: first?.total ?? 0,
    lowest: first?.lowest ?? null,
    highest: first?.highest ?? null,
    found: decoded.flatMap((row): ReadonlyArray<Found> => {
      if (row.message_id === null) return [];
      const { total: _total, lowest: _lowest, highest: _highest, ...found } = row;
      return [found];
    }),
  } satisfies FoundPage;
});

/** Ranks every message of a session or a conversation that matches. */
export const findInScope = Effect.fn("SearchQueries.findInScope")(function* (
  request: ScopedRequest,
) {
  const sql = yield* SqlClient.SqlClient;
  const scope = sql`
    SELECT id FROM conversations
    WHERE ${sql.and([
      sql`space = ${request.space}`,
      sql`deleted_at IS NULL`,
      ...(request.session_id === null ? [] : [sql`session_id = ${request.session_id}`]),
      ...(request.conversation_id === null ? [] : [sql`id = ${request.conversation_id}::uuid`]),
    ])}`;
  return yield* rank(sql, request, {
    candidates: sql`
      SELECT m.conversation_id, m.turn_number, m.created_at, m.search_length AS length,
        m.search_vector AS vector,
        m.search_vector @@ ${request.condition}::tsquery AND ${filters(sql, request)} AS eligible
      FROM messages m
      WHERE m.conversation_id IN (${scope}) AND m.search_vector @@ ${request.anyTerm}::tsquery`,
    corpus: sql`
      SELECT count(*)::float8 AS messages, avg(search_length)::float8 AS length
      FROM messages WHERE conversation_id IN (${scope}) AND search_vector IS NOT NULL`,
  });
});

/** How the candidates of a search over everything are come by. */
export type Candidates =
  /** All that match, by the index; the newest where they are too many. */
  | "indexed"
  /** What matches in the newest conversations: for words that are nearly everywhere. */
  | "newest";

/** A search over a space, of which the newest `most` matches are ranked. */
export interface SpaceRequest extends SearchRequest {
  /** How many messages the space has, about. */
  readonly messages: number;
  readonly most: number;
  /**
   * What else lends its words without being found; what matches in the turns around it is ranked too, however old. Null
   * where only matches lend.
   */
  readonly lenders: string | null;
}

/** Ranks the messages of a space that match: the newest `most` of them. */
export const findAnywhere = Effect.fn("SearchQueries.findAnywhere")(function* (
  request: SpaceRequest,
  candidates: Candidates,
) {
  const sql = yield* SqlClient.SqlClient;
  const columns = sql.literal(
    "m.conversation_id, m.turn_number, m.created_at, m.search_length AS length, m.search_vector AS vector",
  );
  const indexed = (condition: string) => sql`
    FROM messages m JOIN conversations c ON c.id = m.conversation_id
    WHERE m.search_vector @@ ${condition}::tsquery AND m.space = ${request.space}
      AND c.deleted_at IS NULL AND ${filters(sql, request)}
    ORDER BY m.created_at DESC`;
  // Hides the condition from the index: almost every row that it finds would be dropped.
  const seen = sql`(m.search_vector @@ ${request.condition}::tsquery) IS TRUE AND ${filters(sql, request)}`;
  const matches =
    candidates === "indexed"
      ? sql`SELECT ${columns}, true AS eligible ${indexed(request.condition)} LIMIT ${request.most}`
      : sql`
          SELECT m.*
          FROM (
            SELECT id FROM conversations
            WHERE space = ${request.space} AND deleted_at IS NULL
            ORDER BY updated_at DESC, id DESC
          ) c, LATERAL (
            SELECT ${columns}, true AS eligible FROM messages m
            WHERE m.conversation_id = c.id AND ${seen}
          ) m
          LIMIT ${request.most}`;
  const withLenders = (condition: string) => sql`
    WITH lent AS MATERIALIZED (
      SELECT ${columns}, false AS eligible ${indexed(condition)} LIMIT ${sql.literal(String(lenders))}
    )
    (${matches})
    UNION ALL SELECT * FROM lent
    -- What is among the matches too counts once: by term, the best score of a turn is taken.
    UNION ALL SELECT ${columns}, true
      FROM lent l JOIN messages m ON m.conversation_id = l.conversation_id
        AND m.turn_number BETWEEN l.turn_number - ${sql.literal(reach)} AND l.turn_number + ${sql.literal(reach)}
      WHERE ${seen}`;
  return yield* rank(sql, request, {
    candidates: request.lenders === null ? matches : withLenders(request.lenders),
    corpus: sql`
      SELECT ${request.messages}::float8 AS messages, avg(length)::float8 AS length FROM hits`,
  });
});
