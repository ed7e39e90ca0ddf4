/** Statements about the shared context and its history: every change writes both in one statement. */
import { Effect, Option, Schema } from "effect";
import { SqlClient } from "effect/unstable/sql";
import { Bounds } from "../domain/Bounds.ts";
import type { Page } from "../domain/Page.ts";
import { DbCount, DbTime, decodeRows } from "./rows.ts";

const first = <A>(rows: ReadonlyArray<A>): Option.Option<A> => Option.fromUndefinedOr(rows[0]);

const decodeWritten = decodeRows(
  Schema.Struct({
    key: Schema.String,
    version: DbCount,
    action: Schema.Literals(["create", "update"]),
    updated_at: DbTime,
  }),
);

/** Writes the next version of a key; none where `if_version` is not the version that it has now. */
export const writeContext = Effect.fnUntraced(function* (request: {
  readonly space: string;
  readonly key: string;
  readonly content: string;
  readonly if_version: number | null;
  readonly changed_by: string;
}) {
  const sql = yield* SqlClient.SqlClient;
  const { space, key, content, changed_by } = request;
  const unless = request.if_version === 0 ? sql`WHERE current.content IS NULL` : sql``;
  const write =
    request.if_version === null || request.if_version === 0
      ? sql`
        INSERT INTO shared_context AS current (space, key, content, version, created_version, created_at, updated_at)
        VALUES (${space}, ${key}, ${content}, 1, 1, now(), now())
        ON CONFLICT (space, key) DO UPDATE SET
          content = excluded.content,
          version = current.version + 1,
          created_version = CASE WHEN current.content IS NULL THEN current.version + 1 ELSE current.created_version END,
          created_at = CASE WHEN current.content IS NULL THEN now() ELSE current.created_at END,
          updated_at = greatest(current.updated_at, now())
        ${unless}`
      : sql`
        UPDATE shared_context SET content = ${content}, version = version + 1, updated_at = greatest(updated_at, now())
        WHERE space = ${space} AND key = ${key} AND version = ${BigInt(request.if_version)} AND content IS NOT NULL`;
  const rows = yield* sql`
    WITH written AS (
      ${write}
      RETURNING space, key, content, version, updated_at,
        CASE WHEN version = created_version THEN 'create' ELSE 'update' END AS action
    ),
    noted AS (
      INSERT INTO context_history (space, key, version, action, content, changed_at, changed_by)
      SELECT space, key, version, action, content, updated_at, ${changed_by} FROM written
    )
    SELECT key, version, action, updated_at FROM written`;
  return first(yield* decodeWritten(rows));
});

const decodeVersion = decodeRows(Schema.Struct({ version: DbCount }));

/** The version that a key has now; 0 where it does not exist. */
export const currentVersion = Effect.fnUntraced(function* (space: string, key: string) {
  const sql = yield* SqlClient.SqlClient;
  const rows = yield* sql`
    SELECT version FROM shared_context
    WHERE space = ${space} AND key = ${key} AND content IS NOT NULL`;
  return (yield* decodeVersion(rows))[0]?.version ?? 0;
});

const decodeEntry = decodeRows(
  Schema.Struct({
    key: Schema.String,
    content: Schema.String,
    version: DbCount,
    created_at: DbTime,
    updated_at: DbTime,
  }),
);

/** The entry under a key as it is now. */
export const readContext = Effect.fnUntraced(function* (space: string, key: string) {
  const sql = yield* SqlClient.SqlClient;
  const rows = yield* sql`
    SELECT key, content, version, created_at, updated_at FROM shared_context
    WHERE space = ${space} AND key = ${key} AND content IS NOT NULL`;
  return first(yield* decodeEntry(rows));
});

/** The entry under a key as it was at a version, of deleted keys too. */
export const readContextAt = Effect.fnUntraced(function* (
  space: string,
  key: string,
  version: number,
) {
  const sql = yield* SqlClient.SqlClient;
  const rows = yield* sql`
    SELECT h.key, h.content, h.version, h.changed_at AS updated_at,
      (SELECT changed_at FROM context_history
        WHERE space = h.space AND key = h.key AND version <= h.version AND action = 'create'
        ORDER BY version DESC LIMIT 1) AS created_at
    FROM context_history h
    WHERE h.space = ${space} AND h.key = ${key} AND h.version = ${BigInt(version)} AND h.content IS NOT NULL`;
  return first(yield* decodeEntry(rows));
});

const decodeListed = decodeRows(
  Schema.Struct({
    key: Schema.String,
    size_bytes: Schema.Int,
    version: DbCount,
    updated_at: DbTime,
  }),
);
const decodeTotal = decodeRows(Schema.Struct({ total: DbCount }));

/** A page of keys in their order. */
export const listContext = Effect.fnUntraced(function* (
  space: string,
  search: string | null,
  page: Page,
) {
  const sql = yield* SqlClient.SqlClient;
  const where = sql`space = ${space} AND content IS NOT NULL
    AND (${search}::text IS NULL OR position(${search}::text IN key) > 0)`;
  const rows = yield* sql`
    SELECT key, octet_length(content) AS size_bytes, version, updated_at FROM shared_context
    WHERE ${where} ORDER BY key LIMIT ${page.limit}::int OFFSET ${page.offset}::int`;
  const totals = yield* sql`
    SELECT count(*) AS total
    FROM (
      SELECT 1 FROM shared_context WHERE ${where} ORDER BY key LIMIT ${Bounds.exactTotal + 1}::int
    ) AS counted`;
  const counted = (yield* decodeTotal(totals))[0]?.total ?? 0;
  return { entries: yield* decodeListed(rows), counted };
});

/** Deletes a key and notes it as its next version; none where the key does not exist. */
export const deleteContext = Effect.fnUntraced(function* (
  space: string,
  key: string,
  changed_by: string,
) {
  const sql = yield* SqlClient.SqlClient;
  const rows = yield* sql`
    WITH gone AS (
      UPDATE shared_context SET content = NULL, version = version + 1, updated_at = greatest(updated_at, now())
      WHERE space = ${space} AND key = ${key} AND content IS NOT NULL
      RETURNING space, key, version, updated_at
    ),
    noted AS (
      INSERT INTO context_history (space, key, version, action, content, changed_at, changed_by)
      SELECT space, key, version, 'delete', NULL, updated_at, ${changed_by} FROM gone
    )
    SELECT version FROM gone`;
  return first(yield* decodeVersion(rows));
});

/** Erases a key with its history, of deleted keys too; none where nothing of it is left. */
export const eraseContext = Effect.fnUntraced(function* (space: string, key: string) {
  const sql = yield* SqlClient.SqlClient;
  const rows = yield* sql`
    DELETE FROM shared_context WHERE space = ${space} AND key = ${key} RETURNING version`;
  return first(yield* decodeVersion(rows));
});

const Change = Schema.Struct({
  version: DbCount,
  action: Schema.Literals(["create", "update", "delete"]),
  content: Schema.NullOr(Schema.String),
  changed_at: DbTime,
  changed_by: Schema.String,
});
type Change = typeof Change.Type;
// An empty page still says how many there are: its one row has no version.
const Counted = { total: DbCount };
const decodeChanges = decodeRows(
  Schema.Union([
    Schema.Struct({ ...Change.fields, ...Counted }),
    Schema.Struct({ ...Counted, version: Schema.Null }),
  ]),
);

/**
 * A page of a key's changes, newest first. Its versions have no gap (each change adds the next one, and nothing but an
 * erasure, which takes them all, removes one): what is passed over is not read, and what there is not counted.
 */
export const listChanges = Effect.fnUntraced(function* (space: string, key: string, page: Page) {
  const sql = yield* SqlClient.SqlClient;
  const own = sql`space = ${space} AND key = ${key}`;
  const rows = yield* sql`
    WITH ends AS MATERIALIZED (
      SELECT
        (SELECT version FROM context_history WHERE ${own} ORDER BY version DESC LIMIT 1) AS newest,
        (SELECT version FROM context_history WHERE ${own} ORDER BY version LIMIT 1) AS oldest
    )
    SELECT coalesce(ends.newest - ends.oldest + 1, 0) AS total,
      h.version, h.action, h.content, h.changed_at, h.changed_by
    FROM ends LEFT JOIN context_history h
      ON ${own} AND h.version <= ends.newest - ${page.offset}::int
        AND h.version > ends.newest - ${page.offset}::int - ${page.limit}::int
    ORDER BY h.version DESC`;
  const decoded = yield* decodeChanges(rows);
  return {
    entries: decoded.flatMap((row): ReadonlyArray<Change> => {
      if (row.version === null) return [];
      const { total: _total, ...change } = row;
      return [change];
    }),
    counted: decoded[0]?.total ?? 0,
  };
});
