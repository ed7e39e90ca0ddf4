/**
 * Prints how many messages a second one process of Dewey stores, and four of them on the same Postgres, which writes each
 * commit to the disk; and what a store costs on tables that are partitioned.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { PgConnection } from "@effect/sql-pg";
import { Effect } from "effect";
import { runDewey } from "../../test/cli/program.ts";
import { partition } from "../../test/support/partitions.ts";
import { addressOf, startPostgres } from "../../test/support/postgresServer.ts";
import { middle, rowsOf } from "../support/figures.ts";
import { type Done, startLoad } from "./loadProcess.ts";

const { values: flags } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    milliseconds: { type: "string", default: "3000" },
    clients: { type: "string", default: "16,64,256" },
    processes: { type: "string", default: "4" },
  },
});
const rounds = Number(flags.rounds);
const milliseconds = Number(flags.milliseconds);
const widths = flags.clients.split(",").map(Number);
const most = Number(flags.processes);

const settings = { fsync: "on", shared_buffers: "256MB", max_wal_size: "4GB" };
await using load = startLoad();
const folder = await mkdtemp(join(tmpdir(), "dewey-bench-"));
const opened: Array<AsyncDisposable> = [];

const startServer = async () => {
  const server = await startPostgres({ settings });
  opened.push(server);
  return server;
};
type Server = Awaited<ReturnType<typeof startServer>>;

const startProcess = async (server: Server, name: string) => {
  const program = runDewey(["start"], {
    ...server.environment,
    DEWEY_DATA_DIR: join(folder, name),
    DEWEY_LOG_LEVEL: "WARN",
  });
  opened.unshift(program);
  return `ws://${await program.serving()}/mcp`;
};

const partitioned = async (server: Server) => {
  const { tls, ...address } = addressOf(server);
  await PgConnection.make({ ...address, ssl: tls }).pipe(
    Effect.flatMap(partition),
    Effect.scoped,
    Effect.runPromise,
  );
};

const whole = await startServer();
const urls: Array<string> = [];
for (let each = 0; each < most; each++) urls.push(await startProcess(whole, String(each)));
const parted = await startServer();
const alone = await startProcess(parted, "parted");
await partitioned(parted);

const subjects: ReadonlyArray<readonly [name: string, urls: ReadonlyArray<string>]> = [
  ["one process", urls.slice(0, 1)],
  [`${most} processes`, urls],
  ["one process, 8 partitions", [alone]],
];

const rowText = rowsOf(30, 12);
const row = (cells: ReadonlyArray<string>) => console.log(rowText(cells));

const rate = ({ stores, seconds }: Done) => stores / seconds;

for (const clients of widths) {
  const samples = new Map<string, Array<Done>>(subjects.map(([name]) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, ways] of subjects) {
      samples.get(name)?.push(await load.run({ urls: ways, clients, milliseconds }));
    }
  }
  console.log(`\n${clients} clients, medians of ${rounds} rounds`);
  row(["", "stores/s", "of one", "p50 ms", "p99 ms"]);
  const one = samples.get("one process") ?? [];
  for (const [name, own] of samples) {
    row([
      name,
      middle(own.map(rate)).toFixed(0),
      // Of the same round each: what else the machine does changes from minute to minute.
      middle(
        own.flatMap((each, round) =>
          one.slice(round, round + 1).map((base) => rate(each) / rate(base)),
        ),
      ).toFixed(2),
      middle(own.map(({ p50 }) => p50)).toFixed(1),
      middle(own.map(({ p99 }) => p99)).toFixed(1),
    ]);
  }
}

for (const each of opened) await each[Symbol.asyncDispose]();
await rm(folder, { recursive: true, force: true });
