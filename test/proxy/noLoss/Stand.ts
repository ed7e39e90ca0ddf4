// Everything that the proof runs: Dewey as a process, its Postgres, an upstream of each kind, relays whose connections
// can be cut, and clients that never rest. It can break each of them, and bring all of them back.
import * as fs from "node:fs/promises";
import { createConnection } from "node:net";
import { join } from "node:path";
import { findJournals, journalFolder } from "../../../src/services/journal/partNames.ts";
import { type Program, runCommand, temporaryFolder } from "../../cli/program.ts";
import { until } from "../../sql/embedded/sandbox.ts";
import { type PostgresServer, startPostgres } from "../../support/postgresServer.ts";
import { openRelayTo, type Relay } from "../../support/relay.ts";
import type { Client, Signal } from "./Client.ts";
import type { Chance } from "./chance.ts";
import type { Evidence } from "./check.ts";
import { startHttpUpstream } from "./httpUpstream.ts";
import type { SessionLog } from "./logs.ts";
import { readRecorded } from "./recorded.ts";
import { startSocketUpstream } from "./socketUpstream.ts";
import { startSseUpstream } from "./sseUpstream.ts";
import { killStdioUpstreams, readStdioLogs } from "./stdioLogs.ts";
import type { Upstream } from "./Upstream.ts";
import { Watch } from "./Watch.ts";
import { makeClients, type UpstreamName } from "./ways.ts";

const stdioProgram = join(import.meta.dir, "stdioUpstream.ts");

/** Between the clients and Dewey, or between it and the upstreams. */
export type Side = "before" | "behind";

/** What it is made of. */
interface Parts {
  readonly program: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly dataDir: string;
  readonly stdioFolder: string;
  readonly postgres: PostgresServer;
  readonly remote: Readonly<Record<Exclude<UpstreamName, "stdio">, Upstream>>;
  readonly relays: Readonly<Record<Side, ReadonlyArray<Relay>>>;
  readonly clients: ReadonlyArray<Client>;
  readonly watch: Watch;
  /** Where the relay in front of Dewey leads. */
  readonly target: { port: number };
}

/** One stand. */
export class Stand implements AsyncDisposable {
  readonly #parts: Parts;
  readonly #resources: AsyncDisposableStack;
  readonly #sessions: Array<SessionLog> = [];
  #dewey: Program | undefined;

  private constructor(parts: Parts, resources: AsyncDisposableStack) {
    this.#parts = parts;
    this.#resources = resources;
  }

  /** Starts everything but Dewey and the clients. `program` is the program that is Dewey. */
  static async open(
    chance: Chance,
    program: string,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<Stand> {
    await using resources = new AsyncDisposableStack();
    const folder = resources.use(await temporaryFolder());
    const [dataDir, stdioFolder] = [join(folder.path, "data"), join(folder.path, "upstreams")];
    await fs.mkdir(stdioFolder);
    const postgres = resources.use(await startPostgres());
    const remote = {
      ws: resources.use(startSocketUpstream(chance.fork())),
      http: resources.use(startHttpUpstream(chance.fork())),
      sse: resources.use(startSseUpstream(chance.fork())),
    };
    const target = { port: 1 };
    const relayTo = async (end: { readonly port: number }) =>
      resources.use(await openRelayTo(() => createConnection(end.port, "127.0.0.1")));
    const before = await relayTo(target);
    const [ws, http, sse] = [
      await relayTo(remote.ws),
      await relayTo(remote.http),
      await relayTo(remote.sse),
    ];
    const file = join(folder.path, "upstreams.json");
    const seed = String(chance.between(0, 1_000_000));
    const mcpServers = {
      ws: { type: "ws", url: `ws://127.0.0.1:${ws.port}/` },
      http: { type: "http", url: `http://127.0.0.1:${http.port}/mcp` },
      sse: { type: "sse", url: `http://127.0.0.1:${sse.port}/sse` },
      stdio: { command: process.execPath, args: [stdioProgram, stdioFolder, seed] },
    };
    await fs.writeFile(file, JSON.stringify({ mcpServers }));
    const watch = new Watch();
    const settings = {
      ...postgres.environment,
      DEWEY_DATA_DIR: dataDir,
      DEWEY_UPSTREAMS: file,
      DEWEY_MCP_PORT: "0",
      DEWEY_PROXY_PORT: "0",
      DEWEY_LOG_LEVEL: "WARN",
      ...environment,
    };
    const whereabouts = {
      port: before.port,
      stdio: (upstream: string) => ({
        command: [process.execPath, program, "stdio", upstream],
        environment: settings,
      }),
    };
    const clients = makeClients(whereabouts, chance, watch.stir);
    const parts: Parts = {
      program,
      environment: settings,
      dataDir,
      stdioFolder,
      postgres,
      remote,
      relays: { before: [before], behind: [ws, http, sse] },
      clients,
      watch,
      target,
    };
    return new Stand(parts, resources.move());
  }

  /** Requests in flight, of all clients or of those of one upstream. */
  inFlight(upstream?: UpstreamName): number {
    return this.#parts.clients
      .filter((client) => upstream === undefined || client.upstream === upstream)
      .reduce((sum, client) => sum + client.inFlight, 0);
  }

  /** Waits until there are so many. */
  untilInFlight(count: number, upstream?: UpstreamName): Promise<void> {
    return this.#parts.watch.until(
      `${count} requests are in flight`,
      () => this.inFlight(upstream) >= count,
      60,
    );
  }

  /** Waits until the clients have received so many frames in all, and each of them so many. */
  untilReceived(count: number, each: number): Promise<void> {
    const { clients, watch } = this.#parts;
    return watch.until(
      `${count} frames have been received, ${each} by each client`,
      () =>
        clients.every(({ received }) => received >= each) &&
        clients.reduce((sum, { received }) => sum + received, 0) >= count,
      60,
    );
  }

  async startDewey(): Promise<void> {
    const { environment, program, target } = this.#parts;
    const dewey = runCommand([process.execPath, program, "start"], environment);
    this.#dewey = dewey;
    await dewey.serving();
    const [, port] = await dewey.out.find(/ws:\/\/127\.0\.0\.1:(\d+)\/mcp\/NAME/);
    target.port = Number(port);
  }

  /** Kills it where it stands, and those that were started for one client each, where they are picked. */
  killDewey(isPicked: () => boolean): Promise<void> {
    return this.#signal("SIGKILL", isPicked);
  }

  /** Tells the same to stop, and waits until the one for all has. */
  endDewey(isPicked: () => boolean): Promise<void> {
    return this.#signal("SIGTERM", isPicked);
  }

  async #signal(signal: Signal, isPicked: () => boolean): Promise<void> {
    for (const client of this.#parts.clients) if (isPicked()) client.signal(signal);
    this.#dewey?.kill(signal);
    await this.#dewey?.exited;
    this.#dewey = undefined;
  }

  crashPostgres(): Promise<void> {
    return this.#parts.postgres.crash();
  }

  startPostgres(): Promise<void> {
    return this.#parts.postgres.start();
  }

  killUpstream(name: UpstreamName): Promise<void> {
    const { remote, stdioFolder } = this.#parts;
    return name === "stdio" ? killStdioUpstreams(stdioFolder) : remote[name].kill();
  }

  /** The programs are started by whoever needs them. */
  startUpstream(name: UpstreamName): void {
    if (name !== "stdio") this.#parts.remote[name].start();
  }

  /** Cuts those that are picked of the connections on one side of Dewey. */
  sever(side: Side, isPicked: () => boolean): void {
    const { clients, relays } = this.#parts;
    for (const relay of relays[side]) relay.sever(isPicked);
    if (side === "behind") return;
    for (const client of clients) {
      if (!isPicked()) continue;
      if (isPicked()) client.signal("SIGKILL");
      else client.hangUp();
    }
  }

  startClients(): void {
    for (const client of this.#parts.clients) client.start();
  }

  /** Ends the clients in the middle of what they do. */
  async stopClients(): Promise<void> {
    await Promise.all(this.#parts.clients.map((client) => client.stop()));
    for (const client of this.#parts.clients) this.#sessions.push(...client.take());
  }

  /**
   * Ends Dewey, and lets another one record whatever is left and bring to its end what processes that were killed have
   * left behind. A Dewey that does not get there in time is told of by the evidence.
   */
  async settle(patienceSeconds: number): Promise<void> {
    const { dataDir } = this.#parts;
    const none = () => false;
    await this.endDewey(none);
    await this.startDewey();
    const folder = journalFolder(dataDir);
    const isLeft = () => findJournals(folder).some(({ parts }) => parts.length > 0);
    await until("all journals are recorded", async () => !isLeft(), 60);
    const end = performance.now() + patienceSeconds * 1000;
    while ((await this.#unfinished()) > 0 && performance.now() < end) await Bun.sleep(50);
    await this.endDewey(none);
  }

  /** What was seen and what was recorded. */
  async evidence(): Promise<Evidence> {
    const { postgres, remote, stdioFolder } = this.#parts;
    return {
      sessions: this.#sessions,
      connections: [
        ...remote.ws.connections,
        ...remote.http.connections,
        ...remote.sse.connections,
        ...(await readStdioLogs(stdioFolder)),
      ],
      recorded: await readRecorded(postgres),
      unfinished: await this.#unfinished(),
    };
  }

  async #unfinished(): Promise<number> {
    const rows = await this.#parts.postgres.query(
      "SELECT count(*)::int FROM streams WHERE NOT is_over",
    );
    return Number(rows[0]?.[0]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#parts.clients.map((client) => client.stop()));
    await this.killDewey(() => true);
    await this.#resources.disposeAsync();
  }
}
