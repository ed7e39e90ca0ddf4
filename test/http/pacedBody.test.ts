import { expect, test } from "bun:test";
import { pacedBody } from "../../src/http/pacedBody.ts";

/** A stream to write to, what its reader gets, and whether there is room now. */
const open = () => {
  let write: (text: string) => void = () => {};
  const source = new ReadableStream<Uint8Array>({
    start: (controller) => {
      write = (text) => controller.enqueue(new TextEncoder().encode(text));
    },
  });
  const gone = new AbortController();
  const { leave, response, room } = pacedBody(new Response(source), gone.signal);
  const reader = (response.body ?? new ReadableStream<Uint8Array>()).getReader();
  const later = () => new Promise((resolve) => setImmediate(resolve, false));
  return {
    write: (text: string) => write(text),
    read: async () => {
      const chunk: { readonly value?: Uint8Array } = await reader.read();
      return new TextDecoder().decode(chunk.value);
    },
    cancel: () => reader.cancel(),
    gone,
    leave,
    room,
    hasRoom: () => Promise.race([room().then(() => true), later()]),
  };
};

test("there is room only while the reader waits for more", async () => {
  const { cancel, hasRoom, read, write } = open();
  expect(await hasRoom()).toBe(false);
  const reading = read();
  expect(await hasRoom()).toBe(true);
  write("one");
  expect(await reading).toBe("one");
  expect(await hasRoom()).toBe(false);
  await cancel();
});

test("who waits for room is let go when the reader leaves", async () => {
  for (const how of ["cancel", "abort", "leave"] as const) {
    const { cancel, gone, hasRoom, leave, room } = open();
    const waiting = Promise.all([room(), room()]);
    if (how === "cancel") await cancel();
    else if (how === "abort") gone.abort();
    else leave();
    await waiting;
    expect(await hasRoom()).toBe(true);
  }
});
