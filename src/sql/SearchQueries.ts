/** The statements of the search: which messages of a scope are ranked, and how they are come by. */
import { Effect, Schema } from "effect";
import { SqlClient, type Statement } from "effect/unstable/sql";
import type { DateSpan } from "../domain/DateBound.ts";
import { checked } from "./conditions.ts";
import { DbCount, decodeRows } from "./rows.ts";
import { mostLenders, occurrences, type RankRequest, rank, reach } from "./searchRanking.ts";

/** What narrows a search, beside its words. */
export interface SearchFilters {
  readonly role: string | null;
  readonly span: DateSpan;
}

/** A search in its scope. */
export interface SearchRequest extends RankRequest, SearchFilters {
  readonly space: string;
  /** What every result fulfils. */
  readonly condition: string;
}

/** A search within a session or a conversation: every message of it counts. */
export interface ScopedRequest extends SearchRequest {
  /** Any one of the terms: what gives a message, or its neighbour, a score. */
  readonly anyTerm: string;
  readonly session_id: string | null;
  readonly conversation_id: string | null;
}

/** The filters, of the messages `m`. */
export const filtered = (
  sql: SqlClient.SqlClient,
  { role, span }: SearchFilters,
): Statement.Fragment =>
  sql.and([
    ...(role === null ? [] : [sql`m.role = ${role}`]),
    ...(span.from === null ? [] : [sql`m.created_at >= ${span.from}::text::timestamptz`]),
    ...(span.to === null
      ? []
      : span.toExclusive
        ? [sql`m.created_at < ${span.to}::text::timestamptz`]
        : [sql`m.created_at <= ${span.to}::text::timestamptz`]),
  ]);

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
        m.search_vector @@ ${request.condition}::tsquery AND ${filtered(sql, request)} AS eligible,
        ${occurrences(sql, request.terms)}
      FROM messages m
      WHERE m.conversation_id IN (${scope})
        AND ${(size?.messages ?? 0) > readWhole ? matches : checked(sql, matches)}`,
    corpus: sql`
      SELECT count(*)::float8 AS messages, avg(search_length)::float8 AS length
      FROM messages WHERE conversation_id IN (${scope}) AND search_vector IS NOT NULL`,
  });
});

/** How the candidates of a search over everything are come by; the same ones either way. */
export type Candidates =
  /** By the index of words: all that match, of which the newest are taken. */
  | { readonly by: "words" }
  /** By time, back from the newest, past so many messages at most or past all: for words that are common. */
  | { readonly by: "time"; readonly past: number | null };

/** A search over a space, of which the newest `most` matches are ranked. */
export interface SpaceRequest extends SearchRequest {
  /** How many messages the space has, about. */
  readonly messages: number;
  readonly most: number;
  /** How many matches, still newer, are passed over. */
  readonly skipped: number;
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
  const numbers = occurrences(sql, request.terms);
  const matches = sql`m.search_vector @@ ${request.condition}::tsquery`;
  // Hides the condition from the index, which would find much more than is asked for.
  const seen = checked(sql, matches);
  const within = sql`m.space = ${request.space} AND ${filtered(sql, request)}`;
  // Few conversations are in the trash, and of all others there is nothing to look up.
  const kept = sql.literal(
    "m.conversation_id NOT IN (SELECT id FROM conversations WHERE deleted_at IS NOT NULL)",
  );
  const newest = sql.literal(
    "ORDER BY m.created_at DESC, m.conversation_id DESC, m.turn_number DESC",
  );
  const some = sql`${newest} LIMIT ${request.most} OFFSET ${request.skipped}`;
  const newestMatches =
    candidates.by === "words"
      ? sql`SELECT ${keys}, true AS eligible, ${numbers} FROM messages m
          WHERE ${matches} AND ${within} AND ${kept} ${some}`
      : sql`SELECT ${keys}, true AS eligible, ${numbers} FROM (
            SELECT m.conversation_id, m.turn_number, m.created_at, m.search_length, m.search_vector
            FROM messages m WHERE ${within} ORDER BY m.created_at DESC LIMIT ${candidates.past}
          ) m
          WHERE ${seen} AND ${kept} ${some}`;
  const withLenders = (condition: string) => sql`
    WITH lent AS MATERIALIZED (
      SELECT ${keys}, false AS eligible, ${numbers} FROM messages m
      WHERE m.search_vector @@ ${condition}::tsquery AND ${within} AND ${kept}
      ${newest} LIMIT ${sql.literal(String(mostLenders))}
    )
    -- What is among the matches too counts once.
    (${newestMatches})
    UNION SELECT * FROM lent
    UNION SELECT ${keys}, true, ${numbers}
      FROM lent l JOIN messages m ON m.conversation_id = l.conversation_id
        AND m.turn_number BETWEEN l.turn_number - ${sql.literal(String(reach))} AND l.turn_number + ${sql.literal(String(reach))}
      WHERE ${seen} AND ${filtered(sql, request)}`;
  return yield* rank(sql, request, {
    candidates: request.lenders === null ? newestMatches : withLenders(request.lenders),
    corpus: sql`
      SELECT ${request.messages}::float8 AS messages, avg(length)::float8 AS length FROM hits`,
  });
});
