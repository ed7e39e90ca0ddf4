// Prompts and completion, by the SDKs' own clients.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { Effect, Schema } from "effect";
import { openSocket } from "../http/sockets.ts";
import { it } from "../support/it.ts";
import { initialization } from "./handshake.ts";
import { type LiveDewey, startLiveDewey } from "./liveDewey.ts";
import { connect, refusalOf, type SdkClient, sdkClients } from "./sdkClients.ts";

let dewey: LiveDewey;
beforeAll(async () => {
  dewey = await startLiveDewey();
}, 60_000);
afterAll(() => dewey.close());

const Filled = Schema.Struct({
  description: Schema.String,
  messages: Schema.Array(
    Schema.Struct({
      role: Schema.Literal("user"),
      content: Schema.Union([
        Schema.Struct({ type: Schema.Literal("text"), text: Schema.String }),
        Schema.Struct({
          type: Schema.Literal("resource"),
          resource: Schema.Struct({
            uri: Schema.String,
            mimeType: Schema.String,
            text: Schema.String,
          }),
        }),
        Schema.Struct({ type: Schema.Literal("resource_link"), uri: Schema.String }),
      ]),
    }),
  ),
});
const decodeFilled = Schema.decodeUnknownSync(Filled);

const get = async (client: SdkClient, name: string, args: Record<string, string>) => {
  const filled = decodeFilled(await client.request("prompts/get", { name, arguments: args }));
  return filled.messages.map(({ content }) => content);
};

const Completed = Schema.Struct({
  completion: Schema.Struct({
    values: Schema.Array(Schema.String),
    total: Schema.optionalKey(Schema.Int),
    hasMore: Schema.Boolean,
  }),
});
const decodeCompleted = Schema.decodeUnknownSync(Completed);

const complete = async (client: SdkClient, ref: object, name: string, value: string) =>
  decodeCompleted(await client.request("completion/complete", { ref, argument: { name, value } }))
    .completion;

const prompt = (name: string) => ({ type: "ref/prompt", name });
const template = (uri: string) => ({ type: "ref/resource", uri });

describe.each(Object.keys(sdkClients))("%s", (title) => {
  let client: SdkClient;
  beforeAll(async () => {
    client = await connect(title, dewey);
  }, 30_000);
  afterAll(() => client.close());

  test("lists the prompts with their arguments", async () => {
    expect(await client.request("prompts/list")).toMatchObject({
      prompts: [
        { name: "startup", arguments: [{ name: "name", required: false }] },
        {
          name: "recall",
          arguments: [
            { name: "query", required: true },
            { name: "session_id", required: false },
            { name: "limit", required: false },
          ],
        },
        {
          name: "summarize_conversation",
          arguments: [{ name: "conversation_id", required: true }],
        },
      ],
    });
  });

  test("begins with the active startup context, or a named one", async () => {
    const [active, other] = [`active ${randomUUID()}`, `other ${randomUUID()}`];
    await dewey.other.call("dewey_set_startup_context", { name: active, content: "Be brief." });
    await dewey.other.call("dewey_set_startup_context", {
      name: other,
      content: "Be kind.",
      set_active: false,
    });
    const resource = (name: string, text: string) => ({
      type: "resource",
      resource: { uri: `dewey://startup-context/${encodeURIComponent(name)}`, text },
    });
    expect(await get(client, "startup", {})).toMatchObject([resource(active, "Be brief.")]);
    expect(await get(client, "startup", { name: "" })).toMatchObject([
      resource(active, "Be brief."),
    ]);
    expect(await get(client, "startup", { name: other })).toMatchObject([
      resource(other, "Be kind."),
    ]);
    await dewey.other.call("dewey_delete_startup_context", { name: active, force: true });
    const none = await refusalOf(client.request("prompts/get", { name: "startup" }));
    expect(none).toMatchObject({ code: -32602, data: { code: "NOT_FOUND" } });
    await dewey.other.call("dewey_delete_startup_context", { name: other });
  });

  test("recalls passages with turn, role, date and links", async () => {
    const word = `heron${randomUUID().slice(0, 8)}`;
    const session_id = `session ${word}`;
    const { conversation_id } = await dewey.other.call("dewey_store_messages_bulk", {
      session_id,
      messages: [
        { role: "user", content: "Good morning." },
        { role: "assistant", content: `The ${word} waits at the pool.` },
        { role: "tool", content: `${"long ".repeat(2000)} ${word} ${"longer ".repeat(2000)}` },
      ],
    });
    await dewey.other.call("dewey_store_messages_bulk", {
      session_id: "elsewhere",
      messages: [{ role: "user", content: `Another ${word}.` }],
    });
    const [text, ...links] = await get(client, "recall", { query: word, session_id });
    if (text?.type !== "text") throw new Error("the passages are no text");
    expect(text.text).toContain(`The ${word} waits at the pool.`);
    expect(text.text).toMatch(/Turn 2, assistant, \d{4}-\d\d-\d\dT/);
    expect(text.text).toContain(`dewey://conversation/${conversation_id}?after_turn=1`);
    expect(text.text).not.toContain(`Another ${word}`);
    expect(text.text.length).toBeLessThan(4000);
    expect(links).toMatchObject([
      { type: "resource_link", uri: `dewey://conversation/${conversation_id}` },
    ]);
    const everywhere = await get(client, "recall", { query: word });
    expect(everywhere).toHaveLength(3);
    expect(await get(client, "recall", { query: word, limit: "1" })).toHaveLength(2);
    const [nothing, ...more] = await get(client, "recall", { query: randomUUID(), session_id });
    expect(nothing).toMatchObject({ type: "text" });
    expect(more).toEqual([]);
  });

  test("puts a conversation before the model to summarize", async () => {
    const { conversation_id } = await dewey.other.call("dewey_store_messages_bulk", {
      messages: [{ role: "user", content: "We meet on Tuesday." }],
    });
    const [task, conversation] = await get(client, "summarize_conversation", { conversation_id });
    expect(task).toMatchObject({ type: "text" });
    if (conversation?.type !== "resource") throw new Error("the conversation is not embedded");
    expect(conversation.resource.uri).toBe(`dewey://conversation/${conversation_id}`);
    expect(conversation.resource.text).toContain("We meet on Tuesday.");
  });

  test("puts only the beginning of a long one there, and says how to go on", async () => {
    const { conversation_id } = await dewey.other.call("dewey_store_messages_bulk", {
      messages: ["a", "b", "c"].map((letter) => ({
        role: "user",
        content: letter.repeat(100 * 1024),
      })),
    });
    const [task, conversation] = await get(client, "summarize_conversation", { conversation_id });
    if (task?.type !== "text") throw new Error("the task is no text");
    expect(task.text).toContain(`dewey://conversation/${conversation_id}?after_turn=2`);
    if (conversation?.type !== "resource") throw new Error("the conversation is not embedded");
    expect(conversation.resource.text).toContain("b".repeat(100 * 1024));
    expect(conversation.resource.text).not.toContain("ccc");
  });

  test("refuses what no prompt takes", async () => {
    const refused: ReadonlyArray<readonly [string, Record<string, string>]> = [
      ["nobody", {}],
      ["recall", {}],
      ["recall", { query: "" }],
      ["recall", { query: "x".repeat(1001) }],
      ["recall", { query: "x", limit: "0" }],
      ["recall", { query: "x", limit: "51" }],
      ["recall", { query: "x", limit: "two" }],
      ["recall", { query: "x", limit: "1e1.5" }],
      ["recall", { query: "x", colour: "red" }],
      ["recall", { query: "x", session_id: "\u0000" }],
      ["startup", { name: "no such name" }],
      ["startup", { name: "\u0000" }],
      ["summarize_conversation", {}],
      ["summarize_conversation", { conversation_id: "x" }],
      ["summarize_conversation", { conversation_id: randomUUID() }],
    ];
    for (const [name, args] of refused) {
      const { code, message } = await refusalOf(
        client.request("prompts/get", { name, arguments: args }),
      );
      expect([name, args, code]).toEqual([name, args, -32602]);
      expect(message).toMatch(/\.$/);
    }
  });

  test("completes names, ids, keys, sessions and formats", async () => {
    const mark = randomUUID().slice(0, 8);
    const names = [`${mark} one`, `two ${mark}`];
    for (const name of names) {
      await dewey.other.call("dewey_set_startup_context", {
        name,
        content: "x",
        set_active: false,
      });
    }
    for (const ref of [prompt("startup"), template("dewey://startup-context/{name}")]) {
      expect(await complete(client, ref, "name", mark.toUpperCase())).toEqual({
        values: names,
        total: 2,
        hasMore: false,
      });
    }
    await dewey.other.call("write_context", { key: `key.${mark}`, content: "x" });
    expect(await complete(client, template("dewey://context/{key}"), "key", mark)).toEqual({
      values: [`key.${mark}`],
      total: 1,
      hasMore: false,
    });
    const { conversation_id } = await dewey.other.call("dewey_begin_conversation", {
      session_id: `of ${mark}`,
    });
    for (const ref of [
      prompt("summarize_conversation"),
      template("dewey://conversation/{id}{?format,after_turn}"),
    ]) {
      const variable = ref.type === "ref/prompt" ? "conversation_id" : "id";
      expect((await complete(client, ref, variable, "")).values[0]).toBe(conversation_id);
      expect(
        await complete(client, ref, variable, conversation_id.slice(0, 30).toUpperCase()),
      ).toEqual({ values: [conversation_id], total: 1, hasMore: false });
      expect((await complete(client, ref, variable, "not an id")).values).toEqual([]);
      expect((await complete(client, ref, variable, `${conversation_id}0`)).values).toEqual([]);
    }
    expect((await complete(client, prompt("recall"), "session_id", "of ")).values[0]).toBe(
      `of ${mark}`,
    );
    expect((await complete(client, prompt("recall"), "session_id", "\u0000")).values).toEqual([]);
    expect((await complete(client, prompt("recall"), "query", "x")).values).toEqual([]);
    expect(
      (await complete(client, template("dewey://context/{key}{?format}"), "format", "j")).values,
    ).toEqual(["json"]);
    for (const name of names) await dewey.other.call("dewey_delete_startup_context", { name });
  });

  test("refuses to complete what there is not", async () => {
    for (const [ref, name] of [
      [prompt("nobody"), "name"],
      [prompt("startup"), "colour"],
      [template("dewey://nothing/{id}"), "id"],
    ] as const) {
      const refused = refusalOf(
        client.request("completion/complete", { ref, argument: { name, value: "" } }),
      );
      expect(await refused).toMatchObject({ code: -32602 });
    }
  });
});

test("shows at most 100 completions, and how many there are", async () => {
  const client = await connect("the second SDK over HTTP, 2025-11-25", dewey);
  for (let count = 0; count < 101; count++) {
    await dewey.other.call("write_context", { key: `many.${count}`, content: "x" });
    await dewey.other.call("dewey_begin_conversation", { session_id: `many ${count}` });
    const name = `many ${count}`;
    await dewey.other.call("dewey_set_startup_context", { name, content: "x", set_active: false });
  }
  const more = { total: 101, hasMore: true };
  const keys = await complete(client, template("dewey://context/{key}"), "key", "many.");
  expect(keys).toMatchObject(more);
  const names = await complete(client, prompt("startup"), "name", "many ");
  expect(names).toMatchObject(more);
  const sessions = await complete(client, prompt("recall"), "session_id", "many ");
  expect(sessions).toMatchObject(more);
  // Two that began in the same millisecond are in no order.
  expect(sessions.values.slice(0, 2)).toContain("many 100");
  const ids = await complete(client, prompt("summarize_conversation"), "conversation_id", "0");
  expect(ids.hasMore).toBe(true);
  for (const { values } of [keys, names, sessions, ids]) expect(values).toHaveLength(100);
  await client.close();
}, 30_000);

const decodeAnswer = Schema.decodeUnknownSync(
  Schema.fromJsonString(
    Schema.Struct({ result: Schema.Struct({ messages: Schema.Array(Schema.Unknown) }) }),
  ),
);

it.effect("leaves out links for versions that know none", () =>
  Effect.gen(function* () {
    yield* Effect.promise(() =>
      dewey.other.call("dewey_store_messages_bulk", {
        messages: [{ role: "user", content: "The plover waits." }],
      }),
    );
    for (const [protocolVersion, count] of [
      ["2025-03-26", 1],
      ["2025-06-18", 2],
    ] as const) {
      const { next, send } = yield* openSocket(dewey.ws, { protocols: ["mcp"] });
      const ask = (id: number, method: string, params: object) =>
        Effect.andThen(send(JSON.stringify({ jsonrpc: "2.0", id, method, params })), next);
      yield* ask(1, "initialize", initialization(protocolVersion));
      const answer = yield* ask(2, "prompts/get", {
        name: "recall",
        arguments: { query: "plover" },
      });
      expect(decodeAnswer(answer).result.messages).toHaveLength(count);
    }
  }),
);
