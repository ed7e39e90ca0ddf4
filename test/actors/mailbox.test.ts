// The bounds of what waits for the writer: who finds it full stands in line, and has the room of whoever leaves.
import { expect, test } from "bun:test";
import { Effect, Exit, Fiber } from "effect";
import type { Prepared, Unit } from "../../src/actors/draft.ts";
import { makeMailbox } from "../../src/actors/mailbox.ts";

const MiB = 1024 * 1024;

const unitOf = (name: string, bytes: number): Unit => {
  const message: Prepared = {
    row: { id: name, role: "user", content: "text", metadata: "{}", vector: null, length: 1 },
    ownId: false,
    turn: undefined,
    bytes,
  };
  return { space: "default", conversation_id: name, messages: [message] };
};

const always = () => true;

const setUp = () => {
  const mailbox = makeMailbox();
  const send = (name: string, bytes: number) =>
    Effect.runFork(Effect.as(mailbox.send(unitOf(name, bytes)), name));
  const take = () => mailbox.take(always);
  const namesOf = (batch: ReturnType<typeof take>) => batch.map(({ unit }) => unit.conversation_id);
  return { mailbox, send, take, namesOf };
};

test("who finds no room waits until somebody has been answered", async () => {
  const { send, take, namesOf } = setUp();
  send("a", 40 * MiB);
  send("b", 40 * MiB);
  send("c", 1);
  const first = take();
  // The third would fit, but is behind the second.
  expect(namesOf(first)).toEqual(["a"]);
  expect(take()).toEqual([]);
  first[0]?.answer(Exit.succeed([]));
  // Each is as much as one statement may hold.
  expect([take(), take(), take()].map(namesOf)).toEqual([["b"], ["c"], []]);
});

test("a caller that goes away makes room, in line and past it", async () => {
  const { mailbox, send, take, namesOf } = setUp();
  const a = send("a", 40 * MiB);
  const b = send("b", 40 * MiB);
  send("c", 40 * MiB);
  await Effect.runPromise(Fiber.interrupt(b));
  await Effect.runPromise(Fiber.interrupt(a));
  expect(mailbox.size()).toBe(2);
  expect(namesOf(take())).toEqual(["c"]);
});

test("one that is larger than all the room is taken when it is alone", () => {
  const { send, take, namesOf } = setUp();
  send("small", 1);
  send("large", 200 * MiB);
  const [small] = take();
  expect(take()).toEqual([]);
  small?.answer(Exit.succeed([]));
  expect(namesOf(take())).toEqual(["large"]);
});

test("an answer after its caller has gone gives the room back once", async () => {
  const { send, take, namesOf } = setUp();
  const a = send("a", 40 * MiB);
  const [taken] = take();
  await Effect.runPromise(Fiber.interrupt(a));
  taken?.answer(Exit.succeed([]));
  send("b", 40 * MiB);
  send("c", 40 * MiB);
  expect(namesOf(take())).toEqual(["b"]);
});

test("the answer is the caller's", async () => {
  const { send, take } = setUp();
  const fiber = send("a", 1);
  take()[0]?.answer(Exit.succeed([]));
  expect(await Effect.runPromise(Fiber.join(fiber))).toBe("a");
});
