// Streams over HTTP that break: what a client of the older versions can have of them afterwards.
import { describe, expect, test } from "bun:test";
import type { JSONRPCMessage } from "@modelcontextprotocol/server";
import { Effect } from "effect";
import { parseJson } from "../../src/mcp/messages.ts";
import { SentEvents, type SessionEvents } from "../../src/mcp/SentEvents.ts";
import { it } from "../support/it.ts";
import { serveMcp } from "./fixtures.ts";
import { initialize } from "./handshake.ts";

/** An event of a stream as it was sent. */
interface Event {
  readonly id: string | undefined;
  readonly retry: string | undefined;
  readonly data: unknown;
}

const readEvent = (block: string): Event => {
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(block)?.[1];
  return { id: field("id"), retry: field("retry"), data: parseJson(field("data") ?? "") };
};

/** The events of a response, one after the other; comments are left out. */
async function* eventsOf(response: Response): AsyncGenerator<Event, void> {
  const decoder = new TextDecoder();
  let rest = "";
  if (response.body === null) return;
  const chunks: AsyncIterable<Uint8Array> = response.body;
  for await (const chunk of chunks) {
    const blocks = `${rest}${decoder.decode(chunk, { stream: true })}`.split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) if (!block.startsWith(":")) yield readEvent(block);
  }
}

const nextOf = async (events: AsyncGenerator<Event, void>): Promise<Event> => {
  const { value } = await events.next();
  if (value === undefined) throw new Error("The stream ended.");
  return value;
};

const openSession = async (url: string, protocolVersion: string) => {
  const post = (body: object, headers: Record<string, string> = {}, signal?: AbortSignal) =>
    fetch(url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        ...headers,
      },
      body: JSON.stringify({ jsonrpc: "2.0", ...body }),
      ...(signal && { signal }),
    });
  const opened = await post(initialize(protocolVersion));
  await opened.text();
  const headers = {
    "mcp-session-id": opened.headers.get("mcp-session-id") ?? "",
    "mcp-protocol-version": protocolVersion,
  };
  return {
    call: (id: number, name: string, signal?: AbortSignal) =>
      post(
        { id, method: "tools/call", params: { name, arguments: {}, _meta: { progressToken: id } } },
        headers,
        signal,
      ),
    notify: (method: string, params: object) => post({ method, params }, headers),
    get: (lastEventId?: string) =>
      fetch(url, {
        headers: {
          accept: "text/event-stream",
          ...headers,
          ...(lastEventId !== undefined && { "last-event-id": lastEventId }),
        },
      }),
  };
};

describe("a stream that broke", () => {
  it.effect("is gone on with where it was, and ends with the answer", () =>
    Effect.gen(function* () {
      const { http, waiting, release } = yield* serveMcp();
      const session = yield* Effect.promise(() => openSession(http, "2025-11-25"));
      const gone = new AbortController();
      const first = yield* Effect.promise(() => session.call(1, "wait", gone.signal));
      const priming = yield* Effect.promise(() => nextOf(eventsOf(first)));
      expect(priming).toMatchObject({ retry: "1000", data: undefined });
      yield* waiting;
      gone.abort();
      const resumed = yield* Effect.promise(() => session.get(priming.id));
      expect(resumed.status).toBe(200);
      yield* release;
      const events = yield* Effect.promise(() => Array.fromAsync(eventsOf(resumed)));
      expect(events).toMatchObject([
        { data: { id: 1, result: { structuredContent: { waited: true } } } },
      ]);
    }),
  );

  it.effect("is gone on with where Dewey has not noticed that it broke", () =>
    Effect.gen(function* () {
      const { http, waiting, release } = yield* serveMcp();
      const session = yield* Effect.promise(() => openSession(http, "2025-11-25"));
      const silent = eventsOf(yield* Effect.promise(() => session.call(1, "wait")));
      const priming = yield* Effect.promise(() => nextOf(silent));
      yield* waiting;
      const first = yield* Effect.promise(() => session.get(priming.id));
      const second = yield* Effect.promise(() => session.get(priming.id));
      expect([first.status, second.status]).toEqual([200, 200]);
      // Nothing more comes on those before.
      expect(yield* Effect.promise(() => silent.next())).toMatchObject({ done: true });
      expect(yield* Effect.promise(() => Array.fromAsync(eventsOf(first)))).toEqual([]);
      yield* release;
      expect(yield* Effect.promise(() => Array.fromAsync(eventsOf(second)))).toMatchObject([
        { data: { id: 1, result: { structuredContent: { waited: true } } } },
      ]);
    }),
  );

  it.effect("gives the answer that was made meanwhile", () =>
    Effect.gen(function* () {
      const { http, waiting, release } = yield* serveMcp();
      const session = yield* Effect.promise(() => openSession(http, "2025-11-25"));
      const gone = new AbortController();
      const lost = yield* Effect.promise(() => session.call(1, "wait", gone.signal));
      const priming = yield* Effect.promise(() => nextOf(eventsOf(lost)));
      yield* waiting;
      gone.abort();
      const other = yield* Effect.promise(() => session.call(2, "wait"));
      yield* waiting;
      yield* release;
      yield* Effect.promise(() => other.text());
      for (let times = 0; times < 2; times++) {
        const resumed = yield* Effect.promise(() => session.get(priming.id));
        expect(yield* Effect.promise(() => Array.fromAsync(eventsOf(resumed)))).toMatchObject([
          { data: { id: 1, result: {} } },
        ]);
      }
    }),
  );

  it.effect("of an older version has ids too, but no event that primes it", () =>
    Effect.gen(function* () {
      const { http } = yield* serveMcp();
      const session = yield* Effect.promise(() => openSession(http, "2025-06-18"));
      const response = yield* Effect.promise(() => session.call(1, "echo"));
      const events = yield* Effect.promise(() => Array.fromAsync(eventsOf(response)));
      expect(events).toMatchObject([{ retry: undefined, data: { id: 1 } }]);
      expect(events[0]?.id).toBeString();
    }),
  );

  it.effect("cannot be gone on with after an event that nobody knows, or knows any more", () =>
    Effect.gen(function* () {
      const { http } = yield* serveMcp({
        events: { sessionEvents: 2, sessionBytes: 1e6, allBytes: 1e6 },
      });
      const session = yield* Effect.promise(() => openSession(http, "2025-11-25"));
      const first = yield* Effect.promise(() => session.call(1, "echo"));
      const [priming] = yield* Effect.promise(() => Array.fromAsync(eventsOf(first)));
      const again = yield* Effect.promise(() => session.get(priming?.id));
      expect(again.status).toBe(200);
      yield* Effect.promise(() => again.text());
      yield* Effect.promise(async () => (await session.call(2, "echo")).text());
      for (const id of [priming?.id, "999", "x"]) {
        const refused = yield* Effect.promise(() => session.get(id));
        expect(refused.status).toBe(400);
        yield* Effect.promise(() => refused.text());
      }
    }),
  );
});

describe("what is kept", () => {
  const message = (text: string): JSONRPCMessage => ({
    jsonrpc: "2.0",
    id: 1,
    result: { text },
  });
  const replayed = async (events: SessionEvents, after: string) => {
    const ids: Array<string> = [];
    await events.replayEventsAfter(after, {
      send: async (id) => {
        ids.push(id);
      },
    });
    return ids;
  };

  test("is each stream's own", async () => {
    const events = new SentEvents({
      sessionEvents: 9,
      sessionBytes: 1e6,
      allBytes: 1e6,
    }).ofSession();
    const first = await events.storeEvent("a", message("1"));
    await events.storeEvent("b", message("2"));
    const third = await events.storeEvent("a", message("3"));
    expect(await replayed(events, first)).toEqual([third]);
    expect(await replayed(events, third)).toEqual([]);
  });

  test("is bounded in bytes for a session, and for all of them", async () => {
    const all = new SentEvents({ sessionEvents: 9, sessionBytes: 2500, allBytes: 4000 });
    const [one, two] = [all.ofSession(), all.ofSession()];
    const kilobyte = message("x".repeat(1000));
    const ids = [];
    for (let count = 0; count < 3; count++) ids.push(await one.storeEvent("a", kilobyte));
    expect(ids.map((id) => one.streamOf(id) !== undefined)).toEqual([false, true, true]);
    await two.storeEvent("b", kilobyte);
    await two.storeEvent("b", kilobyte);
    expect(ids.map((id) => one.streamOf(id) !== undefined)).toEqual([false, false, true]);
    two.clear();
    await one.storeEvent("a", kilobyte);
    expect(ids.map((id) => one.streamOf(id) !== undefined)).toEqual([false, false, true]);
  });

  test("has no holes: what is too large to keep takes its stream with it", async () => {
    const all = new SentEvents({ sessionEvents: 9, sessionBytes: 2500, allBytes: 4000 });
    const events = all.ofSession();
    const before = await events.storeEvent("a", message("1"));
    const other = await events.storeEvent("b", message("2"));
    const large = await events.storeEvent("a", message("x".repeat(3000)));
    expect([before, other, large].map((id) => events.streamOf(id) !== undefined)).toEqual([
      false,
      true,
      false,
    ]);
  });
});
