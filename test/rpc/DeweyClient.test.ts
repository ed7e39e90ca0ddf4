// The client as another Effect service uses it, against a real listener.
import { describe, expect } from "bun:test";
import { Deferred, Effect, Exit, Fiber, type Layer, Queue, Schedule, Scope } from "effect";
import {
  ConfirmationRequired,
  Conflict,
  type DeweyError,
  Forbidden,
  Internal,
  InvalidInput,
  NotFound,
  RateLimited,
  TimedOut,
  TooLarge,
  Unauthenticated,
  Unavailable,
} from "../../src/domain/Errors.ts";
import {
  type CallError,
  type ClientOptions,
  DeweyClient,
  isRetryable,
} from "../../src/rpc/DeweyClient.ts";
import { it } from "../support/it.ts";
import { type Script, secret, startRpc } from "./rpcServer.ts";

const deleted = { deleted: true, version: 1 };
const answering: Script = () => Effect.succeed(deleted);

type Urls = { readonly ws: string; readonly http: string };

const doors: Record<
  string,
  (urls: Urls, options?: Partial<ClientOptions>) => Layer.Layer<DeweyClient>
> = {
  WebSocket: ({ ws }, options) => DeweyClient.layer({ url: ws, ...options }),
  HTTP: ({ http }, options) => DeweyClient.layerHttp({ url: http, ...options }),
};

/** One error of every code; a new code does not compile until it is here. */
const errors = {
  INVALID_INPUT: new InvalidInput({ message: "m", details: { path: '["limit"]' } }),
  NOT_FOUND: new NotFound({ message: "m" }),
  CONFLICT: new Conflict({ message: "m", details: { current_version: 3 } }),
  TOO_LARGE: new TooLarge({ message: "m", details: { limit: 10 } }),
  CONFIRMATION_REQUIRED: new ConfirmationRequired({ message: "m" }),
  RATE_LIMITED: new RateLimited({ message: "m", details: { retry_after_ms: 5 } }),
  UNAUTHENTICATED: new Unauthenticated({ message: "m" }),
  FORBIDDEN: new Forbidden({ message: "m" }),
  UNAVAILABLE: new Unavailable({ message: "m" }),
  TIMEOUT: new TimedOut({ message: "m" }),
  INTERNAL: new Internal({ message: "m", details: { error_id: "e" } }),
} satisfies { [Code in DeweyError["code"]]: Extract<DeweyError, { code: Code }> };

for (const [door, layer] of Object.entries(doors)) {
  describe(`over ${door}`, () => {
    it.effect("a result arrives with its type", () =>
      Effect.gen(function* () {
        const server = yield* startRpc((name, payload) =>
          Effect.succeed({
            conversation_id: name,
            session_id: JSON.stringify(payload),
            created_at: "2026",
          }),
        );
        const begun = yield* DeweyClient.use((dewey) =>
          dewey.dewey_begin_conversation({ metadata: { a: [1, null, "ä"] } }),
        ).pipe(Effect.provide(layer(server)));
        expect(begun).toEqual({
          conversation_id: "dewey_begin_conversation",
          session_id: '{"metadata":{"a":[1,null,"ä"]}}',
          created_at: "2026",
        });
      }),
    );

    for (const error of Object.values(errors)) {
      it.effect(`${error.code} arrives as ${error._tag}`, () =>
        Effect.gen(function* () {
          const server = yield* startRpc(() => Effect.fail(error));
          const failure = yield* DeweyClient.use((dewey) =>
            dewey.delete_context({ key: "k" }),
          ).pipe(Effect.provide(layer(server)), Effect.flip);
          expect(failure).toBeInstanceOf(error.constructor);
          expect(failure).toEqual(error);
          expect(isRetryable(failure)).toBe(error.retryable);
        }),
      );
    }

    it.effect("wrong payloads are judged by Dewey, and the connection lives on", () =>
      Effect.gen(function* () {
        const server = yield* startRpc(answering);
        yield* Effect.gen(function* () {
          const dewey = yield* DeweyClient;
          const withAnother = { key: "k", another: 1 };
          const message = { role: "user", content: "" } as const;
          const wrong: ReadonlyArray<Effect.Effect<unknown, CallError>> = [
            dewey.delete_context({ key: "not a key" }),
            dewey.delete_context(withAnother),
            dewey.dewey_search({ query: "q", limit: 0 }),
            dewey.dewey_search({ query: "q".repeat(1001) }),
            dewey.dewey_get_conversation({ conversation_id: "no uuid" }),
            dewey.dewey_store_message({ conversation_id: crypto.randomUUID(), ...message }),
            dewey.dewey_store_messages_bulk({ messages: [] }),
          ];
          for (const call of wrong) {
            const failure = yield* Effect.flip(Effect.asVoid(call));
            expect(failure).toBeInstanceOf(InvalidInput);
          }
          expect(yield* dewey.delete_context({ key: "k" })).toEqual(deleted);
        }).pipe(Effect.provide(layer(server)));
      }),
    );

    it.effect("a call larger than Dewey reads fails for good, and the next one works", () =>
      Effect.gen(function* () {
        const server = yield* startRpc(answering, { bounds: { messageBytes: 1000 } });
        yield* Effect.gen(function* () {
          const dewey = yield* DeweyClient;
          const failure = yield* Effect.flip(
            dewey.write_context({ key: "k", content: "x".repeat(1000) }),
          );
          expect(failure._tag).toBe(door === "HTTP" ? "TooLarge" : "RpcClientError");
          expect(isRetryable(failure)).toBe(false);
          const next = dewey.delete_context({ key: "k" });
          // The connection has to be opened again first.
          const again = Effect.retry(next, { schedule: Schedule.spaced("20 millis") });
          expect(yield* again).toEqual(deleted);
        }).pipe(Effect.provide(layer(server)));
      }),
    );

    it.effect("64 calls at once run at once, and every caller gets its own answer", () =>
      Effect.gen(function* () {
        const all = yield* Deferred.make<void>();
        let running = 0;
        const server = yield* startRpc((_, payload) =>
          Effect.gen(function* () {
            if (++running === 64) yield* Deferred.succeed(all, undefined);
            yield* Deferred.await(all);
            const version = Number(/\d+/.exec(JSON.stringify(payload))?.[0]);
            return { deleted: true, version };
          }),
        );
        const numbers = Array.from({ length: 64 }, (_, index) => index);
        const versions = yield* DeweyClient.use((dewey) =>
          Effect.forEach(
            numbers,
            (number) => Effect.map(dewey.delete_context({ key: `k${number}` }), (r) => r.version),
            { concurrency: "unbounded" },
          ),
        ).pipe(Effect.provide(layer(server)));
        expect(versions).toEqual(numbers);
      }),
    );

    it.effect("interrupting a call interrupts its tool", () =>
      Effect.gen(function* () {
        const began = yield* Deferred.make<void>();
        const stopped = yield* Deferred.make<void>();
        const server = yield* startRpc(() =>
          Deferred.succeed(began, undefined).pipe(
            Effect.andThen(Effect.never),
            Effect.onInterrupt(() => Deferred.succeed(stopped, undefined)),
          ),
        );
        yield* Effect.gen(function* () {
          const dewey = yield* DeweyClient;
          const call = yield* Effect.forkChild(dewey.delete_context({ key: "k" }));
          yield* Deferred.await(began);
          yield* Fiber.interrupt(call);
          yield* Deferred.await(stopped);
        }).pipe(Effect.provide(layer(server)));
      }),
    );

    it.effect("a server that starts again on its port is found again", () =>
      Effect.gen(function* () {
        const first = yield* Scope.make();
        const server = yield* Scope.provide(startRpc(answering), first);
        yield* Effect.gen(function* () {
          const dewey = yield* DeweyClient;
          expect(yield* dewey.delete_context({ key: "k" })).toEqual(deleted);
          yield* Scope.close(first, Exit.void);
          const failure = yield* Effect.flip(dewey.delete_context({ key: "k" }));
          expect(failure._tag).toBe("RpcClientError");
          expect(isRetryable(failure)).toBe(true);
          yield* startRpc(answering, { port: server.port });
          const again = dewey
            .delete_context({ key: "k" })
            .pipe(Effect.retry({ while: isRetryable, schedule: Schedule.spaced("20 millis") }));
          expect(yield* again).toEqual(deleted);
        }).pipe(Effect.provide(layer(server)));
      }),
    );

    it.effect("a call in flight when the server dies fails as retryable, and runs once only", () =>
      Effect.gen(function* () {
        const began = yield* Queue.unbounded<void>();
        const waiting: Script = () => Effect.andThen(Queue.offer(began, undefined), Effect.never);
        const first = yield* Scope.make();
        const options = { shutdownTimeout: 0 };
        const server = yield* Scope.provide(startRpc(waiting, options), first);
        yield* Effect.gen(function* () {
          const dewey = yield* DeweyClient;
          const call = yield* Effect.forkChild(Effect.flip(dewey.delete_context({ key: "k" })));
          yield* Queue.take(began);
          yield* Scope.close(first, Exit.void);
          expect(isRetryable(yield* Fiber.join(call))).toBe(true);
          yield* startRpc(answering, { port: server.port });
          const again = dewey
            .delete_context({ key: "k" })
            .pipe(Effect.retry({ while: isRetryable, schedule: Schedule.spaced("20 millis") }));
          expect(yield* again).toEqual(deleted);
          expect(yield* Queue.size(began)).toBe(0);
        }).pipe(Effect.provide(layer(server)));
      }),
    );

    it.effect("the token is sent", () =>
      Effect.gen(function* () {
        const server = yield* startRpc(answering, { guarded: true });
        const call = DeweyClient.use((dewey) => dewey.delete_context({ key: "k" }));
        const known = yield* Effect.provide(call, layer(server, { token: secret }));
        expect(known).toEqual(deleted);
        const failure = yield* Effect.flip(Effect.provide(call, layer(server)));
        expect(failure._tag).toBe(door === "HTTP" ? "Unauthenticated" : "RpcClientError");
      }),
    );
  });
}

it.effect("an address that is not the RPC door fails with a sentence, not a defect", () =>
  Effect.gen(function* () {
    const { http } = yield* startRpc(answering);
    const call = DeweyClient.use((dewey) => dewey.delete_context({ key: "k" }));
    const elsewhere = DeweyClient.layerHttp({ url: http.replace("/rpc", "/nothing") });
    expect(yield* Effect.flip(Effect.provide(call, elsewhere))).toBeInstanceOf(NotFound);
    const other = Bun.serve({ port: 0, fetch: () => new Response("<html>") });
    const web = DeweyClient.layerHttp({ url: other.url.href });
    const failure = yield* Effect.flip(Effect.provide(call, web)).pipe(
      Effect.ensuring(Effect.promise(() => other.stop(true))),
    );
    expect(failure.message).toContain("not from the RPC door");
    expect(isRetryable(failure)).toBe(false);
  }),
);
