// Two real processes of Dewey on one Postgres: clients on both write at once, and one is killed.
import { afterAll, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { Context, Effect, Layer, Schedule, type Scope } from "effect";
import { type CallError, DeweyClient, isRetryable } from "../../src/rpc/DeweyClient.ts";
import { startProgram } from "../support/program.ts";
import { openDatabase } from "../support/tools.ts";

const database = await openDatabase();
afterAll(database.drop);

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

const connect = (url: string) =>
  Effect.map(Layer.build(DeweyClient.layer({ url })), (context) =>
    Context.get(context, DeweyClient),
  );

const run = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>) =>
  Effect.runPromise(Effect.scoped(effect));

/** Every message of a conversation by its turn. */
const readAll = Effect.fnUntraced(function* (
  client: DeweyClient["Service"],
  conversation_id: string,
) {
  const messages: Array<{ readonly id: string; readonly turn: number }> = [];
  for (let after_turn: number | null = 0; after_turn !== null; ) {
    const page: Effect.Success<ReturnType<typeof client.dewey_get_conversation>> =
      yield* client.dewey_get_conversation({ conversation_id, after_turn });
    messages.push(...page.messages.map(({ id, turn }) => ({ id, turn })));
    after_turn = page.next_after_turn;
  }
  return messages;
});

/** Calls are refused while a client connects: they are repeated, as any client of Dewey may. */
const patiently = <A>(call: Effect.Effect<A, CallError>) =>
  Effect.retry(call, { while: isRetryable, schedule: Schedule.spaced("20 millis"), times: 250 });

test("64 clients into one conversation through two processes: 1, 2, 3, …", async () => {
  await using one = await startProgram(database);
  await using two = await startProgram(database);
  await run(
    Effect.gen(function* () {
      const clients = yield* Effect.forEach(upTo(64), (index) =>
        connect(index % 2 === 0 ? one.rpc : two.rpc),
      );
      const [first] = clients;
      if (first === undefined) return expect.unreachable();
      const { conversation_id } = yield* patiently(first.dewey_begin_conversation({}));
      const answers = yield* Effect.forEach(
        clients,
        (client, index) =>
          Effect.forEach(upTo(20), (part) =>
            patiently(
              client.dewey_store_message({
                conversation_id,
                role: "user",
                content: `client ${index}, message ${part}`,
                message_id: randomUUID(),
              }),
            ),
          ),
        { concurrency: "unbounded" },
      );
      const given = answers.flat().map(({ turn_number }) => turn_number);
      expect(given.toSorted((a, b) => a - b)).toEqual(upTo(1280));
      expect((yield* readAll(first, conversation_id)).map(({ turn }) => turn)).toEqual(upTo(1280));
    }),
  );
  expect(await Promise.all([one.stop(), two.stop()])).toEqual([0, 0]);
});

test("32 activations through two processes leave one active startup context", async () => {
  await using one = await startProgram(database);
  await using two = await startProgram(database);
  await run(
    Effect.gen(function* () {
      const clients = [yield* connect(one.rpc), yield* connect(two.rpc)] as const;
      yield* Effect.forEach(
        upTo(32),
        (index) =>
          patiently(
            clients[index % 2 === 0 ? 0 : 1].dewey_set_startup_context({
              name: `name ${index}`,
              content: "text",
            }),
          ),
        { concurrency: "unbounded" },
      );
      const { contexts } = yield* clients[0].dewey_list_startup_contexts({});
      expect(contexts).toHaveLength(32);
      expect(contexts.filter(({ is_active }) => is_active)).toHaveLength(1);
    }),
  );
});

test("one is killed under load: what it acknowledged is there, and the other goes on", async () => {
  await using doomed = await startProgram(database);
  await using survivor = await startProgram(database);
  await run(
    Effect.gen(function* () {
      const clients = {
        doomed: yield* connect(doomed.rpc),
        survivor: yield* connect(survivor.rpc),
      };
      const { conversation_id } = yield* patiently(clients.survivor.dewey_begin_conversation({}));
      const acknowledged = new Map<string, number>();
      let lost = 0;
      const store = Effect.fnUntraced(function* (index: number) {
        const message = {
          conversation_id,
          role: "user",
          content: `text ${index}`,
          message_id: randomUUID(),
        } as const;
        const throughDoomed = index % 2 === 0 ? clients.doomed : clients.survivor;
        const stored = yield* throughDoomed.dewey_store_message(message).pipe(
          // Nobody knows whether it was stored: the other process tells, or stores it.
          Effect.catch(() => {
            lost += 1;
            return patiently(clients.survivor.dewey_store_message(message));
          }),
        );
        acknowledged.set(message.message_id, stored.turn_number);
        if (acknowledged.size === 300) yield* Effect.promise(doomed.kill);
      });
      yield* Effect.forEach(upTo(1200), store, { concurrency: 64, discard: true });
      expect(lost).toBeGreaterThan(0);
      const messages = yield* readAll(clients.survivor, conversation_id);
      expect(messages.map(({ turn }) => turn)).toEqual(upTo(1200));
      expect(new Map(messages.map(({ id, turn }) => [id, turn]))).toEqual(acknowledged);
    }),
  );
  expect(await survivor.stop()).toBe(0);
});
