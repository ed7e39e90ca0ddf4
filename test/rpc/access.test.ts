// Tokens at the RPC door: the bound of requests a minute, on WebSockets and for the messages of one HTTP request.
import { describe, expect } from "bun:test";
import { Effect } from "effect";
import { openSocket } from "../http/sockets.ts";
import { accessWith } from "../support/access.ts";
import { it } from "../support/it.ts";
import { type Script, startRpc } from "./rpcServer.ts";

const ci = { authorization: "Bearer ci-token" };

const limited = (requestsPerMinute: number) =>
  accessWith("ci:ci-token:read+delete", { requestsPerMinute });

const answering: Script = () => Effect.succeed({ deleted: true, version: 1 });

const call = (id: number) => ({
  _tag: "Request",
  id,
  tag: "delete_context",
  payload: { key: "k" },
  headers: [],
});

const anyNumber: unknown = expect.any(Number);

const tooSoon = {
  _tag: "RateLimited",
  code: "RATE_LIMITED",
  retryable: true,
  details: { limit: 3, retry_after_ms: anyNumber },
};

describe("requests a minute", () => {
  it.effect("on a WebSocket count each call", () =>
    Effect.gen(function* () {
      const { ws } = yield* startRpc(answering, { access: limited(3) });
      // The upgrade is the first of the three.
      const { next, send } = yield* openSocket(ws, { headers: ci });
      const ask = (message: unknown) =>
        Effect.map(Effect.andThen(send(JSON.stringify(message)), next), (text): unknown =>
          JSON.parse(text),
        );
      for (let times = 0; times < 5; times++) {
        expect(yield* ask({ _tag: "Ping" })).toEqual({ _tag: "Pong" });
      }
      for (const id of [1, 2]) {
        expect(yield* ask(call(id))).toMatchObject({ requestId: id, exit: { _tag: "Success" } });
      }
      expect(yield* ask(call(3))).toMatchObject({
        requestId: 3,
        exit: { _tag: "Failure", cause: [{ _tag: "Fail", error: tooSoon }] },
      });
    }),
  );

  it.effect("over HTTP count each message", () =>
    Effect.gen(function* () {
      const { http } = yield* startRpc(answering, { access: limited(3) });
      const post = (body: unknown) =>
        Effect.promise(() =>
          fetch(http, {
            method: "POST",
            headers: { "content-type": "application/json", ...ci },
            body: JSON.stringify(body),
          }),
        );
      expect((yield* post([call(1), call(2)])).status).toBe(200);
      const refused = yield* post([call(1), call(2)]);
      expect(refused.status).toBe(429);
      const { _tag: _, ...body } = tooSoon;
      expect(yield* Effect.promise(() => refused.json())).toMatchObject(body);
      expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    }),
  );

  it.effect("over HTTP count an empty array too", () =>
    Effect.gen(function* () {
      const { http } = yield* startRpc(answering, { access: limited(2) });
      const statuses = yield* Effect.forEach([1, 2, 3], () =>
        Effect.promise(() =>
          fetch(http, {
            method: "POST",
            headers: { "content-type": "application/json", ...ci },
            body: "[]",
          }),
        ).pipe(Effect.map((response) => response.status)),
      );
      expect(statuses).toEqual([200, 200, 429]);
    }),
  );
});
