// Conversations, startup contexts and shared keys as resources, read by the SDKs' own clients.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { Schema } from "effect";
import fc from "fast-check";
import { accessWith } from "../support/access.ts";
import { holds } from "../support/property.ts";
import { type LiveDewey, startLiveDewey } from "./liveDewey.ts";
import { connect, connectHttp, refusalOf, type SdkClient, sdkClients } from "./sdkClients.ts";

let dewey: LiveDewey;
beforeAll(async () => {
  dewey = await startLiveDewey();
}, 60_000);
afterAll(() => dewey.close());

const Page = Schema.Struct({
  resources: Schema.Array(
    Schema.Struct({
      uri: Schema.String,
      name: Schema.String,
      title: Schema.String,
      mimeType: Schema.String,
      size: Schema.optionalKey(Schema.Int),
      annotations: Schema.Struct({ lastModified: Schema.String }),
    }),
  ),
  nextCursor: Schema.optionalKey(Schema.String),
});
const decodePage = Schema.decodeUnknownSync(Page);
type Listed = (typeof Page.Type)["resources"][number];

const Contents = Schema.Struct({
  contents: Schema.Tuple([
    Schema.Struct({
      uri: Schema.String,
      mimeType: Schema.String,
      text: Schema.String,
      _meta: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown)),
    }),
  ]),
});
const decodeContents = Schema.decodeUnknownSync(Contents);

const page = async (client: SdkClient, cursor?: string) =>
  decodePage(await client.request("resources/list", cursor === undefined ? {} : { cursor }));

const listAll = async (client: SdkClient, between: () => Promise<unknown> = async () => {}) => {
  const all: Array<Listed> = [];
  let cursor: string | undefined;
  do {
    const { nextCursor, resources } = await page(client, cursor);
    expect(resources.length).toBeLessThanOrEqual(100);
    all.push(...resources);
    cursor = nextCursor;
    await between();
  } while (cursor !== undefined);
  return all;
};

const read = async (client: SdkClient, uri: string) =>
  decodeContents(await client.request("resources/read", { uri })).contents[0];

const newConversation = (content = "The heron waits.") =>
  dewey.other.call("dewey_store_messages_bulk", { messages: [{ role: "user", content }] });

describe.each(Object.keys(sdkClients))("%s", (title) => {
  let client: SdkClient;
  beforeAll(async () => {
    client = await connect(title, dewey);
  }, 30_000);
  afterAll(() => client.close());

  test("is told what there is", async () => {
    expect(client.capabilities()).toMatchObject({
      resources: { subscribe: true, listChanged: true },
      prompts: {},
      completions: {},
      tools: {},
    });
    const { resourceTemplates } = await client.request("resources/templates/list");
    expect(resourceTemplates).toMatchObject([
      { uriTemplate: "dewey://startup-context/{name}", mimeType: "text/markdown" },
      { uriTemplate: "dewey://startup-context/{name}{?format}" },
      { uriTemplate: "dewey://context/{key}", mimeType: "text/markdown" },
      { uriTemplate: "dewey://context/{key}{?format}" },
      { uriTemplate: "dewey://conversation/{id}", mimeType: "text/markdown" },
      { uriTemplate: "dewey://conversation/{id}{?format,after_turn}" },
    ]);
  });

  test("finds and reads each kind", async () => {
    const key = `k.${randomUUID()}`;
    const name = `50 % of ä/b?c#d 日本 ${randomUUID()}`;
    const content = "# Title\n\nLine ä\r\n";
    await dewey.other.call("write_context", { key, content });
    await dewey.other.call("dewey_set_startup_context", { name, content, set_active: false });
    const { conversation_id } = await newConversation("What *was* said.");
    const all = await listAll(client);
    const named = (wanted: string) => {
      const found = all.filter((listed) => listed.name === wanted);
      expect(found).toHaveLength(1);
      return found[0]?.uri ?? "";
    };

    for (const uri of [named(key), named(name)]) {
      expect(await read(client, uri)).toEqual({ uri, mimeType: "text/markdown", text: content });
      expect(all.find((listed) => listed.uri === uri)?.size).toBe(Buffer.byteLength(content));
      const json = await read(client, `${uri}?format=json`);
      expect(json.mimeType).toBe("application/json");
      expect(JSON.parse(json.text)).toMatchObject({ content });
    }
    const conversation = named(conversation_id);
    expect(conversation).toBe(`dewey://conversation/${conversation_id}`);
    const markdown = await read(client, conversation);
    expect(markdown.mimeType).toBe("text/markdown");
    expect(markdown.text).toContain(`# Conversation ${conversation_id}`);
    expect(markdown.text).toMatch(
      /## 1\. user, \d{4}-\d\d-\d\d \d\d:\d\d UTC\n\nWhat \*was\* said\.$/,
    );
    const json = await read(
      client,
      `dewey://conversation/${conversation_id.toUpperCase()}?format=json`,
    );
    expect(JSON.parse(json.text)).toEqual({
      ...(await dewey.other.call("dewey_get_conversation", { conversation_id })),
    });
    await dewey.other.call("dewey_delete_startup_context", { name });
  });

  test("is told what is not there by the era's own code", async () => {
    // The second SDK's client shows the code of the newest version whatever it got.
    const code = title.startsWith("the first SDK") ? -32002 : -32602;
    const { conversation_id } = await newConversation();
    await dewey.other.call("dewey_delete_conversation", { conversation_id });
    for (const uri of [
      `dewey://conversation/${randomUUID()}`,
      `dewey://conversation/${conversation_id}`,
      "dewey://conversation/not-a-uuid",
      "dewey://context/no-such-key",
      "dewey://context/no%20key",
      "dewey://startup-context/none",
      "dewey://startup-context/%00",
      "dewey://startup-context/%E0%A4%A",
      "dewey://startup-context/",
      "dewey://nothing/at/all",
      "test://other",
      "",
      `dewey://context/${"x".repeat(9000)}`,
    ]) {
      expect(await refusalOf(client.request("resources/read", { uri }))).toMatchObject({
        code,
        data: { uri },
      });
    }
  });

  test("is told what it may not ask of a reading", async () => {
    const { conversation_id } = await newConversation();
    const uri = `dewey://conversation/${conversation_id}`;
    for (const query of [
      "format=xml",
      "after_turn=-1",
      "after_turn=1.5",
      "after_turn=",
      "page=2",
    ]) {
      const refused = await refusalOf(client.request("resources/read", { uri: `${uri}?${query}` }));
      expect(refused).toMatchObject({ code: -32602, data: { code: "INVALID_INPUT" } });
    }
  });
});

describe("the list", () => {
  let client: SdkClient;
  const keys = Array.from({ length: 130 }, (_, index) => `list.${String(index).padStart(3, "0")}`);
  const conversations: Array<string> = [];

  beforeAll(async () => {
    client = await connect("the second SDK over HTTP, 2026-07-28", dewey);
    for (const key of keys) await dewey.other.call("write_context", { key, content: key });
    for (let count = 0; count < 120; count++) {
      conversations.push((await newConversation()).conversation_id);
    }
  }, 60_000);
  afterAll(() => client.close());

  test("shows everything once, in pages", async () => {
    const names = (await listAll(client)).map(({ uri }) => uri);
    expect(new Set(names).size).toBe(names.length);
    for (const key of keys) expect(names).toContain(`dewey://context/${key}`);
    for (const id of conversations) expect(names).toContain(`dewey://conversation/${id}`);
    const newestFirst = names.filter((uri) => conversations.includes(uri.slice(21)));
    expect(newestFirst).toEqual(
      conversations.toReversed().map((id) => `dewey://conversation/${id}`),
    );
  });

  test("misses and repeats nothing that stands while others come, change and go", async () => {
    let round = 0;
    const [moved = ""] = conversations;
    const seen = await listAll(client, async () => {
      round += 1;
      await newConversation();
      await dewey.other.call("write_context", {
        key: `a.${round}.${randomUUID()}`,
        content: "new",
      });
      await dewey.other.call("write_context", { key: "list.129", content: `change ${round}` });
      await dewey.other.call("delete_context", { key: `list.00${round}` });
      await dewey.other.call("dewey_store_message", {
        conversation_id: moved,
        role: "user",
        content: "It moves to the front of the latest.",
      });
    });
    const uris = seen.map(({ uri }) => uri);
    expect(round).toBeGreaterThan(2);
    expect(new Set(uris).size).toBe(uris.length);
    for (const key of keys.slice(10)) expect(uris).toContain(`dewey://context/${key}`);
    for (const id of conversations) expect(uris).toContain(`dewey://conversation/${id}`);
  });

  test("refuses every cursor that it has not given out, and no cursor leads to another fault", async () => {
    const { nextCursor = "" } = await page(client);
    const place = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const tampered = [
      "",
      "x",
      `${nextCursor}=`,
      nextCursor.slice(1),
      place({}),
      place({ provider: "nobody" }),
      place({ provider: "context", after: "no key" }),
      place({ provider: "startup-context", after: "\u0000" }),
      place({ provider: "startup-context", after: "\ud800" }),
      place({ provider: "conversation", after: "{}" }),
      place({
        provider: "conversation",
        after: '{"created_at":"2026-02-30T00:00:00.000Z","id":"x"}',
      }),
      place({
        provider: "conversation",
        after: JSON.stringify({ created_at: "0000-01-01T00:00:00.000Z", id: randomUUID() }),
      }),
      place({
        provider: "conversation",
        after: JSON.stringify({ created_at: "2026-02-30T00:00:00.000Z", id: randomUUID() }),
      }),
      place({ provider: "context", after: "a", more: 1 }),
      place(null),
    ];
    for (const cursor of tampered) {
      expect([
        cursor,
        (await refusalOf(client.request("resources/list", { cursor }))).code,
      ]).toEqual([cursor, -32602]);
    }
    await holds(
      fc.asyncProperty(fc.string({ unit: "binary", maxLength: 40 }), async (after) => {
        for (const provider of ["context", "startup-context", "conversation"]) {
          const cursor = place({ provider, after });
          const answer = await page(client, cursor).catch((error: unknown) => error);
          const code = Schema.decodeUnknownOption(Schema.Struct({ code: Schema.Int }))(answer);
          if (code._tag === "Some") expect(code.value.code).toBe(-32602);
        }
      }),
      30,
    );
  });

  test("is private, and never believed to be fresh", async () => {
    const { conversation_id } = await newConversation();
    const uri = `dewey://conversation/${conversation_id}`;
    const data = { ttlMs: 0, cacheScope: "private" };
    expect(await client.request("resources/list")).toMatchObject(data);
    expect(await client.request("resources/read", { uri })).toMatchObject(data);
    const fixed = { ttlMs: 300_000, cacheScope: "public" };
    expect(await client.request("resources/templates/list")).toMatchObject(fixed);
    expect(await client.request("prompts/list")).toMatchObject(fixed);
  });
});

test("a long conversation is read in pages that fit into an answer", async () => {
  const client = await connect("the second SDK over WebSocket, 2026-07-28", dewey);
  const { conversation_id } = await dewey.other.call("dewey_begin_conversation", {});
  const contents = Array.from({ length: 12 }, (_, index) =>
    String.fromCharCode(97 + index).repeat(1024 * 1024),
  );
  for (const content of contents) {
    await dewey.other.call("dewey_store_message", { conversation_id, role: "tool", content });
  }
  for (const format of ["markdown", "json"]) {
    let uri: string | undefined = `dewey://conversation/${conversation_id}?format=${format}`;
    let pages = 0;
    let text = "";
    while (uri !== undefined) {
      const answer = await read(client, uri);
      expect(Buffer.byteLength(answer.text)).toBeLessThanOrEqual(8 * 1024 * 1024);
      const next = answer._meta?.["dewey/next"];
      uri = typeof next === "string" ? next : undefined;
      if (uri !== undefined && format === "markdown") expect(answer.text).toEndWith(uri);
      text += answer.text;
      pages += 1;
    }
    expect(pages).toBe(2);
    for (const content of contents) expect(text.split(content)).toHaveLength(2);
  }
  await client.close();
}, 60_000);

describe("another space", () => {
  const tokens = ["ours", "theirs", "writer"].map(
    (name) =>
      `${name}:${name.padEnd(40, "x")}:${name === "writer" ? "write" : "read+write"}:${name === "theirs" ? "theirs" : "ours"}`,
  );
  let guarded: LiveDewey;
  const client = (name: string, era: "legacy" | "modern") =>
    connectHttp(guarded.http, era, name.padEnd(40, "x"));

  beforeAll(async () => {
    guarded = await startLiveDewey(accessWith(tokens.join("\n")));
  }, 60_000);
  afterAll(() => guarded.close());

  test.each(["legacy", "modern"] as const)("is neither seen, read nor heard, %s", async (era) => {
    const ours = guarded.other.as({ space: "ours" });
    const { conversation_id } = await ours.call("dewey_begin_conversation", { session_id: era });
    const key = `key.${era}`;
    const content = "Ours.";
    await ours.call("write_context", { key, content });
    await ours.call("dewey_set_startup_context", { name: era, content });
    const uris = [
      `dewey://conversation/${conversation_id}`,
      `dewey://context/${key}`,
      `dewey://startup-context/${era}`,
    ];
    const [mine, stranger] = [await client("ours", era), await client("theirs", era)];

    const listed = (await listAll(mine)).map(({ uri }) => uri);
    for (const uri of uris) expect(listed).toContain(uri);
    expect(await listAll(stranger)).toEqual([]);
    for (const uri of uris) {
      await read(mine, uri);
      expect(await refusalOf(stranger.request("resources/read", { uri }))).toMatchObject({
        code: -32602,
      });
    }
    const ref = { type: "ref/prompt", name: "summarize_conversation" };
    const argument = { name: "conversation_id", value: conversation_id };
    expect(await stranger.request("completion/complete", { ref, argument })).toMatchObject({
      completion: { values: [], total: 0 },
    });

    // Its own key of the same name is told, and the other space's change before it is not.
    const stop = await stranger.follow([...uris]);
    stranger.notices.forget();
    await ours.call("write_context", { key, content: "Ours again." });
    await ours.call("dewey_store_message", { conversation_id, role: "user", content });
    await guarded.other.as({ space: "theirs" }).call("write_context", { key: "end", content });
    await stranger.notices.listChanged();
    expect(stranger.notices.updated).toEqual([]);
    await stop();
    await ours.call("dewey_delete_startup_context", { name: era, force: true });
    await guarded.other.as({ space: "theirs" }).call("delete_context", { key: "end" });
    await mine.close();
    await stranger.close();
  });

  test.each(["legacy", "modern"] as const)("needs the scope read, %s", async (era) => {
    const writer = await client("writer", era);
    const uri = "dewey://context/key";
    const refused: ReadonlyArray<readonly [string, Record<string, unknown>]> = [
      ["resources/list", {}],
      ["resources/read", { uri }],
      ["prompts/get", { name: "startup" }],
      [
        "completion/complete",
        {
          ref: { type: "ref/prompt", name: "startup" },
          argument: { name: "name", value: "" },
        },
      ],
    ];
    for (const [method, params] of refused) {
      expect(await refusalOf(writer.request(method, params))).toMatchObject({
        code: -32000,
        data: { code: "FORBIDDEN" },
      });
    }
    expect((await refusalOf(writer.follow([uri]))).code).toBe(-32000);
    await writer.close();
  });
});
