/** Statements about the tool calls that the proxy recorded. */
import { Effect, Option, Schema } from "effect";
import { SqlClient } from "effect/unstable/sql";
import { Bounds } from "../domain/Bounds.ts";
import type { DateSpan } from "../domain/DateBound.ts";
import type { Page } from "../domain/Page.ts";
import { JsonObject } from "../domain/Text.ts";
import { ToolCallStatus } from "../domain/ToolCall.ts";
import { checked } from "./conditions.ts";
import { DbCount, DbTime, decodeRows } from "./rows.ts";

const summary = {
  id: Schema.String,
  conversation_id: Schema.NullOr(Schema.String),
  correlation_id: Schema.String,
  upstream: Schema.String,
  tool: Schema.String,
  model: Schema.NullOr(Schema.String),
  status: ToolCallStatus,
  duration_ms: Schema.NullOr(Schema.Finite),
  tokens_prompt: Schema.NullOr(DbCount),
  tokens_completion: Schema.NullOr(DbCount),
  error_message: Schema.NullOr(Schema.String),
  created_at: DbTime,
};
const decodeSummaries = decodeRows(Schema.Struct(summary));
const decodeCalls = decodeRows(
  Schema.Struct({
    ...summary,
    arguments: Schema.Json,
    result: Schema.Json,
    metadata: JsonObject,
  }),
);
const decodeTotal = decodeRows(Schema.Struct({ total: DbCount }));

/** What a list of calls is narrowed by; null stands for no matter. */
export interface ToolCallFilter {
  readonly space: string;
  readonly upstream: string | null;
  readonly tool: string | null;
  readonly status: ToolCallStatus | null;
  readonly conversation_id: string | null;
  readonly correlation_id: string | null;
  readonly span: DateSpan;
}

/** A page of calls, newest first. Calls of conversations in the trash are left out. */
export const listToolCalls = Effect.fnUntraced(function* (filter: ToolCallFilter, page: Page) {
  const sql = yield* SqlClient.SqlClient;
  const { span } = filter;
  const conditions = [
    sql`t.space = ${filter.space}`,
    sql`NOT EXISTS (SELECT FROM conversations c WHERE c.id = t.conversation_id AND c.deleted_at IS NOT NULL)`,
    ...(filter.upstream === null ? [] : [sql`t.upstream = ${filter.upstream}`]),
    ...(filter.tool === null ? [] : [sql`t.tool = ${filter.tool}`]),
    ...(filter.status === null ? [] : [sql`t.status = ${filter.status}`]),
    ...(filter.conversation_id === null
      ? []
      : [sql`t.conversation_id = ${filter.conversation_id}::uuid`]),
    ...(filter.correlation_id === null ? [] : [sql`t.correlation_id = ${filter.correlation_id}`]),
    ...(span.from === null ? [] : [sql`t.created_at >= ${span.from}::text::timestamptz`]),
    ...(span.to === null
      ? []
      : [
          span.toExclusive
            ? sql`t.created_at < ${span.to}::text::timestamptz`
            : sql`t.created_at <= ${span.to}::text::timestamptz`,
        ]),
  ];
  const where = sql.and(conditions);
  const rows = yield* sql`
    SELECT id, conversation_id, correlation_id, upstream, tool, model, status, duration_ms,
      tokens_prompt, tokens_completion, error_message, created_at
    FROM tool_calls t WHERE ${where}
    ORDER BY created_at DESC, id DESC LIMIT ${page.limit}::int OFFSET ${page.offset}::int`;
  const totals = yield* sql`
    SELECT count(*) AS total
    FROM (SELECT 1 FROM tool_calls t WHERE ${where} LIMIT ${Bounds.exactTotal + 1}::int) AS counted`;
  const counted = (yield* decodeTotal(totals))[0]?.total ?? 0;
  return { calls: yield* decodeSummaries(rows), counted };
});

/** One call with its arguments and its result. */
export const findToolCall = Effect.fnUntraced(function* (space: string, id: string) {
  const sql = yield* SqlClient.SqlClient;
  const rows = yield* sql`
    SELECT id, conversation_id, correlation_id, upstream, tool, model, status, duration_ms,
      tokens_prompt, tokens_completion, error_message, created_at, arguments, result, metadata
    FROM tool_calls t
    WHERE id = ${id}::uuid AND ${checked(sql, sql`space = ${space}`)}
      AND NOT EXISTS (SELECT FROM conversations c WHERE c.id = t.conversation_id AND c.deleted_at IS NOT NULL)`;
  return Option.fromUndefinedOr((yield* decodeCalls(rows))[0]);
});
