// A recorder with a real journal over a database of one's own, and the traffic that it records.
import { expect } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Context, type Duration, Effect, Layer, Logger, ManagedRuntime } from "effect";
import { Recorder } from "../../src/actors/Recorder.ts";
import type { Direction, Frame } from "../../src/domain/Frame.ts";
import type { ConnectionEvent, Entry, StreamDescription } from "../../src/domain/Recording.ts";
import { Changes } from "../../src/services/Changes.ts";
import { DeadLetters } from "../../src/services/DeadLetters.ts";
import { Journal } from "../../src/services/Journal.ts";
import { Database } from "../../src/sql/Database.ts";
import type { PoolLimits, ServerAddress } from "../../src/sql/server.ts";
import type { TestDatabase } from "./tools.ts";

/** What may differ from the defaults of a process. */
export interface RecordingOptions {
  readonly recordLimit?: number;
  readonly lookEvery?: Duration.Input;
  readonly limits?: Partial<PoolLimits>;
  /** Puts something else in the journal's place. */
  readonly journal?: (journal: Journal["Service"]) => Journal["Service"];
}

/** One process that records. */
export interface RecordingProcess {
  readonly journal: Journal["Service"];
  readonly deadLetters: DeadLetters["Service"];
  readonly changes: Changes["Service"];
  readonly database: Database["Service"];
  /** Waits until all that was appended is in the database. */
  readonly drained: () => Promise<void>;
  readonly logs: ReadonlyArray<string>;
  readonly run: <A, E>(work: Effect.Effect<A, E, Database | DeadLetters>) => Promise<A>;
  readonly close: () => Promise<void>;
}

const limits: PoolLimits = {
  minConnections: 1,
  maxConnections: 5,
  acquireTimeoutMs: 5000,
  queryTimeoutMs: 30_000,
};

/** A folder for journals, that goes with the test. */
export const dataFolder = async () => {
  const path = await mkdtemp(join(tmpdir(), "dewey-recorder-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
};

/** Starts what records, with a journal in a data folder. Close it. */
export const openRecording = async (
  address: ServerAddress,
  dataDir: string,
  options: RecordingOptions = {},
): Promise<RecordingProcess> => {
  const logs: Array<string> = [];
  const log = Logger.map(Logger.formatJson, (line) => void logs.push(line));
  const journal = Journal.layer({ dataDir, sync: "normal", limitBytes: 1024 ** 3 });
  const replaced = Layer.effect(
    Journal,
    Effect.map(Journal, (real) => options.journal?.(real) ?? real),
  ).pipe(Layer.provide(journal));
  const runtime = ManagedRuntime.make(
    Recorder.layer({
      recordLimit: options.recordLimit ?? 64 * 1024,
      ...(options.lookEvery === undefined ? {} : { lookEvery: options.lookEvery }),
    }).pipe(
      Layer.provideMerge(replaced),
      Layer.provideMerge(DeadLetters.layer({ dataDir })),
      Layer.provideMerge(Changes.layer),
      Layer.provideMerge(Database.layer(address, { ...limits, ...options.limits })),
      Layer.provideMerge(Logger.layer([log])),
    ),
  );
  const context = await runtime.context();
  const run = Effect.runPromiseWith(context);
  return {
    journal: Context.get(context, Journal),
    deadLetters: Context.get(context, DeadLetters),
    changes: Context.get(context, Changes),
    database: Context.get(context, Database),
    drained: () => run(Context.get(context, Recorder).drained),
    logs,
    run,
    close: () => runtime.dispose(),
  };
};

/** A description, with what a test does not care for. */
export const describe = (more: Partial<StreamDescription> = {}): StreamDescription => ({
  kind: "session",
  space: "default",
  token: "anonymous",
  client: null,
  upstream: "everything",
  isDewey: false,
  transport: "websocket",
  session: null,
  ...more,
});

/** A stream as a test writes it: its entries come a millisecond after each other unless a time is set. */
export interface Traffic {
  readonly id: string;
  at: number;
  readonly entries: Array<Entry>;
  readonly toUpstream: (message: unknown) => string;
  readonly toClient: (message: unknown) => string;
  readonly event: (event: ConnectionEvent) => string;
}

/** When all traffic of tests begins, unless they say otherwise. */
export const beginning = Date.parse("2026-11-20T10:00:00.000Z");

/** Gives the entries of a stream ids and times, and hands each to `append`. */
export const makeTraffic = (
  append: (entry: Entry) => void,
  more: Partial<StreamDescription> = {},
): Traffic => {
  const id = Bun.randomUUIDv7();
  const entries: Array<Entry> = [];
  const add = (entry: Entry) => {
    entries.push(entry);
    append(entry);
    return entry.id;
  };
  const next = () => {
    traffic.at += 1;
    return { stream: id, id: Bun.randomUUIDv7(), at: traffic.at };
  };
  const frame = (direction: Direction) => (message: unknown) => {
    const payload: Frame =
      typeof message === "string" || message instanceof Uint8Array
        ? message
        : JSON.stringify(message);
    return add({ ...next(), _tag: "Frame", direction, payload, redactions: 0 });
  };
  const traffic: Traffic = {
    id,
    at: beginning,
    entries,
    toUpstream: frame("to_upstream"),
    toClient: frame("to_client"),
    event: (event) => add({ ...next(), _tag: "Event", event }),
  };
  add({ ...next(), _tag: "Stream", description: describe(more) });
  return traffic;
};

/** A request of JSON-RPC. */
export const request = (id: string | number, method: string, params: object = {}) => ({
  jsonrpc: "2.0",
  id,
  method,
  params,
});

/** Its result. */
export const result = (id: string | number, value: unknown) => ({
  jsonrpc: "2.0",
  id,
  result: value,
});

/** A call of a tool, and what a tool answers with. */
export const call = (id: string | number, name: string, args: object = {}) =>
  request(id, "tools/call", { name, arguments: args });
export const said = (id: string | number, text: string) =>
  result(id, { content: [{ type: "text", text }] });

/** The handshake of the older protocol. */
export const shakeHands = ({ toClient, toUpstream }: Traffic): void => {
  toUpstream(
    request(0, "initialize", {
      protocolVersion: "2025-11-25",
      capabilities: {},
      clientInfo: { name: "a client", version: "1.2.3" },
    }),
  );
  toClient(
    result(0, {
      protocolVersion: "2025-11-25",
      capabilities: {},
      serverInfo: { name: "a server", version: "3.2.1" },
    }),
  );
  toUpstream({ jsonrpc: "2.0", method: "notifications/initialized" });
};

type Row = Readonly<Record<string, unknown>>;

/** What is recorded, read past the tools. */
export interface Recorded {
  readonly framesOf: (conversation: string) => Promise<ReadonlyArray<Row>>;
  readonly messagesOf: (conversation: string) => Promise<ReadonlyArray<Row>>;
  readonly callsOf: (conversation: string) => Promise<ReadonlyArray<Row>>;
  readonly contents: (conversation: string) => Promise<ReadonlyArray<unknown>>;
  /** How many rows there are `FROM … = $1`. */
  readonly count: (from: string, id: string) => Promise<number>;
  /** Every frame of the entries is there, once, in its order and as it was, and nothing else. */
  readonly expectAllFrames: (
    conversation: string,
    traffic: { readonly entries: ReadonlyArray<Entry> },
  ) => Promise<void>;
  /** Runs with a process of its own, in a data folder of its own unless one is given. */
  readonly withProcess: <A>(
    work: (process: RecordingProcess) => Promise<A>,
    options?: RecordingOptions & { readonly dataDir?: string },
  ) => Promise<A>;
}

/** Looks into a database. */
export const recordedIn = (db: TestDatabase): Recorded => {
  const framesOf = (conversation: string) =>
    db.rows(
      `SELECT sequence::int, id::text, direction, encode(payload, 'base64') AS payload, redactions
       FROM frames WHERE conversation_id = $1::text::uuid ORDER BY sequence`,
      [conversation],
    );
  const messagesOf = (conversation: string) =>
    db.rows(
      `SELECT turn_number::int AS turn, role, content, metadata FROM messages
       WHERE conversation_id = $1::text::uuid ORDER BY turn_number`,
      [conversation],
    );
  return {
    framesOf,
    messagesOf,
    callsOf: (conversation) =>
      db.rows(
        `SELECT tool, status, duration_ms, error_message, arguments, result, metadata FROM tool_calls
         WHERE conversation_id = $1::text::uuid ORDER BY created_at, id`,
        [conversation],
      ),
    contents: async (conversation) =>
      (await messagesOf(conversation)).map(({ content }) => content),
    count: async (from, id) =>
      Number(
        (await db.rows(`SELECT count(*)::int AS count FROM ${from} = $1::text::uuid`, [id]))[0]?.[
          "count"
        ],
      ),
    expectAllFrames: async (conversation, { entries }) => {
      const sent = entries.filter((entry) => entry._tag === "Frame");
      const frames = await framesOf(conversation);
      expect(
        frames.map((frame) => ({
          ...frame,
          payload: Buffer.from(String(frame["payload"]), "base64").toString("base64"),
        })),
      ).toEqual(
        sent.map(({ id, direction, payload, redactions }, index) => ({
          sequence: index + 1,
          id,
          direction,
          payload: Buffer.from(payload).toString("base64"),
          redactions,
        })),
      );
    },
    withProcess: async (work, options = {}) => {
      await using own = await dataFolder();
      const opened = await openRecording(db.address, options.dataDir ?? own.path, options);
      try {
        return await work(opened);
      } finally {
        await opened.close();
      }
    },
  };
};
