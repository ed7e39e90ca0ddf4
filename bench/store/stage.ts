/** Dewey as its users start it, on a Postgres that writes to the disk, beside a database of the same schema for the ceiling. */
import { chmod, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Effect, Exit, Redacted, Scope } from "effect";
import { Client } from "pg";
import { Database } from "../../src/sql/Database.ts";
import { EmbeddedDatabase } from "../../src/sql/embedded/EmbeddedDatabase.ts";
import { migrate } from "../../src/sql/Migrator.ts";
import { runDewey } from "../../test/cli/program.ts";
import { login, startPostgres } from "../../test/support/postgresServer.ts";
import type { Login } from "./loadProcess.ts";

/** Seconds of CPU that were used so far. */
export interface CpuSeconds {
  readonly dewey: number;
  readonly postgres: number;
}

/** Dewey and its database, both running. */
export interface Stage extends AsyncDisposable {
  /** Where the door is. */
  readonly url: string;
  readonly dewey: Login;
  /** A database of the same schema on the same server. */
  readonly ceiling: Login;
  readonly cpuSeconds: () => Promise<CpuSeconds>;
  /** What Dewey has in memory, in bytes. */
  readonly memory: () => Promise<number>;
}

interface Server extends AsyncDisposable {
  readonly login: Login;
  /** What tells Dewey to use it. */
  readonly environment: Readonly<Record<string, string>>;
}

/** A server with room for as many connections as there are clients. */
const realServer = async (): Promise<Server> => {
  const postgres = await startPostgres({
    settings: {
      fsync: "on",
      shared_buffers: "256MB",
      max_wal_size: "4GB",
      max_connections: "300",
    },
  });
  return {
    login: { host: "127.0.0.1", port: postgres.port, ...login },
    environment: postgres.environment,
    [Symbol.asyncDispose]: () => postgres[Symbol.asyncDispose](),
  };
};

const embeddedServer = async (dataDir: string): Promise<Server> => {
  const scope = Scope.makeUnsafe();
  const { location } = await EmbeddedDatabase.acquire({ dataDir }).pipe(
    Scope.provide(scope),
    Effect.runPromise,
  );
  const { host, port, username, database } = location;
  return {
    login: { host, port, user: username, database },
    environment: {},
    [Symbol.asyncDispose]: () => Effect.runPromise(Scope.close(scope, Exit.void)),
  };
};

const query = async (where: Login, statement: string, values: ReadonlyArray<unknown> = []) => {
  const client = new Client(where);
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(statement, [...values]);
    return rows;
  } finally {
    await client.end();
  }
};

const migrated = ({ host, port, database, user, password }: Login) =>
  migrate().pipe(
    Effect.provide(
      Database.layer(
        {
          host,
          port,
          database,
          username: user,
          ...(password === undefined ? {} : { password: Redacted.make(password) }),
          tls: false,
        },
        { minConnections: 0, maxConnections: 2, acquireTimeoutMs: 10_000, queryTimeoutMs: 30_000 },
      ),
    ),
    Effect.runPromise,
  );

const ticksPerSecond = 100;

/** The fields of `/proc/<pid>/stat` behind the name, which may hold spaces. */
const statOf = async (pid: number): Promise<ReadonlyArray<number>> =>
  ((await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "")).split(") ")[1] ?? "")
    .split(" ")
    .map(Number);

const parentOf = (stat: ReadonlyArray<number>) => stat[1] ?? 0;
const secondsOf = (stat: ReadonlyArray<number>) =>
  ((stat[11] ?? 0) + (stat[12] ?? 0)) / ticksPerSecond;
/** Of children that have ended. */
const secondsOfEnded = (stat: ReadonlyArray<number>) =>
  ((stat[13] ?? 0) + (stat[14] ?? 0)) / ticksPerSecond;

/** The first process of a server: the parent of whichever serves a connection. */
const postmasterOf = async (where: Login): Promise<number> => {
  const client = new Client(where);
  await client.connect();
  try {
    const { rows } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
    return parentOf(await statOf(rows[0]?.pid ?? 0));
  } finally {
    await client.end();
  }
};

/** What a server and all processes of it have used. */
const secondsOfServer = async (postmaster: number): Promise<number> => {
  const own = await statOf(postmaster);
  const pids = (await readdir("/proc")).map(Number).filter(Number.isInteger);
  const stats = await Promise.all(pids.map(statOf));
  return stats
    .filter((stat) => parentOf(stat) === postmaster)
    .reduce((sum, stat) => sum + secondsOf(stat), secondsOf(own) + secondsOfEnded(own));
};

/** How many rows conversations hold, by their own count and by their turns, and in how many transactions they came. */
export const contentsOf = async (where: Login, conversations: ReadonlyArray<string>) => {
  const [row] = await query(
    where,
    `SELECT count(*)::int AS rows, count(DISTINCT xmin::text)::int AS transactions,
       (SELECT coalesce(sum(last_turn), 0)::int FROM conversations WHERE id = ANY($1::uuid[])) AS turns
     FROM messages WHERE conversation_id = ANY($1::uuid[])`,
    [conversations],
  );
  return {
    rows: Number(row?.["rows"]),
    transactions: Number(row?.["transactions"]),
    turns: Number(row?.["turns"]),
  };
};

/** Starts all of it. */
export const startStage = async (
  kind: "server" | "embedded",
  environment: Readonly<Record<string, string>> = {},
): Promise<Stage> => {
  const folder = await mkdtemp(join(tmpdir(), "dewey-bench-"));
  // Where root runs this, the embedded server runs as somebody else.
  await chmod(folder, 0o755);
  const server = kind === "server" ? await realServer() : await embeddedServer(folder);
  await migrated(server.login);
  const ceiling = { ...server.login, database: "ceiling" };
  await query(
    { ...server.login, database: "postgres" },
    `CREATE DATABASE ceiling TEMPLATE "${server.login.database}"`,
  );
  const program = runDewey(["start"], {
    ...server.environment,
    DEWEY_DATA_DIR: folder,
    DEWEY_LOG_LEVEL: "WARN",
    ...environment,
  });
  const url = `ws://${await program.serving()}/mcp`;
  const postmaster = await postmasterOf(ceiling);
  return {
    url,
    dewey: server.login,
    ceiling,
    cpuSeconds: async () => ({
      dewey: secondsOf(await statOf(program.pid)),
      postgres: await secondsOfServer(postmaster),
    }),
    memory: async () =>
      Number(
        /VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${program.pid}/status`, "utf8"))?.[1] ??
          Number.NaN,
      ) * 1024,
    [Symbol.asyncDispose]: async () => {
      program.kill("SIGTERM");
      await program.exited;
      await server[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
};
