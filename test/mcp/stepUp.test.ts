import { expect, test } from "bun:test";
import type { Scope } from "../../src/domain/Principal.ts";
import { lackingScope } from "../../src/mcp/stepUp.ts";

const request = (method: string, params: Record<string, unknown> = {}) => ({
  jsonrpc: "2.0",
  id: 1,
  method,
  params,
});

const none: ReadonlySet<Scope> = new Set();
const read: ReadonlySet<Scope> = new Set(["read"]);

test.each([
  "resources/list",
  "resources/read",
  "resources/subscribe",
  "subscriptions/listen",
  "prompts/get",
  "completion/complete",
])("%s needs the scope read", (method) => {
  expect(lackingScope(request(method), none)).toBe("read");
  expect(lackingScope(request(method), read)).toBeUndefined();
});

test("a call needs the scope of its tool", () => {
  expect(lackingScope(request("tools/call", { name: "write_context" }), read)).toBe("write");
  expect(lackingScope(request("tools/call", { name: "read_context" }), read)).toBeUndefined();
  expect(lackingScope(request("tools/call", { name: "nobody" }), none)).toBeUndefined();
});

test.each(["initialize", "ping", "tools/list", "prompts/list", "resources/templates/list"])(
  "%s needs none",
  (method) => {
    expect(lackingScope(request(method), none)).toBeUndefined();
  },
);
