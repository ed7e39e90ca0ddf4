// Calls that pass by the SDK are answered as those that do not: what brings a call to the SDK is anything beside its
// name and arguments.
import { describe, expect } from "bun:test";
import { Effect, Logger } from "effect";
import { parseJson } from "../../src/mcp/messages.ts";
import { openSocket } from "../http/sockets.ts";
import { it } from "../support/it.ts";
import { serveMcp } from "./fixtures.ts";
import { initialize } from "./handshake.ts";

const openSession = Effect.fnUntraced(function* (url: string) {
  const client = yield* openSocket(url, { protocols: ["mcp"] });
  const next = Effect.map(client.next, parseJson);
  const ask = (request: object) =>
    Effect.andThen(client.send(JSON.stringify({ jsonrpc: "2.0", ...request })), next);
  yield* ask(initialize());
  return { ask };
});

describe("a call of nothing but a name and arguments", () => {
  it.effect("is answered as the SDK answers one with something beside them", () =>
    Effect.gen(function* () {
      const { ws } = yield* serveMcp();
      const { ask } = yield* openSession(ws);
      const calls = [
        { name: "echo", arguments: { a: 1, text: "ä\u0000" } },
        { name: "echo", arguments: {} },
        { name: "echo" },
        { name: "fail", arguments: {} },
        { name: "whoami", arguments: {} },
        { name: "nothing of that name", arguments: {} },
        { name: "echo", arguments: [] },
        { name: "echo", arguments: "text" },
        { name: "echo", arguments: null },
        { name: 1, arguments: {} },
        { arguments: {} },
      ];
      for (const [id, params] of calls.entries()) {
        const bare = yield* ask({ id, method: "tools/call", params });
        const withMeta = yield* ask({ id, method: "tools/call", params: { ...params, _meta: {} } });
        expect({ params, answer: bare }).toEqual({ params, answer: withMeta });
      }
      const noMembers = yield* ask({ id: "none", method: "tools/call" });
      expect(noMembers).toMatchObject({ id: "none", error: { code: -32602 } });
    }),
  );

  it.effect("that dies is an error, which says nothing of why", () =>
    Effect.gen(function* () {
      const { ws } = yield* serveMcp();
      const { ask } = yield* openSession(ws);
      const params = { name: "die", arguments: {} };
      const bare = yield* ask({ id: 1, method: "tools/call", params });
      expect(bare).toMatchObject({ id: 1, error: { code: -32603 } });
      expect(JSON.stringify(bare)).not.toContain("secret");
      expect(yield* ask({ id: 1, method: "tools/call", params: { ...params, _meta: {} } })).toEqual(
        bare,
      );
    }).pipe(Effect.provide(Logger.layer([]))),
  );

  it.effect("is the SDK's before the handshake", () =>
    Effect.gen(function* () {
      const { ws } = yield* serveMcp();
      const client = yield* openSocket(ws, { protocols: ["mcp"] });
      const answerTo = (params: object) =>
        Effect.gen(function* () {
          const request = { jsonrpc: "2.0", id: 1, method: "tools/call", params };
          yield* client.send(JSON.stringify(request));
          return parseJson(yield* client.next);
        });
      const bare = yield* answerTo({ name: "echo", arguments: {} });
      expect(bare).toEqual(yield* answerTo({ name: "echo", arguments: {}, _meta: {} }));
    }),
  );
});
