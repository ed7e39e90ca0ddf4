// The tools beside a model of a few lines: whatever sequence of calls, both answer alike.
import { afterAll, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import fc from "fast-check";
import type { ErrorBody } from "../../src/domain/ErrorBody.ts";
import { holds } from "../support/property.ts";
import { type Caller, openProcess, openTools } from "../support/tools.ts";

const dewey = await openTools();
const other = await openProcess(dewey.db.address);
afterAll(async () => {
  await other.close();
  await dewey.close();
});

type Code = ErrorBody["code"];

interface Message {
  readonly role: string;
  readonly content: string;
  readonly metadata: object;
  readonly message_id?: string;
  readonly turn_number?: number;
}

interface Stored extends Omit<Message, "turn_number"> {
  readonly turn: number;
}

interface Conversation {
  messages: ReadonlyArray<Stored>;
  lastTurn: number;
  deleted: boolean;
}

/** The rules, over plain arrays. Returns what is stored, or why nothing is. */
const settle = (
  { messages, lastTurn }: Pick<Conversation, "messages" | "lastTurn">,
  added: ReadonlyArray<Message>,
):
  | {
      readonly messages: ReadonlyArray<Stored>;
      readonly lastTurn: number;
      readonly turns: ReadonlyArray<number>;
    }
  | Code => {
  const all = [...messages];
  const turns: Array<number> = [];
  let last = lastTurn;
  for (const { turn_number, ...message } of added) {
    const known =
      message.message_id === undefined
        ? undefined
        : all.find((each) => each.message_id === message.message_id);
    if (known !== undefined) {
      const { turn, ...rest } = known;
      const isSame = JSON.stringify(rest) === JSON.stringify(message);
      if (!isSame || (turn_number !== undefined && turn_number !== turn)) return "CONFLICT";
      turns.push(turn);
      continue;
    }
    const turn = turn_number ?? last + 1;
    if (all.some((each) => each.turn === turn)) return "CONFLICT";
    last = Math.max(last, turn);
    all.push({ ...message, turn });
    turns.push(turn);
  }
  return { messages: all, lastTurn: last, turns };
};

interface Model {
  readonly conversations: Map<number, Conversation>;
}

interface Real {
  /** The conversation's id under its number in the model. */
  readonly ids: Map<number, string>;
  readonly unknown: string;
}

type Step = fc.AsyncCommand<Model, Real>;

const processes: ReadonlyArray<Caller> = [dewey, other];

const idOf = ({ ids, unknown }: Real, number: number) => ids.get(number) ?? unknown;

const expectSame = async (model: Model, real: Real, number: number, caller: Caller) => {
  const answer = await caller.attempt("dewey_get_conversation", {
    conversation_id: idOf(real, number),
  });
  const conversation = model.conversations.get(number);
  if (conversation === undefined || conversation.deleted) {
    expect(answer).toBe("NOT_FOUND");
    return;
  }
  if (typeof answer === "string") return expect.unreachable(answer);
  const expected = conversation.messages.toSorted((a, b) => a.turn - b.turn);
  expect(answer.message_count).toBe(expected.length);
  expect<unknown>(
    answer.messages.map(({ turn, role, content, metadata }) => ({ turn, role, content, metadata })),
  ).toEqual(
    expected.map(({ turn, role, content, metadata }) => ({ turn, role, content, metadata })),
  );
  for (const [index, { message_id }] of expected.entries()) {
    if (message_id !== undefined) expect(answer.messages[index]?.id).toBe(message_id);
  }
};

/** A step on a conversation: what the model says of it, then what the tools say. */
const step = (
  name: string,
  number: number,
  process: number,
  run: (model: Model, real: Real, caller: Caller) => Promise<void>,
): Step => ({
  check: () => true,
  run: async (model, real) => {
    const caller = processes[process] ?? dewey;
    await run(model, real, caller);
    await expectSame(model, real, number, caller);
  },
  toString: () => `${name} in ${number} through ${process}`,
});

const store = (number: number, process: number, message: Message) =>
  step(`store ${JSON.stringify(message)}`, number, process, async (model, real, caller) => {
    const conversation = model.conversations.get(number);
    const input = { conversation_id: idOf(real, number), ...message };
    const answer = await caller.attempt("dewey_store_message", input);
    if (conversation === undefined || conversation.deleted) return expect(answer).toBe("NOT_FOUND");
    const settled = settle(conversation, [message]);
    if (typeof settled === "string") return expect(answer).toBe(settled);
    expect(answer).toMatchObject({ turn_number: settled.turns[0] });
    Object.assign(conversation, { messages: settled.messages, lastTurn: settled.lastTurn });
  });

const append = (number: number, process: number, messages: ReadonlyArray<Message>) =>
  step(`append ${JSON.stringify(messages)}`, number, process, async (model, real, caller) => {
    const conversation = model.conversations.get(number);
    const input = { conversation_id: idOf(real, number), messages };
    const answer = await caller.attempt("dewey_store_messages_bulk", input);
    if (conversation === undefined || conversation.deleted) return expect(answer).toBe("NOT_FOUND");
    const settled = settle(conversation, messages);
    if (typeof settled === "string") return expect(answer).toBe(settled);
    expect(answer).toMatchObject({ stored: messages.length });
    Object.assign(conversation, { messages: settled.messages, lastTurn: settled.lastTurn });
  });

const beginWith = (number: number, process: number, messages: ReadonlyArray<Message>) =>
  step(`begin with ${JSON.stringify(messages)}`, number, process, async (model, real, caller) => {
    const answer = await caller.attempt("dewey_store_messages_bulk", { messages });
    const settled = settle({ messages: [], lastTurn: 0 }, messages);
    if (typeof settled === "string") return expect(answer).toBe(settled);
    if (typeof answer === "string") return expect.unreachable(answer);
    real.ids.set(number, answer.conversation_id);
    const { messages: stored, lastTurn } = settled;
    model.conversations.set(number, { messages: stored, lastTurn, deleted: false });
  });

const begin = (number: number, process: number) =>
  step("begin", number, process, async (model, real, caller) => {
    const { conversation_id } = await caller.call("dewey_begin_conversation", {});
    real.ids.set(number, conversation_id);
    model.conversations.set(number, { messages: [], lastTurn: 0, deleted: false });
  });

const remove = (number: number, process: number, force: boolean) =>
  step(`delete${force ? " with force" : ""}`, number, process, async (model, real, caller) => {
    const conversation = model.conversations.get(number);
    const input = { conversation_id: idOf(real, number), force };
    const answer = await caller.attempt("dewey_delete_conversation", input);
    if (conversation === undefined || (conversation.deleted && !force)) {
      return expect(answer).toBe("NOT_FOUND");
    }
    expect(answer).toMatchObject({ deleted: true, messages_deleted: conversation.messages.length });
    if (force) model.conversations.delete(number);
    else conversation.deleted = true;
  });

const restore = (number: number, process: number) =>
  step("restore", number, process, async (model, real, caller) => {
    const conversation = model.conversations.get(number);
    const input = { conversation_id: idOf(real, number) };
    const answer = await caller.attempt("dewey_restore_conversation", input);
    if (conversation === undefined) return expect(answer).toBe("NOT_FOUND");
    const { deleted, messages } = conversation;
    expect(answer).toMatchObject({ restored: deleted, message_count: messages.length });
    conversation.deleted = false;
  });

// Few of each, so that turns, ids and conversations meet again and again.
const number = fc.integer({ min: 0, max: 2 });
const process = fc.integer({ min: 0, max: 1 });
const ownIds = Array.from({ length: 4 }, () => randomUUID());
const message: fc.Arbitrary<Message> = fc
  .record({
    role: fc.constantFrom("user", "tool"),
    content: fc.constantFrom("a", "b"),
    metadata: fc.constantFrom({}, { k: 1 }),
    message_id: fc.option(fc.constantFrom(...ownIds), { nil: undefined }),
    turn_number: fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined, freq: 3 }),
  })
  .map(({ message_id, turn_number, ...rest }) => ({
    ...rest,
    ...(message_id === undefined ? {} : { message_id }),
    ...(turn_number === undefined ? {} : { turn_number }),
  }));
const messages = fc.array(message, { minLength: 1, maxLength: 4 });

const steps = [
  fc.tuple(number, process, message).map((values) => store(...values)),
  fc.tuple(number, process, message).map((values) => store(...values)),
  fc.tuple(number, process, messages).map((values) => append(...values)),
  fc.tuple(number, process, messages).map((values) => beginWith(...values)),
  fc.tuple(number, process).map((values) => begin(...values)),
  fc.tuple(number, process, fc.boolean()).map((values) => remove(...values)),
  fc.tuple(number, process).map((values) => restore(...values)),
];

test("conversations, step by step through two processes", () =>
  holds(
    fc.asyncProperty(fc.commands(steps, { maxCommands: 40 }), async (commands) => {
      const setup = async () => {
        const { conversation_id } = await dewey.call("dewey_begin_conversation", {});
        const first: Conversation = { messages: [], lastTurn: 0, deleted: false };
        return {
          model: { conversations: new Map([[0, first]]) },
          real: { ids: new Map([[0, conversation_id]]), unknown: randomUUID() },
        };
      };
      await fc.asyncModelRun(setup, commands);
    }),
    150,
  ));

test("messages of many kinds at once: each is settled as if it had come alone", () =>
  holds(
    fc.asyncProperty(fc.array(messages, { minLength: 2, maxLength: 12 }), async (batches) => {
      const { conversation_id } = await dewey.call("dewey_begin_conversation", {});
      const outcomes = await Promise.all(
        batches.map(async (batch, index) => {
          const caller = processes[index % 2] ?? dewey;
          const [alone, ...more] = batch;
          if (more.length > 0) {
            const input = { conversation_id, messages: batch };
            const answer = await caller.attempt("dewey_store_messages_bulk", input);
            return { batch, ids: typeof answer === "string" ? answer : answer.message_ids };
          }
          const answer = await caller.attempt("dewey_store_message", { conversation_id, ...alone });
          return { batch, ids: typeof answer === "string" ? answer : [answer.message_id] };
        }),
      );
      const { messages: stored, message_count } = await dewey.call("dewey_get_conversation", {
        conversation_id,
      });
      expect(message_count).toBe(stored.length);
      expect(new Set(stored.map(({ turn }) => turn)).size).toBe(stored.length);
      expect(new Set(stored.map(({ id }) => id)).size).toBe(stored.length);
      const byId = new Map(stored.map((each) => [each.id, each]));
      const accounted = new Set<string>();
      for (const { batch, ids } of outcomes) {
        if (typeof ids === "string") {
          expect(ids).toBe("CONFLICT");
          continue;
        }
        expect(ids).toHaveLength(batch.length);
        for (const [index, id] of ids.entries()) {
          const { role, content, metadata, message_id, turn_number } = batch[index] ?? {};
          expect(byId.get(id)).toMatchObject({ role, content, metadata });
          if (message_id !== undefined) expect(id).toBe(message_id);
          if (turn_number !== undefined) expect(byId.get(id)?.turn).toBe(turn_number);
          accounted.add(id);
        }
      }
      // Nothing is there that was refused.
      expect(accounted).toEqual(new Set(byId.keys()));
    }),
    120,
  ));
