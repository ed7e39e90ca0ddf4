// Event streams that say something now and then.
import { describe, expect, test } from "bun:test";
import { keptAlive } from "../../src/http/eventStream.ts";

const headers = { "content-type": "text/event-stream" };
const text = new TextDecoder();

/** A stream that is written to by hand, as a client reads it. */
const open = (silence: number) => {
  const written = new TransformStream<Uint8Array, Uint8Array>();
  const writer = written.writable.getWriter();
  const body: ReadableStream<Uint8Array> | null = keptAlive(
    new Response(written.readable, { headers }),
    silence,
  ).body;
  const reader = body?.getReader();
  return {
    write: (said: string) => void writer.write(Buffer.from(said)).catch(() => {}),
    end: () => writer.close(),
    closed: writer.closed,
    read: async () => text.decode((await reader?.read())?.value),
    isAtEnd: async () => (await reader?.read())?.done,
    cancel: () => reader?.cancel(),
  };
};

const hour = 3_600_000;

describe("an event stream", () => {
  test("begins at once, goes on with what is written, and ends with it", async () => {
    const stream = open(hour);
    expect(await stream.read()).toBe(":\n\n");
    stream.write("data: 1\n\n");
    expect(await stream.read()).toBe("data: 1\n\n");
    void stream.end();
    expect(await stream.isAtEnd()).toBe(true);
  });

  test("breaks each silence, and loses nothing by it", async () => {
    const stream = open(1);
    expect([await stream.read(), await stream.read(), await stream.read()]).toEqual([
      ":\n\n",
      ":\n\n",
      ":\n\n",
    ]);
    stream.write("data: 1\n\n");
    let said = await stream.read();
    while (said === ":\n\n") said = await stream.read();
    expect(said).toBe("data: 1\n\n");
    expect(await stream.read()).toBe(":\n\n");
  });

  test("says nothing in the midst of an event", async () => {
    const stream = open(1);
    await stream.read();
    stream.write("data: on");
    let said = await stream.read();
    while (said === ":\n\n") said = await stream.read();
    expect(said).toBe("data: on");
    const rest = stream.read();
    // Longer than any silence: whoever waits for the rest gets the rest.
    await Bun.sleep(20);
    stream.write("e\n\n");
    expect(await rest).toBe("e\n\n");
    expect(await stream.read()).toBe(":\n\n");
  });

  test("that nobody reads any more is given up", async () => {
    const stream = open(hour);
    await stream.read();
    const waiting = stream.read();
    await stream.cancel();
    expect(await waiting).toBe("");
    expect(await stream.closed.catch(() => "given up")).toBe("given up");
  });

  test("is nothing but an event stream", () => {
    const json = Response.json({});
    expect(keptAlive(json)).toBe(json);
    const empty = new Response(null, { headers });
    expect(keptAlive(empty)).toBe(empty);
  });
});
