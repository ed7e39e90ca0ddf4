// The door as a client in any language sees it: bare WebSockets and bare HTTP requests.
import { describe, expect } from "bun:test";
import { Deferred, Effect, Exit, Fiber, Layer, Logger, Queue, Schema, Scope } from "effect";
import { FetchHttpClient } from "effect/unstable/http";
import { RpcClient, RpcSerialization } from "effect/unstable/rpc";
import { Socket } from "effect/unstable/socket";
import { CurrentPrincipal } from "../../src/domain/Principal.ts";
import { DeweyTools } from "../../src/rpc/DeweyTools.ts";
import { it } from "../support/it.ts";
import { type Script, secret, startRpc } from "./rpcServer.ts";

const deleted = { deleted: true, version: 1 };

/** Answers every call with the same result. */
const answering: Script = () => Effect.succeed(deleted);

const call = (id: number | string, payload: unknown = { key: "k" }) => ({
  _tag: "Request",
  id,
  tag: "delete_context",
  payload,
  headers: [],
});

const succeeded = (requestId: number | string) => ({
  _tag: "Exit",
  requestId,
  exit: { _tag: "Success", value: deleted },
});

const anyText: unknown = expect.any(String);
const like = (fields: Readonly<Record<string, unknown>>): unknown =>
  expect.objectContaining(fields);

const failedWith = (requestId: number | string, error: Readonly<Record<string, unknown>>) => ({
  _tag: "Exit",
  requestId,
  exit: {
    _tag: "Failure",
    cause: [{ _tag: "Fail", error: like(error) }],
  },
});

const interrupted = (requestId: number | string) => ({
  _tag: "Exit",
  requestId,
  exit: { _tag: "Failure", cause: [like({ _tag: "Interrupt" })] },
});

const defect = { _tag: "Defect", defect: anyText };

/** A bare WebSocket: what it receives, parsed, in order. */
const openSocket = Effect.fnUntraced(function* (url: string, token?: string) {
  const received = yield* Queue.unbounded<unknown>();
  const closed = yield* Deferred.make<number>();
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const socket = yield* Effect.acquireRelease(
    Effect.sync(() => new WebSocket(url, { headers })),
    (open) => Effect.sync(() => open.close()),
  );
  socket.addEventListener("message", ({ data }) => {
    Queue.offerUnsafe(received, JSON.parse(String(data)));
  });
  socket.addEventListener("close", ({ code }) => {
    Deferred.doneUnsafe(closed, Exit.succeed(code));
  });
  yield* Effect.callback<void>((resume) => {
    socket.addEventListener("open", () => resume(Effect.void), { once: true });
  });
  const send = (message: unknown) => Effect.sync(() => socket.send(JSON.stringify(message)));
  return { socket, send, next: Queue.take(received), closed: Deferred.await(closed) };
});

const fetchText = async (url: string, init?: RequestInit) => {
  const response = await fetch(url, init);
  const { status, headers } = response;
  return { status, headers, type: headers.get("content-type"), text: await response.text() };
};

const post = (url: string, body: string | Uint8Array, type = "application/json") =>
  Effect.promise((signal) =>
    fetchText(url, { method: "POST", headers: { "content-type": type }, body, signal }),
  );

const readCode = Schema.decodeSync(Schema.fromJsonString(Schema.Struct({ code: Schema.String })));

/** A tool that tells when it began and when it was interrupted, and otherwise waits for `go`. */
const makeWaiting = Effect.gen(function* () {
  const began = yield* Queue.unbounded<void>();
  const stopped = yield* Queue.unbounded<void>();
  const go = yield* Deferred.make<void>();
  const script: Script = () =>
    Queue.offer(began, undefined).pipe(
      Effect.andThen(Deferred.await(go)),
      Effect.as(deleted),
      Effect.onInterrupt(() => Queue.offer(stopped, undefined)),
    );
  return {
    script,
    began: Queue.take(began),
    stopped: Queue.take(stopped),
    go: Deferred.succeed(go, undefined),
  };
});

describe("on a WebSocket", () => {
  it.effect("a call is answered under the id that the client gave it", () =>
    Effect.gen(function* () {
      const { ws } = yield* startRpc(answering);
      const { send, next } = yield* openSocket(ws);
      yield* send(call(0));
      expect(yield* next).toEqual(succeeded(0));
      yield* send(call("a"));
      expect(yield* next).toEqual(succeeded("a"));
      yield* send(call("a"));
      expect(yield* next).toEqual(succeeded("a"));
      yield* send({ _tag: "Ping" });
      expect(yield* next).toEqual({ _tag: "Pong" });
    }),
  );

  it.effect("what is not a message of the protocol is refused, and the connection lives on", () =>
    Effect.gen(function* () {
      const { ws } = yield* startRpc(answering);
      const { socket, send, next } = yield* openSocket(ws);
      const broken = ["", "{", "[".repeat(100_000), "null", "5", '"Ping"', "[]", "{}"];
      for (const frame of broken) {
        socket.send(frame);
        expect(yield* next).toEqual(defect);
      }
      socket.send(new TextEncoder().encode(JSON.stringify(call(1))));
      expect(yield* next).toEqual(defect);
      for (const id of [null, {}, [], true, "x".repeat(256)]) {
        yield* send({ ...call(1), id });
        expect(yield* next).toEqual(defect);
      }
      socket.send('{"_tag":"Request","id":1e999,"tag":"delete_context"}');
      expect(yield* next).toEqual(defect);
      yield* send({ _tag: "Nonsense" });
      expect(yield* next).toEqual(defect);
      yield* send({ _tag: "Interrupt", requestId: "nobody" });
      yield* send({ _tag: "Eof" });
      yield* send({ _tag: "Ack", requestId: 1 });
      yield* send(call(1));
      expect(yield* next).toEqual(succeeded(1));
    }),
  );

  it.effect("a call that cannot be read is answered with INVALID_INPUT under its id", () =>
    Effect.gen(function* () {
      const { ws } = yield* startRpc(answering);
      const { send, next } = yield* openSocket(ws);
      const invalid = { _tag: "InvalidInput", code: "INVALID_INPUT", retryable: false };
      yield* send({ _tag: "Request", id: 1, tag: 5 });
      expect(yield* next).toEqual(failedWith(1, invalid));
      yield* send({ ...call(2), traceId: 5 });
      expect(yield* next).toEqual(failedWith(2, invalid));
      yield* send({ ...call(3), tag: "no_such_tool" });
      expect(yield* next).toEqual(failedWith(3, invalid));
      yield* send({ ...call(4), tag: "__proto__" });
      expect(yield* next).toEqual(failedWith(4, invalid));
      const payloads = [undefined, null, [], "key", {}, { key: 5 }, { key: "k", other: 1 }];
      for (const payload of payloads) {
        yield* send({ ...call(5), payload });
        expect(yield* next).toEqual(failedWith(5, invalid));
      }
      yield* send(call(6));
      expect(yield* next).toEqual(succeeded(6));
    }),
  );

  it.effect("calls are answered as they finish, not as they came", () =>
    Effect.gen(function* () {
      const slow = yield* Deferred.make<void>();
      const { ws } = yield* startRpc((_, payload) =>
        JSON.stringify(payload).includes("slow")
          ? Effect.as(Deferred.await(slow), deleted)
          : Effect.succeed(deleted),
      );
      const { send, next } = yield* openSocket(ws);
      yield* send(call(1, { key: "slow" }));
      yield* send(call(2, { key: "fast" }));
      expect(yield* next).toEqual(succeeded(2));
      yield* Deferred.succeed(slow, undefined);
      expect(yield* next).toEqual(succeeded(1));
    }),
  );

  it.effect("an id in flight cannot be used again, and its call is still answered", () =>
    Effect.gen(function* () {
      const waiting = yield* makeWaiting;
      const { ws } = yield* startRpc(waiting.script);
      const { send, next } = yield* openSocket(ws);
      yield* send(call(1));
      yield* waiting.began;
      yield* send(call(1));
      expect(yield* next).toEqual(defect);
      yield* send({ _tag: "Request", id: 1 });
      expect(yield* next).toEqual(defect);
      yield* waiting.go;
      expect(yield* next).toEqual(succeeded(1));
    }),
  );

  it.effect("a call too many is RATE_LIMITED, and there is room again after an answer", () =>
    Effect.gen(function* () {
      const waiting = yield* makeWaiting;
      const { ws } = yield* startRpc(waiting.script, { maxInFlight: 2 });
      const { send, next } = yield* openSocket(ws);
      const other = yield* openSocket(ws);
      yield* send(call(1));
      yield* send(call(2));
      yield* send(call(3));
      const limited = { code: "RATE_LIMITED", retryable: true, details: { limit: 2 } };
      expect(yield* next).toEqual(failedWith(3, limited));
      yield* other.send(call(1));
      yield* waiting.go;
      expect(yield* other.next).toEqual(succeeded(1));
      expect([yield* next, yield* next]).toEqual([succeeded(1), succeeded(2)]);
      yield* send(call(4));
      expect(yield* next).toEqual(succeeded(4));
    }),
  );

  it.effect("an interrupt stops the tool", () =>
    Effect.gen(function* () {
      const waiting = yield* makeWaiting;
      const { ws } = yield* startRpc(waiting.script);
      const { send, next } = yield* openSocket(ws);
      yield* send(call("mine"));
      yield* waiting.began;
      yield* send({ _tag: "Interrupt", requestId: "mine" });
      yield* waiting.stopped;
      expect(yield* next).toEqual(interrupted("mine"));
    }),
  );

  it.effect("a tool that somebody else interrupted is UNAVAILABLE, and may be called again", () =>
    Effect.gen(function* () {
      const { ws } = yield* startRpc(() => Effect.interrupt);
      const { send, next } = yield* openSocket(ws);
      yield* send(call(1));
      expect(yield* next).toEqual(failedWith(1, { code: "UNAVAILABLE", retryable: true }));
    }),
  );

  it.effect("a client that goes away stops what it called, and nothing else", () =>
    Effect.gen(function* () {
      const waiting = yield* makeWaiting;
      const { ws, drain } = yield* startRpc(waiting.script);
      const leaving = yield* openSocket(ws);
      const staying = yield* openSocket(ws);
      yield* leaving.send(call(1));
      yield* staying.send(call(1));
      yield* waiting.began;
      yield* waiting.began;
      leaving.socket.terminate();
      yield* waiting.stopped;
      yield* waiting.go;
      expect(yield* staying.next).toEqual(succeeded(1));
      yield* drain.idle;
    }),
  );

  it.effect("a shutdown answers what is in flight, refuses what is new, and closes with 1001", () =>
    Effect.gen(function* () {
      const waiting = yield* makeWaiting;
      const scope = yield* Scope.make();
      const { ws, drain } = yield* Scope.provide(startRpc(waiting.script), scope);
      const { send, next, closed } = yield* openSocket(ws);
      yield* send(call(1));
      yield* waiting.began;
      const shutdown = yield* Effect.forkChild(Scope.close(scope, Exit.void));
      yield* drain.begun;
      yield* send(call(2));
      const unavailable = { _tag: "Unavailable", code: "UNAVAILABLE", retryable: true };
      expect(yield* next).toEqual(failedWith(2, unavailable));
      yield* waiting.go;
      expect(yield* next).toEqual(succeeded(1));
      expect(yield* closed).toBe(1001);
      yield* Fiber.join(shutdown);
    }),
  );

  const secretly: Record<string, Script> = {
    "a result that its schema does not allow": () =>
      Effect.succeed({ deleted: "a secret", version: 1 }),
    "a defect that the tool box let through": () => Effect.die(new Error("a secret")),
  };
  for (const [what, script] of Object.entries(secretly)) {
    it.effect(`${what} is INTERNAL, and its data are neither sent nor logged`, () => {
      const logged: Array<string> = [];
      const logger = Logger.map(Logger.formatJson, (line) => void logged.push(line));
      return Effect.gen(function* () {
        const { ws } = yield* startRpc(script);
        const { send, next } = yield* openSocket(ws);
        for (const id of [1, 2]) {
          yield* send(call(id));
          const answer = yield* next;
          const details = { error_id: anyText };
          expect(answer).toEqual(failedWith(id, { code: "INTERNAL", details }));
          expect(JSON.stringify(answer)).not.toContain("a secret");
          const errorId = /"error_id":"([^"]+)"/.exec(logged[id - 1] ?? "")?.[1];
          expect(JSON.stringify(answer)).toContain(`"error_id":"${errorId}"`);
        }
        expect(logged.join()).toContain("delete_context");
        expect(logged.join()).not.toContain("a secret");
      }).pipe(Effect.provide(Logger.layer([logger])));
    });
  }

  it.effect("the principal of the connection is the principal of its calls", () =>
    Effect.gen(function* () {
      const seen = yield* Queue.unbounded<string>();
      const { ws } = yield* startRpc(
        () =>
          Effect.gen(function* () {
            const { name, space } = yield* CurrentPrincipal;
            yield* Queue.offer(seen, `${name} in ${space}`);
            return deleted;
          }),
        { guarded: true },
      );
      const { send, next } = yield* openSocket(ws, secret);
      yield* send({ ...call(1), headers: [["authorization", "Bearer of another"]] });
      expect(yield* next).toEqual(succeeded(1));
      expect(yield* Queue.take(seen)).toBe("tester in tests");
    }),
  );
});

describe("over HTTP", () => {
  it.effect("one message, an array of messages, and a message a line are answered in kind", () =>
    Effect.gen(function* () {
      const { http } = yield* startRpc(answering);
      const one = yield* post(http, JSON.stringify(call(1)));
      expect(one).toMatchObject({ status: 200, type: "application/json" });
      expect(JSON.parse(one.text)).toEqual([succeeded(1)]);
      const many = yield* post(http, JSON.stringify([call(1), { _tag: "Ping" }, 5]));
      expect(JSON.parse(many.text)).toEqual([succeeded(1), { _tag: "Pong" }, defect]);
      const none = yield* post(http, "[]");
      expect(JSON.parse(none.text)).toEqual([]);
      const lines = yield* post(
        http,
        `${JSON.stringify(call(1))}\n${JSON.stringify(call(2))}`,
        "application/ndjson; charset=utf-8",
      );
      expect(lines).toMatchObject({ status: 200, type: "application/ndjson" });
      const answers = lines.text
        .trimEnd()
        .split("\n")
        .map((line): unknown => JSON.parse(line));
      expect(answers).toEqual([succeeded(1), succeeded(2)]);
    }),
  );

  it.effect("what is not a request of the protocol is refused by its status and an error", () =>
    Effect.gen(function* () {
      const { http } = yield* startRpc(answering, { maxInFlight: 2 });
      const refusal = (answer: { readonly status: number; readonly text: string }) => [
        answer.status,
        readCode(answer.text).code,
      ];
      expect(refusal(yield* post(http, "{"))).toEqual([400, "INVALID_INPUT"]);
      expect(refusal(yield* post(http, ""))).toEqual([400, "INVALID_INPUT"]);
      const latin1 = Buffer.from(JSON.stringify(call(1, { key: "é" })), "latin1");
      expect(refusal(yield* post(http, latin1))).toEqual([400, "INVALID_INPUT"]);
      const plain = yield* post(http, JSON.stringify(call(1)), "text/plain");
      expect(refusal(plain)).toEqual([415, "INVALID_INPUT"]);
      const three = yield* post(http, JSON.stringify([call(1), call(2), call(3)]));
      expect(refusal(three)).toEqual([429, "RATE_LIMITED"]);
      const read = yield* Effect.promise(() => fetchText(http));
      expect([read.status, read.headers.get("allow")]).toEqual([405, "POST"]);
    }),
  );

  it.effect("a client that goes away stops what it called", () =>
    Effect.gen(function* () {
      const waiting = yield* makeWaiting;
      const { http } = yield* startRpc(waiting.script);
      const request = yield* Effect.forkChild(post(http, JSON.stringify(call(1))));
      yield* waiting.began;
      yield* Fiber.interrupt(request);
      yield* waiting.stopped;
    }),
  );
});

describe("the stock client of Effect", () => {
  const webSocket = (url: string) =>
    RpcClient.layerProtocolSocket().pipe(
      Layer.provide([
        RpcSerialization.layerJson,
        Layer.provide(Socket.layerWebSocket(url), Socket.layerWebSocketConstructorGlobal),
      ]),
    );
  const request = (url: string) =>
    RpcClient.layerProtocolHttp({ url }).pipe(Layer.provide(FetchHttpClient.layer));

  const transports = {
    "a WebSocket with JSON": ({ ws }: { readonly ws: string }) => webSocket(ws),
    "HTTP with JSON": ({ http }: { readonly http: string }) =>
      request(http).pipe(Layer.provide(RpcSerialization.layerJson)),
    "HTTP with a message a line": ({ http }: { readonly http: string }) =>
      request(http).pipe(Layer.provide(RpcSerialization.layerNdjson)),
  };

  for (const [name, transport] of Object.entries(transports)) {
    it.effect(`is answered over ${name}`, () =>
      Effect.gen(function* () {
        const server = yield* startRpc(answering);
        const answer = yield* Effect.gen(function* () {
          const client = yield* RpcClient.make(DeweyTools);
          const results = yield* Effect.all(
            [client.delete_context({ key: "a" }), client.delete_context({ key: "b" })],
            { concurrency: "unbounded" },
          );
          return results;
        }).pipe(Effect.provide(transport(server)));
        expect(answer).toEqual([deleted, deleted]);
      }),
    );
  }
});
