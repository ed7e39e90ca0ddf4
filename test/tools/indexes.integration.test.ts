// Every query of the tools has its index: over tables of many rows a call reads those that it is
// about, counted by the database itself, and never those of another space.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import type { ToolName } from "../../src/rpc/DeweyTools.ts";
import { openDatabase, openProcess } from "../support/tools.ts";

const database = await openDatabase();
afterAll(database.drop);

/** Rows of each table, of which every tenth is in the caller's space. */
const rows = 30_000;
const own = rows / 10;
const id = randomUUID();
const call = randomUUID();
const space = "CASE n % 10 WHEN 0 THEN 'default' ELSE 's' || n % 30 END";

beforeAll(async () => {
  for (const statement of [
    `INSERT INTO conversations (id, space, session_id, last_turn, message_count, created_at, updated_at)
     SELECT gen_random_uuid(), ${space}, 's' || n, 1, 1,
       now() - random() * interval '1 year', now() - random() * interval '1 year'
     FROM generate_series(1, ${rows}) n`,
    `INSERT INTO conversations (id, space, session_id, last_turn, message_count)
     VALUES ('${id}', 'default', 'own', 1, 1)`,
    `INSERT INTO messages (conversation_id, id, space, turn_number, role, content, search_vector, search_length)
     SELECT id, gen_random_uuid(), space, 1, 'user', 'word',
       ('''w' || (random() * 5000)::int || ''':1')::tsvector, 1 FROM conversations`,
    `INSERT INTO tool_calls (id, space, conversation_id, correlation_id, upstream, tool, status, created_at)
     SELECT gen_random_uuid(), space, id, 'c' || row_number() OVER (), 'u' || (random() * 500)::int,
       't' || (random() * 500)::int, 'success', now() - random() * interval '1 year' FROM conversations`,
    `INSERT INTO tool_calls (id, space, correlation_id, upstream, tool, status)
     VALUES ('${call}', 'default', 'c', 'u', 't', 'lost')`,
    `INSERT INTO startup_contexts (id, space, name, content, is_active)
     SELECT gen_random_uuid(), 's' || n % 5000, 'n' || n, 'x', false FROM generate_series(1, ${rows}) n`,
    `INSERT INTO shared_context (space, key, content, version, created_version, created_at, updated_at)
     SELECT ${space}, 'k' || n, 'x', 1, 1, now(), now() FROM generate_series(1, ${rows}) n`,
    `INSERT INTO context_history (space, key, version, action, content, changed_at, changed_by)
     SELECT space, key, 1, 'create', 'x', now(), 'a' FROM shared_context`,
    "VACUUM ANALYZE",
  ]) {
    await database.rows(statement);
  }
});

const message = { conversation_id: id, role: "user", content: "w1 w2 word" };
/** Calls, and how many rows a total has to count where no index alone can tell it. */
const tools: ReadonlyArray<readonly [ToolName, object, number?]> = [
  ["dewey_begin_conversation", {}],
  ["dewey_store_message", message],
  ["dewey_store_message", { ...message, message_id: randomUUID(), turn_number: 50 }],
  ["dewey_store_messages_bulk", { messages: [{ role: "user", content: "w1" }] }],
  ["dewey_get_conversation", { conversation_id: id }],
  ["dewey_list_conversations", {}],
  ["dewey_list_conversations", { sort_by: "created_at" }],
  ["dewey_list_conversations", { session_id: "own" }],
  ["dewey_search", { query: "w1 w2" }],
  ["dewey_search", { query: "w1", session_id: "own" }],
  ["dewey_search", { query: "w1", conversation_id: id }],
  ["dewey_search", { query: "w1", role: "user", start_date: "2020-01-01" }],
  ["dewey_delete_conversation", { conversation_id: id }],
  ["dewey_restore_conversation", { conversation_id: id }],
  ["dewey_set_startup_context", { name: "n", content: "x" }],
  ["dewey_get_startup_context", {}],
  ["dewey_get_startup_context", { name: "n" }],
  ["dewey_list_startup_contexts", { include_content: true }],
  ["dewey_delete_startup_context", { name: "n", force: true }],
  ["write_context", { key: "k", content: "x" }],
  ["write_context", { key: "k", content: "x", if_version: 1 }],
  ["read_context", { key: "k" }],
  ["read_context", { key: "k", version: 1 }],
  ["list_context", {}, own],
  ["list_context", { search: "k" }, own],
  ["context_history", { key: "k" }],
  ["delete_context", { key: "k" }],
  ["delete_context", { key: "k", erase: true }],
  ["dewey_list_tool_calls", {}, own],
  ["dewey_list_tool_calls", { upstream: "u" }],
  ["dewey_list_tool_calls", { tool: "t" }],
  ["dewey_list_tool_calls", { status: "lost" }],
  ["dewey_list_tool_calls", { correlation_id: "c" }],
  ["dewey_list_tool_calls", { conversation_id: id }],
  ["dewey_get_tool_call", { id: call }],
  ["dewey_delete_conversation", { conversation_id: id, force: true }],
];

/** How many rows of all tables were read, by whatever way, since the statistics began. */
const rowsRead = async () => {
  const [row] = await database.rows(
    `SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::int AS rows FROM pg_stat_user_tables
     WHERE relname <> 'dewey_migrations'`,
  );
  return Number(row?.["rows"]);
};

test.each(tools)("%s %j", async (tool, input, about = 0) => {
  await database.untilAlone();
  const before = await rowsRead();
  const process = await openProcess(database.address);
  await process.call(tool, input);
  await process.close();
  await database.untilAlone();
  expect((await rowsRead()) - before).toBeLessThan(about + 200);
});
