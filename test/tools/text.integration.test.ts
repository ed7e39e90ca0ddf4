// What is stored comes back byte for byte, or is refused: nothing is changed silently.
import { afterAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import fc from "fast-check";
import type { ToolName } from "../../src/rpc/DeweyTools.ts";
import { holds } from "../support/property.ts";
import { openTools } from "../support/tools.ts";

const dewey = await openTools();
afterAll(dewey.close);

const begun = await dewey.call("dewey_begin_conversation", {});
const message = { conversation_id: begun.conversation_id, role: "user", content: "text" };

const unstorable = [
  "\u0000",
  "a\u0000b",
  "\ud800",
  "\udc00",
  "a\ud83dz",
  "\udc00\ud83d",
  "😀\ud83d",
];

describe("text that Postgres cannot keep is refused, wherever it stands", () => {
  const places: ReadonlyArray<readonly [ToolName, string, (text: string) => object]> = [
    ["dewey_store_message", "content", (content) => ({ ...message, content })],
    ["dewey_store_message", "metadata", (text) => ({ ...message, metadata: { k: text } })],
    ["dewey_store_message", "metadata", (text) => ({ ...message, metadata: { [text]: 1 } })],
    [
      "dewey_store_message",
      "metadata",
      (text) => ({ ...message, metadata: { a: [{ b: [text] }] } }),
    ],
    [
      "dewey_store_message",
      "metadata",
      (text) => ({ ...message, metadata: { a: [{ [text]: 1 }] } }),
    ],
    ["dewey_begin_conversation", "session_id", (session_id) => ({ session_id })],
    ["dewey_begin_conversation", "metadata", (text) => ({ metadata: { k: text } })],
    [
      "dewey_store_messages_bulk",
      "messages[1].content",
      (content) => ({
        messages: [
          { role: "user", content: "text" },
          { role: "user", content },
        ],
      }),
    ],
    [
      "dewey_store_messages_bulk",
      "session_id",
      (session_id) => ({ messages: [{ role: "user", content: "text" }], session_id }),
    ],
    ["dewey_list_conversations", "session_id", (session_id) => ({ session_id })],
    ["dewey_search", "query", (query) => ({ query })],
    ["dewey_search", "session_id", (session_id) => ({ query: "text", session_id })],
    ["dewey_get_startup_context", "name", (name) => ({ name })],
    ["dewey_set_startup_context", "name", (name) => ({ name, content: "text" })],
    ["dewey_set_startup_context", "content", (content) => ({ name: "n", content })],
    ["dewey_delete_startup_context", "name", (name) => ({ name })],
    ["write_context", "content", (content) => ({ key: "k", content })],
    ["write_context", "key", (key) => ({ key, content: "text" })],
    ["list_context", "search", (search) => ({ search })],
    ["dewey_list_tool_calls", "upstream", (upstream) => ({ upstream })],
    ["dewey_list_tool_calls", "tool", (tool) => ({ tool })],
    ["dewey_list_tool_calls", "correlation_id", (correlation_id) => ({ correlation_id })],
  ];

  test.each(places)("%s %s", async (tool, path, input) => {
    const before = await dewey.db.fingerprint();
    for (const text of unstorable) {
      const error = await dewey.refusal(tool, input(text));
      expect(error).toMatchObject({ code: "INVALID_INPUT", retryable: false, details: { path } });
      expect(error.message.isWellFormed()).toBe(true);
      expect(error.message).not.toContain("\u0000");
    }
    expect(await dewey.db.fingerprint()).toEqual(before);
  });
});

const text = (minLength: number) =>
  fc
    .oneof(
      { weight: 4, arbitrary: fc.string({ unit: "binary", minLength, maxLength: 200 }) },
      { weight: 1, arbitrary: fc.string({ unit: "grapheme", minLength, maxLength: 50 }) },
      {
        weight: 2,
        arbitrary: fc.constantFrom(
          "\u0001\u0002\u007f\u0085\u2028\u2029\ufeff\ufffe\uffff",
          "\r\n\t\v\f\\ \\n \\u0000 \\x00",
          "'; DROP TABLE messages; --",
          "$1 %s {} ${x} \"quoted\" E'\\x' NULL",
          "é e\u0301 ﷺ İıß ǅ",
          "  leading and trailing  ",
          "\u{10ffff}\u{1f468}\u200d\u{1f469}\u200d\u{1f467}",
          "{1,2}",
          "NULL",
        ),
      },
    )
    .filter(
      (value) => value.isWellFormed() && !value.includes("\u0000") && value.length >= minLength,
    );

const propertyName = fc.oneof(
  fc.constantFrom(
    "__proto__",
    "constructor",
    "toString",
    "toJSON",
    "hasOwnProperty",
    "",
    "10",
    "2",
    "01",
    "-1",
    "b",
    "a",
  ),
  text(0),
);

const { json } = fc.letrec<{ json: unknown; object: unknown }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, false, 0, 1e21, 1e-7, 5e-324, 1.7976931348623157e308, 0.1),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value)),
    fc.maxSafeInteger(),
    text(0),
    fc.array(tie("json"), { maxLength: 4 }),
    tie("object"),
  ),
  object: fc.array(fc.tuple(propertyName, tie("json")), { maxLength: 5 }).map((entries): unknown =>
    // The way by which a caller's own JSON arrives: every key is a property of its own.
    JSON.parse(
      `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(",")}}`,
    ),
  ),
}));

const metadata = json.filter(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
);

describe("what is stored comes back byte for byte", () => {
  test("messages, through every way that reads them", () =>
    holds(
      fc.asyncProperty(
        fc.array(fc.record({ content: text(1), metadata }), { minLength: 1, maxLength: 8 }),
        metadata,
        text(0).filter((value) => [...value].length <= 255),
        async (messages, about, session_id) => {
          const { conversation_id } = await dewey.call("dewey_store_messages_bulk", {
            messages: messages.map((each) => ({ role: "tool", ...each })),
            metadata: about,
            session_id,
          });
          const [first] = messages;
          const alone = await dewey.call("dewey_store_message", {
            ...first,
            role: "user",
            conversation_id,
          });
          const read = await dewey.call("dewey_get_conversation", {
            conversation_id,
          });
          const expected = [...messages, first];
          expect(read.messages.map(({ content }) => content)).toEqual(
            expected.map((each) => each?.content ?? ""),
          );
          // As text, so that the order of keys counts.
          expect(read.messages.map((each) => JSON.stringify(each.metadata))).toEqual(
            expected.map((each) => JSON.stringify(each?.metadata)),
          );
          expect(read.messages.at(-1)?.id).toBe(alone.message_id);
          expect(JSON.stringify(read.metadata)).toBe(JSON.stringify(about));
          expect(read.session_id).toBe(session_id);
          const listed = await dewey.call("dewey_list_conversations", { session_id, limit: 100 });
          const summary = listed.conversations.find(({ id }) => id === conversation_id);
          expect(JSON.stringify(summary?.metadata)).toBe(JSON.stringify(about));
        },
      ),
      150,
    ));

  test("a message that a search finds", () =>
    holds(
      fc.asyncProperty(text(0), metadata, metadata, async (content, about, aboutAll) => {
        const marker = `m${randomUUID().replaceAll("-", "")}`;
        const { conversation_id } = await dewey.call("dewey_store_messages_bulk", {
          messages: [{ role: "user", content: `${marker} ${content}`, metadata: about }],
          metadata: aboutAll,
        });
        const { results } = await dewey.call("dewey_search", { query: marker });
        expect(results).toHaveLength(1);
        expect(results[0]?.conversation_id).toBe(conversation_id);
        expect(results[0]?.content).toBe(`${marker} ${content}`);
        expect(JSON.stringify(results[0]?.metadata)).toBe(JSON.stringify(about));
        expect(JSON.stringify(results[0]?.conversation_metadata)).toBe(JSON.stringify(aboutAll));
        expect(results[0]?.snippet.isWellFormed()).toBe(true);
      }),
      60,
    ));

  test("any query gives an answer", () =>
    holds(
      fc.asyncProperty(
        text(0).filter((value) => [...value].length <= 1000),
        async (query) => {
          const { results, total } = await dewey.call("dewey_search", { query, limit: 1 });
          expect(results.length).toBeLessThanOrEqual(total);
        },
      ),
      100,
    ));

  test("startup contexts", () =>
    holds(
      fc.asyncProperty(
        text(1).filter((value) => [...value].length <= 255),
        text(1),
        async (name, content) => {
          await dewey.call("dewey_set_startup_context", { name, content });
          const read = await dewey.call("dewey_get_startup_context", { name });
          expect(read).toMatchObject({ name, content });
          const { contexts } = await dewey.call("dewey_list_startup_contexts", {
            include_content: true,
          });
          expect(contexts.find((each) => each.name === name)?.content).toBe(content);
          await dewey.call("dewey_delete_startup_context", { name, force: true });
        },
      ),
      60,
    ));

  test("shared context and its history", () =>
    holds(
      fc.asyncProperty(text(0), text(0), async (one, two) => {
        const key = randomUUID();
        await dewey.call("write_context", { key, content: one });
        await dewey.call("write_context", { key, content: two });
        expect((await dewey.call("read_context", { key })).content).toBe(two);
        expect((await dewey.call("read_context", { key, version: 1 })).content).toBe(one);
        const { entries } = await dewey.call("context_history", { key });
        expect(entries.map(({ content }) => content)).toEqual([two, one]);
        const listed = await dewey.call("list_context", { search: key });
        expect(listed.entries[0]?.size_bytes).toBe(Buffer.byteLength(two));
      }),
      60,
    ));
});
