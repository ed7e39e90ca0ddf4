/** Dewey as its users start it, with a Postgres that writes to the disk, and what both have done so far. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runDewey } from "../../test/cli/program.ts";
import { type PostgresServer, startPostgres } from "../../test/support/postgresServer.ts";

/** A running Dewey whose proxy has the bench's upstreams. */
export interface Dewey extends AsyncDisposable {
  /** `host:port` of the proxy. */
  readonly proxy: string;
  readonly postgres: PostgresServer;
  /** How many frames the database holds. */
  readonly recorded: () => Promise<number>;
  /** What the process has in memory, in bytes; NaN where the system does not say. */
  readonly memory: () => Promise<number>;
  /** Seconds of CPU that it has used; NaN where the system does not say. */
  readonly cpuSeconds: () => Promise<number>;
}

const ticksPerSecond = 100;

/** Starts both. `upstreams` is the content of the upstreams file. */
export const startDewey = async (
  upstreams: Readonly<Record<string, unknown>>,
  environment: Readonly<Record<string, string>> = {},
): Promise<Dewey> => {
  const folder = await mkdtemp(join(tmpdir(), "dewey-bench-"));
  const postgres = await startPostgres({
    settings: { fsync: "on", shared_buffers: "256MB", max_wal_size: "4GB" },
  });
  const file = join(folder, "upstreams.json");
  await Bun.write(file, JSON.stringify({ mcpServers: upstreams }));
  const program = runDewey(["start"], {
    ...postgres.environment,
    DEWEY_DATA_DIR: folder,
    DEWEY_UPSTREAMS: file,
    DEWEY_LOG_LEVEL: "WARN",
    ...environment,
  });
  await program.serving();
  const proxy = (await program.out.find(/ws:\/\/([^/\s]+)\/mcp\/NAME/))[1] ?? "";
  // What the kernel makes up as it is read has no size, by which other ways of reading find it empty.
  const status = (name: string) => readFile(`/proc/${program.pid}/${name}`, "utf8").catch(() => "");
  return {
    proxy,
    postgres,
    recorded: async () => {
      const [row] = await postgres.query(
        "SELECT coalesce(sum(last_frame), 0)::text FROM conversations",
      );
      return Number(row?.[0]);
    },
    memory: async () =>
      Number(/VmRSS:\s+(\d+)/.exec(await status("status"))?.[1] ?? Number.NaN) * 1024,
    cpuSeconds: async () => {
      // Behind the name, which may hold spaces: the 12th and 13th field are the ticks.
      const fields = (await status("stat")).split(") ")[1]?.split(" ") ?? [];
      return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
    },
    [Symbol.asyncDispose]: async () => {
      program.kill("SIGTERM");
      await program.exited;
      await postgres[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
};
