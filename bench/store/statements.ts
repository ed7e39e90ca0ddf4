/** The ceiling: the statements that store one message, and a hundred, written by hand for the `pg` package. */
import { Client } from "pg";
import { newId } from "../../src/domain/Text.ts";
import type { StoreClient } from "./client.ts";
import type { Login } from "./loadProcess.ts";
import type { Text } from "./texts.ts";

const counted = (rows: string) => `
  WITH c AS (
    UPDATE conversations
    SET last_turn = last_turn + ${rows}, message_count = message_count + ${rows},
      updated_at = greatest(updated_at, now())
    WHERE id = $1 RETURNING last_turn
  )
  INSERT INTO messages
    (conversation_id, id, space, turn_number, role, content, metadata, search_vector, search_length)`;

const one = {
  name: "store one",
  text: `${counted("1")}
    SELECT $1, $2, 'default', c.last_turn, $3, $4, $5, $6, $7 FROM c
    RETURNING id, turn_number, created_at`,
};

const many = {
  name: "store many",
  text: `${counted("cardinality($2::uuid[])")}
    SELECT $1, t.id, 'default', c.last_turn - cardinality($2::uuid[]) + t.position,
      t.role, t.content, t.metadata::json, t.vector::tsvector, t.length
    FROM c, unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::int[]) WITH ORDINALITY
      AS t (id, role, content, metadata, vector, length, position)
    RETURNING id, turn_number, created_at`,
};

/** Begins so many conversations, and answers with their ids. */
export const beginConversations = async (login: Login, count: number) => {
  const client = new Client(login);
  await client.connect();
  try {
    const ids = Array.from({ length: count }, newId);
    await client.query(
      "INSERT INTO conversations (id, space) SELECT id, 'default' FROM unnest($1::uuid[]) AS t (id)",
      [ids],
    );
    return ids;
  } finally {
    await client.end();
  }
};

/** A client with a connection of its own. */
export const openStatements = async (login: Login): Promise<StoreClient> => {
  const client = new Client(login);
  await client.connect();
  const storeOne = (conversation: string, { content, vector, length }: Text) =>
    client.query({
      ...one,
      values: [conversation, newId(), "user", content, "{}", vector, length],
    });
  const storeMany = (conversation: string, texts: ReadonlyArray<Text>) =>
    client.query({
      ...many,
      values: [
        conversation,
        texts.map(() => newId()),
        texts.map(() => "user"),
        texts.map(({ content }) => content),
        texts.map(() => "{}"),
        texts.map(({ vector }) => vector),
        texts.map(({ length }) => length),
      ],
    });
  return {
    store: async (conversation, texts) => {
      const [first] = texts;
      const { rows } =
        first !== undefined && texts.length === 1
          ? await storeOne(conversation, first)
          : await storeMany(conversation, texts);
      return rows.length === texts.length;
    },
    close: () => client.end(),
  };
};
