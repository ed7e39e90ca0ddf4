// Many large answers at once through the RPC door: those of one connection wait for each other, those of one HTTP
// request must fit together.
import { expect } from "bun:test";
import { Effect } from "effect";
import { clientAnswerBytes } from "../../src/http/AnswerBudget.ts";
import { openSocket } from "../http/sockets.ts";
import { it } from "../support/it.ts";
import { startRpc } from "./rpcServer.ts";

const contentBytes = 1_000_000;
const calls = 60;
const id = "01900000-0000-7000-8000-000000000000";
const time = "2026-11-20T08:00:00.000Z";

const script = () =>
  Effect.sync(() => ({
    conversation_id: id,
    session_id: null,
    created_at: time,
    updated_at: time,
    metadata: {},
    message_count: 3,
    messages: [1, 2, 3].map((turn) => ({
      id,
      turn,
      role: "user",
      content: "x".repeat(contentBytes),
      metadata: {},
      created_at: time,
    })),
    next_after_turn: null,
  }));

const requests = Array.from({ length: calls }, (_, index) => ({
  _tag: "Request",
  id: String(index + 1),
  tag: "dewey_get_conversation",
  payload: { conversation_id: id },
}));

it.effect(
  "over a WebSocket each is answered",
  () =>
    Effect.gen(function* () {
      const { ws } = yield* startRpc(script);
      const client = yield* openSocket(ws);
      for (const request of requests) yield* client.send(JSON.stringify(request));
      const answered = new Set<string | undefined>();
      while (answered.size < calls) {
        const answer = yield* client.next;
        expect(answer.length).toBeGreaterThan(3 * contentBytes);
        answered.add(/"requestId":"(\d+)"/.exec(answer)?.[1]);
      }
    }),
  { timeout: 30_000 },
);

it.effect(
  "of one HTTP request those that do not fit are refused, each for itself",
  () =>
    Effect.gen(function* () {
      const { http } = yield* startRpc(script);
      const response = yield* Effect.promise(() =>
        fetch(http, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(requests),
        }),
      );
      const text = yield* Effect.promise(() => response.text());
      expect(text.length).toBeGreaterThan(clientAnswerBytes / 2);
      expect(text.length).toBeLessThan(clientAnswerBytes * 1.1);
      const answered = text.match(/"requestId":/g)?.length;
      const refused = text.match(/"TOO_LARGE"/g)?.length ?? 0;
      expect(answered).toBe(calls);
      expect(refused).toBeGreaterThan(0);
      expect(refused).toBeLessThan(calls);
    }),
  { timeout: 30_000 },
);
