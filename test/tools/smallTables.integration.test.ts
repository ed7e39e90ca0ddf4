// Plans are made while tables are small, and kept when they have grown: what has an id is found by its key from the
// first row on, and not by an index over its space that only looks as good as the key.
import { afterAll, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { openDatabase, openProcess } from "../support/tools.ts";

const database = await openDatabase();
afterAll(database.drop);

/** By which indexes rows of the table were looked for. */
const indexesUsed = async (table: string) =>
  (
    await database.rows(
      "SELECT indexrelname AS index FROM pg_stat_user_indexes WHERE relname = $1 AND idx_scan > 0",
      [table],
    )
  ).map(({ index }) => index);

test("a conversation and a tool call in tables that were empty a moment ago", async () => {
  const dewey = await openProcess(database.address);
  const beginnings = Array.from({ length: 16 }, () => dewey.call("dewey_begin_conversation", {}));
  const ids = (await Promise.all(beginnings)).map(({ conversation_id }) => conversation_id);
  const [conversation_id = ""] = ids;
  const message = { conversation_id, role: "user", content: "text" };
  await dewey.call("dewey_store_message", message);
  await dewey.call("dewey_store_message", { ...message, message_id: randomUUID() });
  await dewey.call("dewey_store_message", { ...message, turn_number: 9 });
  await Promise.all(
    ids.map((id) => dewey.call("dewey_store_message", { ...message, conversation_id: id })),
  );
  await dewey.call("dewey_get_conversation", { conversation_id });
  await dewey.call("dewey_delete_conversation", { conversation_id });
  await dewey.call("dewey_restore_conversation", { conversation_id });
  await dewey.refusal("dewey_get_tool_call", { id: randomUUID() });
  await dewey.close();
  await database.untilAlone();
  expect(await indexesUsed("conversations")).toEqual(["conversations_pkey"]);
  expect(await indexesUsed("tool_calls")).toEqual(["tool_calls_pkey"]);
});
