// The proof of transparency: one script, spoken directly to the reference server and through Dewey for every pair of a
// client's door and an upstream's kind, in both eras, and everything that both ends saw compared as text.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { openDatabase, type TestDatabase } from "../support/tools.ts";
import { type Door, differences, isSession, isShared, type Kind, type Way } from "./comparing.ts";
import { Ear } from "./Ear.ts";
import { connectWebSocket, runLines } from "./frameClients.ts";
import { type Era, makeHttpClient } from "./httpClient.ts";
import { valueAt } from "./jsonText.ts";
import { play, type Transcript } from "./playing.ts";
import { type ProxyProcess, startProxy, type UpstreamEntry } from "./proxyProcess.ts";
import type { RawClient } from "./RawClient.ts";
import {
  connectDirectly,
  type Reference,
  startReference,
  stdioReference,
  vendorHeaders,
} from "./reference.ts";
import { hangUpScript, type Step, scripts } from "./scripts.ts";

const eras: ReadonlyArray<Era> = ["2025-11-25", "2026-07-28"];
const doors: ReadonlyArray<Door> = ["ws", "http", "stdio"];
const kinds: ReadonlyArray<Kind> = ["ws", "http", "sse", "stdio"];

/** What a client says to whoever it speaks to, and what is nobody's business behind that. */
const ownHeaders = { authorization: "Bearer the-client-s-own", cookie: "its=own" };

let database: TestDatabase;
let ear: Ear;
let reference: Reference;
let proxy: ProxyProcess;

/** The kinds of upstreams, and the same again that end their clients' sessions when they go. */
const upstreams = (): Readonly<Record<string, UpstreamEntry>> => {
  const [command = "", ...args] = stdioReference(ear);
  const entries = {
    ws: { type: "ws", url: reference.ws },
    http: { type: "http", url: reference.http },
    sse: { type: "sse", url: reference.sse },
    stdio: { command, args },
  } satisfies Record<Kind, UpstreamEntry>;
  const closing = Object.entries(entries).map(
    ([kind, entry]) => [`${kind}-closing`, { ...entry, onRestart: "close" }] as const,
  );
  return { ...entries, ...Object.fromEntries(closing) };
};

beforeAll(async () => {
  ear = await Ear.open();
  [database, reference] = await Promise.all([openDatabase(), startReference(ear)]);
  proxy = await startProxy(database, upstreams());
}, 60_000);

afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  await reference[Symbol.asyncDispose]();
  await ear[Symbol.asyncDispose]();
  await database.drop();
}, 60_000);

const connectThrough = async (door: Door, upstream: string, era: Era): Promise<RawClient> => {
  switch (door) {
    case "ws":
      return connectWebSocket(proxy.ws(upstream), ownHeaders);
    case "http":
      return makeHttpClient(proxy.http(upstream), era, { ...vendorHeaders, ...ownHeaders });
    case "stdio": {
      const { command, environment } = proxy.stdio(upstream);
      return runLines(command, environment);
    }
  }
};

const directly = (kind: Kind, era: Era, steps: ReadonlyArray<Step>): Promise<Transcript> =>
  play(() => connectDirectly(kind, era, reference, ear), steps, ear, {
    isSession: isSession({ kind, era }),
  });

const through = (way: Way, steps: ReadonlyArray<Step>, upstream: string = way.kind) =>
  play(() => connectThrough(way.door, upstream, way.era), steps, ear, {
    isSession: isSession(way) && !isShared(way),
  });

/** Where the proxy is the HTTP server itself, it refuses what is no message in its own words. */
const stepsFor = (way: Way): ReadonlyArray<Step> => {
  const isServer = way.door === "http" && way.kind !== "http";
  return scripts[way.era].filter(({ isNoMessage }) => !(isServer && isNoMessage === true));
};

for (const era of eras) {
  describe(era, () => {
    const ways = kinds.flatMap((kind) => doors.map((door) => ({ door, kind, era })));

    test.each(ways)(
      "The proxy changes nothing from $door to $kind.",
      async (way) => {
        const steps = stepsFor(way);
        const direct = await directly(way.kind, era, steps);
        expect(direct.heard).toHaveLength(steps.length);
        expect(differences(direct, await through(way, steps), way)).toEqual([]);
      },
      30_000,
    );
  });
}

describe("Where the upstream's entry says that its clients' sessions end with it", () => {
  const ways = (["ws", "stdio"] as const).flatMap((door) =>
    (["ws", "sse", "stdio"] as const).map((kind) => ({ door, kind })),
  );

  test.each(ways)(
    "a server that dies ends the connection from $door to $kind, after an error for the open request.",
    async ({ door, kind }) => {
      const way: Way = { door, kind, era: "2025-11-25" };
      const direct = await directly(kind, way.era, hangUpScript);
      const proxied = await through(way, hangUpScript, `${kind}-closing`);
      const last = proxied.heard.at(-1);
      const [error = ""] = last?.frames ?? [];
      expect(last?.frames).toHaveLength(1);
      expect(valueAt(error, ["id"])).toBe(hangUpScript.at(-1)?.id);
      expect(valueAt(error, ["error", "code"])).toBe("-32000");
      expect(valueAt(error, ["error", "data", "retryable"])).toBe("true");
      const rest = {
        ...proxied,
        heard: [...proxied.heard.slice(0, -1), { step: "the end", frames: [], unasked: [] }],
      };
      expect(differences(direct, rest, way)).toEqual([]);
      expect(direct.isEnded).toBe(true);
    },
    30_000,
  );
});

describe("Where many requests share one connection", () => {
  const together = 6;

  test.each(["ws", "sse", "stdio"] as const)(
    "each client gets what is its own, with the same ids and progress tokens as the others, from %s.",
    async (kind) => {
      const way: Way = { door: "http", kind, era: "2026-07-28" };
      const steps = stepsFor(way);
      const heardBy = (transcript: Transcript): Transcript => ({ ...transcript, seen: [] });
      const direct = heardBy(await directly(kind, way.era, steps));
      const all = await Promise.all(Array.from({ length: together }, () => through(way, steps)));
      for (const one of all) expect(differences(direct, heardBy(one), way)).toEqual([]);
    },
    60_000,
  );
});

describe("What is sent without waiting for answers", () => {
  const many = 40;
  const asked = Array.from({ length: many }, (_, index) => ({
    id: String(index),
    text: `{"jsonrpc":"2.0","id":${index},"method":"tools/call","params":{"name":"x","_meta":{"fixture/scene":"structured"}}}`,
  }));

  // Requests to an HTTP server are on their way side by side, and its answers come on streams of their own.
  const inOrder = (texts: ReadonlyArray<string>, kind: Kind) =>
    kind === "http" ? texts.toSorted() : texts;

  test.each(kinds)("reaches %s once and in order, and so do the answers.", async (kind) => {
    const client = await connectThrough("ws", kind, "2025-11-25");
    const { inbox } = client;
    const [initialize, initialized] = scripts["2025-11-25"];
    await client.send(initialize?.text ?? "");
    await inbox.until(() => inbox.frames.length === 1, 5000);
    await ear.settled();
    const from = ear.seen.length;
    const all = [initialized?.text ?? "", ...asked.map(({ text }) => text)];
    for (const text of all) await client.send(text);
    await inbox.until(() => inbox.frames.length === many + 1, 10_000);
    await ear.settled();
    const frames = ear.seenSince(from).filter(({ kind: what }) => what === "frame");
    const texts = frames.map(({ text }) => text);
    expect(inOrder(texts, kind)).toEqual(inOrder(all, kind));
    const answered = inbox.frames.slice(1).map((frame) => valueAt(frame, ["id"]) ?? "");
    const ids = asked.map(({ id }) => id);
    expect(inOrder(answered, kind)).toEqual(inOrder(ids, kind));
    await client.close();
  });
});

test("Bytes that are no text pass from WebSocket to WebSocket as they are.", async () => {
  await ear.settled();
  const from = ear.seen.length;
  const client = await connectWebSocket(proxy.ws("ws"), ownHeaders);
  client.sendBytes(Uint8Array.of(0, 255, 254, 10, 195, 40));
  await client.inbox.until(() => client.inbox.frames.length > 0, 5000);
  await client.close();
  await ear.settled();
  expect(client.inbox.frames).toEqual(["(bytes) 00fffe0ac328"]);
  expect(ear.seenSince(from).map(({ text }) => text)).toContain("(bytes) 00fffe0ac328");
});

describe("A client that dies without a word", () => {
  test.each(kinds)("takes its session at the server along, behind %s.", async (kind) => {
    const era: Era = "2025-11-25";
    await ear.settled();
    const from = ear.seen.length;
    const client = await connectWebSocket(proxy.ws(kind), ownHeaders);
    for (const { text } of scripts[era].slice(0, 3)) await client.send(text);
    await client.inbox.until(() => client.inbox.frames.length === 2, 5000);
    await ear.settled();
    const session = ear.seenSince(from).find(({ kind: what }) => what === "open")?.source;
    client.die();
    const isOver = await ear.until(
      from,
      ({ kind: what, source }) => what === "close" && source === session,
      5000,
    );
    expect(isOver).toBe(true);
  });
});
