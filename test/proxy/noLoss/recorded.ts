// What the database has of the sessions of clients: frames, messages and calls, as their rows are.
import { Schema } from "effect";
import type { PostgresServer } from "../../support/postgresServer.ts";
import { keyOf } from "./frames.ts";
import { clientName } from "./logs.ts";

/** One frame. */
export interface RecordedFrame {
  readonly sequence: number;
  readonly direction: "to_upstream" | "to_client";
  readonly frame: string;
  readonly redactions: number;
  /** When it came, in milliseconds. */
  readonly at: number;
}

/** One message; `frame` is the number of the frame that it was made of. */
export interface RecordedMessage {
  readonly turn: number;
  readonly role: string;
  readonly frame: number | null;
  readonly event: string | null;
  readonly content: string;
}

/** One tool call, by the numbers of the frames of its request and its answer. */
export interface RecordedCall {
  readonly request: number;
  readonly result: number | null;
  readonly status: string;
  readonly why: string | null;
}

/** One conversation. */
export interface Recorded {
  readonly lastFrame: number;
  readonly lastTurn: number;
  readonly messageCount: number;
  readonly frames: Array<RecordedFrame>;
  readonly messages: Array<RecordedMessage>;
  readonly calls: Array<RecordedCall>;
}

const Id = Schema.String;
const decodeConversations = Schema.decodeUnknownSync(
  Schema.Array(Schema.Tuple([Id, Id, Schema.Int, Schema.Int, Schema.Int])),
);
const decodeFrames = Schema.decodeUnknownSync(
  Schema.Array(
    Schema.Tuple([
      Id,
      Schema.Int,
      Schema.Literals(["to_upstream", "to_client"]),
      Schema.String,
      Schema.Int,
      Schema.Number,
    ]),
  ),
);
const decodeMessages = Schema.decodeUnknownSync(
  Schema.Array(
    Schema.Tuple([
      Id,
      Schema.Int,
      Schema.String,
      Schema.NullOr(Schema.Int),
      Schema.NullOr(Schema.String),
      Schema.String,
    ]),
  ),
);
const decodeCalls = Schema.decodeUnknownSync(
  Schema.Array(
    Schema.Tuple([
      Id,
      Schema.Int,
      Schema.NullOr(Schema.Int),
      Schema.String,
      Schema.NullOr(Schema.String),
    ]),
  ),
);

/** How much of a message's content is read: what it is made of stands at its beginning. */
const contentStart = 400;

/**
 * Every recorded conversation, by the name of its session; more than one where a session has fallen apart. Over standard
 * input and output the client's name alone tells of it.
 */
export const readRecorded = async (
  server: PostgresServer,
): Promise<ReadonlyMap<string, ReadonlyArray<Recorded>>> => {
  const conversations = new Map<string, Recorded>();
  const bySession = new Map<string, Array<Recorded>>();
  for (const [id, session, lastFrame, lastTurn, messageCount] of decodeConversations(
    await server.query(
      `SELECT id::text, name, last_frame::int, last_turn::int, message_count::int
       FROM conversations, LATERAL (
         SELECT CASE metadata->>'transport'
           WHEN 'stdio' THEN substring(metadata->'client'->>'name' from '${clientName("(.*)")}')
           ELSE session_id
         END AS name
       ) AS named
       WHERE name IS NOT NULL`,
    ),
  )) {
    const recorded: Recorded = {
      lastFrame,
      lastTurn,
      messageCount,
      frames: [],
      messages: [],
      calls: [],
    };
    conversations.set(id, recorded);
    bySession.set(session, [...(bySession.get(session) ?? []), recorded]);
  }
  for (const [id, sequence, direction, payload, redactions, at] of decodeFrames(
    await server.query(
      `SELECT conversation_id::text, sequence::int, direction, encode(payload, 'hex'), redactions,
         (extract(epoch FROM captured_at) * 1000)::float8
       FROM frames ORDER BY conversation_id, sequence`,
    ),
  )) {
    const frame = keyOf(Buffer.from(payload, "hex"));
    conversations.get(id)?.frames.push({ sequence, direction, frame, redactions, at });
  }
  for (const [id, turn, role, frame, event, content] of decodeMessages(
    await server.query(
      `SELECT conversation_id::text, turn_number::int, role, (metadata->>'frame')::int,
         metadata->>'event', left(content, ${contentStart})
       FROM messages ORDER BY conversation_id, turn_number`,
    ),
  )) {
    conversations.get(id)?.messages.push({ turn, role, frame, event, content });
  }
  for (const [id, request, result, status, why] of decodeCalls(
    await server.query(
      `SELECT conversation_id::text, (metadata->>'request_frame')::int,
         (metadata->>'result_frame')::int, status, left(error_message, 100)
       FROM tool_calls WHERE conversation_id IS NOT NULL`,
    ),
  )) {
    conversations.get(id)?.calls.push({ request, result, status, why });
  }
  return bySession;
};
