// The shared context: versions that go up by one whoever writes, and a history of every change.
import { afterAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { openProcess, openTools } from "../support/tools.ts";

const dewey = await openTools();
const other = await openProcess(dewey.db.address);
afterAll(async () => {
  await other.close();
  await dewey.close();
});

const anyTime: unknown = expect.stringMatching(/^\d{4}-.*Z$/);
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
const write = (key: string, content: string, if_version?: number) =>
  dewey.call("write_context", {
    key,
    content,
    ...(if_version === undefined ? {} : { if_version }),
  });
const read = (key: string) => dewey.call("read_context", { key });
const remove = (key: string, more: object = {}) => dewey.call("delete_context", { key, ...more });
const history = async (key: string) => {
  const { entries } = await dewey.call("context_history", { key, limit: 100 });
  return entries.map(({ version, action, content }) => [version, action, content]);
};

const refused = async (...[name, input]: Parameters<typeof dewey.refusal>) => {
  const before = await dewey.db.fingerprint();
  const error = await dewey.refusal(name, input);
  expect(await dewey.db.fingerprint()).toEqual(before);
  return error;
};

test("a key is created, updated, read, and read as it was", async () => {
  const key = randomUUID();
  const created = await write(key, "one");
  expect<unknown>(created).toEqual({
    key,
    version: 1,
    action: "create",
    updated_at: anyTime,
  });
  expect(await read(key)).toEqual({
    key,
    content: "one",
    version: 1,
    created_at: created.updated_at,
    updated_at: created.updated_at,
  });
  const updated = await write(key, "two");
  expect(updated).toMatchObject({ key, version: 2, action: "update" });
  expect(await read(key)).toMatchObject({
    content: "two",
    version: 2,
    created_at: created.updated_at,
    updated_at: updated.updated_at,
  });
  expect(await dewey.call("read_context", { key, version: 1 })).toMatchObject({
    content: "one",
    version: 1,
    created_at: created.updated_at,
    updated_at: created.updated_at,
  });
  expect(await dewey.call("read_context", { key, version: 2 })).toEqual(await read(key));
  const error = await refused("read_context", { key, version: 3 });
  expect(error).toMatchObject({ code: "NOT_FOUND", details: { path: "version" } });
  // The same text again is a change too.
  expect(await write(key, "two")).toMatchObject({ version: 3, action: "update" });
});

test("keys are exact", async () => {
  await write("Key.One", "text");
  for (const key of ["key.one", "Key-One", "Key.On", "Key.One1"]) {
    for (const error of [
      await refused("read_context", { key }),
      await refused("read_context", { key, version: 1 }),
      await refused("delete_context", { key }),
      await refused("delete_context", { key, erase: true }),
      await refused("context_history", { key }),
    ]) {
      expect(error).toMatchObject({ code: "NOT_FOUND", retryable: false });
    }
  }
});

describe("if_version", () => {
  const conflict = async (key: string, if_version: number, current: number) => {
    const error = await refused("write_context", { key, content: "refused", if_version });
    expect(error).toMatchObject({
      code: "CONFLICT",
      retryable: false,
      details: { path: "if_version", current_version: current },
    });
    if (current > 0) expect(error.message).toContain(`version ${current}`);
  };

  test("0 means that the key must not exist", async () => {
    const key = randomUUID();
    expect(await write(key, "one", 0)).toMatchObject({ version: 1, action: "create" });
    await conflict(key, 0, 1);
    await remove(key);
    expect(await write(key, "again", 0)).toMatchObject({ version: 3, action: "create" });
  });

  test("the version that is there lets the write through, any other does not", async () => {
    const key = randomUUID();
    await conflict(key, 1, 0);
    await write(key, "one");
    await write(key, "two");
    for (const wrong of [0, 1, 3, 2_147_483_647]) await conflict(key, wrong, 2);
    expect(await write(key, "three", 2)).toMatchObject({ version: 3, action: "update" });
  });

  test("of a key that was deleted, no version is there", async () => {
    const key = randomUUID();
    await write(key, "one");
    await remove(key);
    for (const version of [1, 2]) await conflict(key, version, 0);
  });

  test.each([0, 1])(
    "32 writers at once in two processes on version %p: one of them wins",
    async (from) => {
      const key = randomUUID();
      if (from === 1) await write(key, "first");
      const outcomes = await Promise.allSettled(
        upTo(32).map((index) =>
          (index % 2 === 0 ? dewey : other).call("write_context", {
            key,
            content: `writer ${index}`,
            if_version: from,
          }),
        ),
      );
      const winners = outcomes.flatMap((outcome, index) =>
        outcome.status === "fulfilled" ? [`writer ${index + 1}`] : [],
      );
      expect(winners).toHaveLength(1);
      for (const outcome of outcomes) {
        if (outcome.status === "rejected")
          expect(outcome.reason).toMatchObject({ code: "CONFLICT" });
      }
      expect(await read(key)).toMatchObject({ content: winners[0], version: from + 1 });
      expect(await history(key)).toHaveLength(from + 1);
    },
  );
});

test("64 writers at once without a condition: versions without gap or duplicate", async () => {
  const key = randomUUID();
  const answers = await Promise.all(
    upTo(64).map((index) =>
      (index % 2 === 0 ? dewey : other).call("write_context", { key, content: String(index) }),
    ),
  );
  expect(answers.map(({ version }) => version).toSorted((a, b) => a - b)).toEqual(upTo(64));
  expect(answers.filter(({ action }) => action === "create")).toHaveLength(1);
  const changes = await history(key);
  expect(changes.map(([version]) => version)).toEqual(upTo(64).toReversed());
  expect(changes[0]?.[2]).toBe((await read(key)).content);
});

describe("deleting", () => {
  test("keeps the history; a key written again goes on from its last version", async () => {
    const key = randomUUID();
    const first = await write(key, "one");
    expect(await remove(key)).toEqual({ deleted: true, version: 2 });
    expect((await refused("read_context", { key })).code).toBe("NOT_FOUND");
    expect((await refused("delete_context", { key })).code).toBe("NOT_FOUND");
    expect((await refused("read_context", { key, version: 2 })).code).toBe("NOT_FOUND");
    expect(await dewey.call("read_context", { key, version: 1 })).toMatchObject({ content: "one" });
    const listed = await dewey.call("list_context", { search: key });
    expect(listed).toMatchObject({ entries: [], total: 0 });
    const again = await write(key, "two");
    expect(again).toMatchObject({ version: 3, action: "create" });
    const now = await read(key);
    expect(now.created_at).toBe(again.updated_at);
    expect(now.created_at >= first.updated_at).toBe(true);
    await write(key, "three");
    expect(await history(key)).toEqual([
      [4, "update", "three"],
      [3, "create", "two"],
      [2, "delete", null],
      [1, "create", "one"],
    ]);
    expect((await dewey.call("read_context", { key, version: 4 })).created_at).toBe(now.created_at);
    expect((await dewey.call("read_context", { key, version: 1 })).created_at).toBe(
      first.updated_at,
    );
  });

  test.each([false, true])("with erase nothing is left (of a deleted key: %p)", async (deleted) => {
    const key = randomUUID();
    await write(key, "one");
    await write(key, "two");
    if (deleted) await remove(key);
    expect(await remove(key, { erase: true })).toEqual({ deleted: true, version: deleted ? 3 : 2 });
    for (const input of [{ key }, { key, version: 1 }]) {
      expect((await refused("read_context", input)).code).toBe("NOT_FOUND");
    }
    expect((await refused("context_history", { key })).code).toBe("NOT_FOUND");
    expect((await refused("delete_context", { key, erase: true })).code).toBe("NOT_FOUND");
    const [row] = await dewey.db.rows(
      `SELECT count(*)::int AS count FROM context_history WHERE key = '${key}'`,
    );
    expect(row).toEqual({ count: 0 });
    expect(await write(key, "new")).toMatchObject({ version: 1, action: "create" });
  });

  test("once, however many delete at once", async () => {
    const key = randomUUID();
    await write(key, "one");
    const outcomes = await Promise.allSettled(upTo(16).map(() => remove(key)));
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await history(key)).toHaveLength(2);
  });
});

describe("the history", () => {
  test("names who wrote, newest first, by pages", async () => {
    const key = randomUUID();
    const names = ["anonymous", "ada", "bob"];
    for (const name of names)
      await dewey.as({ name }).call("write_context", { key, content: name });
    await dewey.as({ name: "eve" }).call("delete_context", { key });
    const whole = await dewey.call("context_history", { key });
    expect(whole).toMatchObject({ total: 4, total_is_exact: true, limit: 20, offset: 0 });
    expect(whole.entries.map(({ changed_by }) => changed_by)).toEqual([
      "eve",
      "bob",
      "ada",
      "anonymous",
    ]);
    const times = whole.entries.map(({ changed_at }) => changed_at);
    expect(times).toEqual(times.toSorted().toReversed());
    const part = await dewey.call("context_history", { key, limit: 2, offset: 1 });
    expect(part).toMatchObject({ total: 4, limit: 2, offset: 1 });
    expect(part.entries).toEqual(whole.entries.slice(1, 3));
    const past = await dewey.call("context_history", { key, offset: 4 });
    expect(past).toMatchObject({ entries: [], total: 4 });
  });

  test("is in the same transaction: one does not come to be without the other", async () => {
    const key = randomUUID();
    await write(key, "one");
    await dewey.db.rows(
      `ALTER TABLE context_history ADD CONSTRAINT no_poison CHECK (content <> 'poison' AND action <> 'delete') NOT VALID`,
    );
    try {
      for (const each of [key, randomUUID()]) {
        expect((await refused("write_context", { key: each, content: "poison" })).code).toBe(
          "INTERNAL",
        );
      }
      expect((await refused("delete_context", { key })).code).toBe("INTERNAL");
    } finally {
      await dewey.db.rows("ALTER TABLE context_history DROP CONSTRAINT no_poison");
    }
    expect(await read(key)).toMatchObject({ content: "one", version: 1 });
    expect(await write(key, "two")).toMatchObject({ version: 2 });
  });

  test("and a session that is killed in the middle leaves neither", async () => {
    const key = randomUUID();
    await write(key, "one");
    const before = await dewey.db.fingerprint();
    // The entry can be written and its history cannot: the statements stand in the middle.
    const writes = await dewey.db.whileHeld(
      ["LOCK TABLE context_history IN SHARE MODE"],
      async () => {
        const pending = Promise.allSettled([
          write(key, "two"),
          remove(key),
          write(randomUUID(), "new"),
        ]);
        // Killing the first lets the one that waits behind it for the row come to the same place.
        for (let killed = 0; killed < 3; ) {
          const standing = await dewey.db.rows(
            `SELECT pid, pg_terminate_backend(pid, 5000) FROM pg_stat_activity
           WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event = 'relation'`,
          );
          killed += standing.length;
        }
        return pending;
      },
    );
    for (const outcome of writes) {
      expect(outcome.status).toBe("rejected");
      if (outcome.status === "rejected") {
        expect(outcome.reason).toMatchObject({ code: "UNAVAILABLE", retryable: true });
      }
    }
    expect(await dewey.db.fingerprint()).toEqual(before);
  });
});

describe("the list", () => {
  const space = dewey.as({ space: "list" });
  const keys = ["a", "a%b", "a.b", "a_b", "aXb", "b", "B", "-", "_", ".", "100"].filter(
    (key) => !key.includes("%"),
  );

  test("holds the keys that contain the text, which means itself", async () => {
    for (const key of keys) await space.call("write_context", { key, content: "é" });
    const find = async (search?: string) => {
      const input = search === undefined ? {} : { search };
      const { entries, total } = await space.call("list_context", input);
      expect(total).toBe(entries.length);
      return entries.map(({ key }) => key);
    };
    const all = [...keys].sort();
    expect(await find()).toEqual(all);
    expect(await find("")).toEqual(all);
    expect(await find("_")).toEqual(["_", "a_b"]);
    expect(await find(".")).toEqual([".", "a.b"]);
    expect(await find("%")).toEqual([]);
    expect(await find("a_b")).toEqual(["a_b"]);
    expect(await find("a%b")).toEqual([]);
    expect(await find("b")).toEqual(["aXb", "a.b", "a_b", "b"].sort());
    expect(await find("B")).toEqual(["B"]);
    expect(await find("\\")).toEqual([]);
    expect(await find(".*")).toEqual([]);
    expect(await find("é")).toEqual([]);
  });

  test("says how large each is, and comes by pages", async () => {
    const whole = await space.call("list_context", {});
    expect(whole).toMatchObject({ total: keys.length, total_is_exact: true, limit: 20, offset: 0 });
    expect<unknown>(whole.entries[0]).toEqual({
      key: "-",
      size_bytes: 2,
      version: 1,
      updated_at: anyTime,
    });
    const page = await space.call("list_context", { limit: 3, offset: 2 });
    expect(page).toMatchObject({ total: keys.length, limit: 3, offset: 2 });
    expect(page.entries).toEqual(whole.entries.slice(2, 5));
    expect((await space.call("list_context", { offset: keys.length })).entries).toEqual([]);
  });
});
