/** A conversation: a row of messages by turn, begun by an agent or recorded by the proxy. */
import { Schema } from "effect";
import { Bounds } from "./Bounds.ts";
import { JsonObject, Metadata, optional, shortText, Timestamp, uuid } from "./Text.ts";

export const ConversationId = uuid("The conversation's id.");

export const SessionId = shortText(0, Bounds.sessionIdLength);

/** What every tool that begins a conversation may say of it. */
export const NewConversationParameters = {
  session_id: optional(
    SessionId,
    "The caller's own name for the session, to find its conversations again.",
  ),
  metadata: optional(Metadata, "Any JSON object to keep beside the conversation."),
};

/** A conversation as lists show it. */
export const ConversationSummary = Schema.Struct({
  id: Schema.String,
  session_id: Schema.NullOr(Schema.String),
  created_at: Timestamp,
  updated_at: Timestamp,
  metadata: JsonObject,
  message_count: Schema.Int,
});
export type ConversationSummary = typeof ConversationSummary.Type;

export const ConversationSort = Schema.Literals(["updated_at", "created_at"]);
export type ConversationSort = typeof ConversationSort.Type;
