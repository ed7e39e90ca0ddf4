/** A message: one turn of a conversation, what a person reads and searches. */
import { Schema } from "effect";
import { Bounds } from "./Bounds.ts";
import {
  atMostBytes,
  JsonObject,
  longText,
  Metadata,
  optional,
  Timestamp,
  utf8Bytes,
  uuid,
} from "./Text.ts";

export const Role = Schema.Literals(["user", "assistant", "system", "tool"]);
export type Role = typeof Role.Type;

export const TurnNumber = Schema.Int.check(
  Schema.isBetween(
    { minimum: 1, maximum: Bounds.turnNumber },
    { expected: `a whole number from 1 to ${Bounds.turnNumber}` },
  ),
);

/** The parameters of one message to be stored. */
export const NewMessageParameters = {
  role: Role.annotate({ description: "Who speaks." }),
  content: longText(Bounds.contentBytes, "The text of the message, kept as it is (at most 1 MiB)."),
  turn_number: optional(
    TurnNumber,
    "The turn to store at; left out, the message takes the next one.",
  ),
  metadata: optional(Metadata, "Any JSON object to keep beside the message."),
  message_id: optional(
    uuid("The caller's own UUID."),
    "The caller's own UUID for the message: storing it again with the same data answers as the first time, so a call may be repeated after any failure.",
  ),
};

export const NewMessage = Schema.Struct(NewMessageParameters);
export type NewMessage = typeof NewMessage.Type;

/** The messages of one bulk call. */
export const MessageBatch = Schema.Array(NewMessage)
  .check(
    Schema.isLengthBetween(1, Bounds.bulkMessages, {
      expected: `1 to ${Bounds.bulkMessages} messages`,
    }),
    atMostBytes(Bounds.bulkBytes, (messages: ReadonlyArray<NewMessage>) =>
      messages.reduce((bytes, message) => bytes + utf8Bytes(message.content), 0),
    ),
  )
  .annotate({ description: "The messages in their order, 1 to 1000 and at most 8 MiB in all." });

/** A message as its conversation shows it. */
export const Message = Schema.Struct({
  id: Schema.String,
  turn: Schema.Int,
  role: Role,
  content: Schema.String,
  metadata: JsonObject,
  created_at: Timestamp,
});
export type Message = typeof Message.Type;

/** A message that a search found, with what is needed to judge it without another call. */
export const SearchResult = Schema.Struct({
  message_id: Schema.String,
  conversation_id: Schema.String,
  turn: Schema.Int,
  role: Role,
  content: Schema.NullOr(Schema.String),
  snippet: Schema.String,
  created_at: Timestamp,
  metadata: JsonObject,
  session_id: Schema.NullOr(Schema.String),
  conversation_metadata: JsonObject,
  rank: Schema.Finite,
});
export type SearchResult = typeof SearchResult.Type;
