/** A hand-written multi-row insert of frames that were recorded, into tables that are built like the real ones. */
import { Client } from "pg";
import { login } from "../../test/support/postgresServer.ts";

const rowsAtOnce = 1000;

/** A table to be filled again, the columns of a row with their types, and the order in which rows were written. */
const tables = {
  frames: {
    columns: {
      conversation_id: "uuid",
      sequence: "bigint",
      id: "uuid",
      space: "text",
      direction: "text",
      payload: "bytea",
      redactions: "int",
      captured_at: "timestamptz",
    },
    order: "captured_at, id",
  },
  messages: {
    columns: {
      conversation_id: "uuid",
      id: "uuid",
      space: "text",
      turn_number: "bigint",
      role: "text",
      content: "text",
      metadata: "json",
      created_at: "timestamptz",
      search_vector: "tsvector",
      search_length: "int",
    },
    order: "created_at, id",
  },
  tool_calls: {
    columns: {
      id: "uuid",
      space: "text",
      conversation_id: "uuid",
      correlation_id: "text",
      upstream: "text",
      tool: "text",
      status: "text",
      duration_ms: "float8",
      arguments: "json",
      result: "json",
      metadata: "json",
      created_at: "timestamptz",
    },
    order: "created_at, id",
  },
} as const;

type Table = keyof typeof tables;

const namesOf = (table: Table) => Object.keys(tables[table].columns).join(", ");

const fill = async (client: Client, table: Table, most: number) => {
  const { columns, order } = tables[table];
  const texts = Object.keys(columns).map((name) => `${name}::text`);
  const { rows } = await client.query<Array<string | null>>({
    text: `SELECT ${texts.join(", ")} FROM ${table} ORDER BY ${order} LIMIT ${most}`,
    rowMode: "array",
  });
  await client.query(`CREATE TABLE IF NOT EXISTS copy_of_${table} (LIKE ${table} INCLUDING ALL);
    TRUNCATE copy_of_${table};
    ALTER TABLE copy_of_${table} ADD FOREIGN KEY (conversation_id) REFERENCES conversations ON DELETE CASCADE`);
  const parameters = Object.values(columns).map(
    (type, index) => `$${index + 1}::text[]::${type}[]`,
  );
  const statement = {
    name: `fill ${table}`,
    text: `INSERT INTO copy_of_${table} (${namesOf(table)}) SELECT * FROM unnest(${parameters.join(", ")})`,
  };
  const batches: Array<Array<Array<string | null>>> = [];
  for (let next = 0; next < rows.length; next += rowsAtOnce) {
    const batch = rows.slice(next, next + rowsAtOnce);
    batches.push(parameters.map((_, column) => batch.map((row) => row[column] ?? null)));
  }
  const started = performance.now();
  for (const values of batches) await client.query({ ...statement, values });
  return { rows: rows.length, seconds: (performance.now() - started) / 1000 };
};

/**
 * How many frames a second such inserts write: of the frames alone, and with the messages and tool calls that go with
 * them; each statement is a transaction of its own.
 */
export const insertRates = async (port: number, most: number) => {
  const client = new Client({ host: "127.0.0.1", port, ...login });
  await client.connect();
  try {
    const frames = await fill(client, "frames", most);
    // A call is two frames and as many messages, and one row of its own.
    const messages = await fill(client, "messages", most);
    const calls = await fill(client, "tool_calls", most / 2);
    const all = frames.seconds + messages.seconds + calls.seconds;
    return { frames: frames.rows / frames.seconds, everything: frames.rows / all };
  } finally {
    await client.end();
  }
};
