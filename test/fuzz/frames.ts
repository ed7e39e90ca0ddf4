// Input of every kind that a client may send by mistake or on purpose, made by fast-check from a seed.
import fc from "fast-check";

const envelope = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": {},
};

const clientInfo = { name: "fuzz", version: "1" };

/** Messages of both eras, and of the first Dewey's form, as good clients send them. */
const validMessages: ReadonlyArray<object> = [
  {
    jsonrpc: "2.0",
    id: 1,
    method: "initialize",
    params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo },
  },
  {
    jsonrpc: "2.0",
    id: "a",
    method: "initialize",
    params: { protocolVersion: "2025-03-26", capabilities: {}, clientInfo },
  },
  { jsonrpc: "2.0", method: "notifications/initialized" },
  { jsonrpc: "2.0", id: 2, method: "ping" },
  { jsonrpc: "2.0", id: 3, method: "tools/list", params: {} },
  { jsonrpc: "2.0", id: 4, method: "tools/list", params: { _meta: envelope } },
  { jsonrpc: "2.0", id: 5, method: "server/discover", params: { _meta: envelope } },
  {
    jsonrpc: "2.0",
    id: 6,
    method: "tools/call",
    params: { name: "write_context", arguments: { key: "fuzz", content: "text" } },
  },
  {
    jsonrpc: "2.0",
    id: 7,
    method: "tools/call",
    params: {
      name: "dewey_search",
      arguments: { query: '"a phrase" -not or x', limit: 3 },
      _meta: { ...envelope, progressToken: 7 },
    },
  },
  {
    jsonrpc: "2.0",
    id: 8,
    method: "tools/call",
    params: {
      name: "dewey_store_messages_bulk",
      arguments: { messages: [{ role: "user", content: "hello" }] },
      _meta: { ...envelope, "io.modelcontextprotocol/logLevel": "debug" },
    },
  },
  { jsonrpc: "2.0", id: 9, method: "resources/list", params: { _meta: envelope } },
  { jsonrpc: "2.0", id: 10, method: "resources/read", params: { uri: "dewey://context/fuzz" } },
  { jsonrpc: "2.0", id: 11, method: "prompts/get", params: { name: "startup", arguments: {} } },
  {
    jsonrpc: "2.0",
    id: 12,
    method: "completion/complete",
    params: {
      ref: { type: "ref/prompt", name: "recall" },
      argument: { name: "query", value: "a" },
    },
  },
  { jsonrpc: "2.0", id: 13, method: "logging/setLevel", params: { level: "info" } },
  { jsonrpc: "2.0", id: 14, method: "resources/subscribe", params: { uri: "dewey://context/f" } },
  {
    jsonrpc: "2.0",
    id: 15,
    method: "subscriptions/listen",
    params: { notifications: { toolsListChanged: true }, _meta: envelope },
  },
  { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 7 } },
  { jsonrpc: "2.0", id: 16, method: "list_context", params: {} },
  { jsonrpc: "2.0", id: 17, result: {} },
  { jsonrpc: "2.0", id: 18, error: { code: -1, message: "no" } },
];

const valid = fc.constantFrom(...validMessages);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Where something stands in a message. */
const pathsOf = (value: unknown, path: ReadonlyArray<string> = []): Array<ReadonlyArray<string>> =>
  isObject(value)
    ? [path, ...Object.entries(value).flatMap(([key, item]) => pathsOf(item, [...path, key]))]
    : [path];

const replaced = (value: unknown, path: ReadonlyArray<string>, by: unknown): unknown => {
  const [key, ...rest] = path;
  if (key === undefined) return by;
  return isObject(value) ? { ...value, [key]: replaced(value[key], rest, by) } : by;
};

/** Values that are wrong nearly everywhere. */
const strange = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom<unknown>(
    null,
    -1,
    0.5,
    1e308,
    Number.MAX_SAFE_INTEGER + 1,
    "",
    "__proto__",
    "\u0000",
    "\ud800",
    [],
    [[]],
    {},
    true,
  ),
  fc.string({ unit: "binary", maxLength: 50 }),
);

/** A good message with one thing in it that is another. */
const altered = fc.tuple(valid, fc.nat(), strange).map(([message, index, by]) => {
  const paths = pathsOf(message);
  return JSON.stringify(replaced(message, paths[index % paths.length] ?? [], by)) ?? "";
});

/** A good message with some of its characters lost, doubled or others. */
const garbled = fc
  .tuple(valid, fc.array(fc.tuple(fc.nat(), fc.string({ maxLength: 3 })), { maxLength: 4 }))
  .map(([message, edits]) =>
    edits.reduce((text, [at, insert]) => {
      const place = at % (text.length + 1);
      return text.slice(0, place) + insert + text.slice(place + (at % 3));
    }, JSON.stringify(message)),
  );

/** Things that no generator would find. */
const hostile: ReadonlyArray<string> = [
  "",
  " ",
  "null",
  "[]",
  "[[]]",
  "{}",
  "\u0000",
  "[".repeat(100_000),
  `${"[".repeat(100_000)}${"]".repeat(100_000)}`,
  `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`,
  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_context","arguments":${'{"a":'.repeat(5000)}1${"}".repeat(5000)}}}`,
  `{"jsonrpc":"2.0","id":${"9".repeat(400)},"method":"ping"}`,
  `{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}`,
  `{"jsonrpc":"2.0","id":1e400,"method":"ping"}`,
  `{"jsonrpc":"2.0","id":1.5,"method":"ping"}`,
  `{"jsonrpc":"2.0","id":null,"method":"ping"}`,
  `{"jsonrpc":"2.0","id":"${"i".repeat(100_000)}","method":"ping"}`,
  `{"jsonrpc":"2.0","id":1,"method":"${"m".repeat(100_000)}"}`,
  `{"jsonrpc":"2.0","id":1,"id":2,"method":"ping","method":"tools/list"}`,
  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"write_context","arguments":{"key":"a","content":${"9".repeat(100_000)}}}}`,
  `{"jsonrpc":"2.0","id":1,"method":"write_context","params":{"key":"big","content":"${"x".repeat(1_000_000)}"}}`,
  `{"jsonrpc":"2.0","id":1,"method":"dewey_search","params":{"query":"${'\\"'.repeat(500)}"}}`,
  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"__proto__":{"name":"list_context"},"constructor":1}}`,
  `[${Array.from({ length: 100 }, (_, id) => `{"jsonrpc":"2.0","id":${id},"method":"list_context"}`).join(",")}]`,
  `[${Array.from({ length: 5000 }, () => "1").join(",")}]`,
  JSON.stringify([{ jsonrpc: "2.0", id: 1, method: "ping" }, "not a message", []]),
];

/** Texts that a client may send as one message. */
export const texts: fc.Arbitrary<string> = fc.oneof(
  { arbitrary: altered, weight: 10 },
  { arbitrary: garbled, weight: 6 },
  { arbitrary: valid.map((message) => JSON.stringify(message)), weight: 3 },
  { arbitrary: fc.json(), weight: 3 },
  { arbitrary: fc.string({ unit: "binary", maxLength: 200 }), weight: 2 },
  { arbitrary: fc.constantFrom(...hostile), weight: 2 },
  {
    arbitrary: fc
      .array(fc.oneof(valid, fc.jsonValue()), { maxLength: 8 })
      .map((batch) => JSON.stringify(batch)),
    weight: 1,
  },
);

/** Frames of a WebSocket: mostly text, some of them bytes. */
export const frames: fc.Arbitrary<string | Uint8Array> = fc.oneof(
  { arbitrary: texts, weight: 12 },
  { arbitrary: fc.uint8Array({ maxLength: 300 }), weight: 1 },
);

/** Headers of requests, some of which contradict the body or each other. */
export const headers: fc.Arbitrary<Record<string, string>> = fc.record(
  {
    "content-type": fc.constantFrom("application/json", "text/plain", "application/json; a=b", ""),
    accept: fc.constantFrom("application/json, text/event-stream", "text/html", "*/*"),
    "mcp-protocol-version": fc.constantFrom("2026-07-28", "2025-11-25", "1999-01-01", "x"),
    "mcp-method": fc.constantFrom("tools/call", "tools/list", "=?base64?!!?="),
    "mcp-name": fc.constantFrom("list_context", "=?base64?bGlzdA==?=", "x"),
    "mcp-session-id": fc.constantFrom("x", "", "00000000-0000-0000-0000-000000000000"),
    "last-event-id": fc.constantFrom("1", "x", "-1"),
  },
  { requiredKeys: ["content-type", "accept"] },
);
