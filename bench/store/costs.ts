/**
 * Prints what each index and setting of the schema costs the server for each message that is appended: its CPU, what it
 * writes to its log, and how long a statement takes, with and without each of them.
 */
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { Effect } from "effect";
import { newId } from "../../src/domain/Text.ts";
import { appendRows } from "../../src/sql/AppendQueries.ts";
import { Database } from "../../src/sql/Database.ts";
import { migrate } from "../../src/sql/Migrator.ts";
import { addressOf, startPostgres } from "../../test/support/postgresServer.ts";
import { middle, percentile, rowsOf } from "../support/figures.ts";
import { makeTexts } from "./texts.ts";

const { values: flags } = parseArgs({
  options: {
    messages: { type: "string", default: "30000" },
    batch: { type: "string", default: "64" },
  },
});
const messages = Number(flags.messages);
const batch = Number(flags.batch);
const conversationCount = 1000;

/** What is changed of the schema, under what the row is called. */
const variants: ReadonlyArray<readonly [name: string, ...statements: ReadonlyArray<string>]> = [
  ["as it is"],
  ["without the index of words", "DROP INDEX messages_by_words"],
  ["words: no list", "ALTER INDEX messages_by_words SET (fastupdate = off)"],
  ...[64, 256, 1024, 4096].map((size): readonly [string, string] => [
    `words: a list of ${size} kB`,
    `ALTER INDEX messages_by_words SET (gin_pending_list_limit = ${size})`,
  ]),
  [
    "without unique turns",
    "ALTER TABLE messages DROP CONSTRAINT messages_conversation_id_turn_number_key",
  ],
  ["without the messages' key", "ALTER TABLE messages DROP CONSTRAINT messages_pkey"],
  ["without the foreign key", "ALTER TABLE messages DROP CONSTRAINT messages_conversation_id_fkey"],
  ["without messages by time", "DROP INDEX messages_by_time"],
  [
    "messages by time: BRIN",
    "DROP INDEX messages_by_time",
    "CREATE INDEX messages_by_time ON messages USING brin (created_at) WITH (pages_per_range = 32)",
  ],
  ["without conversations by creation", "DROP INDEX conversations_by_creation"],
  [
    "HOT updates of conversations",
    "DROP INDEX conversations_by_update",
    "DROP INDEX conversations_by_session",
    "DROP INDEX conversations_recorded",
    "ALTER TABLE conversations SET (fillfactor = 50)",
  ],
  ["conversations half filled", "ALTER TABLE conversations SET (fillfactor = 50)"],
  ["as it is, again"],
];

const texts = makeTexts(5000);

const cpuMicros = async (pid: number) =>
  Number((await readFile(`/proc/${pid}/schedstat`, "utf8")).split(" ")[0]) / 1000;

const measure = async (statements: ReadonlyArray<string>) => {
  await using postgres = await startPostgres({
    settings: {
      fsync: "on",
      shared_buffers: "256MB",
      max_wal_size: "8GB",
      checkpoint_timeout: "30min",
      autovacuum: "off",
    },
  });
  const numberOf = async (statement: string) => Number((await postgres.query(statement))[0]?.[0]);
  const limits = {
    minConnections: 1,
    maxConnections: 1,
    acquireTimeoutMs: 10_000,
    queryTimeoutMs: 30_000,
  };
  return await Effect.gen(function* () {
    yield* migrate();
    for (const statement of statements) yield* Effect.promise(() => postgres.query(statement));
    const database = yield* Database;
    const conversations = Array.from({ length: conversationCount }, newId);
    yield* Effect.promise(() =>
      postgres.query(
        `INSERT INTO conversations (id, space) VALUES ${conversations.map((id) => `('${id}', 'default')`).join()}`,
      ),
    );
    let next = 0;
    const append = Effect.suspend(() =>
      database.run(
        appendRows(
          Array.from({ length: batch }, () => {
            next += 1;
            const text = texts[next % texts.length];
            return {
              conversation_id: conversations[(next * 7) % conversations.length] ?? "",
              space: "default",
              rows: [
                {
                  id: newId(),
                  role: "user" as const,
                  content: text?.content ?? "",
                  metadata: "{}",
                  vector: text?.vector ?? null,
                  length: text?.length ?? 0,
                },
              ],
            };
          }),
        ),
      ),
    );
    for (let warm = 0; warm < 20; warm++) yield* append;
    const pid = yield* Effect.promise(() =>
      numberOf("SELECT pid FROM pg_stat_activity WHERE application_name = 'dewey'"),
    );
    const position = Effect.promise(() =>
      numberOf("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"),
    );
    const cpuBefore = yield* Effect.promise(() => cpuMicros(pid));
    const positionBefore = yield* position;
    const times: Array<number> = [];
    const statementCount = Math.ceil(messages / batch);
    for (let each = 0; each < statementCount; each++) {
      const started = performance.now();
      yield* append;
      times.push(performance.now() - started);
    }
    const rows = statementCount * batch;
    return {
      micros: ((yield* Effect.promise(() => cpuMicros(pid))) - cpuBefore) / rows,
      logBytes: ((yield* position) - positionBefore) / rows,
      p50: middle(times),
      longest: percentile(times, 1),
      indexes: yield* Effect.promise(() => numberOf("SELECT pg_indexes_size('messages') / 1e6")),
    };
  }).pipe(Effect.provide(Database.layer(addressOf(postgres), limits)), Effect.runPromise);
};

const rowText = rowsOf(36, 12);
const row = (cells: ReadonlyArray<string>) => console.log(rowText(cells));

row(["", "Pg µs/row", "log B/row", "p50 ms", "longest ms", "indexes MB"]);
for (const [name, ...statements] of variants) {
  const { micros, logBytes, p50, longest, indexes } = await measure(statements);
  row([
    name,
    micros.toFixed(1),
    logBytes.toFixed(0),
    p50.toFixed(2),
    longest.toFixed(1),
    indexes.toFixed(1),
  ]);
}
