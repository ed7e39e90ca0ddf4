/**
 * BM25 over the candidates of a search, in one statement, where the turns around a message lend it the words that it
 * lacks itself. Numbers of messages and weights are those of the scope searched.
 */
import { Effect, Schema } from "effect";
import type { SqlClient, Statement } from "effect/unstable/sql";
import { Bounds } from "../domain/Bounds.ts";
import { Role } from "../domain/Message.ts";
import type { Page } from "../domain/Page.ts";
import { JsonObject } from "../domain/Text.ts";
import { DbCount, DbTime, decodeRows } from "./rows.ts";

/** A term of a query, as the `tsquery` literal that the query parser made of it. */
export interface RankedTerm {
  readonly query: string;
  /** The lexemes of a word, as `tsquery` literals of their own; and those that only messages with some of the marks have. */
  readonly literals: ReadonlyArray<string>;
  readonly stems: { readonly literals: ReadonlyArray<string>; readonly marks: string } | null;
  /** Repetitions of a word count; a phrase is there or not. */
  readonly kind: "word" | "phrase";
  readonly weight: number;
  /** In what share of the messages it occurs; null where the messages that match tell. */
  readonly frequency: number | null;
}

/** What is ranked, and what is shown of it. */
export interface RankRequest {
  readonly terms: ReadonlyArray<RankedTerm>;
  readonly page: Page;
  /** How many characters of each content are returned. */
  readonly contentLength: number;
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
  /** How many were ranked. */
  readonly total: number;
  /** The ranks of the last and of the first of them all, on whatever page; null where there are none. */
  readonly lowest: number | null;
  readonly highest: number | null;
  readonly found: ReadonlyArray<Found>;
}

// BM25: how fast repetition stops to count, and how much a long message is held against itself. Numbers of the type that
// they are multiplied with: Postgres takes others through their text, row by row.
const saturation = "1.2::float8";
const lengthWeight = "0.4::float8";

/**
 * How much of a term's weight a turn takes over, where it lacks the term, from the turns one, two and three before it and
 * behind it. A question and its answer, or a subject and what is said of it, rarely stand in the same turn; what answers
 * comes later.
 */
const shares = { before: [0.6, 0.5, 0.4], behind: [0.5, 0.2, 0.1] };
const neighbours = [
  ...shares.before.map((share, index) => `(${index + 1}, ${share}::float8)`),
  ...shares.behind.map((share, index) => `(${-index - 1}, ${share}::float8)`),
].join(", ");

/** How far away a turn may be that lends its words. */
export const reach = shares.before.length;

/** Only the best turns lend: the rest is far from any first page, and would cost most of the time. */
export const mostLenders = 1000;

/** What the contents of a page hold together: past it they come empty, where no answer has room for them. */
const contentBytes = 4 * Bounds.answerBytes;

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

/**
 * How often a message holds each term, as the columns `n1`, `n2`, …: numbers fit into the memory of a sort, vectors
 * would not, and an array is unpacked by each look at one of its elements.
 */
export const occurrences = (
  sql: SqlClient.SqlClient,
  terms: ReadonlyArray<RankedTerm>,
): Statement.Fragment =>
  sql.csv(
    terms.map(({ query, literals, stems, kind }, index) => {
      const name = sql.literal(`n${index + 1}`);
      if (kind === "phrase") {
        return sql`(m.search_vector @@ ${query}::tsquery)::int AS ${name}`;
      }
      const rankOf = (each: ReadonlyArray<string>) => {
        const ranks = each.map(
          (literal) => sql`ts_rank('{1,1,1,1}', m.search_vector, ${literal}::tsquery)`,
        );
        return ranks.length === 1 ? sql.csv(ranks) : sql`greatest(${sql.csv(ranks)})`;
      };
      // A text that holds several lexemes of a word holds them in the same places, most often: the commonest counts.
      const everywhere = rankOf(literals);
      const best =
        stems === null
          ? everywhere
          : sql`CASE WHEN m.search_vector @@ ${stems.marks}::tsquery
              THEN ${rankOf([...literals, ...stems.literals])} ELSE ${everywhere} END`;
      return sql`width_bucket(${best}::float8, ${sql.literal(occurrenceSteps)}) AS ${name}`;
    }),
  );

/** What a ranking is made from. */
export interface Sources {
  /** The messages that may score: their keys, `created_at`, `length`, `eligible` and the `occurrences` of each term. */
  readonly candidates: Statement.Fragment;
  /** How many `messages` there are in the scope, and their mean `length`; may read the candidates as `hits`. */
  readonly corpus: Statement.Fragment;
}

/** Scores that differ by the last bits of a sum are a tie. */
const rounded = (score: string) => `round((${score}) * 1e9) / 1e9`;

const keys = "conversation_id, turn_number, created_at";

/** What a term adds to the score of a message. */
const termScore = (place: number) =>
  `w.w${place} * h.n${place} * (${saturation} + 1) / (
    h.n${place} + ${saturation} * (1 - ${lengthWeight} + ${lengthWeight} * h.length / w.length)
  )`;

/** One term lends nothing: every result has all there is to have. */
const rankedByOne = `ranked AS MATERIALIZED (
  SELECT ${keys}, ${rounded(termScore(1))} AS rank FROM hits h, weights w WHERE eligible
)`;

/** Adds to the terms of a message what the turns around it lend it. */
const rankedByAll = (places: ReadonlyArray<number>): string => {
  const columns = (column: (place: number) => string) => places.map(column).join(", ");
  const sum = places.map((place) => `s${place}`).join(" + ");
  const all = places
    .map((place) => `CASE s.s${place} WHEN 0 THEN coalesce(l.s${place}, 0) ELSE s.s${place} END`)
    .join(" + ");
  return `scores AS MATERIALIZED (
      SELECT ${keys}, eligible, ${columns((place) => `${termScore(place)} AS s${place}`)}
      FROM hits h, weights w
    ),
    lenders AS MATERIALIZED (
      SELECT conversation_id, turn_number, ${columns((place) => `s${place}`)} FROM scores
      ORDER BY ${sum} DESC, conversation_id DESC, turn_number DESC
      LIMIT ${mostLenders}
    ),
    lent AS (
      SELECT l.conversation_id, l.turn_number + n.distance AS turn_number,
        ${columns((place) => `max(l.s${place} * n.share) AS s${place}`)}
      FROM lenders l, (VALUES ${neighbours}) n (distance, share)
      GROUP BY l.conversation_id, l.turn_number + n.distance
    ),
    -- A full join is never done by comparing each with each, however few rows the planner expects.
    ranked AS MATERIALIZED (
      SELECT s.conversation_id, s.turn_number, s.created_at, ${rounded(all)} AS rank
      FROM scores s FULL JOIN lent l
        ON l.conversation_id = s.conversation_id AND l.turn_number = s.turn_number
      WHERE coalesce(s.eligible, false)
    )`;
};

/** A page of the candidates, best first. */
export const rank = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  { terms, page, contentLength }: RankRequest,
  { candidates, corpus }: Sources,
) {
  const places = terms.map((_, index) => index + 1);
  const held = terms.map(({ frequency }, index) =>
    frequency === null
      ? sql.literal(`count(*) FILTER (WHERE n${index + 1} > 0)::float8 AS held${index + 1}`)
      : sql`${frequency}::float8 * (SELECT messages FROM corpus) AS ${sql.literal(`held${index + 1}`)}`,
  );
  const weights = terms.map(({ weight }, index) => {
    const messages = sql.literal(`h.held${index + 1}`);
    return sql`${weight}::float8
      * ln(1 + (greatest(c.messages - ${messages}, 0) + 0.5::float8) / (${messages} + 0.5::float8))
      AS ${sql.literal(`w${index + 1}`)}`;
  });
  // Not prepared: a plan made without the words at hand cannot know whether they are rare.
  const rows = yield* sql`
    WITH hits AS MATERIALIZED (${candidates}),
    corpus AS MATERIALIZED (${corpus}),
    -- One row, also where nothing of it is counted.
    held AS MATERIALIZED (SELECT ${sql.csv(held)} FROM hits HAVING true),
    weights AS MATERIALIZED (
      SELECT greatest(c.length, 1) AS length, ${sql.csv(weights)} FROM corpus c, held h
    ),
    ${sql.literal(places.length === 1 ? rankedByOne : rankedByAll(places))},
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
