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
import { Client, type ClientOptions } from "./Client.ts";
import type { Chance } from "./chance.ts";
import type { Evidence } from "./check.ts";
import { openHttpLine } from "./httpLine.ts";
import { startHttpUpstream } from "./httpUpstream.ts";
import type { SessionLog } from "./logs.ts";
import { readRecorded } from "./recorded.ts";
import { openSocketLine } from "./socketLine.ts";
import { startSocketUpstream } from "./socketUpstream.ts";
import { killStdioUpstreams, readStdioLogs } from "./stdioLogs.ts";
import type { Speech } from "./Talk.ts";
import type { Upstream } from "./Upstream.ts";
import { Watch } from "./Watch.ts";

/** The upstreams, by their kinds. */
export const upstreams = ["ws", "http", "stdio"] as const;
export type UpstreamName = (typeof upstreams)[number];

/** Clients of each kind for each upstream. */
const clientsEach = 2;

const stdioProgram = join(import.meta.dir, "stdioUpstream.ts");

/** Between the clients and Dewey, or between it and the upstreams. */
export type Side = "before" | "behind";

/** What can be said to an upstream of each kind. */
const speechTo: Readonly<Record<UpstreamName, Speech>> = {
  ws: "bytes",
  stdio: "texts",
  http: "messages",
};

const openClient = (
  kind: "ws" | "http",
  options: Pick<ClientOptions, "address" | "chance" | "stir"> & { readonly upstream: UpstreamName },
): Client =>
  kind === "ws"
    ? new Client({
        ...options,
        isOrdered: true,
        speech: speechTo[options.upstream],
        open: openSocketLine,
      })
    : new Client({ ...options, isOrdered: false, speech: "messages", open: openHttpLine });

/** What it is made of. */
interface Parts {
  readonly program: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly dataDir: string;
  readonly stdioFolder: string;
  readonly postgres: PostgresServer;
  readonly remote: Readonly<Record<"ws" | "http", Upstream>>;
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
    };
    const target = { port: 1 };
    const relayTo = async (end: { readonly port: number }) =>
      resources.use(await openRelayTo(() => createConnection(end.port, "127.0.0.1")));
    const before = await relayTo(target);
    const [ws, http] = [await relayTo(remote.ws), await relayTo(remote.http)];
    const file = join(folder.path, "upstreams.json");
    const seed = String(chance.between(0, 1_000_000));
    const mcpServers = {
      ws: { type: "ws", url: `ws://127.0.0.1:${ws.port}/` },
      http: { type: "http", url: `http://127.0.0.1:${http.port}/mcp` },
      stdio: { command: process.execPath, args: [stdioProgram, stdioFolder, seed] },
    };
    await fs.writeFile(file, JSON.stringify({ mcpServers }));
    const watch = new Watch();
    const clients = (["ws", "http"] as const).flatMap((kind) =>
      upstreams.flatMap((upstream) =>
        Array.from({ length: clientsEach }, () =>
          openClient(kind, {
            upstream,
            address: () => `127.0.0.1:${before.port}/mcp/${upstream}?`,
            chance: chance.fork(),
            stir: watch.stir,
          }),
        ),
      ),
    );
    const settings = {
      ...postgres.environment,
      DEWEY_DATA_DIR: dataDir,
      DEWEY_UPSTREAMS: file,
      DEWEY_MCP_PORT: "0",
      DEWEY_PROXY_PORT: "0",
      DEWEY_LOG_LEVEL: "WARN",
      ...environment,
    };
    const parts: Parts = {
      program,
      environment: settings,
      dataDir,
      stdioFolder,
      postgres,
      remote,
      relays: { before: [before], behind: [ws, http] },
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

  /** Waits until the clients have received so many frames. */
  untilReceived(count: number): Promise<void> {
    return this.#parts.watch.until(
      `${count} frames have been received`,
      () => this.#parts.clients.reduce((sum, { received }) => sum + received, 0) >= count,
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

  /** Kills it where it stands. */
  async killDewey(): Promise<void> {
    this.#dewey?.kill("SIGKILL");
    await this.#dewey?.exited;
    this.#dewey = undefined;
  }

  /** Tells it to stop, and waits until it has. */
  async endDewey(): Promise<void> {
    this.#dewey?.kill("SIGTERM");
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
    for (const relay of this.#parts.relays[side]) relay.sever(isPicked);
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
    const { dataDir, postgres } = this.#parts;
    await this.endDewey();
    // A process that was killed between the end of another's journal and the end of its streams leaves these to whoever
    // finds that both have been silent for minutes.
    await postgres.query("UPDATE journals SET updated_at = updated_at - interval '1 day'");
    await this.startDewey();
    const folder = journalFolder(dataDir);
    const isLeft = () => findJournals(folder).some(({ parts }) => parts.length > 0);
    await until("all journals are recorded", async () => !isLeft(), 60);
    const end = performance.now() + patienceSeconds * 1000;
    while ((await this.#unfinished()) > 0 && performance.now() < end) await Bun.sleep(50);
    await this.endDewey();
  }

  /** What was seen and what was recorded. */
  async evidence(): Promise<Evidence> {
    const { postgres, remote, stdioFolder } = this.#parts;
    return {
      sessions: this.#sessions,
      connections: [
        ...remote.ws.connections,
        ...remote.http.connections,
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
    await this.killDewey();
    await this.#resources.disposeAsync();
  }
}
