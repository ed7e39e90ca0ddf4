// Strict decoding, the same for every tool: what is unknown, missing or of another type is refused
// by its path, and changes nothing. The table says what every tool takes; a parameter that is not
// in it fails the first test.
import { afterAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { Struct } from "effect";
import { DeweyTools, type ToolName } from "../../src/rpc/DeweyTools.ts";
import { openTools } from "../support/tools.ts";

const dewey = await openTools();
afterAll(dewey.close);

type Input = Readonly<Record<string, unknown>>;

interface State {
  readonly conversation: string;
  readonly trashed: string;
  readonly call: string;
  readonly key: string;
}

interface Parameters {
  readonly required: (state: State) => Input;
  readonly optional: Input;
}

const id = "0197a7a4-5d1e-7c3a-9f60-3c1d5e8b2a47";
const page = { limit: 1, offset: 1 };
const span = { start_date: "2026-01-01", end_date: "2026-12-31T23:59:59Z" };
const of = (state: State) => ({ conversation_id: state.conversation });

const parameters: Readonly<Record<ToolName, Parameters>> = {
  dewey_begin_conversation: {
    required: () => ({}),
    optional: { session_id: "s", metadata: {}, conversation_id: id },
  },
  dewey_store_message: {
    required: (state) => ({ ...of(state), role: "user", content: "text" }),
    optional: { turn_number: 7, metadata: {}, message_id: id },
  },
  dewey_store_messages_bulk: {
    required: () => ({ messages: [{ role: "user", content: "text" }] }),
    optional: { conversation_id: id, session_id: "s", metadata: {} },
  },
  dewey_get_conversation: { required: of, optional: { after_turn: 0, limit: 1 } },
  dewey_list_conversations: {
    required: () => ({}),
    optional: { session_id: "s", sort_by: "created_at", ...page },
  },
  dewey_delete_conversation: { required: of, optional: { force: true } },
  dewey_restore_conversation: {
    required: ({ trashed }) => ({ conversation_id: trashed }),
    optional: {},
  },
  dewey_search: {
    required: () => ({ query: "text" }),
    optional: {
      session_id: "s",
      conversation_id: id,
      role: "user",
      include_content: true,
      ...span,
      ...page,
    },
  },
  dewey_get_startup_context: { required: () => ({}), optional: { name: "first" } },
  dewey_set_startup_context: {
    required: () => ({ name: "other", content: "text" }),
    optional: { set_active: false },
  },
  dewey_list_startup_contexts: {
    required: () => ({}),
    optional: { include_content: true, after_name: "first" },
  },
  dewey_delete_startup_context: {
    required: () => ({ name: "second" }),
    optional: { force: true },
  },
  write_context: {
    required: ({ key }) => ({ key, content: "text" }),
    optional: { if_version: 1 },
  },
  read_context: { required: ({ key }) => ({ key }), optional: { version: 1 } },
  list_context: { required: () => ({}), optional: { search: "k", ...page } },
  delete_context: { required: ({ key }) => ({ key }), optional: { erase: true } },
  context_history: { required: ({ key }) => ({ key }), optional: page },
  dewey_list_tool_calls: {
    required: () => ({}),
    optional: {
      upstream: "u",
      tool: "t",
      status: "success",
      conversation_id: id,
      correlation_id: "c",
      ...span,
      ...page,
    },
  },
  dewey_get_tool_call: { required: ({ call }) => ({ id: call }), optional: {} },
};

const prepare = async (): Promise<State> => {
  const begin = async () => (await dewey.call("dewey_begin_conversation", {})).conversation_id;
  const [conversation, trashed, call, key] = [
    await begin(),
    await begin(),
    randomUUID(),
    randomUUID(),
  ];
  await dewey.call("dewey_delete_conversation", { conversation_id: trashed });
  await dewey.call("dewey_set_startup_context", { name: "second", content: "text" });
  await dewey.call("dewey_set_startup_context", { name: "first", content: "text" });
  await dewey.call("write_context", { key, content: "text" });
  await dewey.db.rows(
    `INSERT INTO tool_calls (id, space, correlation_id, upstream, tool, status)
     VALUES ('${call}', 'default', 'c', 'u', 't', 'success')`,
  );
  return { conversation, trashed, call, key };
};

/** Values of every JSON type but the one of `value`; of the same type where only that is wrong. */
const ofOtherTypes = (value: unknown): ReadonlyArray<unknown> => {
  const all = [7, "text", true, {}, []];
  const kind = (each: unknown) => (Array.isArray(each) ? "array" : typeof each);
  const others = all.filter((each) => kind(each) !== kind(value));
  return typeof value === "number" ? [...others, "1", 1.5, Number.NaN] : others;
};

/** Names that no tool has, and how an error shows them. */
const unknownProperties = [
  ["unknown", "unknown"],
  ["Limit", "Limit"],
  ["space", "space"],
  ["constructor", "constructor"],
  ["__proto__", "__proto__"],
  ["", '[""]'],
  ["a.b", '["a.b"]'],
  ["x".repeat(100_000), `["${"x".repeat(64)}…"]`],
] as const;

test("the table names every parameter of every tool", () => {
  const table = Object.fromEntries(
    Object.entries(parameters).map(([tool, { required, optional }]) => [
      tool,
      [
        ...Object.keys(required({ conversation: "", trashed: "", call: "", key: "" })),
        ...Object.keys(optional),
      ].sort(),
    ]),
  );
  const contract = Object.fromEntries(
    [...DeweyTools.requests.values()].map(({ _tag, payloadSchema }) => [
      _tag,
      Object.keys("fields" in payloadSchema ? payloadSchema.fields : {}).sort(),
    ]),
  );
  expect(contract).toEqual(table);
});

describe.each(Object.entries(parameters))("%s", (tool, { required, optional }) => {
  const isTool = (name: string): name is ToolName => name in parameters;
  const name = isTool(tool) ? tool : expect.unreachable();

  test("refuses what is unknown, missing or of another type, and changes nothing", async () => {
    const state = await prepare();
    const valid = required(state);
    const before = await dewey.db.fingerprint();

    for (const input of [undefined, null, 7, "text", true, [], [valid]]) {
      const error = await dewey.refusal(name, input);
      expect(error).toMatchObject({ code: "INVALID_INPUT", retryable: false });
      expect(error.message).toStartWith("The input: expected ");
    }
    for (const [unknown, path] of unknownProperties) {
      const input: unknown = JSON.parse(
        JSON.stringify({ ...valid, marker: null }).replace('"marker"', JSON.stringify(unknown)),
      );
      const error = await dewey.refusal(name, input);
      expect(error).toMatchObject({ code: "INVALID_INPUT", details: { path } });
      expect(error.message).toBe(`${path}: there is no such parameter, leave it out.`);
    }
    for (const parameter of Object.keys(valid)) {
      const error = await dewey.refusal(name, Struct.omit(valid, [parameter]));
      expect(error).toMatchObject({
        code: "INVALID_INPUT",
        message: `${parameter}: it is required and missing.`,
        details: { path: parameter },
      });
      const asNull = await dewey.refusal(name, { ...valid, [parameter]: null });
      expect(asNull).toMatchObject({ code: "INVALID_INPUT", details: { path: parameter } });
    }
    for (const [parameter, value] of Object.entries({ ...valid, ...optional })) {
      for (const wrong of ofOtherTypes(value)) {
        const error = await dewey.refusal(name, { ...valid, [parameter]: wrong });
        expect(error).toMatchObject({ code: "INVALID_INPUT", details: { path: parameter } });
        expect(error.message).toStartWith(`${parameter}: expected `);
      }
    }
    expect(await dewey.db.fingerprint()).toEqual(before);
  });

  test("takes null for an optional parameter as its absence", async () => {
    const absent = Object.fromEntries(Object.keys(optional).map((parameter) => [parameter, null]));
    const withNulls = await dewey.call(name, { ...required(await prepare()), ...absent });
    const without = await dewey.call(name, required(await prepare()));
    expect(Object.keys(withNulls).sort()).toEqual(Object.keys(without).sort());
    for (const parameter of Object.keys(optional)) {
      await dewey.call(name, { ...required(await prepare()), [parameter]: null });
    }
  });
});

describe("inside of messages", () => {
  const message = { role: "user", content: "text" };
  const refused = (...messages: ReadonlyArray<unknown>) =>
    dewey.refusal("dewey_store_messages_bulk", { messages });

  test("the path leads to the message at fault", async () => {
    const before = await dewey.db.fingerprint();
    const cases: ReadonlyArray<readonly [unknown, string]> = [
      [{ ...message, role: "bot" }, "messages[1].role"],
      [{ ...message, content: "" }, "messages[1].content"],
      [{ ...message, content: 7 }, "messages[1].content"],
      [{ ...message, unknown: 1 }, "messages[1].unknown"],
      [{ ...message, turn_number: 0 }, "messages[1].turn_number"],
      [{ ...message, message_id: "x" }, "messages[1].message_id"],
      [{ ...message, metadata: [] }, "messages[1].metadata"],
      [{ content: "text" }, "messages[1].role"],
      [null, "messages[1]"],
      ["text", "messages[1]"],
    ];
    for (const [wrong, path] of cases) {
      const error = await refused(message, wrong, message);
      expect(error).toMatchObject({ code: "INVALID_INPUT", details: { path } });
      expect(error.message).toStartWith(`${path}: `);
    }
    expect(await dewey.db.fingerprint()).toEqual(before);
  });

  test("null for what is optional is its absence there too", async () => {
    const { stored } = await dewey.call("dewey_store_messages_bulk", {
      messages: [{ ...message, turn_number: null, metadata: null, message_id: null }],
    });
    expect(stored).toBe(1);
  });
});

test("ids may be written in capitals, and are the same ids", async () => {
  const conversation_id = randomUUID();
  const begun = await dewey.call("dewey_begin_conversation", {
    conversation_id: conversation_id.toUpperCase(),
  });
  expect(begun.conversation_id).toBe(conversation_id);
  const message = { conversation_id, role: "user", content: "text", message_id: randomUUID() };
  const first = await dewey.call("dewey_store_message", message);
  const again = await dewey.call("dewey_store_message", {
    ...message,
    conversation_id: conversation_id.toUpperCase(),
    message_id: message.message_id.toUpperCase(),
  });
  expect(again).toEqual(first);
});

test("what is almost a UUID, a date, a role or a status is not one", async () => {
  const { conversation } = await prepare();
  const before = await dewey.db.fingerprint();
  for (const wrong of [
    "",
    conversation.slice(1),
    `${conversation}0`,
    conversation.replaceAll("-", ""),
    `{${conversation}}`,
    ` ${conversation}`,
    `${conversation}\n`,
    conversation.replace(/.$/, "g"),
  ]) {
    const error = await dewey.refusal("dewey_get_conversation", { conversation_id: wrong });
    expect(error).toMatchObject({ code: "INVALID_INPUT", details: { path: "conversation_id" } });
  }
  for (const wrong of ["User", "", "assistant ", "function"]) {
    const error = await dewey.refusal("dewey_search", { query: "text", role: wrong });
    expect(error).toMatchObject({ code: "INVALID_INPUT", details: { path: "role" } });
  }
  for (const wrong of ["ok", "SUCCESS", ""]) {
    const error = await dewey.refusal("dewey_list_tool_calls", { status: wrong });
    expect(error).toMatchObject({ code: "INVALID_INPUT", details: { path: "status" } });
  }
  const sorted = await dewey.refusal("dewey_list_conversations", { sort_by: "id" });
  expect(sorted).toMatchObject({ code: "INVALID_INPUT", details: { path: "sort_by" } });
  expect(await dewey.db.fingerprint()).toEqual(before);
});
