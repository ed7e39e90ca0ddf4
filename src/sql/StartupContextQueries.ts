/** Statements about startup contexts. */
import { Effect, Option, Schema } from "effect";
import { SqlClient } from "effect/unstable/sql";
import { DbTime, decodeRows } from "./rows.ts";

const summary = {
  id: Schema.String,
  name: Schema.String,
  is_active: Schema.Boolean,
  created_at: DbTime,
  updated_at: DbTime,
};
const decodeSummaries = decodeRows(Schema.Struct(summary));
const decodeContexts = decodeRows(Schema.Struct({ ...summary, content: Schema.String }));

/** The startup context of a name, or the active one where no name is given. */
export const findStartupContext = Effect.fnUntraced(function* (
  space: string,
  name: string | undefined,
) {
  const sql = yield* SqlClient.SqlClient;
  const which = name === undefined ? sql`is_active` : sql`name = ${name}`;
  const rows = yield* sql`
    SELECT id, name, content, is_active, created_at, updated_at
    FROM startup_contexts WHERE space = ${space} AND ${which}`;
  return Option.fromUndefinedOr((yield* decodeContexts(rows))[0]);
});

/** Holds back every other change of the space's startup contexts until the transaction ends. */
export const holdStartupContexts = Effect.fnUntraced(function* (space: string) {
  const sql = yield* SqlClient.SqlClient;
  yield* sql`SELECT pg_advisory_xact_lock(hashtextextended('startup_contexts:' || ${space}, 0))`;
});

const decodeWritten = decodeRows(Schema.Struct({ ...summary, is_new: Schema.Boolean }));
const decodeNames = decodeRows(Schema.Struct({ name: Schema.String }));

/** Writes a startup context; where it becomes the active one, the other is deactivated. Needs the hold. */
export const writeStartupContext = Effect.fnUntraced(function* (context: {
  readonly id: string;
  readonly space: string;
  readonly name: string;
  readonly content: string;
  readonly active: boolean;
}) {
  const sql = yield* SqlClient.SqlClient;
  const deactivated = context.active
    ? yield* sql`
      UPDATE startup_contexts SET is_active = false
      WHERE space = ${context.space} AND is_active AND name <> ${context.name}
      RETURNING name`
    : [];
  const rows = yield* sql`
    INSERT INTO startup_contexts AS written (id, space, name, content, is_active)
    VALUES (${context.id}::uuid, ${context.space}, ${context.name}, ${context.content}, ${context.active})
    ON CONFLICT (space, name) DO UPDATE
    SET content = excluded.content, is_active = excluded.is_active, updated_at = now()
    RETURNING id, name, is_active, created_at, updated_at, NOT EXISTS (
      SELECT FROM startup_contexts before
      WHERE before.space = written.space AND before.name = written.name
    ) AS is_new`;
  const [row] = yield* decodeWritten(rows);
  if (row === undefined) return yield* Effect.die("a written startup context was not answered");
  const { is_new, ...written } = row;
  const names = (yield* decodeNames(deactivated)).map(({ name }) => name);
  return { written, isNew: is_new, deactivated: names };
});

/** Startup contexts of a space by name, from behind a name on, without their texts. */
export const listStartupContexts = Effect.fnUntraced(function* (
  space: string,
  after: string | undefined,
  limit: number,
) {
  const sql = yield* SqlClient.SqlClient;
  const beyond = after === undefined ? sql`` : sql`AND name COLLATE "C" > ${after}`;
  const rows = yield* sql`
    SELECT id, name, is_active, created_at, updated_at
    FROM startup_contexts WHERE space = ${space} ${beyond}
    ORDER BY name COLLATE "C" LIMIT ${limit}::int`;
  return yield* decodeSummaries(rows);
});

const decodeContents = decodeRows(Schema.Struct({ id: Schema.String, content: Schema.String }));

/** The texts of a space's startup contexts by name, from one name to another, up to a size in all. */
export const readStartupContents = Effect.fnUntraced(function* (
  space: string,
  [first, last]: readonly [first: string, last: string],
  bytes: number,
) {
  const sql = yield* SqlClient.SqlClient;
  const rows = yield* sql`
    SELECT id, content FROM (
      SELECT id, name, content, sum(octet_length(content)) OVER (ORDER BY name COLLATE "C") AS bytes
      FROM startup_contexts
      WHERE space = ${space} AND name COLLATE "C" BETWEEN ${first} AND ${last}
    ) AS measured WHERE bytes <= ${bytes}::int ORDER BY name COLLATE "C"`;
  return yield* decodeContents(rows);
});

const decodeActive = decodeRows(Schema.Struct({ is_active: Schema.Boolean }));

/** Deletes a startup context unless it is active and that is not meant; says what stood there. */
export const deleteStartupContext = Effect.fnUntraced(function* (
  space: string,
  name: string,
  evenActive: boolean,
) {
  const sql = yield* SqlClient.SqlClient;
  const rows = yield* sql`
    SELECT is_active FROM startup_contexts WHERE space = ${space} AND name = ${name} FOR UPDATE`;
  const found = (yield* decodeActive(rows))[0];
  if (found === undefined) return "missing";
  if (found.is_active && !evenActive) return "active";
  yield* sql`DELETE FROM startup_contexts WHERE space = ${space} AND name = ${name}`;
  return "deleted";
});
