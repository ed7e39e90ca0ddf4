// Nothing crosses from one space to another, and nobody does what the token does not allow. The
// table lists for every tool how a caller of another space would reach what is not its own.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { anonymous, type Scope } from "../../src/domain/Principal.ts";
import type { ToolName } from "../../src/rpc/DeweyTools.ts";
import { holds } from "../support/property.ts";
import { type Caller, openTools } from "../support/tools.ts";

const dewey = await openTools();
afterAll(dewey.close);

interface Owned {
  readonly conversation_id: string;
  readonly trashed: string;
  readonly message_id: string;
  readonly call: string;
}

/** Names and words that both spaces have. */
const shared = {
  session_id: "session",
  name: "startup",
  key: "key",
  word: "armadillo",
  trace: "trace",
};

const fill = async (space: string, caller: Caller): Promise<Owned> => {
  const message_id = randomUUID();
  const bulk = () =>
    caller.call("dewey_store_messages_bulk", {
      session_id: shared.session_id,
      metadata: { space },
      messages: [{ role: "user", content: `${shared.word} of ${space}`, message_id }],
    });
  const { conversation_id } = await bulk();
  const { conversation_id: trashed } = await bulk();
  await caller.call("dewey_delete_conversation", { conversation_id: trashed });
  await caller.call("dewey_set_startup_context", { name: shared.name, content: space });
  await caller.call("write_context", { key: shared.key, content: space });
  const call = randomUUID();
  await dewey.db.rows(
    `INSERT INTO tool_calls (id, space, conversation_id, correlation_id, upstream, tool, status, error_message)
     VALUES ('${call}', '${space}', '${conversation_id}', '${shared.trace}', 'u', 't', 'success', '${space}')`,
  );
  return { conversation_id, trashed, message_id, call };
};

const ours = dewey.as({ space: "ours" });
const theirs = dewey.as({ space: "theirs" });
let own: Owned;
let foreign: Owned;

beforeAll(async () => {
  [own, foreign] = await Promise.all([fill("ours", ours), fill("theirs", theirs)]);
});

describe("what is given by an id of another space is NOT_FOUND", () => {
  const message = { role: "user", content: "text" };
  const attempts: ReadonlyArray<readonly [ToolName, (foreign: Owned) => object]> = [
    ["dewey_store_message", ({ conversation_id }) => ({ conversation_id, ...message })],
    [
      "dewey_store_message",
      ({ conversation_id }) => ({ conversation_id, ...message, turn_number: 9 }),
    ],
    [
      "dewey_store_message",
      ({ conversation_id, message_id }) => ({
        conversation_id,
        message_id,
        role: "user",
        content: `${shared.word} of theirs`,
      }),
    ],
    [
      "dewey_store_messages_bulk",
      ({ conversation_id }) => ({ conversation_id, messages: [message] }),
    ],
    ["dewey_get_conversation", ({ conversation_id }) => ({ conversation_id })],
    ["dewey_delete_conversation", ({ conversation_id }) => ({ conversation_id })],
    ["dewey_delete_conversation", ({ conversation_id }) => ({ conversation_id, force: true })],
    ["dewey_delete_conversation", ({ trashed }) => ({ conversation_id: trashed, force: true })],
    ["dewey_restore_conversation", ({ trashed }) => ({ conversation_id: trashed })],
    ["dewey_restore_conversation", ({ conversation_id }) => ({ conversation_id })],
    ["dewey_get_tool_call", ({ call }) => ({ id: call })],
  ];

  test.each(attempts)("%s", async (tool, input) => {
    const before = await dewey.db.fingerprint();
    const error = await ours.refusal(tool, input(foreign));
    expect(error.code).toBe("NOT_FOUND");
    // Exactly as if it did not exist at all.
    const nobody = randomUUID();
    const missing = await ours.refusal(tool, {
      ...input(foreign),
      ...("conversation_id" in input(foreign) ? { conversation_id: nobody } : { id: nobody }),
    });
    expect(missing).toEqual(error);
    expect(await dewey.db.fingerprint()).toEqual(before);
  });

  test("and an id that another space took cannot be begun", async () => {
    const before = await dewey.db.fingerprint();
    for (const conversation_id of [foreign.conversation_id, foreign.trashed]) {
      const error = await ours.refusal("dewey_begin_conversation", {
        conversation_id,
        session_id: shared.session_id,
        metadata: { space: "theirs" },
      });
      expect(error.code).toBe("CONFLICT");
      expect(JSON.stringify(error)).not.toContain("theirs");
    }
    expect(await dewey.db.fingerprint()).toEqual(before);
  });
});

describe("the same names, keys and words lead each space to its own", () => {
  const spaces = [
    ["ours", ours, () => own],
    ["theirs", theirs, () => foreign],
  ] as const;

  test.each(spaces)("%s", async (space, { call }, owned) => {
    const { session_id, name, key, word, trace } = shared;
    const answers = {
      dewey_list_conversations: await call("dewey_list_conversations", {}),
      session: await call("dewey_list_conversations", { session_id }),
      dewey_search: await call("dewey_search", { query: word }),
      searchSession: await call("dewey_search", { query: word, session_id }),
      dewey_get_startup_context: await call("dewey_get_startup_context", {}),
      named: await call("dewey_get_startup_context", { name }),
      dewey_list_startup_contexts: await call("dewey_list_startup_contexts", {
        include_content: true,
      }),
      read_context: await call("read_context", { key }),
      version: await call("read_context", { key, version: 1 }),
      list_context: await call("list_context", {}),
      context_history: await call("context_history", { key }),
      dewey_list_tool_calls: await call("dewey_list_tool_calls", {}),
      trace: await call("dewey_list_tool_calls", { correlation_id: trace }),
    };
    const other = space === "ours" ? "theirs" : "ours";
    expect(JSON.stringify(answers)).not.toContain(other);
    for (const id of Object.values(space === "ours" ? foreign : own)) {
      expect(JSON.stringify(answers)).not.toContain(id);
    }
    for (const list of [answers.dewey_list_conversations, answers.session]) {
      expect(list).toMatchObject({ total: 1, conversations: [{ id: owned().conversation_id }] });
    }
    for (const found of [answers.dewey_search, answers.searchSession]) {
      expect(found).toMatchObject({ total: 1, results: [{ message_id: owned().message_id }] });
    }
    expect(answers.dewey_get_startup_context.content).toBe(space);
    expect(answers.dewey_list_startup_contexts.contexts).toHaveLength(1);
    expect(answers.read_context.content).toBe(space);
    expect(answers.list_context.total).toBe(1);
    expect(answers.context_history.total).toBe(1);
    for (const list of [answers.dewey_list_tool_calls, answers.trace]) {
      expect(list).toMatchObject({ total: 1, calls: [{ id: owned().call }] });
    }
  });

  test("filters by another space's ids find nothing", async () => {
    const { conversation_id } = foreign;
    const found = await ours.call("dewey_search", { query: shared.word, conversation_id });
    expect(found).toMatchObject({ results: [], total: 0 });
    const calls = await ours.call("dewey_list_tool_calls", { conversation_id });
    expect(calls).toMatchObject({ calls: [], total: 0 });
  });
});

test("whatever a space does, at once with others, changes nothing of the others", async () => {
  const rowsOf = async (space: string) =>
    (
      await Promise.all(
        [
          "conversations",
          "messages",
          "tool_calls",
          "startup_contexts",
          "shared_context",
          "context_history",
        ].map((table) =>
          dewey.db.rows(
            `SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM ${table} t WHERE space = $1`,
            [space],
          ),
        ),
      )
    ).flat();

  const name = fc.constantFrom(shared.name, "other");
  const key = fc.constantFrom(shared.key, "other");
  const conversation = fc.constantFrom("conversation_id", "trashed").map((field) => {
    return () => (field === "trashed" ? foreign.trashed : foreign.conversation_id);
  });
  const action = fc.oneof(
    fc.record({
      tool: fc.constant("dewey_set_startup_context" as const),
      input: fc.record({ name, content: fc.constant("x"), set_active: fc.boolean() }),
    }),
    fc.record({
      tool: fc.constant("dewey_delete_startup_context" as const),
      input: fc.record({ name, force: fc.boolean() }),
    }),
    fc.record({
      tool: fc.constant("write_context" as const),
      input: fc.record({ key, content: fc.constant("x") }),
    }),
    fc.record({
      tool: fc.constant("write_context" as const),
      input: fc.record({ key, content: fc.constant("x"), if_version: fc.constantFrom(0, 1, 2) }),
    }),
    fc.record({
      tool: fc.constant("delete_context" as const),
      input: fc.record({ key, erase: fc.boolean() }),
    }),
    ...(
      ["dewey_delete_conversation", "dewey_restore_conversation", "dewey_get_conversation"] as const
    ).map((tool) =>
      conversation.map((id) => ({
        tool,
        input: {
          get conversation_id() {
            return id();
          },
        },
      })),
    ),
    conversation.map((id) => ({
      tool: "dewey_store_message" as const,
      input: {
        get conversation_id() {
          return id();
        },
        role: "user",
        content: "x",
      },
    })),
  );
  const before = await rowsOf("theirs");
  await holds(
    fc.asyncProperty(fc.array(action, { minLength: 1, maxLength: 20 }), async (actions) => {
      const strangers = dewey.as({ space: `strangers ${randomUUID()}` });
      await Promise.allSettled(
        actions.map(({ tool, input }) => strangers.call(tool, { ...input })),
      );
      expect(await rowsOf("theirs")).toEqual(before);
    }),
    25,
  );
});

test("two spaces at once count their turns, versions and activations each for itself", async () => {
  const callers = [dewey.as({ space: "left" }), dewey.as({ space: "right" })];
  const work = callers.map(async ({ call }) => {
    const { conversation_id } = await call("dewey_begin_conversation", { session_id: "s" });
    const turns = await Promise.all(
      Array.from({ length: 30 }, async (_, index) => {
        await call("write_context", { key: "k", content: "x" });
        await call("dewey_set_startup_context", { name: `n${index % 3}`, content: "x" });
        const stored = await call("dewey_store_message", {
          conversation_id,
          role: "user",
          content: "x",
        });
        return stored.turn_number;
      }),
    );
    const { version } = await call("read_context", { key: "k" });
    const { contexts } = await call("dewey_list_startup_contexts", {});
    return [
      turns.toSorted((a, b) => a - b),
      version,
      contexts.filter(({ is_active }) => is_active).length,
    ];
  });
  const expected = [Array.from({ length: 30 }, (_, index) => index + 1), 30, 1];
  expect(await Promise.all(work)).toEqual([expected, expected]);
});

describe("scopes", () => {
  const all: ReadonlyArray<Scope> = ["read", "write", "delete", "proxy", "admin"];
  const id = randomUUID();
  const valid: Readonly<Record<ToolName, readonly [Scope, object]>> = {
    dewey_begin_conversation: ["write", {}],
    dewey_store_message: ["write", { conversation_id: id, role: "user", content: "x" }],
    dewey_store_messages_bulk: ["write", { messages: [{ role: "user", content: "x" }] }],
    dewey_get_conversation: ["read", { conversation_id: id }],
    dewey_list_conversations: ["read", {}],
    dewey_delete_conversation: ["delete", { conversation_id: id }],
    dewey_restore_conversation: ["write", { conversation_id: id }],
    dewey_search: ["read", { query: "x" }],
    dewey_get_startup_context: ["read", {}],
    dewey_set_startup_context: ["write", { name: "x", content: "x" }],
    dewey_list_startup_contexts: ["read", {}],
    dewey_delete_startup_context: ["delete", { name: "x" }],
    write_context: ["write", { key: "x", content: "x" }],
    read_context: ["read", { key: "x" }],
    list_context: ["read", {}],
    delete_context: ["delete", { key: "x" }],
    context_history: ["read", { key: "x" }],
    dewey_list_tool_calls: ["read", {}],
    dewey_get_tool_call: ["read", { id }],
  };
  const isTool = (name: string): name is ToolName => name in valid;

  test.each(Object.entries(valid))("%s", async (tool, [needed, input]) => {
    if (!isTool(tool)) return expect.unreachable();
    const before = await dewey.db.fingerprint();
    const others = new Set(all.filter((scope) => scope !== needed));
    for (const scopes of [others, new Set<Scope>()]) {
      // What is asked for is not even looked at.
      for (const each of [input, { unknown: 1 }]) {
        const error = await dewey.as({ scopes }).refusal(tool, each);
        expect(error).toMatchObject({ code: "FORBIDDEN", retryable: false });
        expect(error.message).toContain(`scope ${needed}`);
      }
    }
    expect(await dewey.db.fingerprint()).toEqual(before);
    const allowed = await dewey
      .as({ scopes: new Set([needed]), space: "scopes" })
      .call(tool, input)
      .then(
        () => undefined,
        (error: unknown) => error,
      );
    if (allowed !== undefined) expect(allowed).not.toMatchObject({ code: "FORBIDDEN" });
  });

  test("without tokens everything is allowed", () => {
    expect([...anonymous.scopes].sort()).toEqual([...all].sort());
    expect(anonymous).toMatchObject({ name: "anonymous", space: "default" });
  });
});
