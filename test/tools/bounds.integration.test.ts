// Every bound at its edge and one past it, through the tools and, where it is a hard one, through
// SQL past them. The numbers are those of the contract, written out: they must not follow the code.
import { afterAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import type { ToolName } from "../../src/rpc/DeweyTools.ts";
import { openTools } from "../support/tools.ts";

const dewey = await openTools();
afterAll(dewey.close);

const KiB = 1024;
const MiB = 1024 * KiB;

const begin = async () => (await dewey.call("dewey_begin_conversation", {})).conversation_id;
const conversation_id = await begin();
const message = { conversation_id, role: "user", content: "text" };

/** A JSON object that takes exactly so many bytes as JSON text. */
const objectOf = (size: number) => ({ k: "x".repeat(size - '{"k":""}'.length) });

/** An object with so many levels below it. */
const nested = (levels: number): unknown => (levels === 0 ? {} : { a: nested(levels - 1) });

interface Edge {
  readonly tool: ToolName;
  readonly path: string;
  readonly code: "INVALID_INPUT" | "TOO_LARGE";
  readonly limit?: number;
  readonly inside: ReadonlyArray<unknown>;
  readonly outside: ReadonlyArray<unknown>;
}

const smile = "😀";

const bytes = (most: number) => ({
  inside: ["x", "x".repeat(most), "é".repeat(most / 2), smile.repeat(most / 4)],
  outside: ["x".repeat(most + 1), `${"é".repeat(most / 2)}x`, `${smile.repeat(most / 4)}x`],
  code: "TOO_LARGE" as const,
  limit: most,
});

/** A text bounded in characters, of which an emoji is one and a letter with an accent apart two. */
const characters = (most: number) => ({
  inside: [
    "x".repeat(most),
    smile.repeat(most),
    "数".repeat(most),
    "e\u0301".repeat(Math.floor(most / 2)),
  ],
  outside: ["x".repeat(most + 1), smile.repeat(most + 1), `${smile.repeat(most)}x`],
  code: "INVALID_INPUT" as const,
});

const numbers = (least: number, most: number) => ({
  inside: [least, most],
  outside: [
    least - 1,
    most + 1,
    -1,
    1e100,
    Number.MAX_SAFE_INTEGER + 2,
    Number.POSITIVE_INFINITY,
    0.5,
  ],
  code: "INVALID_INPUT" as const,
});

const metadata = {
  inside: [{}, objectOf(64 * KiB), { k: "é".repeat((64 * KiB - 8) / 2) }, nested(128)],
  outside: [objectOf(64 * KiB + 1), { k: `${"é".repeat((64 * KiB - 8) / 2)}x` }],
  code: "TOO_LARGE" as const,
  limit: 64 * KiB,
};

const inputs: Readonly<Partial<Record<ToolName, () => object>>> = {
  dewey_store_message: () => message,
  dewey_store_messages_bulk: () => ({ messages: [{ role: "user", content: "text" }] }),
  dewey_get_conversation: () => ({ conversation_id }),
  dewey_search: () => ({ query: "text" }),
  dewey_set_startup_context: () => ({ name: "a", content: "text" }),
  write_context: () => ({ key: "k", content: "text" }),
  context_history: () => ({ key: "k" }),
};

const paged: ReadonlyArray<ToolName> = [
  "dewey_list_conversations",
  "dewey_search",
  "list_context",
  "context_history",
  "dewey_list_tool_calls",
];

const edges: ReadonlyArray<Edge> = [
  { tool: "dewey_store_message", path: "content", ...bytes(MiB) },
  { tool: "dewey_store_message", path: "metadata", ...metadata },
  { tool: "dewey_begin_conversation", path: "metadata", ...metadata },
  { tool: "dewey_store_messages_bulk", path: "metadata", ...metadata },
  { tool: "dewey_begin_conversation", path: "session_id", ...characters(255) },
  { tool: "dewey_store_messages_bulk", path: "session_id", ...characters(255) },
  { tool: "dewey_list_conversations", path: "session_id", ...characters(255) },
  { tool: "dewey_search", path: "session_id", ...characters(255) },
  { tool: "dewey_search", path: "query", ...characters(1000) },
  { tool: "dewey_set_startup_context", path: "name", ...characters(255) },
  { tool: "dewey_set_startup_context", path: "content", ...bytes(MiB) },
  { tool: "write_context", path: "content", ...bytes(100 * KiB) },
  {
    tool: "write_context",
    path: "key",
    inside: ["k", "AZaz09_.-", ".", "-", "x".repeat(255)],
    outside: ["", "x".repeat(256), "a b", "a/b", "é", smile, "a\n", "\u0000", "a%", "*"],
    code: "INVALID_INPUT",
  },
  { tool: "dewey_get_conversation", path: "limit", ...numbers(1, 1000) },
  {
    tool: "dewey_get_conversation",
    path: "after_turn",
    inside: [0, 2 ** 31],
    outside: [-1, 0.5],
    code: "INVALID_INPUT",
  },
  ...paged.flatMap(
    (tool): ReadonlyArray<Edge> => [
      { tool, path: "limit", ...numbers(1, 100) },
      {
        tool,
        path: "offset",
        inside: [0, 20_000],
        outside: [-1, 0.5, 1e100],
        code: "INVALID_INPUT",
      },
    ],
  ),
  {
    tool: "write_context",
    path: "if_version",
    inside: [],
    outside: [-1, 0.5, 1e100],
    code: "INVALID_INPUT",
  },
];

await dewey.call("write_context", { key: "k", content: "text" });

describe("through the tools", () => {
  test.each(edges)("$tool $path", async ({ tool, path, code, limit, inside, outside }) => {
    const input = (value: unknown) => ({ ...inputs[tool]?.(), [path]: value });
    for (const value of inside) await dewey.call(tool, input(value));
    const before = await dewey.db.fingerprint();
    for (const value of outside) {
      const error = await dewey.refusal(tool, input(value));
      expect(error).toMatchObject({ code, retryable: false, details: { path } });
      expect(error.message).toStartWith(`${path}: expected `);
      expect(error.message.length).toBeLessThan(300);
      if (limit !== undefined) {
        expect(error.details).toEqual({ path, limit });
        expect(error.message).toContain(`at most ${limit} bytes`);
      }
    }
    expect(await dewey.db.fingerprint()).toEqual(before);
  });

  test("what must not be empty is refused as empty, not as too large", async () => {
    const before = await dewey.db.fingerprint();
    const refusals = await Promise.all([
      dewey.refusal("dewey_store_message", { ...message, content: "" }),
      dewey.refusal("dewey_set_startup_context", { name: "a", content: "" }),
    ]);
    for (const error of refusals) {
      expect(error).toMatchObject({ code: "INVALID_INPUT", details: { path: "content" } });
    }
    const unnamed = await dewey.refusal("dewey_set_startup_context", { name: "", content: "text" });
    expect(unnamed).toMatchObject({ code: "INVALID_INPUT", details: { path: "name" } });
    expect(await dewey.db.fingerprint()).toEqual(before);
  });

  test("an empty shared text and an empty session are kept as they are", async () => {
    await dewey.call("write_context", { key: "empty", content: "" });
    expect(await dewey.call("read_context", { key: "empty" })).toMatchObject({ content: "" });
    const begun = await dewey.call("dewey_begin_conversation", { session_id: "" });
    expect(begun.session_id).toBe("");
  });

  test("metadata is an object, and not nested without end", async () => {
    const before = await dewey.db.fingerprint();
    const deep: unknown = JSON.parse(`${'{"a":['.repeat(20_000)}${"]}".repeat(20_000)}`);
    for (const wrong of [nested(129), deep]) {
      const error = await dewey.refusal("dewey_store_message", { ...message, metadata: wrong });
      expect(error).toMatchObject({ code: "INVALID_INPUT", details: { path: "metadata" } });
      expect(error.message).toContain("128 levels");
    }
    for (const wrong of [{ n: Number.NaN }, { n: Number.POSITIVE_INFINITY }]) {
      const error = await dewey.refusal("dewey_begin_conversation", { metadata: wrong });
      expect(error).toMatchObject({ code: "INVALID_INPUT", details: { path: "metadata" } });
    }
    expect(await dewey.db.fingerprint()).toEqual(before);
  });
});

describe("of a bulk", () => {
  const bulk = (count: number, text: string) => ({
    messages: Array.from({ length: count }, () => ({ role: "user", content: text })),
  });

  test("1 to 1000 messages", async () => {
    for (const count of [1, 1000]) {
      const answer = await dewey.call("dewey_store_messages_bulk", bulk(count, "text"));
      expect(answer.stored).toBe(count);
      const stored = await dewey.call("dewey_get_conversation", {
        conversation_id: answer.conversation_id,
      });
      expect(stored.message_count).toBe(count);
      expect(stored.messages.map(({ id }) => id)).toEqual([...answer.message_ids]);
    }
    const before = await dewey.db.fingerprint();
    for (const count of [0, 1001]) {
      const error = await dewey.refusal("dewey_store_messages_bulk", bulk(count, "text"));
      expect(error).toMatchObject({ code: "INVALID_INPUT", details: { path: "messages" } });
      expect(error.message).toBe("messages: expected 1 to 1000 messages.");
    }
    expect(await dewey.db.fingerprint()).toEqual(before);
  });

  test("8 MiB in all", async () => {
    const megabyte = "x".repeat(MiB);
    const full = bulk(8, megabyte);
    const { conversation_id: id } = await dewey.call("dewey_store_messages_bulk", full);
    const [row] = await dewey.db.rows(
      `SELECT sum(octet_length(content))::int AS bytes FROM messages WHERE conversation_id = '${id}'`,
    );
    expect(row).toEqual({ bytes: 8 * MiB });
    const before = await dewey.db.fingerprint();
    const over = { messages: [...full.messages, { role: "user", content: "x" }] };
    const error = await dewey.refusal("dewey_store_messages_bulk", over);
    expect(error).toMatchObject({
      code: "TOO_LARGE",
      details: { path: "messages", limit: 8 * MiB },
    });
    expect(await dewey.db.fingerprint()).toEqual(before);
  });

  test("one message that is too large refuses all, by its path", async () => {
    const before = await dewey.db.fingerprint();
    const messages = [...bulk(3, "text").messages, { role: "user", content: "x".repeat(MiB + 1) }];
    const error = await dewey.refusal("dewey_store_messages_bulk", { messages });
    expect(error).toMatchObject({
      code: "TOO_LARGE",
      details: { path: "messages[3].content", limit: MiB },
    });
    expect(await dewey.db.fingerprint()).toEqual(before);
  });
});

test("a megabyte of distinct words stores, and is found", async () => {
  const conversation = await begin();
  const words: Array<string> = [];
  let length = 0;
  for (let index = 0; length < MiB; index++) {
    const word = `w${index.toString(36)}q `;
    words.push(word);
    length += word.length;
  }
  const text = words.join("").slice(0, MiB);
  const stored = await dewey.call("dewey_store_message", {
    conversation_id: conversation,
    role: "user",
    content: text,
  });
  const found = await dewey.call("dewey_search", { query: "w7q", conversation_id: conversation });
  expect(found.results.map((result) => result.message_id)).toEqual([stored.message_id]);
  expect(found.results[0]?.content === text).toBe(true);
});

describe("the database refuses the same by itself", () => {
  const refused = async (statement: string, constraint: RegExp) => {
    const error = await dewey.db.rows(statement).then(
      () => undefined,
      (cause: unknown) => cause,
    );
    expect(Bun.inspect(error, { depth: 10 })).toMatch(constraint);
  };
  const newMessage = (columns: string, values: string) =>
    `INSERT INTO messages (conversation_id, id, space, turn_number, ${columns})
     VALUES ('${conversation_id}', '${randomUUID()}', 'default', 999999, ${values})`;

  test("messages", async () => {
    const content = "role, content";
    await refused(newMessage(content, "'user', ''"), /messages_content_check/);
    await refused(newMessage(content, "'user', repeat('x', 1048577)"), /messages_content_check/);
    await refused(newMessage(content, "'bot', 'x'"), /messages_role_check/);
    const withMetadata = "role, content, metadata";
    for (const value of ["'[]'", "'null'", "'1'", `'{"k":"' || repeat('x', 65536) || '"}'`]) {
      await refused(
        newMessage(withMetadata, `'user', 'x', (${value})::json`),
        /messages_metadata_check/,
      );
    }
    await refused(
      newMessage(content, "'user', 'x'").replace("999999", "0"),
      /messages_turn_number_check/,
    );
    await refused(
      `UPDATE messages SET turn_number = 1 WHERE conversation_id = '${conversation_id}' AND turn_number = 2`,
      // A partition has its own index, under its own name.
      /messages(_\d)?_conversation_id_turn_number_key/,
    );
  });

  test("conversations", async () => {
    const insert = (columns: string, values: string) =>
      `INSERT INTO conversations (id, ${columns}) VALUES ('${randomUUID()}', ${values})`;
    await refused(
      insert("space, session_id", "'default', repeat('😀', 256)"),
      /conversations_session_id_check/,
    );
    await refused(insert("space", "''"), /conversations_space_check/);
    await refused(insert("space, metadata", "'default', '[]'"), /conversations_metadata_check/);
    await refused(
      insert("space, metadata", `'default', ('{"k":"' || repeat('x', 65529) || '"}')::json`),
      /conversations_metadata_check/,
    );
    await refused(insert("space, message_count", "'default', 1"), /conversations_check/);
  });

  test("startup contexts", async () => {
    const insert = (name: string, text: string, active = false) =>
      `INSERT INTO startup_contexts (id, space, name, content, is_active)
       VALUES ('${randomUUID()}', 'default', ${name}, ${text}, ${active})`;
    await refused(insert("''", "'x'"), /startup_contexts_name_check/);
    await refused(insert("repeat('😀', 256)", "'x'"), /startup_contexts_name_check/);
    await refused(insert("'n'", "''"), /startup_contexts_content_check/);
    await refused(insert("'n'", "repeat('x', 1048577)"), /startup_contexts_content_check/);
    await dewey.call("dewey_set_startup_context", { name: "active", content: "text" });
    await refused(insert("'n'", "'x'", true), /one_active_startup_context/);
    await refused(insert("'active'", "'x'"), /startup_contexts_space_name_key/);
  });

  test("shared context", async () => {
    const insert = (key: string, text: string) =>
      `INSERT INTO shared_context (space, key, content, version, created_version, created_at, updated_at)
       VALUES ('default', ${key}, ${text}, 1, 1, now(), now())`;
    for (const key of ["''", "repeat('x', 256)", "'a b'", "'é'", "E'a\\n'", "'a/b'"]) {
      await refused(insert(key, "'x'"), /shared_context_key_check/);
    }
    await refused(insert("'n'", "repeat('x', 102401)"), /shared_context_content_check/);
  });

  test("tool calls and frames", async () => {
    await refused(
      `INSERT INTO tool_calls (id, space, correlation_id, upstream, tool, status)
       VALUES ('${randomUUID()}', 'default', 'c', 'u', 't', 'ok')`,
      /tool_calls_status_check/,
    );
    await refused(
      `INSERT INTO frames (conversation_id, sequence, id, space, direction, payload, captured_at)
       VALUES ('${randomUUID()}', 1, '${randomUUID()}', 'default', 'to_client', '', now())`,
      /frames_conversation_id_fkey/,
    );
  });
});
