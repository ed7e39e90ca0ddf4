// A database in use is partitioned as docs/scaling.md says: nothing of it is lost, and a conversation stays in one place.
import { afterAll, expect, test } from "bun:test";
import { PgConnection } from "@effect/sql-pg";
import { Effect } from "effect";
import { partition } from "../support/partitions.ts";
import { openTools } from "../support/tools.ts";

const dewey = await openTools();
afterAll(dewey.close);

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

const partitioned = () => {
  const { tls, ...reach } = dewey.db.address;
  return PgConnection.make({ ...reach, ssl: tls }).pipe(
    Effect.flatMap(partition),
    Effect.scoped,
    Effect.runPromise,
  );
};

test("what was stored is there, and what follows goes on", async () => {
  const conversations = await Promise.all(
    upTo(40).map((number) =>
      dewey.call("dewey_store_messages_bulk", {
        session_id: "s",
        messages: upTo(5).map((turn) => ({ role: "user", content: `word ${number} ${turn}` })),
      }),
    ),
  );
  const [{ conversation_id } = { conversation_id: "" }] = conversations;
  await dewey.db.rows(
    `INSERT INTO frames (conversation_id, sequence, id, space, direction, payload, captured_at)
     SELECT $1::uuid, n, gen_random_uuid(), 'default', 'to_client', 'x', now() FROM generate_series(1, 3) n`,
    [conversation_id],
  );
  const read = (id: string) => dewey.call("dewey_get_conversation", { conversation_id: id });
  const before = await Promise.all(conversations.map((each) => read(each.conversation_id)));
  const contents = await dewey.db.fingerprint();

  await partitioned();

  expect(await dewey.db.fingerprint()).toEqual(contents);
  expect(await Promise.all(conversations.map((each) => read(each.conversation_id)))).toEqual(
    before,
  );
  const stored = await dewey.call("dewey_store_message", {
    conversation_id,
    role: "user",
    content: "another",
  });
  expect(stored.turn_number).toBe(6);
  expect((await dewey.call("dewey_search", { query: "word" })).total).toBe(200);

  const used = await dewey.db.rows("SELECT DISTINCT tableoid FROM messages");
  expect(used.length).toBeGreaterThan(1);
  const [{ plan } = { plan: undefined }] = (
    await dewey.db.rows(
      `EXPLAIN (COSTS off, FORMAT json) SELECT content FROM messages
       WHERE conversation_id = '${conversation_id}' AND turn_number > 3 ORDER BY turn_number LIMIT 10`,
    )
  ).map((row) => ({ plan: JSON.stringify(row) }));
  expect(new Set(plan?.match(/messages_\d/g)).size).toBe(1);

  await dewey.call("dewey_delete_conversation", { conversation_id, force: true });
  const left = await dewey.db.rows(
    `SELECT (SELECT count(*)::int FROM messages WHERE conversation_id = $1::uuid) AS messages,
       (SELECT count(*)::int FROM frames WHERE conversation_id = $1::uuid) AS frames`,
    [conversation_id],
  );
  expect(left).toEqual([{ messages: 0, frames: 0 }]);
});
