// Readers that stop reading and writers that flood, against the program: prints the memory of its process over time.
// Ends with 1 where what such a client holds of it is more than it may be: the growth that is still there after a few
// seconds, while the client is. The peak, which holds what the collector has not looked at yet, is printed too.
import { Schema } from "effect";
import { startProgram } from "../../test/support/program.ts";
import { openDatabase } from "../../test/support/tools.ts";
import { residentMiB, watch } from "./memory.ts";
import { openHttp, openWebSocket, type Unread } from "./rawClients.ts";

/** By how many MiB the process may grow. */
const allowance = 100;
const MiB = 1024 * 1024;
const megabyte = "x".repeat(1_000_000);
const version = "2025-11-25";

const database = await openDatabase();
const program = await startProgram(database);
const port = Number(new URL(program.rpc).port);
const mcp = `http://127.0.0.1:${port}/mcp`;

const text = (id: number | string, method: string, params: object) =>
  JSON.stringify({ jsonrpc: "2.0", id, method, params });

const callText = (id: number, name: string, args: object) =>
  text(id, "tools/call", { name, arguments: args });

const post = async (body: string, headers: Record<string, string> = {}) => {
  const response = await fetch(mcp, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...headers,
    },
    body,
  });
  const answer = await response.text();
  return { response, answer: /^data: (.+)$/m.exec(answer)?.[1] ?? answer };
};

const initialize = text("init", "initialize", {
  protocolVersion: version,
  capabilities: {},
  clientInfo: { name: "bench", version: "1.0.0" },
});

const openSession = async () => {
  const { response } = await post(initialize);
  return {
    "mcp-session-id": response.headers.get("mcp-session-id") ?? "",
    "mcp-protocol-version": version,
  };
};

const decodeAnswer = Schema.decodeUnknownSync(
  Schema.fromJsonString(
    Schema.Struct({
      result: Schema.Struct({
        structuredContent: Schema.Struct({ conversation_id: Schema.optionalKey(Schema.String) }),
      }),
    }),
  ),
);

/** A conversation whose reading answers with as much as an answer may hold. */
const largeConversation = async (): Promise<string | undefined> => {
  const headers = await openSession();
  const call = async (name: string, args: object): Promise<string | undefined> => {
    const { answer } = await post(callText(1, name, args), headers);
    return decodeAnswer(answer).result.structuredContent.conversation_id;
  };
  const conversation_id = await call("dewey_begin_conversation", {});
  for (let count = 0; count < 8; count++) {
    await call("dewey_store_message", { conversation_id, role: "tool", content: megabyte });
  }
  return conversation_id;
};

const conversation_id = await largeConversation();
const readText = (id: number) => callText(id, "dewey_get_conversation", { conversation_id });

/** What a read's answer takes on the wire: the conversation as text and as structured content. */
const answerBytes = (await post(readText(1), await openSession())).answer.length;

const modernHeaders = {
  accept: "application/json, text/event-stream",
  "mcp-protocol-version": "2026-07-28",
  "mcp-method": "tools/call",
  "mcp-name": "dewey_get_conversation",
};

const modernRead = text(1, "tools/call", {
  name: "dewey_get_conversation",
  arguments: { conversation_id },
  _meta: {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
  },
});

const rpcRead = (id: number) =>
  JSON.stringify({
    _tag: "Request",
    id: String(id),
    tag: "dewey_get_conversation",
    payload: { conversation_id },
  });

const seconds = (count: number) => Bun.sleep(count * 1000);

interface Scenario {
  readonly name: string;
  readonly run: (clients: DisposableStack) => Promise<string>;
}

const calls = 24;
const asked = `${calls} calls for ${((calls * answerBytes) / MiB).toFixed(0)} MiB of answers`;

const unreadCalls = async (open: () => Promise<Unread>, send: (id: number) => string) => {
  const client = await open();
  for (let id = 1; id <= calls; id++) await client.send(send(id));
  await seconds(12);
  return client;
};

/** HTTP answers one request of a connection at a time: each of them takes one of its own. */
const unreadRequests = async (
  clients: DisposableStack,
  headers: Readonly<Record<string, string>>,
  send: (id: number) => string,
) => {
  for (let id = 1; id <= calls; id++) {
    const client = clients.use(await openHttp(port, "/mcp", headers));
    await client.send(send(id));
  }
  await seconds(12);
  return `${asked} on ${calls} connections`;
};

const flood = async (clients: DisposableStack, send: (id: number) => string, total: number) => {
  const client = clients.use(await openWebSocket(port, "/mcp"));
  await client.send(initialize);
  let sent = 0;
  const end = performance.now() + 8000;
  for (let id = 1; sent < total && performance.now() < end; id++) {
    const message = send(id);
    await Promise.race([client.send(message), seconds(1)]);
    sent += message.length;
  }
  await seconds(4);
  return `${(sent / MiB).toFixed(0)} MiB were offered, of ${(total / MiB).toFixed(0)}`;
};

const scenarios: ReadonlyArray<Scenario> = [
  {
    name: "a WebSocket that stops reading",
    run: async (clients) => {
      clients.use(await unreadCalls(() => openWebSocket(port, "/mcp"), readText));
      return asked;
    },
  },
  {
    name: "RPC over a WebSocket that stops reading",
    run: async (clients) => {
      clients.use(await unreadCalls(() => openWebSocket(port, "/rpc"), rpcRead));
      return `${calls} calls`;
    },
  },
  {
    name: "requests of a session that stops reading",
    run: async (clients) => {
      const session = await openSession();
      const headers = { accept: "application/json, text/event-stream", ...session };
      return unreadRequests(clients, headers, readText);
    },
  },
  {
    name: "stateless requests whose answers nobody reads",
    run: (clients) => unreadRequests(clients, modernHeaders, () => modernRead),
  },
  {
    name: "a writer that floods with large messages, and reads nothing",
    run: (clients) =>
      flood(clients, (id) => callText(id, "read_context", { key: megabyte }), 400 * MiB),
  },
  {
    name: "a writer that floods with small calls, and reads nothing",
    run: (clients) => flood(clients, (id) => callText(id, "list_context", {}), 100 * MiB),
  },
];

let good = true;
// Where it was: after it has done each kind of work once.
for (let count = 0; count < 4; count++) await post(modernRead, modernHeaders);
await seconds(2);
const wanted = process.argv.slice(2);
for (const { name, run } of scenarios) {
  if (wanted.length > 0 && !wanted.some((word) => name.includes(word))) continue;
  const before = residentMiB(program.pid);
  const clients = new DisposableStack();
  const stop = watch(program.pid);
  const told = await run(clients);
  const during = stop();
  clients.dispose();
  const stopAfter = watch(program.pid);
  await seconds(3);
  const after = stopAfter();
  const peak = Math.max(...during);
  const grown = (during.at(-1) ?? 0) - before;
  const isGood = grown <= allowance;
  good &&= isGood;
  const line = (values: ReadonlyArray<number>) => values.map((value) => value.toFixed(0)).join(" ");
  console.log(`\n${name}: ${told}`);
  console.log(`  MiB before ${before.toFixed(0)}, during: ${line(during)}`);
  console.log(`  after: ${line(after)}`);
  console.log(
    `  peak ${peak.toFixed(0)}, grew by ${grown.toFixed(0)} of ${allowance} allowed${isGood ? "" : "  TOO MUCH"}`,
  );
}
await program.stop();
await database.drop();
process.exit(good ? 0 : 1);
