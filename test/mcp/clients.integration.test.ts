// Real clients against Dewey itself: the process that users start, on a real Postgres.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernHttp,
} from "@modelcontextprotocol/client";
import { StdioClientTransport as ModernStdio } from "@modelcontextprotocol/client/stdio";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { WebSocketClientTransport } from "@modelcontextprotocol/sdk/client/websocket.js";
import { Effect, Exit, Schema, Scope } from "effect";
import { DeweyTools, type ToolName } from "../../src/rpc/DeweyTools.ts";
import { environmentOf, freshDatabase, root, startDewey } from "../rpc/deweyProcess.ts";
import { SocketTransport } from "./SocketTransport.ts";

const scope = Scope.makeUnsafe();
let database: Effect.Success<typeof freshDatabase>;
let dewey: Effect.Success<ReturnType<typeof startDewey>>;

beforeAll(async () => {
  database = await Effect.runPromise(Scope.provide(freshDatabase, scope));
  dewey = await Effect.runPromise(Scope.provide(startDewey(database), scope));
}, 60_000);

afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)));

/** A client that has connected. Both SDKs check every result against the output schema that was listed. */
interface Connected {
  readonly list: () => Promise<ReadonlyArray<{ readonly name: string }>>;
  readonly call: (name: ToolName, input: Record<string, unknown>) => Promise<unknown>;
  readonly close: () => Promise<void>;
}

const identity = { name: "test", version: "1" };

const first = async (transport: Parameters<Client["connect"]>[0]): Promise<Connected> => {
  const client = new Client(identity);
  await client.connect(transport);
  return {
    list: async () => (await client.listTools()).tools,
    call: (name, input) => client.callTool({ name, arguments: input }),
    close: () => client.close(),
  };
};

const second = async (
  transport: Parameters<ModernClient["connect"]>[0],
  mode: "legacy" | "auto",
): Promise<Connected> => {
  const client = new ModernClient(identity, { versionNegotiation: { mode } });
  await client.connect(transport);
  expect(client.getNegotiatedProtocolVersion()).toBe(
    mode === "legacy" ? "2025-11-25" : "2026-07-28",
  );
  return {
    list: async () => (await client.listTools()).tools,
    call: (name, input) => client.callTool({ name, arguments: input }),
    close: () => client.close(),
  };
};

const url = (protocol: "ws" | "http") => new URL(`${protocol}://127.0.0.1:${dewey.port}/mcp`);

/** The environment by which a process finds the database; clients hand on nothing but what they are given. */
const environment = () =>
  Object.fromEntries(
    Object.entries(environmentOf(database, 0)).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value] as const],
    ),
  );

const stdio = () => ({
  command: process.execPath,
  args: [join(root, "src/main.ts"), "stdio"],
  env: environment(),
});

const clients: Record<string, () => Promise<Connected>> = {
  "the first SDK over WebSocket": () => first(new WebSocketClientTransport(url("ws"))),
  "the first SDK over HTTP": () => first(new StreamableHTTPClientTransport(url("http"))),
  "the first SDK over stdio": () => first(new StdioClientTransport(stdio())),
  "the second SDK over WebSocket, 2025-11-25": () =>
    second(new SocketTransport(url("ws").href), "legacy"),
  "the second SDK over WebSocket, 2026-07-28": () =>
    second(new SocketTransport(url("ws").href), "auto"),
  "the second SDK over HTTP, 2025-11-25": () => second(new ModernHttp(url("http")), "legacy"),
  "the second SDK over HTTP, 2026-07-28": () => second(new ModernHttp(url("http")), "auto"),
  "the second SDK over stdio, 2025-11-25": () => second(new ModernStdio(stdio()), "legacy"),
  "the second SDK over stdio, 2026-07-28": () => second(new ModernStdio(stdio()), "auto"),
};

const Result = Schema.Struct({
  isError: Schema.optionalKey(Schema.Boolean),
  structuredContent: Schema.Record(Schema.String, Schema.Unknown),
  content: Schema.Tuple([Schema.Struct({ type: Schema.Literal("text"), text: Schema.String })]),
});
const decodeResult = Schema.decodeUnknownSync(Result);

const ids = { conversation: "conversation_id", message: "message_id" } as const;

describe.each(Object.keys(clients))("%s", (title) => {
  let client: Connected;

  beforeAll(async () => {
    const connect = clients[title];
    if (connect === undefined) throw new Error(`no client ${title}`);
    client = await connect();
    await client.list();
  }, 30_000);

  afterAll(() => client.close());

  const succeed = async (name: ToolName, input: Record<string, unknown>) => {
    const { isError, structuredContent, content } = decodeResult(await client.call(name, input));
    expect(isError ?? false).toBe(false);
    expect(JSON.parse(content[0].text)).toEqual(structuredContent);
    return structuredContent;
  };

  const refuse = async (name: ToolName, input: Record<string, unknown>) => {
    const { isError, structuredContent, content } = decodeResult(await client.call(name, input));
    expect(isError).toBe(true);
    expect(content[0].text).toStartWith(String(structuredContent["code"]));
    return structuredContent;
  };

  test("lists every tool", async () => {
    const names = (await client.list()).map(({ name }) => name);
    expect(names).toEqual([...DeweyTools.requests.keys()]);
  });

  test("keeps a conversation and finds it again", async () => {
    const session_id = title;
    const metadata = { nested: { list: [1, "ä", null] }, 日本: "é" };
    const begun = await succeed("dewey_begin_conversation", { session_id, metadata });
    const conversation_id = begun[ids.conversation];
    const stored = await succeed("dewey_store_message", {
      conversation_id,
      role: "user",
      content: "The heron waits at pool_max.",
    });
    expect(stored).toMatchObject({ turn_number: 1 });
    const bulk = await succeed("dewey_store_messages_bulk", {
      conversation_id,
      messages: [{ role: "assistant", content: "Noted." }],
    });
    expect(bulk).toMatchObject({ conversation_id, stored: 1 });
    const read = await succeed("dewey_get_conversation", { conversation_id });
    expect(read).toMatchObject({ session_id, metadata, message_count: 2, next_after_turn: null });
    const listed = await succeed("dewey_list_conversations", { session_id });
    expect(listed).toMatchObject({ total: 1, conversations: [{ id: conversation_id }] });
    const found = await succeed("dewey_search", {
      query: "where does the heron wait?",
      session_id,
    });
    expect(found).toMatchObject({ results: [{ message_id: stored[ids.message], turn: 1 }] });
    const trashed = await succeed("dewey_delete_conversation", { conversation_id });
    expect(trashed).toMatchObject({ deleted: true, messages_deleted: 2 });
    const restored = await succeed("dewey_restore_conversation", { conversation_id });
    expect(restored).toMatchObject({ conversation_id, restored: true, message_count: 2 });
    await succeed("dewey_delete_conversation", { conversation_id, force: true });
    expect(await refuse("dewey_get_conversation", { conversation_id })).toMatchObject({
      code: "NOT_FOUND",
      retryable: false,
    });
  });

  test("keeps contexts", async () => {
    const name = `startup of ${title}`;
    const set = await succeed("dewey_set_startup_context", { name, content: "Be brief." });
    expect(set).toMatchObject({ name, is_active: true });
    expect(await succeed("dewey_get_startup_context", {})).toMatchObject({ content: "Be brief." });
    await succeed("dewey_list_startup_contexts", { include_content: true });
    expect(await refuse("dewey_delete_startup_context", { name })).toMatchObject({
      code: "CONFIRMATION_REQUIRED",
    });
    await succeed("dewey_delete_startup_context", { name, force: true });

    const key = title.replaceAll(/[^A-Za-z0-9]/g, "_");
    expect(await succeed("write_context", { key, content: "one" })).toMatchObject({ version: 1 });
    expect(await refuse("write_context", { key, content: "two", if_version: 7 })).toMatchObject({
      code: "CONFLICT",
      details: { current_version: 1 },
    });
    expect(await succeed("read_context", { key })).toMatchObject({ content: "one" });
    expect(await succeed("list_context", { search: key })).toMatchObject({ total: 1 });
    expect(await succeed("delete_context", { key })).toMatchObject({ deleted: true });
    expect(await succeed("context_history", { key })).toMatchObject({
      entries: [{ action: "delete" }, { action: "create", changed_by: "anonymous" }],
    });
  });

  test("reads recorded calls", async () => {
    expect(await succeed("dewey_list_tool_calls", {})).toMatchObject({ calls: [], total: 0 });
    const id = "0197a7a4-5d1e-7c3a-9f60-3c1d5e8b2a47";
    expect(await refuse("dewey_get_tool_call", { id })).toMatchObject({ code: "NOT_FOUND" });
  });

  test("is told what was wrong with its input", async () => {
    const wrong = await refuse("write_context", { key: "a", content: "b", colour: "red" });
    expect(wrong).toMatchObject({ code: "INVALID_INPUT", details: { path: "colour" } });
  });
});

describe("the inspector's command line", () => {
  let home: string;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), "dewey-inspector-"));
  });
  afterAll(() => rm(home, { recursive: true, force: true }));

  const inspect = async (target: ReadonlyArray<string>, ...parameters: ReadonlyArray<string>) => {
    const child = Bun.spawn(
      [
        process.execPath,
        join(root, "node_modules/.bin/mcp-inspector"),
        "--cli",
        ...target,
        "--format",
        "json",
        "-q",
        ...parameters,
      ],
      { env: { ...process.env, HOME: home }, stdout: "pipe", stderr: "inherit" },
    );
    const printed = await new Response(child.stdout).text();
    expect(await child.exited).toBe(0);
    const output: unknown = JSON.parse(printed);
    return output;
  };

  const write = (key: string) => [
    ...["--method", "tools/call", "--tool-name", "write_context"],
    ...["--tool-arg", `key=${key}`, "--tool-arg", "content=hello"],
  ];

  const listed: unknown = expect.arrayContaining([
    expect.objectContaining({ name: "write_context" }),
  ]);

  test.each(["legacy", "modern"])(
    "over HTTP, the %s era",
    async (era) => {
      const target = [url("http").href, "--transport", "http", "--protocol-era", era];
      const list = await inspect(target, "--method", "tools/list");
      expect(list).toMatchObject({ result: { tools: listed } });
      const result = await inspect(target, ...write(`inspector_${era}`));
      expect(result).toMatchObject({
        result: { structuredContent: { version: 1, action: "create" } },
      });
    },
    60_000,
  );

  test("over stdio", async () => {
    const variables = Object.entries(environment()).filter(([name]) => name.startsWith("DEWEY_"));
    const target = [
      ...variables.flatMap(([name, value]) => ["-e", `${name}=${value}`]),
      ...[process.execPath, join(root, "src/main.ts"), "stdio"],
    ];
    const list = await inspect(target, "--method", "tools/list");
    expect(list).toMatchObject({ result: { tools: listed } });
    const result = await inspect(target, ...write("inspector_stdio"));
    expect(result).toMatchObject({
      result: { structuredContent: { version: 1, action: "create" } },
    });
  }, 60_000);
});
