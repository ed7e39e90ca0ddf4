// Tokens at the MCP door: the bound of requests a minute on every transport, and the scopes that a client must ask for.
import { describe, expect } from "bun:test";
import { Effect, Logger } from "effect";
import { parseJson } from "../../src/mcp/messages.ts";
import { openSocket } from "../http/sockets.ts";
import { accessWith } from "../support/access.ts";
import { claims, newKey, published, sign, startAuthority } from "../support/authority.ts";
import { it } from "../support/it.ts";
import { serveMcp } from "./fixtures.ts";
import { initialization } from "./handshake.ts";

const newest = "2026-07-28";
const ci = { authorization: "Bearer ci-token" };

/** One token, for so many requests a minute. */
const limited = (requestsPerMinute: number) =>
  accessWith("ci:ci-token:read", { requestsPerMinute });

const call = (id: number, name: string, more: object = {}) => ({
  jsonrpc: "2.0",
  id,
  method: "tools/call",
  params: { name, arguments: {}, ...more },
});

const stateless = {
  _meta: {
    "io.modelcontextprotocol/protocolVersion": newest,
    "io.modelcontextprotocol/clientCapabilities": {},
  },
};

const open = Effect.fnUntraced(function* (url: string) {
  const client = yield* openSocket(url, { protocols: ["mcp"], headers: ci });
  const ask = (message: unknown) =>
    Effect.andThen(client.send(JSON.stringify(message)), Effect.map(client.next, parseJson));
  return { ...client, ask };
});

const post = (url: string, body: unknown, headers: Record<string, string>) =>
  Effect.promise(() =>
    fetch(url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        ...headers,
      },
      body: JSON.stringify(body),
    }),
  );

const anyNumber: unknown = expect.any(Number);
const anyList: unknown = expect.any(Array);

const tooSoon = {
  code: "RATE_LIMITED",
  retryable: true,
  details: { limit: 4, retry_after_ms: anyNumber },
};

describe("requests a minute", () => {
  it.effect(
    "on a WebSocket count each request, and are refused in the form that was asked in",
    () =>
      Effect.gen(function* () {
        const { ws } = yield* serveMcp({ access: limited(4) });
        // The upgrade is the first of the four.
        const { ask, send } = yield* open(ws);
        expect(yield* ask(call(1, "echo", stateless))).toMatchObject({
          result: { resultType: "complete", structuredContent: { input: {} } },
        });
        // What asks for nothing is not counted.
        const params = { requestId: "none", ...stateless };
        for (let times = 0; times < 9; times++) {
          yield* send(
            JSON.stringify({ jsonrpc: "2.0", method: "notifications/cancelled", params }),
          );
        }
        expect(yield* ask({ jsonrpc: "2.0", id: 2, method: "echo", params: {} })).toMatchObject({
          result: { input: {} },
        });
        const listed = yield* ask({
          jsonrpc: "2.0",
          id: 3,
          method: "tools/list",
          params: stateless,
        });
        expect(listed).toMatchObject({ id: 3, result: { tools: anyList } });

        expect(yield* ask(call(4, "echo", stateless))).toMatchObject({
          id: 4,
          result: { resultType: "complete", isError: true, structuredContent: tooSoon },
        });
        expect(yield* ask({ jsonrpc: "2.0", id: 5, method: "echo", params: {} })).toMatchObject({
          id: 5,
          error: { code: -32000, data: tooSoon },
        });
        expect(
          yield* ask({ jsonrpc: "2.0", id: 6, method: "tools/list", params: stateless }),
        ).toMatchObject({ id: 6, error: { code: -32000, data: tooSoon } });
      }),
  );

  it.effect("of the older versions are refused without what those do not know", () =>
    Effect.gen(function* () {
      const { ws } = yield* serveMcp({ access: limited(4) });
      const { ask } = yield* open(ws);
      const params = initialization();
      yield* ask({ jsonrpc: "2.0", id: 0, method: "initialize", params });
      yield* ask(call(1, "echo"));
      yield* ask(call(2, "echo"));
      const refused = yield* ask(call(3, "echo"));
      expect(refused).toMatchObject({ result: { isError: true, structuredContent: tooSoon } });
      expect(refused).not.toHaveProperty(["result", "resultType"]);
    }),
  );

  it.effect("over HTTP count each message of a batch, and are refused with 429", () =>
    Effect.gen(function* () {
      const { http } = yield* serveMcp({ access: limited(4) });
      const params = initialization("2025-03-26");
      const first = yield* post(http, { jsonrpc: "2.0", id: 0, method: "initialize", params }, ci);
      yield* Effect.promise(() => first.text());
      const session = { ...ci, "mcp-session-id": first.headers.get("mcp-session-id") ?? "" };
      const tooMany = yield* post(
        http,
        [1, 2, 3, 4].map((id) => call(id, "echo")),
        session,
      );
      expect(tooMany.status).toBe(429);
      expect(Number(tooMany.headers.get("retry-after"))).toBeGreaterThan(0);
      expect(yield* Effect.promise(() => tooMany.json())).toMatchObject(tooSoon);
      // Its first message was counted as the request that it is; two are left.
      const enough = yield* post(http, [call(1, "echo"), call(2, "echo")], session);
      expect(enough.status).toBe(200);
      yield* Effect.promise(() => enough.text());
      expect((yield* post(http, call(1, "echo"), session)).status).toBe(429);
    }),
  );
});

describe("a scope that a tool needs", () => {
  const ask = (name: string) => ({
    body: call(1, name, stateless),
    headers: {
      "mcp-protocol-version": newest,
      "mcp-method": "tools/call",
      "mcp-name": name,
    },
  });

  it.effect("is asked for by 403 where the client has an authority to ask", () =>
    Effect.gen(function* () {
      const key = yield* newKey("ES256");
      const authority = yield* startAuthority(() => Response.json({ keys: [published(key)] }));
      const { http, ws } = yield* serveMcp({
        access: accessWith("ci:ci-token:read+write", {
          jwt: {
            jwksUrl: authority.url,
            issuer: claims.iss,
            audiences: [claims.aud],
            scopesClaim: "scope",
            spaceClaim: undefined,
          },
        }),
      });
      const jwt = { authorization: `Bearer ${yield* sign(key)}` };
      const { body, headers } = ask("dewey_delete_conversation");
      const refused = yield* post(http, body, { ...headers, ...jwt });
      expect(refused.status).toBe(403);
      expect(refused.headers.get("www-authenticate")).toBe(
        `Bearer error="insufficient_scope", resource_metadata="${new URL(http).origin}/.well-known/oauth-protected-resource/mcp", scope="read write delete"`,
      );
      expect(yield* Effect.promise(() => refused.json())).toMatchObject({ code: "FORBIDDEN" });
      // With the scope, or without anybody to ask, the call goes on: to a tool that is not there.
      const scoped = { authorization: `Bearer ${yield* sign(key, { scope: "delete" })}` };
      for (const allowed of [scoped, ci]) {
        const response = yield* post(http, body, { ...headers, ...allowed });
        expect(response.status).not.toBe(403);
        expect(yield* Effect.promise(() => response.text())).toContain("Unknown tool");
      }
      // A WebSocket has no status to say it with.
      const socket = yield* openSocket(ws, { protocols: ["mcp"], headers: jwt });
      yield* socket.send(JSON.stringify(body));
      expect(yield* socket.next).toContain("Unknown tool");
    }).pipe(Effect.provide(Logger.layer([]))),
  );
});
