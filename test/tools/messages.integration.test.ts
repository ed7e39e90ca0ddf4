// Beginning, storing, storing in bulk: turns, exactly once, all or nothing.
import { afterAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { openTools } from "../support/tools.ts";

const dewey = await openTools();
afterAll(dewey.close);

const begin = async () => (await dewey.call("dewey_begin_conversation", {})).conversation_id;
const say = (conversation_id: string, more: object = {}) => ({
  conversation_id,
  role: "user",
  content: "text",
  ...more,
});
const read = (conversation_id: string) => dewey.call("dewey_get_conversation", { conversation_id });
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
const isV7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const isTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;
const anyId: unknown = expect.stringMatching(isV7);
const anyTime: unknown = expect.stringMatching(isTime);

/** Expects a refusal that changes nothing. */
const refused = async (...[name, input]: Parameters<typeof dewey.refusal>) => {
  const before = await dewey.db.fingerprint();
  const error = await dewey.refusal(name, input);
  expect(await dewey.db.fingerprint()).toEqual(before);
  return error;
};

test("new ids are UUIDs of version 7 that sort by time, and times are ISO 8601 in UTC", async () => {
  const begun = await dewey.call("dewey_begin_conversation", {
    session_id: "s",
    metadata: { a: 1 },
  });
  expect<unknown>(begun).toEqual({
    conversation_id: anyId,
    session_id: "s",
    created_at: anyTime,
  });
  const ids: Array<string> = [];
  for (const content of ["a", "b", "c"]) {
    const stored = await dewey.call("dewey_store_message", say(begun.conversation_id, { content }));
    expect<unknown>(stored).toEqual({
      message_id: anyId,
      turn_number: ids.length + 1,
      created_at: anyTime,
    });
    ids.push(stored.message_id);
  }
  expect(ids).toEqual(ids.toSorted());
  const conversation = await read(begun.conversation_id);
  expect(conversation).toMatchObject({
    conversation_id: begun.conversation_id,
    session_id: "s",
    metadata: { a: 1 },
    created_at: begun.created_at,
    message_count: 3,
    next_after_turn: null,
  });
  expect<unknown>(conversation.messages).toEqual(
    ["a", "b", "c"].map((content, index) => ({
      id: ids[index] ?? "",
      turn: index + 1,
      role: "user",
      content,
      metadata: {},
      created_at: anyTime,
    })),
  );
  expect(conversation.updated_at >= conversation.created_at).toBe(true);
});

test("every role is stored as it is", async () => {
  const id = await begin();
  const roles = ["user", "assistant", "system", "tool"] as const;
  for (const role of roles) await dewey.call("dewey_store_message", say(id, { role }));
  expect((await read(id)).messages.map(({ role }) => role)).toEqual([...roles]);
});

test("whatever stores a message moves updated_at, and nothing else does", async () => {
  const id = await begin();
  const message_id = randomUUID();
  const bulk = { conversation_id: id, messages: [{ role: "user", content: "text" }] };
  const updatedAt = async () => (await read(id)).updated_at;
  const long = "2020-01-01T00:00:00.000Z";
  const forget = () =>
    dewey.db.rows(`UPDATE conversations SET updated_at = '${long}' WHERE id = '${id}'`);
  for (const store of [
    () => dewey.call("dewey_store_message", say(id)),
    () => dewey.call("dewey_store_message", say(id, { message_id })),
    () => dewey.call("dewey_store_message", say(id, { turn_number: 50 })),
    () => dewey.call("dewey_store_messages_bulk", bulk),
  ]) {
    await forget();
    await store();
    expect((await updatedAt()) > long).toBe(true);
  }
  await forget();
  await dewey.call("dewey_store_message", say(id, { message_id }));
  await dewey.refusal("dewey_store_message", say(id, { turn_number: 50 }));
  await dewey.call("dewey_delete_conversation", { conversation_id: id });
  await dewey.call("dewey_restore_conversation", { conversation_id: id });
  await dewey.call("dewey_search", { query: "text", conversation_id: id });
  expect(await updatedAt()).toBe(long);
});

describe("turns", () => {
  test("a given one is used where it is free; the next is above the highest", async () => {
    const id = await begin();
    const store = async (more: object) =>
      (await dewey.call("dewey_store_message", say(id, more))).turn_number;
    expect(await store({})).toBe(1);
    expect(await store({ turn_number: 10 })).toBe(10);
    expect(await store({})).toBe(11);
    expect(await store({ turn_number: 5 })).toBe(5);
    expect(await store({})).toBe(12);
    expect((await read(id)).messages.map(({ turn }) => turn)).toEqual([1, 5, 10, 11, 12]);
  });

  test("one that is taken is CONFLICT", async () => {
    const id = await begin();
    await dewey.call("dewey_store_message", say(id));
    await dewey.call("dewey_store_message", say(id, { turn_number: 4 }));
    for (const turn_number of [1, 4]) {
      const error = await refused(
        "dewey_store_message",
        say(id, { turn_number, content: "other" }),
      );
      expect(error).toMatchObject({
        code: "CONFLICT",
        retryable: false,
        details: { path: "turn_number" },
      });
      expect(error.message).toContain(`Turn ${turn_number} `);
    }
    expect((await dewey.call("dewey_store_message", say(id))).turn_number).toBe(5);
  });

  test("from 1 to 2147483647, and no other number", async () => {
    const id = await begin();
    for (const turn_number of [0, -1, 2 ** 31, 1.5]) {
      const error = await refused("dewey_store_message", say(id, { turn_number }));
      expect(error).toMatchObject({ code: "INVALID_INPUT", details: { path: "turn_number" } });
    }
    const last = await dewey.call("dewey_store_message", say(id, { turn_number: 2 ** 31 - 1 }));
    expect(last.turn_number).toBe(2 ** 31 - 1);
    const next = await dewey.call("dewey_store_message", say(id));
    expect(next.turn_number).toBe(2 ** 31);
    const rest = await dewey.call("dewey_get_conversation", {
      conversation_id: id,
      after_turn: 2 ** 31 - 1,
    });
    expect(rest.messages.map(({ turn }) => turn)).toEqual([2 ** 31]);
  });
});

describe("a message_id", () => {
  const metadata = { a: { x: 1, y: [1, { p: 1, q: 2 }] }, b: "text" };
  const reordered = { b: "text", a: { y: [1, { q: 2, p: 1 }], x: 1 } };

  test("with the same data gives the first answer and stores nothing", async () => {
    const id = await begin();
    const message_id = randomUUID();
    const message = say(id, { message_id, metadata });
    const first = await dewey.call("dewey_store_message", message);
    await dewey.call("dewey_store_message", say(id));
    const before = await dewey.db.fingerprint();
    for (const same of [
      message,
      { ...message, metadata: reordered },
      { ...message, turn_number: 1 },
      { ...message, turn_number: null },
    ]) {
      expect(await dewey.call("dewey_store_message", same)).toEqual(first);
      const { conversation_id, ...rest } = same;
      const bulk = await dewey.call("dewey_store_messages_bulk", {
        conversation_id,
        messages: [rest],
      });
      expect(bulk).toEqual({ conversation_id: id, stored: 1, message_ids: [message_id] });
    }
    expect(await dewey.db.fingerprint()).toEqual(before);
  });

  test("with anything else is CONFLICT", async () => {
    const id = await begin();
    const message_id = randomUUID();
    const message = say(id, { message_id, metadata });
    await dewey.call("dewey_store_message", message);
    for (const other of [
      { content: "Text" },
      { content: "text " },
      { role: "assistant" },
      { metadata: {} },
      { metadata: null },
      { metadata: { ...metadata, b: "other" } },
      { metadata: { ...metadata, c: null } },
      { metadata: { ...metadata, a: { x: 1, y: [{ p: 1, q: 2 }, 1] } } },
      { metadata: { ...metadata, a: { x: "1", y: [1, { p: 1, q: 2 }] } } },
      { turn_number: 2 },
    ]) {
      const error = await refused("dewey_store_message", { ...message, ...other });
      expect(error).toMatchObject({ code: "CONFLICT", details: { path: "message_id" } });
    }
  });

  test("is the conversation's own: another may have the same", async () => {
    const [one, two] = [await begin(), await begin()];
    const message_id = randomUUID();
    for (const id of [one, two]) {
      const stored = await dewey.call("dewey_store_message", say(id, { message_id, content: id }));
      expect(stored).toMatchObject({ message_id, turn_number: 1 });
    }
  });

  test("keeps its first time and turn however late it is repeated", async () => {
    const id = await begin();
    const message_id = randomUUID();
    const first = await dewey.call("dewey_store_message", say(id, { message_id, turn_number: 3 }));
    await dewey.db.rows(
      `UPDATE messages SET created_at = created_at - interval '1 day' WHERE id = '${message_id}'`,
    );
    const again = await dewey.call("dewey_store_message", say(id, { message_id }));
    expect(again.turn_number).toBe(3);
    expect(Date.parse(first.created_at) - Date.parse(again.created_at)).toBe(86_400_000);
  });

  test("a refused conflict among good ones refuses only itself", async () => {
    const id = await begin();
    const message_id = randomUUID();
    await dewey.call("dewey_store_message", say(id, { message_id }));
    const outcomes = await Promise.allSettled(
      upTo(30).map((index) =>
        dewey.call(
          "dewey_store_message",
          index % 3 === 0 ? say(id, { message_id, content: "other" }) : say(id),
        ),
      ),
    );
    expect(outcomes.filter(({ status }) => status === "rejected")).toHaveLength(10);
    expect((await read(id)).messages.map(({ turn }) => turn)).toEqual(upTo(21));
  });
});

describe("a conversation_id of the caller's own", () => {
  test("with the same data gives the first answer", async () => {
    const begun = { conversation_id: randomUUID(), session_id: "s", metadata: { a: 1, b: [2] } };
    const first = await dewey.call("dewey_begin_conversation", begun);
    expect(first).toMatchObject({ conversation_id: begun.conversation_id, session_id: "s" });
    await dewey.call("dewey_store_message", say(begun.conversation_id));
    const before = await dewey.db.fingerprint();
    const again = await dewey.call("dewey_begin_conversation", {
      ...begun,
      metadata: { b: [2], a: 1 },
    });
    expect(again).toEqual(first);
    expect(await dewey.db.fingerprint()).toEqual(before);
  });

  test("with other data is CONFLICT", async () => {
    const begun = { conversation_id: randomUUID(), session_id: "s", metadata: { a: 1 } };
    await dewey.call("dewey_begin_conversation", begun);
    for (const other of [
      { session_id: "S" },
      { session_id: null },
      { session_id: "" },
      { metadata: {} },
      { metadata: null },
      { metadata: { a: "1" } },
    ]) {
      const error = await refused("dewey_begin_conversation", { ...begun, ...other });
      expect(error).toMatchObject({ code: "CONFLICT", details: { path: "conversation_id" } });
    }
  });

  test("begun many times at once is one conversation", async () => {
    const conversation_id = randomUUID();
    const answers = await Promise.all(
      upTo(32).map(() => dewey.call("dewey_begin_conversation", { conversation_id })),
    );
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  });
});

describe("a bulk", () => {
  const messages = [
    { role: "system", content: "one" },
    { role: "user", content: "two", metadata: { k: 2 } },
    { role: "assistant", content: "three" },
  ];

  test("begins a conversation with what is said of it", async () => {
    const bulk = await dewey.call("dewey_store_messages_bulk", {
      messages,
      session_id: "bulk",
      metadata: { about: true },
    });
    expect(bulk.stored).toBe(3);
    const conversation = await read(bulk.conversation_id);
    expect(conversation).toMatchObject({
      session_id: "bulk",
      metadata: { about: true },
      message_count: 3,
      messages: messages.map((message, index) => ({ ...message, turn: index + 1 })),
    });
    expect(conversation.messages.map(({ id }) => id)).toEqual([...bulk.message_ids]);
    expect((await dewey.call("dewey_store_message", say(bulk.conversation_id))).turn_number).toBe(
      4,
    );
  });

  test("appends to one in the order given, ids and given turns included", async () => {
    const id = await begin();
    await dewey.call("dewey_store_message", say(id));
    const own = randomUUID();
    const bulk = await dewey.call("dewey_store_messages_bulk", {
      conversation_id: id,
      messages: [
        { role: "user", content: "2" },
        { role: "user", content: "10", turn_number: 10, message_id: own },
        { role: "user", content: "11" },
        { role: "user", content: "5", turn_number: 5 },
        { role: "user", content: "12" },
      ],
    });
    expect(bulk.message_ids[1]).toBe(own);
    const stored = await read(id);
    expect(stored.message_count).toBe(6);
    const turnOf = new Map(stored.messages.map((message) => [message.id, message.turn]));
    expect(bulk.message_ids.map((each) => turnOf.get(each))).toEqual([2, 10, 11, 5, 12]);
    for (const { content, turn } of stored.messages.slice(1)) expect(content).toBe(String(turn));
  });

  test("is stored once however often it is repeated with ids of its own", async () => {
    const id = await begin();
    const own = messages.map((message) => ({ ...message, message_id: randomUUID() }));
    const input = { conversation_id: id, messages: own };
    const first = await dewey.call("dewey_store_messages_bulk", input);
    expect(await dewey.call("dewey_store_messages_bulk", input)).toEqual(first);
    // A longer one that begins with what is there goes on behind it.
    const longer = { conversation_id: id, messages: [...own, { role: "user", content: "four" }] };
    const more = await dewey.call("dewey_store_messages_bulk", longer);
    expect(more.message_ids.slice(0, 3)).toEqual([...first.message_ids]);
    expect((await read(id)).messages.map(({ turn, content }) => [turn, content])).toEqual([
      [1, "one"],
      [2, "two"],
      [3, "three"],
      [4, "four"],
    ]);
  });

  test("that names one message twice stores it once, unless they differ", async () => {
    const same = { role: "user", content: "text", message_id: randomUUID() };
    for (const conversation_id of [await begin(), undefined]) {
      const target = conversation_id === undefined ? {} : { conversation_id };
      const bulk = await dewey.call("dewey_store_messages_bulk", {
        ...target,
        messages: [same, { role: "user", content: "between" }, same],
      });
      expect(bulk.message_ids[2]).toBe(same.message_id);
      expect((await read(bulk.conversation_id)).messages.map(({ turn }) => turn)).toEqual([1, 2]);
      const error = await refused("dewey_store_messages_bulk", {
        ...target,
        messages: [same, { ...same, content: "other" }],
      });
      expect(error).toMatchObject({ code: "CONFLICT" });
    }
  });

  test("is all or nothing, the conversation that it would begin included", async () => {
    const id = await begin();
    const taken = randomUUID();
    await dewey.call("dewey_store_message", say(id, { message_id: taken, turn_number: 3 }));
    const conflicts = [
      { role: "user", content: "text", turn_number: 3 },
      { role: "user", content: "other", message_id: taken },
    ];
    for (const conflict of conflicts) {
      const error = await refused("dewey_store_messages_bulk", {
        conversation_id: id,
        messages: [...messages, conflict, ...messages],
      });
      expect(error.code).toBe("CONFLICT");
    }
    const twice = { role: "user", content: "text", turn_number: 7 };
    for (const target of [{ conversation_id: id }, {}]) {
      const error = await refused("dewey_store_messages_bulk", {
        ...target,
        messages: [twice, twice],
      });
      expect(error).toMatchObject({ code: "CONFLICT" });
    }
    // The turn of a message that follows is taken by one before it.
    const collision = [
      { role: "user", content: "a" },
      { role: "user", content: "b", turn_number: 1 },
    ];
    expect((await refused("dewey_store_messages_bulk", { messages: collision })).code).toBe(
      "CONFLICT",
    );
    expect((await dewey.call("dewey_store_message", say(id))).turn_number).toBe(4);
  });

  test("cannot describe a conversation that is there", async () => {
    const id = await begin();
    for (const more of [{ session_id: "s" }, { metadata: {} }, { session_id: "s", metadata: {} }]) {
      const error = await refused("dewey_store_messages_bulk", {
        conversation_id: id,
        messages,
        ...more,
      });
      expect(error.code).toBe("INVALID_INPUT");
      expect(Object.keys(more)).toContain(error.details?.path ?? "");
    }
  });
});

test("a conversation that is not there is NOT_FOUND for every tool that needs one", async () => {
  const conversation_id = randomUUID();
  const refusals = [
    await refused("dewey_store_message", say(conversation_id)),
    await refused("dewey_store_message", say(conversation_id, { turn_number: 1 })),
    await refused("dewey_store_message", say(conversation_id, { message_id: randomUUID() })),
    await refused("dewey_store_messages_bulk", {
      conversation_id,
      messages: [{ role: "user", content: "text" }],
    }),
    await refused("dewey_get_conversation", { conversation_id }),
    await refused("dewey_delete_conversation", { conversation_id }),
    await refused("dewey_delete_conversation", { conversation_id, force: true }),
    await refused("dewey_restore_conversation", { conversation_id }),
  ];
  for (const error of refusals) {
    expect(error).toMatchObject({
      code: "NOT_FOUND",
      retryable: false,
      details: { path: "conversation_id" },
    });
    expect(error.message).toMatch(/dewey_\w+/);
  }
});
