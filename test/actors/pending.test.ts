// What goes into one statement, and in what order, when more waits than it may hold.
import { expect, test } from "bun:test";
import type { Prepared } from "../../src/actors/draft.ts";
import { type Pending, takeBatch } from "../../src/actors/pending.ts";

const message: Prepared = {
  row: { id: "", role: "user", content: "text", metadata: "{}", vector: null, length: 1 },
  ownId: false,
  turn: undefined,
  bytes: 100,
};

const pendingOf = (conversation_id: string, messages = 1, bytes = 100): Pending => ({
  unit: {
    space: "default",
    conversation_id,
    messages: Array.from({ length: messages }, () => message),
  },
  bytes,
  answer: () => {},
  abandoned: false,
});

const many = (count: number, conversation_id: string) =>
  Array.from({ length: count }, () => pendingOf(conversation_id));

const always = () => true;

test("all that waits, in its order, where it fits", () => {
  const waiting = [pendingOf("a"), pendingOf("b"), pendingOf("a")];
  const all = [...waiting];
  expect(takeBatch(waiting, always)).toEqual(all);
  expect(waiting).toEqual([]);
});

test("a single one is taken along, however many wait in another conversation before it", () => {
  const flood = many(5000, "flood");
  const single = pendingOf("single");
  const waiting = [...flood, single];
  const batch = takeBatch(waiting, always);
  expect(batch).toContain(single);
  expect(batch.filter((pending) => pending !== single)).toEqual(flood.slice(0, batch.length - 1));
  expect(waiting).toEqual(flood.slice(batch.length - 1));
});

test("floods into several conversations get equal shares", () => {
  const waiting = [...many(2000, "a"), ...many(2000, "b"), ...many(2000, "c")];
  const batch = takeBatch(waiting, always);
  const shares = ["a", "b", "c"].map(
    (id) => batch.filter(({ unit }) => unit.conversation_id === id).length,
  );
  expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
  expect(batch.length + waiting.length).toBe(6000);
});

test("one that is larger than a statement may be goes alone", () => {
  const large = pendingOf("a", 1000, 64 * 1024 * 1024);
  const waiting = [large, pendingOf("b")];
  expect(takeBatch(waiting, always)).toEqual([large]);
  expect(waiting).toHaveLength(1);
});

test("what nobody waits for is let go, and what may not be written now stays where it is", () => {
  const gone = pendingOf("a");
  gone.abandoned = true;
  const held = many(3, "held");
  const free = many(2, "free");
  const [first, ...others] = held;
  if (first === undefined) return expect.unreachable();
  const waiting = [gone, first, ...free, ...others];
  const batch = takeBatch(waiting, ({ unit }) => unit.conversation_id !== "held");
  expect(batch).toEqual(free);
  expect(waiting).toEqual(held);
});
