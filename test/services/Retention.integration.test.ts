// What is kept for how long: each kind by its own setting, and 0 for ever.
import { afterAll, expect, test } from "bun:test";
import { forgetErased, purgeRecordings } from "../../src/services/Retention.ts";
import { call, dataFolder, makeTraffic, openRecording, said } from "../support/recording.ts";
import { openDatabase } from "../support/tools.ts";

const db = await openDatabase();
const folder = await dataFolder();
const recording = await openRecording(db.address, folder.path);
afterAll(async () => {
  await recording.close();
  await db.drop();
  await folder[Symbol.asyncDispose]();
});

const forEver = { framesDays: 0, toolCallsDays: 0, recordedDays: 0, deadLettersDays: 0 };
const day = 24 * 60 * 60 * 1000;
const purge = (days: Partial<typeof forEver>) =>
  recording.run(purgeRecordings({ ...forEver, ...days }));

/** A conversation whose last frame was captured so many days ago. */
const recorded = async (daysAgo: number, pairs = 1) => {
  const session = makeTraffic(recording.journal.append);
  session.at = Date.now() - daysAgo * day;
  for (let id = 0; id < pairs; id++) {
    session.toUpstream(call(id, "echo"));
    session.toClient(said(id, "echo"));
  }
  await recording.drained();
  return session.id;
};
const left = async (conversation: string) => {
  const [row] = await db.rows(
    `SELECT (SELECT count(*)::int FROM conversations WHERE id = $1::text::uuid) AS conversations,
       (SELECT count(*)::int FROM frames WHERE conversation_id = $1::text::uuid) AS frames,
       (SELECT count(*)::int FROM messages WHERE conversation_id = $1::text::uuid) AS messages,
       (SELECT count(*)::int FROM tool_calls WHERE conversation_id = $1::text::uuid) AS calls`,
    [conversation],
  );
  return row;
};
const whole = { conversations: 1, frames: 2, messages: 2, calls: 1 };

test("nothing is purged where everything is kept for ever", async () => {
  const old = await recorded(5000);
  await purge({});
  expect(await left(old)).toEqual(whole);
});

test("frames and tool calls go by their own age, the conversation stays", async () => {
  const [old, young] = [await recorded(31), await recorded(29)];
  await purge({ framesDays: 30 });
  expect(await left(old)).toEqual({ ...whole, frames: 0 });
  expect(await left(young)).toEqual(whole);
  await purge({ toolCallsDays: 30 });
  expect(await left(old)).toEqual({ ...whole, frames: 0, calls: 0 });
  expect(await left(young)).toEqual(whole);
});

test("recorded conversations go with all that belongs to them, however large, and no others", async () => {
  const large = await recorded(31, 1500);
  const young = await recorded(29);
  await db.rows(
    `INSERT INTO conversations (id, space, created_at, updated_at)
     VALUES (gen_random_uuid(), 'default', now() - interval '99 days', now() - interval '99 days')`,
  );
  await purge({ recordedDays: 30 });
  expect(await left(large)).toEqual({ conversations: 0, frames: 0, messages: 0, calls: 0 });
  expect(await left(young)).toEqual(whole);
  const [stored] = await db.rows(
    "SELECT count(*)::int AS count FROM conversations WHERE last_frame = 0",
  );
  expect(stored).toEqual({ count: 1 });
  expect(
    recording.logs.some((line) => /Purged \d+ recorded conversations .* 30 days/.test(line)),
  ).toBe(true);
});

test("a recorded conversation of missing frames alone goes too", async () => {
  const session = makeTraffic(recording.journal.append);
  session.at = Date.now() - 31 * day;
  session.event({ event: "gap", frames: 3, bytes: 4, from: 0, to: 1 });
  await recording.drained();
  expect(await left(session.id)).toEqual({ conversations: 1, frames: 0, messages: 1, calls: 0 });
  await purge({ recordedDays: 30 });
  expect(await left(session.id)).toEqual({ conversations: 0, frames: 0, messages: 0, calls: 0 });
});

test("what is recorded for a purged conversation afterwards is dropped", async () => {
  const session = makeTraffic(recording.journal.append);
  session.at = Date.now() - 40 * day;
  session.toUpstream(call(1, "echo"));
  await recording.drained();
  await purge({ recordedDays: 30 });
  session.toClient(said(1, "echo"));
  await recording.drained();
  expect(await left(session.id)).toEqual({ conversations: 0, frames: 0, messages: 0, calls: 0 });
});

test("dead letters go with their conversations, whoever erased these", async () => {
  const poison = "the database refuses this";
  await db.rows(`
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF NEW.content LIKE '%poison%' THEN RAISE EXCEPTION '${poison}' USING ERRCODE = '22000'; END IF;
      RETURN NEW;
    END $$`);
  await db.rows(
    "CREATE TRIGGER refuse BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION refuse()",
  );
  const kinds = ["session", "session", "stateless"] as const;
  const [erased, kept, stateless] = kinds.map((kind) => {
    const traffic = makeTraffic(recording.journal.append, { kind, token: kind });
    traffic.at = Date.now();
    traffic.toUpstream(call(1, "echo"));
    traffic.toUpstream(call(2, "poison"));
    return traffic;
  });
  await recording.drained();
  await db.rows("DROP FUNCTION refuse CASCADE");
  const letters = async () =>
    (await recording.run(recording.deadLetters.list(10))).map(({ id }) => id);
  const idsOf = (traffic: typeof erased) => traffic?.entries.slice(-1).map(({ id }) => id) ?? [];
  await recording.run(forgetErased());
  expect(new Set(await letters())).toEqual(
    new Set([...idsOf(erased), ...idsOf(kept), ...idsOf(stateless)]),
  );
  await db.rows(
    `DELETE FROM conversations WHERE id = $1::text::uuid OR metadata->>'token' = 'stateless'`,
    [erased?.id],
  );
  // What is in the trash may come back.
  await db.rows("UPDATE conversations SET deleted_at = now() WHERE id = $1::text::uuid", [
    kept?.id,
  ]);
  await recording.run(forgetErased());
  expect(await letters()).toEqual(idsOf(kept));
});
