/**
 * Prints what a page costs where there is very much, beside what it costs where there is little, in the same run: lists
 * of conversations, conversations of many turns, keys of many versions.
 */
import { parseArgs } from "node:util";
import type { ToolName } from "../../src/rpc/DeweyTools.ts";
import { countConversations } from "../../src/sql/ConversationQueries.ts";
import { addressOf, startPostgres } from "../../test/support/postgresServer.ts";
import { migrateAt, openProcess, type Process } from "../../test/support/tools.ts";
import { middle, rowsOf } from "../support/figures.ts";

const { values: flags } = parseArgs({
  options: {
    conversations: { type: "string", default: "1000000" },
    turns: { type: "string", default: "100000" },
    versions: { type: "string", default: "100000" },
    rounds: { type: "string", default: "9" },
    calls: { type: "string", default: "30" },
  },
});
const rounds = Number(flags.rounds);
const calls = Number(flags.calls);

const few = { conversations: 1000, turns: 1000, versions: 1000 };
const many = {
  conversations: Number(flags.conversations),
  turns: Number(flags.turns),
  versions: Number(flags.versions),
};

const conversation_id = "0197a7a4-5d1e-7c3a-9f60-3c1d5e8b2a47";
const key = "key";
const page = 100;

await using server = await startPostgres({
  settings: { fsync: "on", shared_buffers: "256MB", max_wal_size: "4GB" },
});

const statements = ({ conversations, turns, versions }: typeof few, space: string) => [
  `INSERT INTO conversations (id, space, session_id, created_at, updated_at)
   SELECT gen_random_uuid(), '${space}', 's' || n % 100, now() - n * interval '1 second',
     now() - random() * ${conversations} * interval '1 second'
   FROM generate_series(1, ${conversations}) n`,
  ...(space === "default"
    ? [
        `INSERT INTO conversations (id, space, last_turn, message_count)
         VALUES ('${conversation_id}', 'default', ${turns}, ${turns})`,
        `INSERT INTO messages (conversation_id, id, space, turn_number, role, content)
         SELECT '${conversation_id}', gen_random_uuid(), 'default', n, 'user', 'What was said in turn ' || n
         FROM generate_series(1, ${turns}) n`,
        `INSERT INTO shared_context (space, key, content, version, created_version, created_at, updated_at)
         VALUES ('default', '${key}', 'text', ${versions}, 1, now(), now())`,
        `INSERT INTO context_history (space, key, version, action, content, changed_at, changed_by)
         SELECT 'default', '${key}', n, CASE n WHEN 1 THEN 'create' ELSE 'update' END, 'text ' || n, now(), 'a'
         FROM generate_series(1, ${versions}) n`,
      ]
    : []),
];

const open = async (database: string, size: typeof few, beside?: typeof few) => {
  await server.query(`CREATE DATABASE ${database} OWNER dewey TEMPLATE template0 ENCODING 'UTF8'`);
  const address = { ...addressOf(server), database };
  await migrateAt(address);
  const all = [
    ...statements(size, "default"),
    ...(beside === undefined ? [] : statements(beside, "beside")),
    "VACUUM ANALYZE",
  ];
  for (const statement of all) await server.query(statement, database);
  return await openProcess(address);
};

const started = performance.now();
const small = await open("small", few);
const large = await open("large", many, few);
console.log(
  `Filled in ${((performance.now() - started) / 1000).toFixed(0)} s: ${many.conversations} conversations, one of ${many.turns} turns, and a key of ${many.versions} versions, beside ${few.conversations}, ${few.turns} and ${few.versions}.`,
);

type Call = (process: Process) => Promise<unknown>;

const tool =
  (name: ToolName, input: object, space = "default"): Call =>
  (process) =>
    process.as({ space }).call(name, input);

/** What the list costs beside its page where it is counted. */
const count: Call = (process) =>
  process.run(
    process.database.run(
      countConversations({ space: "default", session_id: null, sort_by: "updated_at" }, 20_001),
    ),
  );

/** What is measured: how long the call takes where there is little, and where there is much. */
const subjects: ReadonlyArray<{
  readonly name: string;
  readonly little: Call;
  readonly much: Call;
  /** Where both are taken in the large database. */
  readonly alone?: true;
  readonly goal?: number;
}> = [
  {
    name: "the first page of all conversations",
    little: tool("dewey_list_conversations", {}),
    much: tool("dewey_list_conversations", {}),
    goal: 2,
  },
  {
    name: "the same by their beginning",
    little: tool("dewey_list_conversations", { sort_by: "created_at" }),
    much: tool("dewey_list_conversations", { sort_by: "created_at" }),
    goal: 2,
  },
  { name: "the count, at most once a second", little: count, much: count },
  {
    name: "a small space beside a large one",
    little: tool("dewey_list_conversations", {}),
    much: tool("dewey_list_conversations", {}, "beside"),
    goal: 2,
  },
  {
    name: "the 10,001st page instead of the first",
    alone: true,
    little: tool("dewey_list_conversations", {}),
    much: tool("dewey_list_conversations", { offset: Math.min(200_000, many.conversations - 20) }),
  },
  {
    name: "the first turns of a conversation",
    little: tool("dewey_get_conversation", { conversation_id, limit: page }),
    much: tool("dewey_get_conversation", { conversation_id, limit: page }),
    goal: 2,
  },
  {
    name: "its last turns instead of its first",
    alone: true,
    little: tool("dewey_get_conversation", { conversation_id, limit: page }),
    much: tool("dewey_get_conversation", {
      conversation_id,
      limit: page,
      after_turn: many.turns - page,
    }),
    goal: 1.2,
  },
  {
    name: "the last versions of a key",
    little: tool("context_history", { key, limit: page }),
    much: tool("context_history", { key, limit: page }),
    goal: 2,
  },
  {
    name: "its first versions instead of its last",
    alone: true,
    little: tool("context_history", { key, limit: page }),
    much: tool("context_history", { key, limit: page, offset: many.versions - page }),
    goal: 1.2,
  },
];

/** The median of some calls, in milliseconds. */
const millisOf = async (process: Process, call: Call) => {
  const times: Array<number> = [];
  for (let number = 0; number < calls; number++) {
    const begin = performance.now();
    await call(process);
    times.push(performance.now() - begin);
  }
  return middle(times);
};

const rowText = rowsOf(42, 10);
const row = (cells: ReadonlyArray<string>) => console.log(rowText(cells));

console.log(`\nMedians of ${rounds} rounds of ${calls} calls, in milliseconds`);
row(["", "little", "much", "ratio", "goal"]);
for (const { name, little, much, alone, goal } of subjects) {
  const samples: Array<readonly [number, number]> = [];
  for (let round = 0; round < rounds; round++) {
    samples.push([
      await millisOf(alone === true ? large : small, little),
      await millisOf(large, much),
    ]);
  }
  row([
    name,
    middle(samples.map(([low]) => low)).toFixed(2),
    middle(samples.map(([, high]) => high)).toFixed(2),
    // Of the same round each: what else the machine does changes from minute to minute.
    middle(samples.map(([low, high]) => high / low)).toFixed(2),
    goal === undefined ? "" : `≤ ${goal}`,
  ]);
}

await small.close();
await large.close();
