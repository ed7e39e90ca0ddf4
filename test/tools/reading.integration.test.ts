// Reading in pages: where a page ends, where to go on, and how totals are told.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { openTools } from "../support/tools.ts";

const dewey = await openTools();
afterAll(dewey.close);

const MiB = 1024 * 1024;
const answerBytes = 8 * MiB;
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
const bytesOf = (answer: unknown) => Buffer.byteLength(JSON.stringify(answer));

const storeAll = async (messages: ReadonlyArray<object>, about: object = {}) => {
  const [first = [], ...rest] = upTo(Math.ceil(messages.length / 8)).map((part) =>
    messages.slice((part - 1) * 8, part * 8),
  );
  const { conversation_id } = await dewey.call("dewey_store_messages_bulk", {
    messages: first,
    ...about,
  });
  for (const part of rest) {
    await dewey.call("dewey_store_messages_bulk", { conversation_id, messages: part });
  }
  return conversation_id;
};

/** Reads a conversation to its end, page by page, and says how long each page was. */
const readWhole = async (conversation_id: string, limit?: number) => {
  const turns: Array<number> = [];
  const pages: Array<number> = [];
  for (let after: number | null = 0; after !== null; ) {
    const input: object = {
      conversation_id,
      after_turn: after,
      ...(limit === undefined ? {} : { limit }),
    };
    const page: {
      readonly messages: ReadonlyArray<{ readonly turn: number }>;
      readonly next_after_turn: number | null;
    } = await dewey.call("dewey_get_conversation", input);
    expect(bytesOf(page)).toBeLessThanOrEqual(answerBytes);
    turns.push(...page.messages.map(({ turn }) => turn));
    pages.push(page.messages.length);
    if (page.next_after_turn !== null) expect(page.next_after_turn).toBe(turns.at(-1) ?? 0);
    after = page.next_after_turn;
  }
  return { turns, pages };
};

describe("a conversation", () => {
  const conversation = dewey.call("dewey_store_messages_bulk", {
    messages: upTo(10).map((turn) => ({
      role: "user",
      content: String(turn),
      turn_number: turn * 3,
    })),
  });

  test.each([
    [1, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]],
    [4, [4, 4, 2]],
    [5, [5, 5]],
    [10, [10]],
    [11, [10]],
    [undefined, [10]],
  ])("by pages of %p", async (limit, expected) => {
    const { conversation_id } = await conversation;
    const { turns, pages } = await readWhole(conversation_id, limit);
    expect(turns).toEqual(upTo(10).map((turn) => turn * 3));
    expect(pages).toEqual(expected);
  });

  test("after a turn that is there, between two, and past the last", async () => {
    const { conversation_id } = await conversation;
    const after = async (after_turn: number) =>
      await dewey.call("dewey_get_conversation", { conversation_id, after_turn, limit: 2 });
    expect((await after(6)).messages.map(({ turn }) => turn)).toEqual([9, 12]);
    expect((await after(7)).messages.map(({ turn }) => turn)).toEqual([9, 12]);
    expect(await after(27)).toMatchObject({ messages: [{ turn: 30 }], next_after_turn: null });
    expect(await after(30)).toMatchObject({
      messages: [],
      next_after_turn: null,
      message_count: 10,
    });
  });

  test("that is empty has no messages and no next page", async () => {
    const { conversation_id } = await dewey.call("dewey_begin_conversation", {});
    expect(await dewey.call("dewey_get_conversation", { conversation_id })).toMatchObject({
      messages: [],
      next_after_turn: null,
      message_count: 0,
      metadata: {},
      session_id: null,
    });
  });

  test("without a limit, up to 1000 messages are all, and the rest is told", async () => {
    const messages = upTo(1000).map((turn) => ({ role: "user", content: String(turn) }));
    const { conversation_id } = await dewey.call("dewey_store_messages_bulk", { messages });
    expect((await readWhole(conversation_id)).pages).toEqual([1000]);
    await dewey.call("dewey_store_message", { conversation_id, role: "user", content: "1001" });
    expect(await readWhole(conversation_id)).toEqual({ turns: upTo(1001), pages: [1000, 1] });
    expect((await readWhole(conversation_id, 1000)).pages).toEqual([1000, 1]);
    expect((await readWhole(conversation_id, 500)).pages).toEqual([500, 500, 1]);
  });
});

describe("an answer holds at most 8 MiB", () => {
  const metadata = { k: "x".repeat(60_000) };

  test.each([
    ["plain text", 20, () => ({ role: "user", content: "x".repeat(MiB) })],
    [
      "text of which JSON makes six times as much",
      8,
      () => ({ role: "user", content: "\u0001".repeat(MiB) }),
    ],
    ["text of many bytes a character", 20, () => ({ role: "user", content: "数".repeat(MiB / 3) })],
    ["quotes and line breaks", 12, () => ({ role: "user", content: '"\n'.repeat(MiB / 2) })],
    ["metadata that outweighs the text", 200, () => ({ role: "user", content: "x", metadata })],
    [
      "many messages whose frames count",
      1000,
      () => ({ role: "assistant", content: "x".repeat(8300) }),
    ],
  ])("get_conversation: %s", async (_name, count, message) => {
    const conversation_id = await storeAll(
      upTo(count).map(() => message()),
      { metadata, session_id: "\u0001".repeat(255) },
    );
    const { turns, pages } = await readWhole(conversation_id);
    expect(turns).toEqual(upTo(count));
    expect(pages.length).toBeGreaterThan(1);
    // Full, or else the next message would have had room: nothing is gained by tiny pages.
    const [first = 0] = pages;
    const page = await dewey.call("dewey_get_conversation", { conversation_id, limit: first });
    const next = await dewey.call("dewey_get_conversation", {
      conversation_id,
      after_turn: first,
      limit: 1,
    });
    expect(bytesOf(page) + bytesOf(next)).toBeGreaterThan(answerBytes - MiB / 4);
  });

  test("dewey_search", async () => {
    const session_id = "large";
    await storeAll(
      upTo(20).map((index) => ({
        role: "user",
        content: `boulder ${index} ${"\u0001".repeat(MiB / 2)}`,
        metadata,
      })),
      { metadata, session_id },
    );
    const found: Array<string> = [];
    let pages = 0;
    for (let offset: number | undefined = 0; offset !== undefined; pages += 1) {
      const page: {
        readonly results: ReadonlyArray<{ readonly message_id: string }>;
        readonly next_offset?: number;
        readonly total: number;
      } = await dewey.call("dewey_search", { query: "boulder", session_id, limit: 100, offset });
      expect(bytesOf(page)).toBeLessThanOrEqual(answerBytes);
      expect(page.total).toBe(20);
      found.push(...page.results.map(({ message_id }) => message_id));
      offset = page.next_offset;
    }
    expect(pages).toBeGreaterThan(1);
    expect(new Set(found).size).toBe(20);
    const short = await dewey.call("dewey_search", {
      query: "boulder",
      session_id,
      limit: 100,
      include_content: false,
    });
    expect(short.results).toHaveLength(20);
    expect(short).not.toHaveProperty("next_offset");
  });

  test("context_history", async () => {
    const key = "history";
    const content = "\u0001".repeat(100 * 1024);
    for (const _ of upTo(30)) await dewey.call("write_context", { key, content });
    const versions: Array<number> = [];
    let pages = 0;
    for (let offset: number | undefined = 0; offset !== undefined; pages += 1) {
      const page: {
        readonly entries: ReadonlyArray<{ readonly version: number }>;
        readonly next_offset?: number;
        readonly total: number;
      } = await dewey.call("context_history", { key, limit: 100, offset });
      expect(bytesOf(page)).toBeLessThanOrEqual(answerBytes);
      expect(page.total).toBe(30);
      versions.push(...page.entries.map(({ version }) => version));
      offset = page.next_offset;
    }
    expect(pages).toBeGreaterThan(1);
    expect(versions).toEqual(upTo(30).toReversed());
  });

  test("dewey_list_startup_contexts: the rest come without their texts", async () => {
    const content = "\u0001".repeat(MiB);
    for (const name of ["a", "b", "c"]) {
      await dewey.call("dewey_set_startup_context", { name, content });
    }
    const listed = await dewey.call("dewey_list_startup_contexts", { include_content: true });
    expect(bytesOf(listed)).toBeLessThanOrEqual(answerBytes);
    expect(listed.contexts.map(({ name }) => name)).toEqual(["a", "b", "c"]);
    expect(listed.contexts[0]?.content === content).toBe(true);
    expect(listed.contexts[2]).not.toHaveProperty("content");
  });

  test("dewey_list_startup_contexts: of more names than fit, it says behind which to go on", async () => {
    const space = "names";
    const caller = dewey.as({ space });
    // Names of the longest form, of four bytes a character, and in no order.
    await dewey.db.rows(
      `INSERT INTO startup_contexts (id, space, name, content, is_active)
       SELECT gen_random_uuid(), '${space}', md5(n::text) || repeat('\u{1F600}', 223), 'text ' || n, n = 1
       FROM generate_series(1, 20000) n`,
    );
    for (const include_content of [false, true]) {
      const names: Array<string> = [];
      let texts = 0;
      let pages = 0;
      for (let after_name: string | undefined = ""; after_name !== undefined; pages += 1) {
        const page: {
          readonly contexts: ReadonlyArray<{ readonly name: string; readonly content?: string }>;
          readonly next_after_name?: string;
        } = await caller.call("dewey_list_startup_contexts", {
          include_content,
          ...(after_name === "" ? {} : { after_name }),
        });
        expect(bytesOf(page)).toBeLessThanOrEqual(answerBytes);
        names.push(...page.contexts.map(({ name }) => name));
        texts += page.contexts.filter(({ content }) => content !== undefined).length;
        if (page.next_after_name !== undefined) {
          expect(page.next_after_name).toBe(names.at(-1) ?? "");
          // Full, but for what one more name takes.
          expect(bytesOf(page)).toBeGreaterThan(answerBytes - 2048);
        }
        after_name = page.next_after_name;
      }
      expect(pages).toBe(3);
      expect(names).toHaveLength(20_000);
      expect(names).toEqual(names.toSorted());
      expect(texts > 0).toBe(include_content);
    }
  });

  test("dewey_list_conversations", async () => {
    const session_id = "heavy";
    const about = { k: "\u00e9".repeat(32_000) };
    for (const _ of upTo(100)) {
      await dewey.call("dewey_begin_conversation", { session_id, metadata: about });
    }
    const listed = await dewey.call("dewey_list_conversations", { session_id, limit: 100 });
    expect(listed.conversations).toHaveLength(100);
    expect(bytesOf(listed)).toBeLessThanOrEqual(answerBytes);
  });

  test("dewey_list_tool_calls", async () => {
    await dewey.db.rows(
      `INSERT INTO tool_calls (id, space, correlation_id, upstream, tool, status, error_message)
       SELECT gen_random_uuid(), 'default', 'heavy', 'u', 't', 'error', repeat(E'\\u0001', 50000)
       FROM generate_series(1, 100)`,
    );
    const seen = new Set<string>();
    for (let offset: number | undefined = 0; offset !== undefined; ) {
      const page: {
        readonly calls: ReadonlyArray<{ readonly id: string }>;
        readonly next_offset?: number;
      } = await dewey.call("dewey_list_tool_calls", {
        correlation_id: "heavy",
        limit: 100,
        offset,
      });
      expect(bytesOf(page)).toBeLessThanOrEqual(answerBytes);
      for (const { id } of page.calls) seen.add(id);
      offset = page.next_offset;
    }
    expect(seen.size).toBe(100);
  });
});

describe("a list of conversations", () => {
  const sessions = ["list-a", "list-b"];
  const ids = new Map<string, Array<string>>();

  beforeAll(async () => {
    for (const index of upTo(25)) {
      const session_id = sessions[index % 2] ?? "";
      const { conversation_id } = await dewey.call("dewey_begin_conversation", { session_id });
      ids.set(session_id, [conversation_id, ...(ids.get(session_id) ?? [])]);
    }
  });

  const list = (more: object) => dewey.call("dewey_list_conversations", more);

  test("holds those of the session asked for, newest first, 20 where no limit is given", async () => {
    for (const session_id of sessions) {
      const expected = ids.get(session_id) ?? [];
      const listed = await list({ session_id });
      expect(listed).toMatchObject({
        total: expected.length,
        total_is_exact: true,
        limit: 20,
        offset: 0,
      });
      expect(listed.conversations.map(({ id }) => id)).toEqual(expected);
    }
    expect((await list({})).conversations).toHaveLength(20);
    expect(await list({ session_id: "List-a" })).toMatchObject({ conversations: [], total: 0 });
  });

  test("by pages is the same list", async () => {
    const expected = ids.get("list-a") ?? [];
    const paged: Array<string> = [];
    for (let offset = 0; offset < expected.length; offset += 5) {
      const page = await list({ session_id: "list-a", limit: 5, offset });
      expect(page).toMatchObject({ total: expected.length, limit: 5, offset });
      paged.push(...page.conversations.map(({ id }) => id));
    }
    expect(paged).toEqual(expected);
    const past = await list({ session_id: "list-a", offset: expected.length });
    expect(past).toMatchObject({ conversations: [], total: expected.length });
  });

  test("is in the order of the last change, or of the beginning", async () => {
    const [newest = "", ...older] = ids.get("list-b") ?? [];
    const oldest = older.at(-1) ?? "";
    await dewey.db.rows(
      `UPDATE conversations SET created_at = created_at - interval '1 hour', updated_at = updated_at - interval '1 hour'
       WHERE session_id = 'list-b'`,
    );
    const before = await dewey.call("dewey_get_conversation", { conversation_id: oldest });
    await dewey.call("dewey_store_message", {
      conversation_id: oldest,
      role: "user",
      content: "x",
    });
    const byChange = await list({ session_id: "list-b" });
    expect(byChange.conversations[0]?.id).toBe(oldest);
    expect(byChange.conversations[1]?.id).toBe(newest);
    const [first] = byChange.conversations;
    expect(first?.message_count).toBe(1);
    expect(first?.created_at).toBe(before.created_at);
    expect((first?.updated_at ?? "") > before.updated_at).toBe(true);
    const byBeginning = await list({ session_id: "list-b", sort_by: "created_at" });
    expect(byBeginning.conversations.map(({ id }) => id)).toEqual(ids.get("list-b") ?? []);
  });
});

describe("the history of a key", () => {
  const history = async (key: string, limit: number, offset: number) => {
    const { entries, ...page } = await dewey.call("context_history", { key, limit, offset });
    return { versions: entries.map(({ version }) => version), ...page };
  };

  test("by pages of any size, and past its end", async () => {
    const key = "paged";
    for (const version of upTo(7)) {
      await dewey.call("write_context", { key, content: String(version) });
    }
    const totals = { total: 7, total_is_exact: true };
    for (const limit of upTo(9)) {
      for (const offset of [0, ...upTo(9)]) {
        const expected = [7, 6, 5, 4, 3, 2, 1].slice(offset, offset + limit);
        expect(await history(key, limit, offset)).toEqual({
          versions: expected,
          ...totals,
          limit,
          offset,
        });
      }
    }
    expect(await history(key, 100, 2_147_483_647)).toMatchObject({ versions: [], ...totals });
  });

  test("goes on over a deletion, and begins again after an erasure", async () => {
    const key = "again";
    const write = () => dewey.call("write_context", { key, content: "x" });
    await write();
    await write();
    await dewey.call("delete_context", { key });
    await write();
    expect(await history(key, 2, 1)).toMatchObject({ versions: [3, 2], total: 4 });
    await dewey.call("delete_context", { key, erase: true });
    expect(await dewey.attempt("context_history", { key })).toBe("NOT_FOUND");
    await write();
    expect(await history(key, 2, 0)).toMatchObject({ versions: [1], total: 1 });
  });
});

describe("totals are exact up to 10,000", () => {
  const fill = (session: string, count: number) =>
    dewey.db.rows(
      `INSERT INTO conversations (id, space, session_id)
       SELECT gen_random_uuid(), 'default', '${session}' FROM generate_series(1, ${count})`,
    );

  test("of conversations", async () => {
    const list = () => dewey.call("dewey_list_conversations", { session_id: "many", limit: 1 });
    await fill("many", 9_999);
    expect(await list()).toMatchObject({ total: 9_999, total_is_exact: true });
    await fill("many", 1);
    expect(await list()).toMatchObject({ total: 10_000, total_is_exact: true });
    await fill("many", 1);
    expect(await list()).toMatchObject({ total: 10_000, total_is_exact: false });
    const last = await dewey.call("dewey_list_conversations", {
      session_id: "many",
      offset: 10_000,
    });
    expect(last.conversations).toHaveLength(1);
  });

  test("of keys, of their history and of tool calls", async () => {
    await dewey.db.rows(
      `INSERT INTO shared_context (space, key, content, version, created_version, created_at, updated_at)
       SELECT 'default', 'many.' || n, 'x', 1, 1, now(), now() FROM generate_series(1, 10001) n`,
    );
    await dewey.db.rows(
      `INSERT INTO context_history (space, key, version, action, content, changed_at, changed_by)
       SELECT 'default', 'many.1', n, 'update', 'x', now(), 'a' FROM generate_series(1, 10001) n`,
    );
    await dewey.db.rows(
      `INSERT INTO tool_calls (id, space, correlation_id, upstream, tool, status)
       SELECT gen_random_uuid(), 'default', 'many', 'u', 't', 'success' FROM generate_series(1, 10001)`,
    );
    const past = { total: 10_000, total_is_exact: false };
    const exact = { total: 10_000, total_is_exact: true };
    const answers = () =>
      Promise.all([
        dewey.call("list_context", { search: "many." }),
        dewey.call("context_history", { key: "many.1" }),
        dewey.call("dewey_list_tool_calls", { correlation_id: "many" }),
      ]);
    for (const answer of await answers()) expect(answer).toMatchObject(past);
    await dewey.db.rows("DELETE FROM shared_context WHERE key = 'many.10001'");
    await dewey.db.rows("DELETE FROM context_history WHERE key = 'many.1' AND version = 1");
    await dewey.db.rows(
      "DELETE FROM tool_calls WHERE id = (SELECT id FROM tool_calls WHERE correlation_id = 'many' LIMIT 1)",
    );
    for (const answer of await answers()) expect(answer).toMatchObject(exact);
  });

  test("of what a search finds", async () => {
    const [space] = await dewey.db.rows(
      `WITH c AS (
         INSERT INTO conversations (id, space, session_id, last_turn, message_count)
         VALUES (gen_random_uuid(), 'default', 'found', 10001, 10001) RETURNING id
       ), m AS (
         INSERT INTO messages (conversation_id, id, space, turn_number, role, content, search_vector, search_length)
         SELECT c.id, gen_random_uuid(), 'default', n, 'user', 'pebble', '''pebbl'':1'::tsvector, 1
         FROM c, generate_series(1, 10001) n
       ) SELECT id::text AS id FROM c`,
    );
    const conversation_id = String(space?.["id"]);
    const find = (more: object) =>
      dewey.call("dewey_search", { query: "pebble", limit: 1, ...more });
    for (const more of [{}, { session_id: "found" }, { conversation_id }]) {
      expect(await find(more)).toMatchObject({ total: 10_000, total_is_exact: false });
    }
    await dewey.db.rows(
      `DELETE FROM messages WHERE conversation_id = '${conversation_id}' AND turn_number = 10001`,
    );
    for (const more of [{}, { session_id: "found" }, { conversation_id }]) {
      expect(await find(more)).toMatchObject({ total: 10_000, total_is_exact: true });
    }
  });
});
