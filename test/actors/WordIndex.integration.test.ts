// While messages are stored their words are sorted into the index in the background: the list beside it stays short.
import { afterAll, expect, test } from "bun:test";
import { openTools } from "../support/tools.ts";

const dewey = await openTools();
afterAll(dewey.close);

/** How many pages of words waited beside the index; none do afterwards. */
const unsortedPages = async () => {
  const rows = await dewey.db.rows(
    `SELECT gin_clean_pending_list(i.indexrelid)::int AS pages FROM pg_index i
     JOIN pg_class c ON c.oid = i.indexrelid AND c.relkind = 'i'
     JOIN pg_am a ON a.oid = c.relam AND a.amname = 'gin'`,
  );
  return rows.reduce((sum, { pages }) => sum + Number(pages), 0);
};

/** Few messages of many words: what counts is the room that they take in the list. */
const perBulk = 200;
const words = (seed: number) =>
  Array.from({ length: 250 }, (_, index) => `w${seed}x${index}`).join(" ");

test("what waits beside the index stays far below what its list has room for", async () => {
  const { conversation_id } = await dewey.call("dewey_begin_conversation", {});
  const storeBulk = async (bulk: number) => {
    await dewey.call("dewey_store_messages_bulk", {
      conversation_id,
      messages: Array.from({ length: perBulk }, (_, index) => ({
        role: "user",
        content: words(bulk * perBulk + index),
      })),
    });
  };
  // The server's own housekeeping sorts them in too, sooner or later.
  await dewey.db.rows("ALTER TABLE messages SET (autovacuum_enabled = off)");
  await storeBulk(0);
  const ofOne = await unsortedPages();
  expect(ofOne).toBeGreaterThan(0);
  for (let bulk = 1; bulk <= 9; bulk++) await storeBulk(bulk);
  expect(await unsortedPages()).toBeLessThan(7 * ofOne);
  const { total } = await dewey.call("dewey_search", { query: "w1999x7" });
  expect(total).toBe(1);
});
