/** What the recorder keeps beside the frames: how far it is, whose conversation a stream is, and what waits for more. */
import { Effect } from "effect";
import { SqlClient } from "effect/unstable/sql";

/** Positions of journals, streams and their openings, stateless conversations, requests without an answer. */
export const recording = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient;

  yield* sql`ALTER TABLE conversations
    ADD COLUMN last_frame bigint NOT NULL DEFAULT 0 CHECK (last_frame >= 0)`;
  yield* sql`CREATE INDEX conversations_recorded ON conversations (updated_at) WHERE last_frame > 0`;
  // What is purged by its age is found by ranges of pages: next to nothing at each insert.
  yield* sql`CREATE INDEX frames_by_age ON frames USING brin (captured_at)`;
  yield* sql`CREATE INDEX tool_calls_by_age ON tool_calls USING brin (created_at)`;

  yield* sql`
    CREATE TABLE journals (
      id uuid NOT NULL,
      lane smallint NOT NULL,
      recorded_through bigint NOT NULL CHECK (recorded_through >= 0),
      updated_at timestamptz(3) NOT NULL DEFAULT now(),
      PRIMARY KEY (id, lane)
    )`;
  yield* sql`COMMENT ON COLUMN journals.lane IS
    'The streams of a journal are recorded in lanes, each in transactions of its own'`;
  yield* sql`COMMENT ON COLUMN journals.recorded_through IS
    'The last segment that is in the database: moved in the transaction that records it'`;

  yield* sql`
    CREATE TABLE streams (
      id uuid PRIMARY KEY,
      journal uuid NOT NULL,
      description json NOT NULL,
      is_open boolean NOT NULL,
      is_over boolean NOT NULL,
      client json,
      seen_at timestamptz(3) NOT NULL
    )`;
  yield* sql`COMMENT ON TABLE streams IS
    'It outlives its conversation, so that one that was deleted does not come back to life'`;
  yield* sql`COMMENT ON COLUMN streams.is_open IS
    'Past the handshake: until then it has no conversation, and what came of it is in stream_openings'`;
  yield* sql`CREATE INDEX streams_at_work ON streams (journal) WHERE NOT is_over`;
  yield* sql`CREATE INDEX streams_by_age ON streams (seen_at)`;

  yield* sql`
    CREATE TABLE stream_openings (
      stream uuid NOT NULL REFERENCES streams ON DELETE CASCADE,
      position bigint NOT NULL,
      id uuid NOT NULL,
      captured_at double precision NOT NULL,
      direction text CHECK (direction IN ('to_upstream', 'to_client')),
      payload bytea,
      redactions integer,
      event json CHECK ((event IS NULL) = (direction IS NOT NULL AND payload IS NOT NULL AND redactions IS NOT NULL)),
      PRIMARY KEY (stream, position)
    )`;

  yield* sql`
    CREATE TABLE stateless_conversations (
      conversation_id uuid PRIMARY KEY,
      space text NOT NULL,
      key text NOT NULL,
      first_at double precision NOT NULL,
      last_at double precision NOT NULL CHECK (last_at >= first_at)
    )`;
  yield* sql`COMMENT ON COLUMN stateless_conversations.key IS
    'A digest of token, client, upstream and session; a conversation of the key ends with a silence'`;
  yield* sql`CREATE INDEX stateless_conversations_by_key ON stateless_conversations (space, key, last_at)`;

  yield* sql`
    CREATE TABLE open_requests (
      stream uuid NOT NULL,
      frame uuid NOT NULL,
      element integer NOT NULL,
      conversation_id uuid NOT NULL REFERENCES conversations ON DELETE CASCADE,
      sequence bigint NOT NULL,
      PRIMARY KEY (stream, frame, element)
    )`;
  yield* sql`COMMENT ON TABLE open_requests IS
    'Requests that were recorded and wait for their answers; what they ask is in their frames'`;
  yield* sql`CREATE INDEX open_requests_by_conversation ON open_requests (conversation_id)`;
});
