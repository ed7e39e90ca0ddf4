// Startup contexts: what agents read first. At most one is active, whoever activates at once.
import { afterAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { anonymous } from "../../src/domain/Principal.ts";
import { openProcess, openTools, type Process } from "../support/tools.ts";

const dewey = await openTools();
const other = await openProcess(dewey.db.address);
afterAll(async () => {
  await other.close();
  await dewey.close();
});

const anyText: unknown = expect.any(String);

/** A space of a test's own, through a process. */
const fresh = (process: Process = dewey, space: string = randomUUID()) => {
  const caller = process.as({ space });
  const activeNames = async () =>
    (await caller.call("dewey_list_startup_contexts", {})).contexts
      .filter(({ is_active }) => is_active)
      .map(({ name }) => name);
  const set = (name: string, more: object = {}) =>
    caller.call("dewey_set_startup_context", { name, content: `text of ${name}`, ...more });
  return { ...caller, activeNames, set, space };
};

test("a new one becomes active, and the other is deactivated", async () => {
  const { call, set, activeNames } = fresh();
  const first = await set("a");
  expect<unknown>(first).toEqual({
    id: anyText,
    name: "a",
    is_active: true,
    created_at: anyText,
    updated_at: anyText,
  });
  expect((await set("b")).is_active).toBe(true);
  expect(await activeNames()).toEqual(["b"]);
  expect(await call("dewey_get_startup_context", {})).toMatchObject({
    name: "b",
    content: "text of b",
    is_active: true,
  });
  expect(await call("dewey_get_startup_context", { name: "a" })).toMatchObject({
    id: first.id,
    name: "a",
    content: "text of a",
    is_active: false,
  });
});

test("an update keeps the id and the time of its making", async () => {
  const { call, set } = fresh();
  const first = await set("a");
  const second = await set("a", { content: "other" });
  expect(second).toMatchObject({ id: first.id, created_at: first.created_at, is_active: true });
  expect(second.updated_at >= first.updated_at).toBe(true);
  expect((await call("dewey_get_startup_context", {})).content).toBe("other");
  expect((await call("dewey_list_startup_contexts", {})).contexts).toHaveLength(1);
});

describe("set_active: false", () => {
  test("creates one that is not active, and leaves the active one active", async () => {
    const { set, activeNames } = fresh();
    expect((await set("a", { set_active: false })).is_active).toBe(false);
    expect(await activeNames()).toEqual([]);
    await set("b");
    expect((await set("a", { set_active: false })).is_active).toBe(false);
    expect((await set("c", { set_active: false })).is_active).toBe(false);
    expect(await activeNames()).toEqual(["b"]);
  });

  test("deactivates the one named", async () => {
    const { set, activeNames, refusal } = fresh();
    await set("a");
    expect((await set("a", { set_active: false })).is_active).toBe(false);
    expect(await activeNames()).toEqual([]);
    const error = await refusal("dewey_get_startup_context", {});
    expect(error).toMatchObject({ code: "NOT_FOUND", retryable: false });
    expect(error.message).toContain("dewey_set_startup_context");
  });
});

test("the list is by name, with the texts only where they are asked for", async () => {
  const { call, set } = fresh();
  expect(await call("dewey_list_startup_contexts", {})).toEqual({ contexts: [] });
  for (const name of ["b", "ä", "a", "B", "😀"]) await set(name);
  const plain = await call("dewey_list_startup_contexts", {});
  expect(plain.contexts.map(({ name }) => name)).toEqual(["B", "a", "b", "ä", "😀"]);
  for (const each of plain.contexts) expect(each).not.toHaveProperty("content");
  const whole = await call("dewey_list_startup_contexts", { include_content: true });
  expect(whole.contexts).toEqual(
    plain.contexts.map((each) => ({ ...each, content: `text of ${each.name}` })),
  );
});

describe("deleting", () => {
  test("one that is not active needs no force", async () => {
    const { call, set, activeNames, refusal } = fresh();
    await set("a");
    await set("b");
    expect(await call("dewey_delete_startup_context", { name: "a" })).toEqual({ deleted: true });
    expect(await activeNames()).toEqual(["b"]);
    expect(await refusal("dewey_get_startup_context", { name: "a" })).toMatchObject({
      code: "NOT_FOUND",
    });
  });

  test("the active one needs force", async () => {
    const { call, set, refusal } = fresh();
    await set("a");
    for (const more of [{}, { force: false }, { force: null }]) {
      const before = await dewey.db.fingerprint();
      const error = await refusal("dewey_delete_startup_context", { name: "a", ...more });
      expect(error).toMatchObject({ code: "CONFIRMATION_REQUIRED", retryable: false });
      expect(error.message).toContain("force");
      expect(await dewey.db.fingerprint()).toEqual(before);
    }
    const input = { name: "a", force: true };
    expect(await call("dewey_delete_startup_context", input)).toEqual({ deleted: true });
    expect((await refusal("dewey_delete_startup_context", input)).code).toBe("NOT_FOUND");
  });
});

test("a name that does not exist is NOT_FOUND, and names are exact", async () => {
  const { set, refusal } = fresh();
  await set("Name");
  for (const name of ["name", "Name ", "Nam", "%"]) {
    for (const error of [
      await refusal("dewey_get_startup_context", { name }),
      await refusal("dewey_delete_startup_context", { name }),
      await refusal("dewey_delete_startup_context", { name, force: true }),
    ]) {
      expect(error).toMatchObject({ code: "NOT_FOUND", details: { path: "name" } });
      expect(error.message).toContain(JSON.stringify(name));
      expect(error.message).toContain("dewey_list_startup_contexts");
    }
  }
});

describe("at once", () => {
  const both = () => {
    const one = fresh();
    return [one, fresh(other, one.space)] as const;
  };

  test("32 activations in two processes leave one active", async () => {
    const callers = both();
    const [one] = callers;
    await one.set("before");
    const sets = await Promise.all(
      Array.from({ length: 32 }, (_, index) => (callers[index % 2] ?? one).set(`name ${index}`)),
    );
    for (const answer of sets) expect(answer.is_active).toBe(true);
    expect(await one.activeNames()).toHaveLength(1);
    expect((await one.call("dewey_list_startup_contexts", {})).contexts).toHaveLength(33);
  });

  test("32 activations of few names, with deletions among them, leave at most one", async () => {
    const callers = both();
    const [one] = callers;
    const outcomes = await Promise.allSettled(
      Array.from({ length: 64 }, (_, index) => {
        const caller = callers[index % 2] ?? one;
        const name = `name ${index % 3}`;
        return index % 4 === 3
          ? caller.call("dewey_delete_startup_context", { name, force: true })
          : caller.set(name, { set_active: index % 5 !== 0 });
      }),
    );
    for (const outcome of outcomes) {
      if (outcome.status === "rejected")
        expect(outcome.reason).toMatchObject({ code: "NOT_FOUND" });
    }
    expect((await one.activeNames()).length).toBeLessThanOrEqual(1);
    await one.set("last");
    expect(await one.activeNames()).toEqual(["last"]);
  });

  test("other spaces are not held up by one that is being changed", async () => {
    const [one, two] = both();
    const elsewhere = fresh();
    const spaces = await Promise.all([one, two, elsewhere].map((caller) => caller.set("a")));
    expect(new Set(spaces.map(({ id }) => id)).size).toBe(2);
    expect(await elsewhere.activeNames()).toEqual(["a"]);
  });
});

test("the database allows no second active one, whatever writes it", async () => {
  const { set, space } = fresh();
  await set("a");
  await set("b");
  const activated = dewey.db.rows(
    `UPDATE startup_contexts SET is_active = true WHERE space = '${space}'`,
  );
  expect(activated).rejects.toThrow();
  await activated.catch(() => undefined);
  expect(anonymous.space).not.toBe(space);
});
