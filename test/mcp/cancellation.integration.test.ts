// Calls that are cancelled while the database works for them, over every transport and in both eras: their queries stop,
// and the connection lives on.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Context, Effect, Exit, Layer, Scope } from "effect";
import { listen } from "../../src/http/Listener.ts";
import { makeMcpDoor } from "../../src/mcp/McpDoor.ts";
import { parseJson } from "../../src/mcp/messages.ts";
import { serveClient } from "../../src/mcp/stdio.ts";
import { openDatabase, type TestDatabase } from "../support/tools.ts";
import { initialize } from "./handshake.ts";
import { catalogOver } from "./liveDewey.ts";

type Era = "2025-11-25" | "2026-07-28";
const eras: ReadonlyArray<Era> = ["2025-11-25", "2026-07-28"];

/** One client: what it sends, and the answers as they come. */
interface Client {
  readonly send: (message: object) => void;
  readonly answer: () => Promise<unknown>;
}

const scope = Scope.makeUnsafe();
let database: TestDatabase;
let context: Context.Context<Layer.Success<ReturnType<typeof catalogOver>>>;
let address: string;

const inScope = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>) =>
  Effect.runPromise(Scope.provide(effect, scope));

beforeAll(async () => {
  database = await openDatabase();
  context = await inScope(Layer.build(catalogOver(database.address)));
  const listening = Effect.gen(function* () {
    return yield* listen({
      hostname: "127.0.0.1",
      port: 0,
      doors: [yield* makeMcpDoor()],
      allowed: { hosts: [], origins: [] },
      shutdownTimeout: "1 second",
    });
  });
  const { port } = await inScope(Effect.provideContext(listening, context));
  address = `127.0.0.1:${port}/mcp`;
}, 60_000);

afterAll(async () => {
  await Effect.runPromise(Scope.close(scope, Exit.void));
  await database.drop();
});

/** Answers that come before anybody asks for them wait. */
const inbox = () => {
  const waiting: Array<unknown> = [];
  const takers: Array<(answer: unknown) => void> = [];
  return {
    put: (answer: unknown) => {
      const taker = takers.shift();
      if (taker === undefined) waiting.push(answer);
      else taker(answer);
    },
    take: () =>
      new Promise<unknown>((resolve) => {
        if (waiting.length > 0) resolve(waiting.shift());
        else takers.push(resolve);
      }),
  };
};

const metaOf = (era: Era) =>
  era === "2026-07-28"
    ? {
        _meta: {
          "io.modelcontextprotocol/protocolVersion": era,
          "io.modelcontextprotocol/clientCapabilities": {},
        },
      }
    : {};

const opening = initialize();

const callOf = (era: Era, id: number, name: string, args: object) => ({
  id,
  method: "tools/call",
  params: { name, arguments: args, ...metaOf(era) },
});

const cancelled = (era: Era, requestId: number) => ({
  method: "notifications/cancelled",
  params: { requestId, reason: "enough", ...metaOf(era) },
});

const webSocket = async (): Promise<Client> => {
  const { put, take } = inbox();
  const socket = new WebSocket(`ws://${address}`, "mcp");
  socket.addEventListener("message", ({ data }) => put(parseJson(String(data))));
  await new Promise((resolve) => socket.addEventListener("open", resolve));
  await inScope(Effect.addFinalizer(() => Effect.sync(() => socket.close())));
  return {
    send: (message) => socket.send(JSON.stringify({ jsonrpc: "2.0", ...message })),
    answer: take,
  };
};

const stdio = async (): Promise<Client> => {
  const { put, take } = inbox();
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const input = writable.getWriter();
  const serving = serveClient({
    input: readable,
    write: async (line) => put(parseJson(line)),
    shutdownTimeout: "1 second",
  });
  await inScope(Effect.forkScoped(Effect.provideContext(serving, context)));
  return {
    send: (message) => {
      const line = `${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`;
      input.write(new TextEncoder().encode(line)).catch(() => {});
    },
    answer: take,
  };
};

const post = (message: object, headers: Record<string, string>, signal?: AbortSignal) =>
  fetch(`http://${address}`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: "2.0", ...message }),
    ...(signal && { signal }),
  });

const readAnswer = async (response: Response): Promise<unknown> => {
  const text = await response.text();
  return parseJson(/^data: (.+)$/m.exec(text)?.[1] ?? text);
};

const httpSession = async (): Promise<Client> => {
  const { put, take } = inbox();
  const opened = await post(opening, {});
  put(await readAnswer(opened));
  const headers = { "mcp-session-id": opened.headers.get("mcp-session-id") ?? "" };
  return {
    send: (message) => {
      if (message === opening) return;
      post(message, headers)
        .then(async (response) => {
          if (response.status === 202) return;
          const answer = await readAnswer(response);
          if (answer !== undefined) put(answer);
        })
        .catch(put);
    },
    answer: take,
  };
};

/** Holds the row that a write waits for; `work` runs when the write does, and the query must be gone after it. */
const whileWriting = async (client: Client, era: Era, key: string, work: () => void) => {
  if (era === "2025-11-25") {
    client.send(opening);
    expect(await client.answer()).toMatchObject({ result: { protocolVersion: era } });
  }
  client.send(callOf(era, 1, "write_context", { key, content: "before" }));
  expect(await client.answer()).toMatchObject({ id: 1, result: {} });
  const row = `SELECT 1 FROM shared_context WHERE key = '${key}' FOR UPDATE`;
  await database.whileHeld([row], async () => {
    client.send(callOf(era, 2, "write_context", { key, content: "after" }));
    await database.untilWaiting(1);
    work();
    const waiting = `SELECT 1 FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    while ((await database.rows(waiting)).length > 0) await Bun.sleep(5);
  });
  client.send(callOf(era, 3, "read_context", { key }));
  expect(await client.answer()).toMatchObject({
    id: 3,
    result: { structuredContent: { content: "before", version: 1 } },
  });
};

for (const [name, open] of [
  ["a WebSocket", webSocket],
  ["stdio", stdio],
] as const) {
  for (const era of eras) {
    test(`${name}, ${era}: notifications/cancelled stops the query`, async () => {
      const client = await open();
      const key = `${name.replaceAll(" ", "-")}-${era}`;
      await whileWriting(client, era, key, () => client.send(cancelled(era, 2)));
    });
  }
}

test("a session over HTTP: notifications/cancelled stops the query", async () => {
  const client = await httpSession();
  await whileWriting(client, "2025-11-25", "http-session", () =>
    client.send(cancelled("2025-11-25", 2)),
  );
});

test("a stateless request: the end of its stream stops the query", async () => {
  const era = "2026-07-28";
  const { put, take } = inbox();
  const gone = new AbortController();
  const send = (message: object) => {
    const text = JSON.stringify(message);
    const headers = {
      "mcp-protocol-version": era,
      "mcp-method": "tools/call",
      "mcp-name": text.includes('"read_context"') ? "read_context" : "write_context",
    };
    const isHeld = text.includes('"after"');
    post(message, headers, isHeld ? gone.signal : undefined)
      .then(readAnswer)
      .then(put)
      .catch(() => {});
  };
  await whileWriting({ send, answer: take }, era, "stateless", () => gone.abort());
});

test("a session over HTTP: the end of a stream does not stop its call, whose answer can be had", async () => {
  const opened = await post(opening, {});
  await opened.text();
  const headers = {
    "mcp-session-id": opened.headers.get("mcp-session-id") ?? "",
    "mcp-protocol-version": "2025-11-25",
  };
  const key = "stream-lost";
  const write = (id: number, content: string, signal?: AbortSignal) =>
    post(callOf("2025-11-25", id, "write_context", { key, content }), headers, signal);
  await (await write(1, "before")).text();
  const gone = new AbortController();
  const row = `SELECT 1 FROM shared_context WHERE key = '${key}' FOR UPDATE`;
  let lastEventId = "";
  await database.whileHeld([row], async () => {
    const response = await write(2, "after", gone.signal);
    const reader = response.body?.getReader();
    while (lastEventId === "") {
      const chunk: { readonly value?: Uint8Array } | undefined = await reader?.read();
      lastEventId = /^id: (.+)$/m.exec(new TextDecoder().decode(chunk?.value))?.[1] ?? "";
    }
    await database.untilWaiting(1);
    gone.abort();
  });
  const resumed = await fetch(`http://${address}`, {
    headers: { accept: "text/event-stream", ...headers, "last-event-id": lastEventId },
  });
  expect(await readAnswer(resumed)).toMatchObject({
    id: 2,
    result: { structuredContent: { version: 2 } },
  });
});
