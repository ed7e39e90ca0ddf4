import { expect, test } from "bun:test";
import { whenTaken } from "../../src/http/takenBody.ts";

const stream = { headers: { "content-type": "text/event-stream" } };
const large = "x".repeat(1_000_000);

const open = (response: Response, stall?: number) => {
  let times = 0;
  const taken = whenTaken(response, () => times++, stall);
  return {
    taken,
    times: () => times,
    reader: () => (taken.body ?? new ReadableStream<Uint8Array>()).getReader(),
  };
};

const chunked = () => {
  let cancelled: unknown;
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new TextEncoder().encode(large)),
    cancel: (reason) => {
      cancelled = reason;
    },
  });
  return { body, cancelled: () => cancelled };
};

test("what is passed on is the same, in pieces, and done when the last was taken", async () => {
  for (const response of [new Response(large), new Response(large, stream)]) {
    const { taken, times } = open(response);
    expect(times()).toBe(0);
    let pieces = 0;
    let text = "";
    const body: AsyncIterable<Uint8Array> = taken.body ?? new ReadableStream<Uint8Array>();
    for await (const piece of body) {
      expect(times()).toBe(0);
      pieces++;
      text += new TextDecoder().decode(piece);
    }
    expect(text === large).toBe(true);
    expect(pieces).toBeGreaterThan(10);
    expect(times()).toBe(1);
  }
});

test("an answer without a body is done at once", () => {
  expect(open(new Response(null, { status: 202 })).times()).toBe(1);
});

test("a reader that leaves is done, and its stream ended", async () => {
  const { body, cancelled } = chunked();
  const { reader, times } = open(new Response(body, stream));
  const reading = reader();
  await reading.read();
  await reading.cancel("gone");
  expect(times()).toBe(1);
  expect(cancelled()).toBe("gone");
});

test("a reader that takes nothing for too long is cut off", async () => {
  const { body, cancelled } = chunked();
  const { reader, times } = open(new Response(body, stream), 50);
  const reading = reader();
  await reading.read();
  await reading.closed.catch(() => {});
  expect(times()).toBe(1);
  expect(cancelled()).toBeInstanceOf(Error);
});

test("a stream that has nothing to say may be silent for longer", async () => {
  let say = (_text: string) => {};
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      say = (text) => controller.enqueue(new TextEncoder().encode(text));
    },
  });
  const { reader, times } = open(new Response(body, stream), 20);
  const reading = reader().read();
  await Bun.sleep(60);
  say("late");
  const chunk: { readonly value?: Uint8Array } = await reading;
  expect(new TextDecoder().decode(chunk.value)).toBe("late");
  expect(times()).toBe(0);
});
