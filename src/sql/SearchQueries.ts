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
import { DbCount, DbTime, decodeRows } from "./rows.ts";

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
 * How much of a term's weight a turn takes over, where it lacks the term, from the turns one, two and three before it and
 * behind it. A question and its answer, or a subject and what is said of it, rarely stand in the same turn; what answers
 * comes later.
 */
const shares = { before: [0.6, 0.5, 0.4], behind: [0.5, 0.2, 0.1] };
const neighbours = [
  ...shares.before.map((share, index) => `(${index + 1}, ${share})`),
  ...shares.behind.map((share, index) => `(${-index - 1}, ${share})`),
].join(", ");

const reach = String(shares.before.length);

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
  /** The messages that may score: their keys, `created_at`, `length`, `eligible` and the `occurrences` of each term. */
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

/** How often a message holds each term: numbers fit into the memory of a sort, vectors would not. */
const occurrencesOf = (sql: SqlClient.SqlClient, terms: ReadonlyArray<RankedTerm>) =>
  sql`ARRAY[${sql.csv(
    terms.map(({ query, kind }) =>
      kind === "word"
        ? sql`width_bucket(
            ts_rank('{1,1,1,1}', m.search_vector, ${query}::tsquery)::float8,
            ${sql.literal(occurrenceSteps)}
          )`
        : sql`(m.search_vector @@ ${query}::tsquery)::int`,
    ),
  )}]`;

/** Adds what the turns around a message lend it, or nothing where every result has all there is to have. */
const lending = (sql: SqlClient.SqlClient, places: ReadonlyArray<string>) =>
  places.length === 1
    ? sql`ranked AS MATERIALIZED (
        SELECT conversation_id, turn_number, created_at, ${rounded(sql, "score")} AS rank
        FROM scores WHERE eligible
      )`
    : sql`lenders AS MATERIALIZED (
        SELECT conversation_id, turn_number, scores FROM scores
        ORDER BY score DESC, conversation_id DESC, turn_number DESC
        LIMIT ${sql.literal(String(lenders))}
      ),
      lent AS (
        SELECT l.conversation_id, l.turn_number + n.distance AS turn_number, ARRAY[${sql.literal(
          places.map((place) => `max(l.scores[${place}] * n.share)`).join(", "),
        )}] AS scores
        FROM lenders l, (VALUES ${sql.literal(neighbours)}) n (distance, share)
        GROUP BY l.conversation_id, l.turn_number + n.distance
      ),
      -- A full join is never done by comparing each with each, however few rows the planner expects.
      ranked AS MATERIALIZED (
        SELECT s.conversation_id, s.turn_number, s.created_at, ${rounded(
          sql,
          `s.score + ${places
            .map(
              (place) =>
                `CASE s.scores[${place}] WHEN 0 THEN coalesce(l.scores[${place}], 0) ELSE 0 END`,
            )
            .join(" + ")}`,
        )} AS rank
        FROM scores s FULL JOIN lent l
          ON l.conversation_id = s.conversation_id AND l.turn_number = s.turn_number
        WHERE coalesce(s.eligible, false)
      )`;

/** Scores that differ by the last bits of a sum are a tie. */
const rounded = (sql: SqlClient.SqlClient, score: string) =>
  sql.literal(`round((${score}) * 1e9) / 1e9`);

const rank = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  { terms, page, contentLength }: SearchRequest,
  { candidates, corpus }: Sources,
) {
  const places = terms.map((_, index) => String(index + 1));
  const held = terms.map(({ frequency }, index) =>
    frequency === null
      ? sql`count(*) FILTER (WHERE occurrences[${sql.literal(String(index + 1))}] > 0)`
      : sql`${frequency}::float8 * (SELECT messages FROM corpus)`,
  );
  const weights = terms.map(({ weight }, index) => {
    const messages = sql.literal(`h.messages[${index + 1}]`);
    return sql`${weight}::float8
      * ln(1 + (greatest(c.messages - ${messages}, 0) + 0.5) / (${messages} + 0.5))`;
  });
  const scores = places.map(
    (place) =>
      `w.weights[${place}] * h.occurrences[${place}] * (${saturation} + 1) / (
        h.occurrences[${place}] + ${saturation} * (
          1 - ${lengthWeight} + ${lengthWeight} * h.length / greatest(c.length, 1)
        )
      )`,
  );
  // Not prepared: a plan made without the words at hand cannot know whether they are rare.
  const rows = yield* sql`
    WITH hits AS MATERIALIZED (${candidates}),
    corpus AS MATERIALIZED (${corpus}),
    -- One row, also where nothing of it is counted.
    held AS MATERIALIZED (SELECT ARRAY[${sql.csv(held)}]::float8[] AS messages FROM hits HAVING true),
    weights AS MATERIALIZED (SELECT ARRAY[${sql.csv(weights)}] AS weights FROM corpus c, held h),
    by_term AS MATERIALIZED (
      SELECT h.conversation_id, h.turn_number, h.created_at, h.eligible,
        ARRAY[${sql.literal(scores.join(", "))}]::float8[] AS scores
      FROM hits h, corpus c, weights w
    ),
    scores AS MATERIALIZED (
      SELECT *, ${sql.literal(places.map((place) => `scores[${place}]`).join(" + "))} AS score
      FROM by_term
    ),
    ${lending(sql, places)},
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

const decodeSize = decodeRows(Schema.Struct({ messages: DbCount }));

/** Past so many messages of a scope, what matches among them is found by the index, unless the planner knows better. */
const readWhole = 20_000;

/** Ranks every message of a session or a conversation that matches. */
export const findInScope = Effect.fn("SearchQueries.findInScope")(function* (
  request: ScopedRequest,
) {
  const sql = yield* SqlClient.SqlClient;
  const conversations = sql`
    FROM conversations
    WHERE ${sql.and([
      sql`space = ${request.space}`,
      sql`deleted_at IS NULL`,
      ...(request.session_id === null ? [] : [sql`session_id = ${request.session_id}`]),
      ...(request.conversation_id === null ? [] : [sql`id = ${request.conversation_id}::uuid`]),
    ])}`;
  const [size] = yield* decodeSize(
    yield* sql`SELECT coalesce(sum(message_count), 0)::bigint AS messages ${conversations}`,
  );
  const scope = sql`SELECT id ${conversations}`;
  const matches = sql`m.search_vector @@ ${request.anyTerm}::tsquery`;
  return yield* rank(sql, request, {
    // What a small scope holds is read faster than what the whole index knows of a word that is common elsewhere.
    candidates: sql`
      SELECT m.conversation_id, m.turn_number, m.created_at, m.search_length AS length,
        m.search_vector @@ ${request.condition}::tsquery AND ${filters(sql, request)} AS eligible,
        ${occurrencesOf(sql, request.terms)} AS occurrences
      FROM messages m
      WHERE m.conversation_id IN (${scope})
        AND ${(size?.messages ?? 0) > readWhole ? matches : sql`(${matches}) IS TRUE`}`,
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
  /** How many matches, still newer, are passed over. */
  readonly skipped?: number;
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
  const keys = sql.literal(
    "m.conversation_id, m.turn_number, m.created_at, m.search_length AS length",
  );
  const occurrences = sql`${occurrencesOf(sql, request.terms)} AS occurrences`;
  // Few conversations are in the trash, and of all others there is nothing to look up.
  const indexed = (condition: string) => sql`
    FROM messages m
    WHERE m.search_vector @@ ${condition}::tsquery AND m.space = ${request.space}
      AND m.conversation_id NOT IN (SELECT id FROM conversations WHERE deleted_at IS NOT NULL)
      AND ${filters(sql, request)}
    ORDER BY m.created_at DESC, m.conversation_id DESC, m.turn_number DESC`;
  // Hides the condition from the index: almost every row that it finds would be dropped.
  const seen = sql`(m.search_vector @@ ${request.condition}::tsquery) IS TRUE AND ${filters(sql, request)}`;
  const newest = sql`LIMIT ${request.most} OFFSET ${request.skipped ?? 0}`;
  const matches =
    candidates === "indexed"
      ? sql`SELECT ${keys}, true AS eligible, ${occurrences} ${indexed(request.condition)} ${newest}`
      : sql`
          SELECT m.*
          FROM (
            SELECT id FROM conversations
            WHERE space = ${request.space} AND deleted_at IS NULL
            ORDER BY updated_at DESC, id DESC
          ) c, LATERAL (
            SELECT ${keys}, true AS eligible, ${occurrences} FROM messages m
            WHERE m.conversation_id = c.id AND ${seen}
            ORDER BY m.turn_number DESC
          ) m
          ${newest}`;
  const withLenders = (condition: string) => sql`
    WITH lent AS MATERIALIZED (
      SELECT ${keys}, false AS eligible, ${occurrences} ${indexed(condition)}
      LIMIT ${sql.literal(String(lenders))}
    )
    -- What is among the matches too counts once.
    (${matches})
    UNION SELECT * FROM lent
    UNION SELECT ${keys}, true, ${occurrences}
      FROM lent l JOIN messages m ON m.conversation_id = l.conversation_id
        AND m.turn_number BETWEEN l.turn_number - ${sql.literal(reach)} AND l.turn_number + ${sql.literal(reach)}
      WHERE ${seen}`;
  return yield* rank(sql, request, {
    candidates: request.lenders === null ? matches : withLenders(request.lenders),
    corpus: sql`
      SELECT ${request.messages}::float8 AS messages, avg(length)::float8 AS length FROM hits`,
  });
});
