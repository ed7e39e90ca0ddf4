// Deleting, restoring and purging conversations: what is in the trash is nowhere to be seen.
import { afterAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { purge } from "../../src/services/Retention.ts";
import { openProcess, openTools } from "../support/tools.ts";

const dewey = await openTools();
const never = await openProcess(dewey.db.address, { trashDays: 0 });
afterAll(async () => {
  await never.close();
  await dewey.close();
});

const day = 86_400_000;
const session_id = "trash";
const bulk = async (word: string) => {
  const { conversation_id } = await dewey.call("dewey_store_messages_bulk", {
    session_id,
    messages: [word, "text"].map((content) => ({ role: "user", content })),
  });
  return conversation_id;
};
const marker = () => `m${randomUUID().replaceAll("-", "")}`;
const say = (conversation_id: string, more: object = {}) => ({
  conversation_id,
  role: "user",
  content: "text",
  ...more,
});

const recorded = (conversation_id: string) =>
  dewey.db.rows(
    `WITH call AS (
       INSERT INTO tool_calls (id, space, conversation_id, correlation_id, upstream, tool, status)
       VALUES (gen_random_uuid(), 'default', '${conversation_id}', 'c', 'u', 't', 'success') RETURNING id
     ), frame AS (
       INSERT INTO frames (conversation_id, sequence, id, space, direction, payload, captured_at)
       VALUES ('${conversation_id}', 1, gen_random_uuid(), 'default', 'to_client', 'x', now())
     ) SELECT id::text FROM call`,
  );

/** Who sees the conversation, by the tools that could. */
const sightings = async (conversation_id: string, word: string) => {
  const seen: Array<string> = [];
  const note = (name: string, does: boolean) => void (does && seen.push(name));
  const search = async (more: object) =>
    (await dewey.call("dewey_search", { query: word, ...more })).total > 0;
  note("search", await search({}));
  note("search in session", await search({ session_id }));
  note("search in conversation", await search({ conversation_id }));
  for (const sort_by of ["updated_at", "created_at"]) {
    for (const filter of [{}, { session_id }]) {
      const { conversations } = await dewey.call("dewey_list_conversations", {
        sort_by,
        limit: 100,
        ...filter,
      });
      note(
        `list by ${sort_by}`,
        conversations.some(({ id }) => id === conversation_id),
      );
    }
  }
  const { calls } = await dewey.call("dewey_list_tool_calls", { conversation_id });
  note("tool calls", calls.length > 0);
  return seen;
};

const everywhere = [
  "search",
  "search in session",
  "search in conversation",
  "list by updated_at",
  "list by updated_at",
  "list by created_at",
  "list by created_at",
  "tool calls",
];

test("the trash hides a conversation from everything, and gives it back as it was", async () => {
  const word = marker();
  const id = await bulk(word);
  const [call] = await recorded(id);
  const whole = await dewey.call("dewey_get_conversation", { conversation_id: id });
  const { total } = await dewey.call("dewey_list_conversations", { session_id });
  expect(await sightings(id, word)).toEqual(everywhere);

  const now = Date.now();
  const deleted = await dewey.call("dewey_delete_conversation", { conversation_id: id });
  expect(deleted).toMatchObject({ deleted: true, messages_deleted: 2 });
  const until = Date.parse(deleted.recoverable_until ?? "");
  expect(Math.abs(until - now - 30 * day)).toBeLessThan(60_000);

  expect(await sightings(id, word)).toEqual([]);
  const left = await dewey.call("dewey_list_conversations", { session_id });
  expect(left.total).toBe(total - 1);
  const before = await dewey.db.fingerprint();
  for (const error of [
    await dewey.refusal("dewey_get_conversation", { conversation_id: id }),
    await dewey.refusal("dewey_store_message", say(id)),
    await dewey.refusal("dewey_store_message", say(id, { turn_number: 9 })),
    await dewey.refusal("dewey_store_message", say(id, { message_id: whole.messages[0]?.id })),
    await dewey.refusal("dewey_store_messages_bulk", {
      conversation_id: id,
      messages: [{ role: "user", content: "text" }],
    }),
    await dewey.refusal("dewey_delete_conversation", { conversation_id: id }),
    await dewey.refusal("dewey_get_tool_call", { id: call?.["id"] }),
  ]) {
    expect(error.code).toBe("NOT_FOUND");
  }
  // The id still belongs to the one in the trash.
  const begun = await dewey.refusal("dewey_begin_conversation", { conversation_id: id });
  expect(begun).toMatchObject({ code: "CONFLICT" });
  expect(await dewey.db.fingerprint()).toEqual(before);

  const restored = await dewey.call("dewey_restore_conversation", { conversation_id: id });
  expect(restored).toEqual({ conversation_id: id, restored: true, message_count: 2 });
  expect(await dewey.call("dewey_get_conversation", { conversation_id: id })).toEqual(whole);
  expect(await sightings(id, word)).toEqual(everywhere);
  expect((await dewey.call("dewey_store_message", say(id))).turn_number).toBe(3);
});

test("restoring what is not in the trash changes nothing and says so", async () => {
  const id = await bulk("text");
  const before = await dewey.db.fingerprint();
  const answer = await dewey.call("dewey_restore_conversation", { conversation_id: id });
  expect(answer).toEqual({ conversation_id: id, restored: false, message_count: 2 });
  expect(await dewey.db.fingerprint()).toEqual(before);
});

describe("with force", () => {
  const rowsOf = async (id: string) => {
    const [row] = await dewey.db.rows(
      `SELECT (SELECT count(*) FROM conversations WHERE id = '${id}')::int AS conversations,
         (SELECT count(*) FROM messages WHERE conversation_id = '${id}')::int AS messages,
         (SELECT count(*) FROM frames WHERE conversation_id = '${id}')::int AS frames,
         (SELECT count(*) FROM tool_calls WHERE conversation_id = '${id}')::int AS calls`,
    );
    return row;
  };
  const nothing = { conversations: 0, messages: 0, frames: 0, calls: 0 };

  test.each([false, true])("all of it is erased at once (from the trash: %p)", async (trashed) => {
    const id = await bulk("text");
    await recorded(id);
    expect(await rowsOf(id)).toEqual({ conversations: 1, messages: 2, frames: 1, calls: 1 });
    if (trashed) await dewey.call("dewey_delete_conversation", { conversation_id: id });
    const erased = await dewey.call("dewey_delete_conversation", {
      conversation_id: id,
      force: true,
    });
    expect(erased).toEqual({ deleted: true, messages_deleted: 2, recoverable_until: null });
    expect(await rowsOf(id)).toEqual(nothing);
    const gone = await dewey.refusal("dewey_restore_conversation", { conversation_id: id });
    expect(gone.code).toBe("NOT_FOUND");
    // Nothing remembers it: the id is free again.
    const begun = await dewey.call("dewey_begin_conversation", { conversation_id: id });
    expect(begun.conversation_id).toBe(id);
  });
});

describe("retention", () => {
  const age = (id: string, days: number) =>
    dewey.db.rows(
      `UPDATE conversations SET deleted_at = deleted_at - interval '${days} days' WHERE id = '${id}'`,
    );
  const trashed = async (days: number) => {
    const id = await bulk("text");
    await dewey.call("dewey_delete_conversation", { conversation_id: id });
    await age(id, days);
    return id;
  };
  const remains = async (ids: ReadonlyArray<string>) => {
    const rows = await dewey.db.rows(
      `SELECT id::text FROM conversations WHERE id IN (${ids.map((id) => `'${id}'`).join(",")})`,
    );
    return ids.map((id) => rows.some((row) => row["id"] === id));
  };

  test("past its time a conversation cannot be restored, and is purged", async () => {
    const [over, within, standing] = [await trashed(30), await trashed(29), await bulk("text")];
    const error = await dewey.refusal("dewey_restore_conversation", { conversation_id: over });
    expect(error.code).toBe("NOT_FOUND");
    expect(await dewey.run(purge({ trashDays: 30 }))).toBe(1);
    expect(await remains([over, within, standing])).toEqual([false, true, true]);
    const restored = await dewey.call("dewey_restore_conversation", { conversation_id: within });
    expect(restored.restored).toBe(true);
    expect(await dewey.run(purge({ trashDays: 30 }))).toBe(0);
  });

  test("more than one batch is purged, with all that belongs to it", async () => {
    const ids = await Promise.all(Array.from({ length: 205 }, () => bulk("text")));
    await Promise.all(
      ids.map((conversation_id) => dewey.call("dewey_delete_conversation", { conversation_id })),
    );
    await dewey.db.rows(
      "UPDATE conversations SET deleted_at = now() - interval '31 days' WHERE deleted_at IS NOT NULL",
    );
    expect(await dewey.run(purge({ trashDays: 30 }))).toBe(205);
    const [left] = await dewey.db.rows(
      "SELECT count(*)::int AS count FROM messages m WHERE NOT EXISTS (SELECT FROM conversations c WHERE c.id = m.conversation_id)",
    );
    expect(left).toEqual({ count: 0 });
    expect((await remains(ids)).includes(true)).toBe(false);
  });

  test("0 days keep it for ever", async () => {
    const id = await bulk("text");
    const deleted = await never.call("dewey_delete_conversation", { conversation_id: id });
    expect(Date.parse(deleted.recoverable_until ?? "")).toBeGreaterThan(
      Date.now() + 1000 * 365 * day,
    );
    await age(id, 5000);
    expect(await never.run(purge({ trashDays: 0 }))).toBe(0);
    const restored = await never.call("dewey_restore_conversation", { conversation_id: id });
    expect(restored.restored).toBe(true);
  });
});
