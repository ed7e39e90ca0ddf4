/** One of the processes that fill the databases: every so manieth batch of conversations is its own. */
import { Client } from "pg";
import { anonymous } from "../../src/domain/Principal.ts";
import { conversationOf, sessionOf, turnsOfConversation } from "./corpus.ts";
import { decodeShare } from "./fill.ts";

/** Conversations that go on at the same time: their turns lie between each other's. */
const atOnce = 40;

const share = decodeShare(JSON.parse(process.argv[2] ?? ""));
const client = new Client(share.login);
await client.connect();
await client.query("SET synchronous_commit = off");

const fillBatch = async (first: number, end: number) => {
  const numbers = Array.from({ length: end - first }, (_, index) => first + index);
  const ids = numbers.map(() => crypto.randomUUID());
  const day = (number: number) =>
    (share.days * (number - share.conversations)) / share.conversations;
  await client.query(
    `INSERT INTO conversations (id, space, session_id, created_at, updated_at, last_turn, message_count)
     SELECT id, $5, session, now() + day * interval '1 day', now() + day * interval '1 day', $4, $4
     FROM unnest($1::uuid[], $2::text[], $3::float8[]) AS t (id, session, day)`,
    [ids, numbers.map(sessionOf), numbers.map(day), turnsOfConversation, anonymous.space],
  );
  const messages = numbers
    .flatMap((number, index) =>
      conversationOf(number).map((message, turn) => ({ ...message, turn, index, number })),
    )
    .sort((left, right) => left.turn - right.turn || left.index - right.index);
  await client.query(
    `INSERT INTO messages (conversation_id, id, space, turn_number, role, content, created_at, search_vector, search_length)
     SELECT conversation_id, gen_random_uuid(), $7, turn, CASE turn % 2 WHEN 1 THEN 'user' ELSE 'assistant' END,
       content, now() + day * interval '1 day' + turn * interval '1 second', vector::tsvector, length
     FROM unnest($1::uuid[], $2::int[], $3::text[], $4::float8[], $5::text[], $6::int[])
       AS t (conversation_id, turn, content, day, vector, length)`,
    [
      messages.map(({ index }) => ids[index]),
      messages.map(({ turn }) => turn + 1),
      messages.map(({ content }) => content),
      messages.map(({ number }) => day(number)),
      messages.map(({ vector }) => vector),
      messages.map(({ length }) => length),
      anonymous.space,
    ],
  );
};

for (
  let first = share.index * atOnce;
  first < share.conversations;
  first += share.processes * atOnce
) {
  await fillBatch(first, Math.min(first + atOnce, share.conversations));
}
await client.end();
