// Four real processes of Dewey on one Postgres write into the same 200 conversations and into one that all want: every
// turn is given once, what was acknowledged is there, and the server has seen no deadlock.
import { afterAll, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { Context, Effect, Layer, Schedule } from "effect";
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

/** Calls are refused while a client connects: they are repeated, as any client of Dewey may. */
const patiently = <A>(call: Effect.Effect<A, CallError>) =>
  Effect.retry(call, { while: isRetryable, schedule: Schedule.spaced("20 millis"), times: 250 });

const conversationCount = 200;
const clientsOfEach = 12;
const roundsOfEach = 30;

const deadlocks = async () => {
  const [row] = await database.rows(
    "SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()",
  );
  return row?.["deadlocks"];
};

test("four processes write into 200 conversations and a hot one", async () => {
  await using one = await startProgram(database);
  await using two = await startProgram(database);
  await using three = await startProgram(database);
  await using four = await startProgram(database);
  const programs = [one, two, three, four];

  const stored = await Effect.gen(function* () {
    const clients = yield* Effect.forEach(upTo(clientsOfEach * programs.length), (index) =>
      connect(programs[index % programs.length]?.rpc ?? ""),
    );
    const [first] = clients;
    if (first === undefined) return expect.unreachable();
    const begin = patiently(first.dewey_begin_conversation({}));
    const begun = yield* Effect.all(
      upTo(conversationCount + 1).map(() => begin),
      { concurrency: 16 },
    );
    const [hot = "", ...others] = begun.map(({ conversation_id }) => conversation_id);
    const acknowledged = new Map<
      string,
      { readonly conversation: string; readonly turn?: number }
    >();

    const single = Effect.fnUntraced(function* (
      client: DeweyClient["Service"],
      conversation_id: string,
    ) {
      const message_id = randomUUID();
      const message = { conversation_id, role: "user", content: "single", message_id } as const;
      const { turn_number } = yield* patiently(client.dewey_store_message(message));
      acknowledged.set(message_id, { conversation: conversation_id, turn: turn_number });
    });
    const bulk = Effect.fnUntraced(function* (
      client: DeweyClient["Service"],
      conversation_id: string,
    ) {
      const messages = upTo(5).map(
        () => ({ role: "tool", content: "bulk", message_id: randomUUID() }) as const,
      );
      yield* patiently(client.dewey_store_messages_bulk({ conversation_id, messages }));
      for (const { message_id } of messages) {
        acknowledged.set(message_id, { conversation: conversation_id });
      }
    });

    yield* Effect.forEach(
      clients,
      (client, index) =>
        Effect.forEach(
          upTo(roundsOfEach),
          (round) => {
            const other = others[(index * 31 + round * 7) % others.length] ?? "";
            return Effect.all(
              [
                single(client, hot),
                single(client, other),
                round % 5 === 0 ? bulk(client, other) : Effect.void,
              ],
              { concurrency: "unbounded", discard: true },
            );
          },
          { discard: true },
        ),
      { concurrency: "unbounded", discard: true },
    );
    return acknowledged;
  }).pipe(Effect.scoped, Effect.runPromise);

  const clients = clientsOfEach * programs.length;
  expect(stored.size).toBe(clients * roundsOfEach * 2 + ((clients * roundsOfEach) / 5) * 5);

  const rows = await database.rows(
    "SELECT id, conversation_id, turn_number::int AS turn FROM messages",
  );
  const found = new Map(rows.map((row) => [row["id"], row]));
  expect(found.size).toBe(stored.size);
  const astray = [...stored].filter(([id, { conversation, turn }]) => {
    const row = found.get(id);
    return (
      row?.["conversation_id"] !== conversation || (turn !== undefined && row["turn"] !== turn)
    );
  });
  expect(astray).toEqual([]);

  const uneven = await database.rows(
    `SELECT c.id, c.last_turn, c.message_count, count(m.*), max(m.turn_number)
     FROM conversations c LEFT JOIN messages m ON m.conversation_id = c.id
     GROUP BY c.id
     HAVING count(DISTINCT m.turn_number) <> c.last_turn OR c.message_count <> c.last_turn
       OR coalesce(max(m.turn_number), 0) <> c.last_turn`,
  );
  expect(uneven).toEqual([]);
  expect(await Promise.all(programs.map((program) => program.stop()))).toEqual([0, 0, 0, 0]);
  expect(await deadlocks()).toBe(0);
});
