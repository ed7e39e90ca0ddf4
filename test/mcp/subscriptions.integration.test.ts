// Changes through this process and another one are told to every client that asked, and to nobody else.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { type LiveDewey, startLiveDewey } from "./liveDewey.ts";
import { connect, type SdkClient, sdkClients } from "./sdkClients.ts";

let dewey: LiveDewey;
beforeAll(async () => {
  dewey = await startLiveDewey();
}, 60_000);
afterAll(() => dewey.close());

const contextUri = (key: string) => `dewey://context/${key}`;

describe.each(Object.keys(sdkClients))("%s", (title) => {
  let client: SdkClient;
  beforeAll(async () => {
    client = await connect(title, dewey);
  }, 30_000);
  afterAll(() => client.close());

  /** Writes through the client's own Dewey. */
  const write = (key: string, content: string) =>
    client.request("tools/call", { name: "write_context", arguments: { key, content } });

  test("is told what it follows and nothing else, until it stops", async () => {
    const [followed, other, witness] = [randomUUID(), randomUUID(), randomUUID()];
    for (const key of [followed, other, witness]) await write(key, "one");
    const stop = await client.follow([contextUri(followed)]);
    const stopWitness = await client.follow([contextUri(witness)]);
    client.notices.forget();
    await write(other, "two");
    await write(followed, "two");
    await client.notices.updatedTo(contextUri(followed));
    await stop();
    client.notices.forget();
    await write(followed, "three");
    await write(witness, "three");
    await client.notices.updatedTo(contextUri(witness));
    expect(client.notices.updated).toEqual([contextUri(witness)]);
    await stopWitness();
  });

  test("is told of what another process changes", async () => {
    const { conversation_id } = await dewey.other.call("dewey_begin_conversation", {});
    const name = `${title} ${randomUUID()} ä/?`;
    const startup = `dewey://startup-context/${encodeURIComponent(name)}`;
    const conversation = `dewey://conversation/${conversation_id}`;
    const stop = await client.follow([conversation, startup]);
    client.notices.forget();
    await dewey.other.call("dewey_store_message", { conversation_id, role: "user", content: "hi" });
    await client.notices.updatedTo(conversation);
    await dewey.other.call("dewey_set_startup_context", { name, content: "x" });
    await client.notices.updatedTo(startup);
    await client.notices.listChanged();
    client.notices.forget();
    await dewey.other.call("dewey_delete_conversation", { conversation_id });
    await client.notices.updatedTo(conversation);
    await client.notices.listChanged();
    await stop();
  }, 20_000);

  test("is told once of many changes of the list", async () => {
    const last = randomUUID();
    await write(last, "one");
    const stop = await client.follow([contextUri(last)]);
    client.notices.forget();
    for (let count = 0; count < 20; count++) await write(randomUUID(), "new");
    await write(last, "two");
    await client.notices.updatedTo(contextUri(last));
    await client.notices.listChanged();
    expect(client.notices.lists).toBeLessThan(20);
    await stop();
  }, 20_000);
});

test.each(["the second SDK over HTTP, 2025-11-25", "the second SDK over WebSocket, 2026-07-28"])(
  "%s is told of everything when the database's sessions were lost",
  async (title) => {
    const client = await connect(title, dewey);
    const key = randomUUID();
    await dewey.other.call("write_context", { key, content: "one" });
    const stop = await client.follow([contextUri(key)]);
    client.notices.forget();
    await dewey.db.rows(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    // Nothing has changed: it is told only because something might have.
    await client.notices.updatedTo(contextUri(key));
    await client.notices.listChanged();
    client.notices.forget();
    while (
      typeof (await dewey.other.attempt("write_context", { key, content: "two" })) === "string"
    );
    await client.notices.updatedTo(contextUri(key));
    await stop();
    await client.close();
  },
  30_000,
);
