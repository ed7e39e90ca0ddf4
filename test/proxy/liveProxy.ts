// The proxy in this process, as `dewey start` puts it together: its listener, the journal, the recorder, Dewey itself
// behind it, and a file of upstreams; over a database of its own and a folder that is gone at the end.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Context, Effect, Exit, Layer, Logger, ManagedRuntime, Scope } from "effect";
import { Recorder } from "../../src/actors/Recorder.ts";
import { type ListenOptions, listen } from "../../src/http/Listener.ts";
import { makeMcpDoor } from "../../src/mcp/McpDoor.ts";
import type { InboundOptions } from "../../src/proxy/inbound/registry.ts";
import { makeProxyDoor } from "../../src/proxy/ProxyDoor.ts";
import { makeUpstreamKinds } from "../../src/proxy/upstreams/registry.ts";
import { Access } from "../../src/services/Access.ts";
import { Capture } from "../../src/services/Capture.ts";
import { Changes } from "../../src/services/Changes.ts";
import { DeadLetters } from "../../src/services/DeadLetters.ts";
import { Drain } from "../../src/services/Drain.ts";
import { Journal, type JournalOptions } from "../../src/services/Journal.ts";
import { Redaction } from "../../src/services/Redaction.ts";
import { Upstreams } from "../../src/services/Upstreams.ts";
import { Database } from "../../src/sql/Database.ts";
import type { ServerAddress } from "../../src/sql/server.ts";
import { catalogOver } from "../mcp/liveDewey.ts";
import { replaceFile } from "../support/replaceFile.ts";
import { openDatabase } from "../support/tools.ts";

/** Entries of a `mcpServers` file. */
export type Servers = Readonly<Record<string, unknown>>;

/** What may differ from the defaults. */
export interface LiveProxyOptions extends InboundOptions {
  readonly access?: Layer.Layer<Access>;
  readonly journal?: Partial<Pick<JournalOptions, "sync" | "limitBytes">>;
  readonly redaction?: Parameters<typeof Redaction.layer>[0];
  readonly recordLimit?: number;
  readonly listen?: Partial<Pick<ListenOptions, "bounds" | "shutdownTimeout">>;
  /** What stdio upstreams are started in. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** A frame as the database has it; what is no UTF-8 is shown as best it can. */
export interface RecordedFrame {
  readonly direction: string;
  readonly payload: string;
}

const limits = {
  minConnections: 1,
  maxConnections: 10,
  acquireTimeoutMs: 5000,
  queryTimeoutMs: 30_000,
};

const MiB = 1024 * 1024;

const path = { PATH: process.env["PATH"] ?? "" };

const layerOf = (
  address: ServerAddress,
  dataDir: string,
  upstreamsFile: string,
  options: LiveProxyOptions,
) => {
  const { access = Access.layerOpen, journal, recordLimit = 64 * 1024 } = options;
  return Recorder.layer({ recordLimit }).pipe(
    Layer.provideMerge(DeadLetters.layer({ dataDir })),
    Layer.provide(Changes.layer),
    Layer.provide(Database.layer(address, limits)),
    Layer.provideMerge(Capture.layer),
    Layer.provideMerge(
      Journal.layer({ dataDir, sync: "normal", limitBytes: 1024 * MiB, ...journal }),
    ),
    Layer.provide(Redaction.layer(options.redaction ?? { enabled: true, patterns: [] })),
    Layer.provideMerge(
      Upstreams.layer({
        path: upstreamsFile,
        isNamed: true,
        every: "20 millis",
        variables: {},
        isOwn: () => false,
      }),
    ),
    Layer.provideMerge(catalogOver(address, access)),
  );
};

/** Serves these upstreams until it is closed. */
export const startLiveProxy = async (servers: Servers, options: LiveProxyOptions = {}) => {
  const db = await openDatabase();
  const dataDir = await mkdtemp(join(tmpdir(), "dewey-proxy-"));
  const upstreamsFile = join(dataDir, "upstreams.json");
  const configure = (next: Servers) =>
    replaceFile(upstreamsFile, JSON.stringify({ mcpServers: next }));
  await configure(servers);

  const logs: Array<string> = [];
  const log = Logger.map(Logger.formatJson, (line) => void logs.push(line));
  const runtime = ManagedRuntime.make(
    layerOf(db.address, dataDir, upstreamsFile, options).pipe(
      Layer.provideMerge(Logger.layer([log])),
    ),
  );
  const context = await runtime.context();
  const scope = Scope.makeUnsafe();
  const serve = Effect.gen(function* () {
    const kinds = yield* makeUpstreamKinds({
      dewey: yield* makeMcpDoor(),
      environment: options.environment ?? path,
      folder: dataDir,
    });
    return yield* listen({
      hostname: "127.0.0.1",
      port: 0,
      doors: [yield* makeProxyDoor(kinds, options)],
      allowed: { hosts: [], origins: [] },
      shutdownTimeout: "5 seconds",
      ...options.listen,
    });
  });
  const { port } = await runtime.runPromise(Scope.provide(serve, scope));

  const { report } = Context.get(context, Upstreams);
  const { drained } = Context.get(context, Recorder);
  const run = Effect.runPromiseWith(context);

  let isServing = true;
  /** Ends the listener as a shutdown does; what was recorded can still be looked at. */
  const stop = async () => {
    if (!isServing) return;
    isServing = false;
    await Effect.runPromise(Scope.close(scope, Exit.void));
  };

  return {
    db,
    dataDir,
    logs,
    port,
    ws: (name: string) => `ws://127.0.0.1:${port}/mcp/${name}`,
    http: (name: string) => `http://127.0.0.1:${port}/mcp/${name}`,
    configure,
    report: () => run(report),
    journal: Context.get(context, Journal),
    drain: Context.get(context, Drain),
    /** Waits until all that was captured is in the database. */
    recorded: () => run(drained),
    /** Every frame that the database has, each conversation's in its order. */
    frames: async (): Promise<ReadonlyArray<RecordedFrame>> => {
      await run(drained);
      const rows = await db.rows(
        `SELECT direction, encode(payload, 'base64') AS payload FROM frames
         ORDER BY conversation_id, sequence`,
      );
      return rows.map(({ direction, payload }) => ({
        direction: String(direction),
        payload: Buffer.from(String(payload), "base64").toString(),
      }));
    },
    stop,
    close: async () => {
      await stop();
      await runtime.dispose();
      await db.drop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
};

export type LiveProxy = Awaited<ReturnType<typeof startLiveProxy>>;
