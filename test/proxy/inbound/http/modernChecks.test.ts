import { expect, test } from "bun:test";
import { readEnvelope } from "../../../../src/actors/envelope.ts";
import { eraOf } from "../../../../src/proxy/inbound/http/modernChecks.ts";
import { RequestHeaders } from "../../../../src/proxy/upstreams/http/requestHeaders.ts";

const call = (args: object) =>
  readEnvelope(
    JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: {
        name: "t",
        arguments: args,
        _meta: {
          "io.modelcontextprotocol/protocolVersion": "2026-07-28",
          "io.modelcontextprotocol/clientCapabilities": {},
        },
      },
    }),
  );

const headers = (more: Record<string, string>) =>
  new Headers({
    "mcp-protocol-version": "2026-07-28",
    "mcp-method": "tools/call",
    "mcp-name": "t",
    ...more,
  });

test("headers of parameters are held against the arguments, once the tools are known", () => {
  const known = new RequestHeaders();
  const isTaken = (args: object, more: Record<string, string>) =>
    eraOf(call(args), headers(more), known) === "modern";
  expect(isTaken({ n: 3 }, {})).toBe(true);
  known.learn(
    readEnvelope(
      JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        result: {
          tools: [
            {
              name: "t",
              inputSchema: {
                type: "object",
                properties: {
                  n: { type: "integer", "x-mcp-header": "N" },
                  s: { type: "string", "x-mcp-header": "S" },
                },
              },
            },
          ],
        },
      }),
    ),
  );
  expect(isTaken({ n: 3 }, {})).toBe(false);
  expect(isTaken({ n: 3 }, { "mcp-param-n": "4" })).toBe(false);
  expect(isTaken({ n: 3 }, { "mcp-param-n": "3.0" })).toBe(true);
  expect(isTaken({ s: "ü" }, { "mcp-param-s": "=?base64?w7w=?=" })).toBe(true);
  expect(isTaken({ s: "ü" }, { "mcp-param-s": "=?base64?w7w?=" })).toBe(false);
  // What the arguments do not have, nobody asks for.
  expect(isTaken({ s: null }, { "mcp-param-n": "9" })).toBe(true);
});
