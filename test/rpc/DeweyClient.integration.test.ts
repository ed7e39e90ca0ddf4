// The client against Dewey itself: the process that users start, on a real Postgres.
import { afterAll, beforeAll, describe, expect } from "bun:test";
import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Effect, Exit, Fiber, Latch, type Layer, Schedule, Scope } from "effect";
import { Bounds } from "../../src/domain/Bounds.ts";
import type { DeweyError } from "../../src/domain/Errors.ts";
import { utf8Bytes } from "../../src/domain/Text.ts";
import { type CallError, DeweyClient, isRetryable } from "../../src/rpc/DeweyClient.ts";
import type { ToolSuccess } from "../../src/rpc/DeweyTools.ts";
import { holdRow } from "../support/heldRow.ts";
import { it } from "../support/it.ts";
import { freshDatabase, root, runProgram, startDewey } from "./deweyProcess.ts";

const scope = Scope.makeUnsafe();
let database: Effect.Success<typeof freshDatabase>;
let dewey: Effect.Success<ReturnType<typeof startDewey>>;

beforeAll(async () => {
  database = await Effect.runPromise(Scope.provide(freshDatabase, scope));
  dewey = await Effect.runPromise(Scope.provide(startDewey(database), scope));
}, 60_000);

afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)));

const doors: Record<string, () => Layer.Layer<DeweyClient>> = {
  WebSocket: () => DeweyClient.layer({ url: dewey.ws }),
  HTTP: () => DeweyClient.layerHttp({ url: dewey.http }),
};

const nobody = "0197a7a4-5d1e-7c3a-9f60-3c1d5e8b2a47";

for (const [door, layer] of Object.entries(doors)) {
  describe(`over ${door}`, () => {
    it.effect("every tool answers", () =>
      Effect.gen(function* () {
        const client = yield* DeweyClient;
        const session_id = `tools over ${door}`;
        const metadata = { nested: { list: [1, "ä", null], __proto__: null }, é: "日本" };

        const begun = yield* client.dewey_begin_conversation({ session_id, metadata });
        const { conversation_id } = begun;
        const stored = yield* client.dewey_store_message({
          conversation_id,
          role: "user",
          content: "The pelican landed on pool_max.",
        });
        expect(stored.turn_number).toBe(1);
        const bulk = yield* client.dewey_store_messages_bulk({
          conversation_id,
          messages: [
            { role: "assistant", content: "Noted." },
            { role: "tool", content: "{}", metadata: { a: 1 } },
          ],
        });
        expect(bulk).toMatchObject({ conversation_id, stored: 2 });

        const read = yield* client.dewey_get_conversation({ conversation_id });
        expect(read).toMatchObject({ session_id, metadata, message_count: 3 });
        expect(read.messages.map(({ turn, role }) => [turn, role])).toEqual([
          [1, "user"],
          [2, "assistant"],
          [3, "tool"],
        ]);
        const listed = yield* client.dewey_list_conversations({ session_id });
        expect(listed).toMatchObject({ total: 1, limit: 20, offset: 0 });
        const found = yield* client.dewey_search({
          query: "where did the pelican land?",
          session_id,
        });
        expect(found.results[0]).toMatchObject({ conversation_id, turn: 1 });

        const trashed = yield* client.dewey_delete_conversation({ conversation_id });
        expect(trashed).toMatchObject({ deleted: true, messages_deleted: 3 });
        const restored = yield* client.dewey_restore_conversation({ conversation_id });
        expect(restored).toEqual({ conversation_id, restored: true, message_count: 3 });

        const name = `startup over ${door}`;
        const set = yield* client.dewey_set_startup_context({ name, content: "Be brief." });
        expect(set).toMatchObject({ name, is_active: true });
        const active = yield* client.dewey_get_startup_context({});
        expect(active).toMatchObject({ name, content: "Be brief.", is_active: true });
        const { contexts } = yield* client.dewey_list_startup_contexts({});
        expect(contexts.map((context) => context.name)).toContain(name);
        const erased = yield* client.dewey_delete_startup_context({ name, force: true });
        expect(erased).toEqual({ deleted: true });

        const key = `plan.${door}`;
        const created = yield* client.write_context({ key, content: "one", if_version: 0 });
        expect(created).toMatchObject({ key, version: 1, action: "create" });
        const updated = yield* client.write_context({ key, content: "two" });
        expect(updated).toMatchObject({ version: 2, action: "update" });
        expect(yield* client.read_context({ key, version: 1 })).toMatchObject({ content: "one" });
        const keys = yield* client.list_context({ search: key });
        expect(keys.entries).toMatchObject([{ key, version: 2, size_bytes: 3 }]);
        yield* client.delete_context({ key });
        const history = yield* client.context_history({ key });
        expect(history.entries.map(({ version }) => version)).toEqual([3, 2, 1]);

        expect(yield* client.dewey_list_tool_calls({})).toMatchObject({ calls: [], total: 0 });
        const call = yield* Effect.flip(client.dewey_get_tool_call({ id: nobody }));
        expect(call._tag).toBe("NotFound");
      }).pipe(Effect.provide(layer())),
    );

    it.effect("errors are typed, say where, and change nothing", () =>
      Effect.gen(function* () {
        const client = yield* DeweyClient;
        const { conversation_id } = yield* client.dewey_begin_conversation({});
        const message = { conversation_id, role: "user", content: "x" } as const;
        const name = `errors over ${door}`;
        yield* client.dewey_store_message({ ...message, turn_number: 1 });
        yield* client.dewey_set_startup_context({ name, content: "x" });
        const misspelt = { ...message, turn: 2 };
        const failing: ReadonlyArray<
          readonly [DeweyError["code"], string | undefined, Effect.Effect<unknown, CallError>]
        > = [
          ["INVALID_INPUT", "turn", client.dewey_store_message(misspelt)],
          ["INVALID_INPUT", "content", client.dewey_store_message({ ...message, content: "" })],
          ["INVALID_INPUT", "content", client.dewey_store_message({ ...message, content: "\0" })],
          [
            "INVALID_INPUT",
            "turn_number",
            client.dewey_store_message({ ...message, turn_number: 0 }),
          ],
          ["INVALID_INPUT", "limit", client.dewey_search({ query: "x", limit: 101 })],
          ["INVALID_INPUT", "key", client.read_context({ key: "no key" })],
          [
            "TOO_LARGE",
            "content",
            client.write_context({ key: "k", content: "x".repeat(102_401) }),
          ],
          ["NOT_FOUND", undefined, client.dewey_get_conversation({ conversation_id: nobody })],
          ["CONFLICT", undefined, client.dewey_store_message({ ...message, turn_number: 1 })],
          ["CONFLICT", undefined, client.write_context({ key: "k", content: "x", if_version: 5 })],
          ["CONFIRMATION_REQUIRED", undefined, client.dewey_delete_startup_context({ name })],
        ];
        for (const [code, path, call] of failing) {
          const error = yield* Effect.flip(Effect.asVoid(call));
          if (error._tag === "RpcClientError") return yield* error;
          expect(error.code).toBe(code);
          expect(error.message).toMatch(/\.$/);
          if (path !== undefined) expect(error.details?.path).toBe(path);
        }
        const read = yield* client.dewey_get_conversation({ conversation_id });
        expect(read.message_count).toBe(1);
        const key = yield* Effect.flip(client.read_context({ key: "k" }));
        expect(key._tag).toBe("NotFound");
        yield* client.dewey_delete_startup_context({ name, force: true });
      }).pipe(Effect.provide(layer())),
    );

    it.effect(
      "8 MiB of text come back as they were sent",
      () =>
        Effect.gen(function* () {
          const client = yield* DeweyClient;
          const pattern = `é€😀\u0001\u2028"\\\r\n\t `;
          const long = pattern.repeat(Math.ceil(Bounds.contentBytes / utf8Bytes(pattern)));
          const content = Buffer.from(long)
            .subarray(0, Bounds.contentBytes)
            .toString()
            .slice(0, -4);
          const messages = Array.from({ length: 8 }, () => ({ role: "user", content }) as const);
          const { conversation_id } = yield* client.dewey_store_messages_bulk({ messages });
          let after_turn: number | null = 0;
          let turns = 0;
          while (after_turn !== null) {
            const page: ToolSuccess<"dewey_get_conversation"> =
              yield* client.dewey_get_conversation({
                conversation_id,
                after_turn,
              });
            for (const message of page.messages) expect(message.content === content).toBe(true);
            turns += page.messages.length;
            after_turn = page.next_after_turn;
          }
          expect(turns).toBe(8);
        }).pipe(Effect.provide(layer())),
      { timeout: 30_000 },
    );

    it.effect("64 stores at once into one conversation take the turns 1 to 64", () =>
      Effect.gen(function* () {
        const client = yield* DeweyClient;
        const { conversation_id } = yield* client.dewey_begin_conversation({});
        const stored = yield* Effect.forEach(
          Array.from({ length: 64 }, (_, index) => `message ${index}`),
          (content) => client.dewey_store_message({ conversation_id, role: "user", content }),
          { concurrency: "unbounded" },
        );
        const turns = stored.map((message) => message.turn_number).sort((a, b) => a - b);
        expect(turns).toEqual(Array.from({ length: 64 }, (_, index) => index + 1));
      }).pipe(Effect.provide(layer())),
    );

    it.effect("an interrupted call stops its statement in the database", () =>
      Effect.gen(function* () {
        const client = yield* DeweyClient;
        const { conversation_id } = yield* client.dewey_begin_conversation({});
        const row = yield* holdRow(
          database,
          `SELECT 1 FROM conversations WHERE id = '${conversation_id}'`,
        );
        const call = yield* Effect.forkChild(
          client.dewey_delete_conversation({ conversation_id, force: true }),
        );
        yield* row.when(true);
        yield* Fiber.interrupt(call);
        yield* row.when(false);
        yield* row.letGo;
        const kept = yield* client.dewey_get_conversation({ conversation_id });
        expect(kept.conversation_id).toBe(conversation_id);
      }).pipe(Effect.provide(layer())),
    );
  });
}

it.effect(
  "a Dewey that was killed and started again on its port is found again",
  () =>
    Effect.gen(function* () {
      const first = yield* startDewey(database);
      yield* Effect.gen(function* () {
        const client = yield* DeweyClient;
        const conversation_id = crypto.randomUUID();
        const begin = client.dewey_begin_conversation({ conversation_id });
        const { created_at } = yield* begin;
        yield* first.end("SIGKILL");
        expect(isRetryable(yield* Effect.flip(begin))).toBe(true);
        yield* startDewey(database, first.port);
        const again = Effect.retry(begin, { while: isRetryable, schedule: Schedule.spaced(50) });
        expect(yield* again).toMatchObject({ conversation_id, created_at });
      }).pipe(Effect.provide(DeweyClient.layer({ url: first.ws })));
    }),
  { timeout: 30_000 },
);

it.effect(
  "messages with ids of their own are stored once each through a kill in mid-load",
  () =>
    Effect.gen(function* () {
      const first = yield* startDewey(database);
      yield* Effect.gen(function* () {
        const client = yield* DeweyClient;
        const again = { while: isRetryable, schedule: Schedule.spaced(50) };
        const { conversation_id } = yield* client.dewey_begin_conversation({});
        const aFew = yield* Latch.make();
        let stored = 0;
        const load = yield* Effect.forEach(
          Array.from({ length: 400 }, () => crypto.randomUUID()),
          (message_id) =>
            client
              .dewey_store_message({ conversation_id, message_id, role: "user", content: "x" })
              .pipe(
                Effect.retry(again),
                Effect.tap(() => (++stored === 40 ? aFew.open : Effect.void)),
              ),
          { concurrency: 32 },
        ).pipe(Effect.forkChild);
        yield* aFew.await;
        yield* first.end("SIGKILL");
        expect(stored).toBeLessThan(400);
        yield* startDewey(database, first.port);
        const answers = yield* Fiber.join(load);
        const turns = Array.from({ length: 400 }, (_, index) => index + 1);
        expect(answers.map((answer) => answer.turn_number).sort((a, b) => a - b)).toEqual(turns);
        const kept = yield* client.dewey_get_conversation({ conversation_id });
        expect(kept.messages.map((message) => message.turn)).toEqual(turns);
      }).pipe(Effect.provide(DeweyClient.layer({ url: first.ws })));
    }),
  { timeout: 30_000 },
);

it.effect(
  "a Dewey that is told to stop closes the connection and exits with 0",
  () =>
    Effect.gen(function* () {
      const stopping = yield* startDewey(database);
      yield* Effect.gen(function* () {
        const client = yield* DeweyClient;
        yield* client.dewey_list_startup_contexts({});
        expect(yield* stopping.end("SIGTERM")).toBe(0);
        const failure = yield* Effect.flip(client.dewey_list_startup_contexts({}));
        expect(isRetryable(failure)).toBe(true);
      }).pipe(Effect.provide(DeweyClient.layer({ url: stopping.ws })));
    }),
  { timeout: 30_000 },
);

it.effect(
  "the example service stores and finds",
  () =>
    Effect.gen(function* () {
      for (const _ of ["once", "and again"]) {
        const example = join(root, "examples/notes-service.ts");
        const { code, printed } = yield* runProgram(example, dewey.ws);
        expect(printed).toStartWith(
          "Stored 3 notes.\n1: The nightly import failed because the disk was full.\n",
        );
        expect(code).toBe(0);
      }
    }),
  { timeout: 30_000 },
);

it.effect(
  "the program of docs/rpc.md runs as it stands there",
  () =>
    Effect.gen(function* () {
      const page = yield* Effect.promise(() => Bun.file(join(root, "docs/rpc.md")).text());
      const program = /```ts\n(.*?)```/s.exec(page)?.[1] ?? "";
      const folder = yield* Effect.acquireRelease(
        Effect.promise(() => mkdtemp(join(tmpdir(), "dewey-docs-"))),
        (made) => Effect.promise(() => rm(made, { recursive: true, force: true })),
      );
      const path = join(folder, "program.ts");
      yield* Effect.promise(async () => {
        await mkdir(join(folder, "node_modules"));
        await symlink(root, join(folder, "node_modules/dewey"));
        await symlink(join(root, "node_modules/effect"), join(folder, "node_modules/effect"));
        await Bun.write(path, program.replace("ws://127.0.0.1:9020/rpc", dewey.ws));
      });
      const { code, printed } = yield* runProgram(path, dewey.ws);
      expect(printed).toBe('[ "1: Remember me." ]\n');
      expect(code).toBe(0);
    }),
  { timeout: 30_000 },
);
