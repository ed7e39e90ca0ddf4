// What a client hears of its calls while they run: progress where it asked for it, and messages by the level it set.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Effect, Exit, Layer, Scope } from "effect";
import { listen } from "../../src/http/Listener.ts";
import { makeMcpDoor } from "../../src/mcp/McpDoor.ts";
import { parseJson } from "../../src/mcp/messages.ts";
import { openDatabase, type TestDatabase } from "../support/tools.ts";
import { initialization } from "./handshake.ts";
import { catalogOver } from "./liveDewey.ts";

const scope = Scope.makeUnsafe();
let database: TestDatabase;
let address: string;

beforeAll(async () => {
  database = await openDatabase();
  const listening = Effect.gen(function* () {
    const context = yield* Layer.build(catalogOver(database.address));
    return yield* Effect.gen(function* () {
      return yield* listen({
        hostname: "127.0.0.1",
        port: 0,
        doors: [yield* makeMcpDoor()],
        allowed: { hosts: [], origins: [] },
        shutdownTimeout: "1 second",
      });
    }).pipe(Effect.provideContext(context));
  });
  const { port } = await Effect.runPromise(Scope.provide(listening, scope));
  address = `127.0.0.1:${port}/mcp`;
}, 60_000);

afterAll(async () => {
  await Effect.runPromise(Scope.close(scope, Exit.void));
  await database.drop();
});

interface Message {
  readonly id?: unknown;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: { readonly structuredContent: Readonly<Record<string, unknown>> };
}

const isMessage = (value: unknown): value is Message => typeof value === "object" && value !== null;

const readMessage = (text: string): Message => {
  const value = parseJson(text);
  if (!isMessage(value)) throw new Error(`not a message: ${text}`);
  return value;
};

/** Everything that came for a request, its answer last. */
type Request = (method: string, params: object) => Promise<ReadonlyArray<Message>>;

const overWebSocket = async (): Promise<Request> => {
  const socket = new WebSocket(`ws://${address}`, "mcp");
  await new Promise((resolve) => socket.addEventListener("open", resolve));
  await Effect.runPromise(
    Scope.provide(
      Effect.addFinalizer(() => Effect.sync(() => socket.close())),
      scope,
    ),
  );
  let last = 0;
  return (method, params) => {
    const id = ++last;
    const came: Array<Message> = [];
    return new Promise((resolve) => {
      const take = ({ data }: MessageEvent) => {
        const message = readMessage(String(data));
        came.push(message);
        if (message.id !== id) return;
        socket.removeEventListener("message", take);
        resolve(came);
      };
      socket.addEventListener("message", take);
      socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    });
  };
};

const overHttp =
  (headersFor: (method: string, params: object) => Record<string, string>): Request =>
  async (method, params) => {
    const response = await fetch(`http://${address}`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        ...headersFor(method, params),
      },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
    });
    const text = await response.text();
    const events = Array.from(text.matchAll(/^data: (.+)$/gm), ([, data = ""]) => data);
    return (events.length === 0 ? [text] : events).map(readMessage);
  };

const legacy = {
  "a WebSocket": async () => {
    const request = await overWebSocket();
    await request("initialize", initialization());
    return request;
  },
  "a session over HTTP": async () => {
    const opened = await fetch(`http://${address}`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
      },
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: 0,
        method: "initialize",
        params: initialization(),
      }),
    });
    await opened.text();
    const id = opened.headers.get("mcp-session-id") ?? "";
    return overHttp(() => ({ "mcp-session-id": id, "mcp-protocol-version": "2025-11-25" }));
  },
};

const modern = {
  "a WebSocket, stateless": overWebSocket,
  "HTTP, stateless": async () =>
    overHttp((method, params) => ({
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": method,
      ...("name" in params && { "mcp-name": String(params.name) }),
    })),
};

const envelope = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": {},
};

/** Calls a tool with more in the request's `_meta`. */
type Call = (name: string, args: object, meta?: object) => Promise<ReadonlyArray<Message>>;

const callers: ReadonlyArray<readonly [string, () => Promise<Call>]> = [
  ...Object.entries(legacy).map(
    ([name, open]) =>
      [
        name,
        async (): Promise<Call> => {
          const request = await open();
          return (tool, args, meta = {}) =>
            request("tools/call", { name: tool, arguments: args, _meta: meta });
        },
      ] as const,
  ),
  ...Object.entries(modern).map(
    ([name, open]) =>
      [
        name,
        async (): Promise<Call> => {
          const request = await open();
          return (tool, args, meta = {}) =>
            request("tools/call", {
              name: tool,
              arguments: args,
              _meta: { ...envelope, ...meta },
            });
        },
      ] as const,
  ),
];

const answerOf = (came: ReadonlyArray<Message>) => came.at(-1)?.result?.structuredContent ?? {};
const noticesOf = (came: ReadonlyArray<Message>, method: string) =>
  came.filter((message) => message.method === method).map(({ params }) => params ?? {});

const messages = (count: number, content = "about whales") =>
  Array.from({ length: count }, () => ({ role: "user", content }));

describe.each(callers)("over %s", (_name, open) => {
  test("a bulk says how far it is, in messages prepared and stored", async () => {
    const call = await open();
    const came = await call(
      "dewey_store_messages_bulk",
      { messages: messages(100) },
      { progressToken: "bulk" },
    );
    const progress = noticesOf(came, "notifications/progress");
    expect(answerOf(came)).toMatchObject({ stored: 100 });
    expect(progress.length).toBeGreaterThanOrEqual(2);
    expect(progress.every((notice) => notice["progressToken"] === "bulk")).toBe(true);
    expect(progress.every((notice) => notice["total"] === 200)).toBe(true);
    const steps = progress.map((notice) => Number(notice["progress"]));
    expect(steps).toEqual([...new Set(steps)].sort((left, right) => left - right));
    expect(steps.at(-1)).toBe(200);
  });

  test("a search over everything and a read of a conversation do too", async () => {
    const call = await open();
    const stored = await call("dewey_store_messages_bulk", { messages: messages(3) });
    const { conversation_id } = answerOf(stored);
    const searched = await call("dewey_search", { query: "whales" }, { progressToken: 7 });
    expect(noticesOf(searched, "notifications/progress")).toMatchObject([
      { progressToken: 7, progress: 1, total: 2 },
      { progressToken: 7, progress: 2, total: 2 },
    ]);
    const read = await call("dewey_get_conversation", { conversation_id }, { progressToken: 8 });
    expect(noticesOf(read, "notifications/progress").at(-1)).toMatchObject({
      progressToken: 8,
      progress: 2,
      total: 2,
    });
  });

  test("who did not ask for progress hears of none", async () => {
    const call = await open();
    expect(await call("dewey_store_messages_bulk", { messages: messages(100) })).toHaveLength(1);
  });
});

const megabyte = "x".repeat(1_000_000);

/** A conversation that does not fit into one answer. */
const storeLarge = async (call: Call) => {
  const stored = await call("dewey_store_messages_bulk", { messages: messages(4, megabyte) });
  const { conversation_id } = answerOf(stored);
  const more = { conversation_id, messages: messages(7, megabyte) };
  await call("dewey_store_messages_bulk", more);
  return conversation_id;
};

const logged = (came: ReadonlyArray<Message>) => noticesOf(came, "notifications/message");

test.each(Object.entries(legacy))(
  "over %s a page that ends early is told by the level of the session",
  async (_name, open) => {
    const request = await open();
    const call: Call = (name, args) => request("tools/call", { name, arguments: args });
    const conversation_id = await storeLarge(call);
    const read = () => call("dewey_get_conversation", { conversation_id });
    expect(logged(await read())).toMatchObject([{ level: "notice", logger: "dewey" }]);
    expect((await request("logging/setLevel", { level: "warning" })).at(-1)).toMatchObject({
      result: {},
    });
    expect(logged(await read())).toEqual([]);
    await request("logging/setLevel", { level: "debug" });
    expect(logged(await read())).toHaveLength(1);
  },
);

test.each(Object.entries(modern))(
  "over %s only requests with a level are told of a page that ends early",
  async (_name, open) => {
    const request = await open();
    const call: Call = (name, args, meta = {}) =>
      request("tools/call", { name, arguments: args, _meta: { ...envelope, ...meta } });
    const conversation_id = await storeLarge(call);
    const read = (meta?: object) => call("dewey_get_conversation", { conversation_id }, meta);
    const level = "io.modelcontextprotocol/logLevel";
    expect(logged(await read())).toEqual([]);
    expect(logged(await read({ [level]: "error" }))).toEqual([]);
    const [notice] = logged(await read({ [level]: "info" }));
    expect(notice).toMatchObject({ level: "notice", logger: "dewey" });
    expect(JSON.stringify(notice)).toContain("ends early");
  },
);
