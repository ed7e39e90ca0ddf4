/** A tool call that the proxy saw between a client and an upstream. */
import { Schema } from "effect";
import { JsonObject, Timestamp } from "./Text.ts";

export const ToolCallStatus = Schema.Literals(["success", "error", "cancelled", "timeout", "lost"]);
export type ToolCallStatus = typeof ToolCallStatus.Type;

export const ToolCallSummary = Schema.Struct({
  id: Schema.String,
  conversation_id: Schema.NullOr(Schema.String),
  correlation_id: Schema.String,
  upstream: Schema.String,
  tool: Schema.String,
  model: Schema.NullOr(Schema.String),
  status: ToolCallStatus,
  duration_ms: Schema.NullOr(Schema.Finite),
  tokens_prompt: Schema.NullOr(Schema.Int),
  tokens_completion: Schema.NullOr(Schema.Int),
  error_message: Schema.NullOr(Schema.String),
  created_at: Timestamp,
});
export type ToolCallSummary = typeof ToolCallSummary.Type;

export const ToolCall = Schema.Struct({
  ...ToolCallSummary.fields,
  arguments: Schema.Json,
  result: Schema.Json,
  metadata: JsonObject,
});
export type ToolCall = typeof ToolCall.Type;
