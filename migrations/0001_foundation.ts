/** The tables of the tools. Hard bounds stand here as CHECKs, so that no other writer can pass them either. */
import { Effect } from "effect";
import { SqlClient } from "effect/unstable/sql";

/** Conversations, messages, frames, tool calls, startup contexts, shared context and its history. */
export const foundation = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient;

  yield* sql`
    CREATE TABLE conversations (
      id uuid PRIMARY KEY,
      space text NOT NULL CHECK (char_length(space) BETWEEN 1 AND 255),
      session_id text CHECK (char_length(session_id) <= 255),
      metadata json NOT NULL DEFAULT '{}'
        CHECK (json_typeof(metadata) = 'object' AND octet_length(metadata::text) <= 65536),
      created_at timestamptz(3) NOT NULL DEFAULT now(),
      updated_at timestamptz(3) NOT NULL DEFAULT now(),
      deleted_at timestamptz(3),
      last_turn bigint NOT NULL DEFAULT 0 CHECK (last_turn >= message_count),
      message_count bigint NOT NULL DEFAULT 0 CHECK (message_count >= 0)
    )`;
  yield* sql`CREATE INDEX conversations_by_update ON conversations (space, updated_at DESC, id DESC)
    WHERE deleted_at IS NULL`;
  yield* sql`CREATE INDEX conversations_by_creation ON conversations (space, created_at DESC, id DESC)
    WHERE deleted_at IS NULL`;
  yield* sql`CREATE INDEX conversations_by_session ON conversations (space, session_id, updated_at DESC, id DESC)
    WHERE deleted_at IS NULL AND session_id IS NOT NULL`;
  yield* sql`CREATE INDEX conversations_in_trash ON conversations (deleted_at) WHERE deleted_at IS NOT NULL`;

  yield* sql`
    CREATE TABLE messages (
      conversation_id uuid NOT NULL REFERENCES conversations ON DELETE CASCADE,
      id uuid NOT NULL,
      space text NOT NULL,
      turn_number bigint NOT NULL CHECK (turn_number >= 1),
      role text NOT NULL CHECK (role IN ('user', 'assistant', 'system', 'tool')),
      content text NOT NULL CHECK (octet_length(content) BETWEEN 1 AND 1048576),
      metadata json NOT NULL DEFAULT '{}'
        CHECK (json_typeof(metadata) = 'object' AND octet_length(metadata::text) <= 65536),
      created_at timestamptz(3) NOT NULL DEFAULT now(),
      search_vector tsvector,
      search_length integer NOT NULL DEFAULT 0,
      PRIMARY KEY (conversation_id, id),
      UNIQUE (conversation_id, turn_number)
    )`;
  yield* sql`COMMENT ON COLUMN messages.search_vector IS
    'What a search finds the message by; null keeps it out of every search'`;
  yield* sql`CREATE INDEX messages_by_words ON messages USING gin (search_vector)`;

  yield* sql`
    CREATE TABLE frames (
      conversation_id uuid NOT NULL REFERENCES conversations ON DELETE CASCADE,
      sequence bigint NOT NULL CHECK (sequence >= 1),
      id uuid NOT NULL,
      space text NOT NULL,
      direction text NOT NULL CHECK (direction IN ('to_upstream', 'to_client')),
      payload bytea NOT NULL,
      redactions integer NOT NULL DEFAULT 0 CHECK (redactions >= 0),
      captured_at timestamptz(3) NOT NULL,
      PRIMARY KEY (conversation_id, sequence)
    )`;

  yield* sql`
    CREATE TABLE tool_calls (
      id uuid PRIMARY KEY,
      space text NOT NULL,
      conversation_id uuid REFERENCES conversations ON DELETE CASCADE,
      correlation_id text NOT NULL,
      upstream text NOT NULL,
      tool text NOT NULL,
      model text,
      status text NOT NULL CHECK (status IN ('success', 'error', 'cancelled', 'timeout', 'lost')),
      duration_ms double precision CHECK (duration_ms >= 0),
      tokens_prompt bigint CHECK (tokens_prompt >= 0),
      tokens_completion bigint CHECK (tokens_completion >= 0),
      error_message text,
      arguments json,
      result json,
      metadata json NOT NULL DEFAULT '{}' CHECK (json_typeof(metadata) = 'object'),
      created_at timestamptz(3) NOT NULL DEFAULT now()
    )`;
  yield* sql`CREATE INDEX tool_calls_by_time ON tool_calls (space, created_at DESC, id DESC)`;
  yield* sql`CREATE INDEX tool_calls_by_upstream ON tool_calls (space, upstream, created_at DESC, id DESC)`;
  yield* sql`CREATE INDEX tool_calls_by_tool ON tool_calls (space, tool, created_at DESC, id DESC)`;
  yield* sql`CREATE INDEX tool_calls_by_status ON tool_calls (space, status, created_at DESC, id DESC)`;
  yield* sql`CREATE INDEX tool_calls_by_correlation ON tool_calls (space, correlation_id)`;
  yield* sql`CREATE INDEX tool_calls_by_conversation ON tool_calls (conversation_id)`;

  yield* sql`
    CREATE TABLE startup_contexts (
      id uuid PRIMARY KEY,
      space text NOT NULL CHECK (char_length(space) BETWEEN 1 AND 255),
      name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 255),
      content text NOT NULL CHECK (octet_length(content) BETWEEN 1 AND 1048576),
      is_active boolean NOT NULL,
      created_at timestamptz(3) NOT NULL DEFAULT now(),
      updated_at timestamptz(3) NOT NULL DEFAULT now(),
      UNIQUE (space, name)
    )`;
  yield* sql`CREATE UNIQUE INDEX one_active_startup_context ON startup_contexts (space) WHERE is_active`;

  yield* sql`
    CREATE TABLE shared_context (
      space text NOT NULL CHECK (char_length(space) BETWEEN 1 AND 255),
      key text COLLATE "C" NOT NULL CHECK (key ~ '^[A-Za-z0-9_.-]{1,255}$'),
      content text CHECK (octet_length(content) <= 102400),
      version bigint NOT NULL CHECK (version >= 1),
      created_version bigint NOT NULL CHECK (created_version BETWEEN 1 AND version),
      created_at timestamptz(3) NOT NULL,
      updated_at timestamptz(3) NOT NULL,
      PRIMARY KEY (space, key)
    )`;
  yield* sql`COMMENT ON COLUMN shared_context.content IS
    'Null once the key is deleted: the row stays to hold the version that a later write goes on from'`;

  yield* sql`
    CREATE TABLE context_history (
      space text NOT NULL,
      key text COLLATE "C" NOT NULL,
      version bigint NOT NULL,
      action text NOT NULL CHECK (action IN ('create', 'update', 'delete')),
      content text CHECK ((content IS NULL) = (action = 'delete')),
      changed_at timestamptz(3) NOT NULL,
      changed_by text NOT NULL,
      PRIMARY KEY (space, key, version),
      FOREIGN KEY (space, key) REFERENCES shared_context ON DELETE CASCADE
    )`;
});
