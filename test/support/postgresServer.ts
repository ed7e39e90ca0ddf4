// A Postgres of a test's own, on TCP, which it may stop, freeze and start again: the same programs as those of the
// embedded database. Its files are in the temporary folder, and gone with it.
import { randomUUID } from "node:crypto";
import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PgConnection } from "@effect/sql-pg";
import { Effect, Redacted } from "effect";
import { dedicatedUser } from "../../src/sql/embedded/DataFolder.ts";
import { PostgresBinaries } from "../../src/sql/embedded/PostgresBinaries.ts";
import { installPostgres } from "../../src/sql/embedded/postgresInstall.ts";
import { freePort } from "./freePort.ts";
import { linesOf } from "./lines.ts";

/** What differs from a server without TLS. */
export interface ServerOptions {
  /** A certificate and its key, in PEM. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  readonly settings?: Readonly<Record<string, string>>;
}

/** The role and the database that Dewey gets here. */
export const login = {
  user: "dewey",
  password: "a-password-for-tests",
  database: "dewey",
} as const;

/** A server that runs unless it was told otherwise. */
export interface PostgresServer extends AsyncDisposable {
  readonly port: number;
  readonly start: () => Promise<void>;
  /** Ends all sessions, as a restart by its owner does. */
  readonly stop: () => Promise<void>;
  /** Ends all its processes at once, as a crash does; the next start recovers. */
  readonly crash: () => Promise<void>;
  /** Stops all its processes where they are: connections stay, and nothing answers. */
  readonly freeze: () => Promise<void>;
  readonly thaw: () => Promise<void>;
  /** Runs a statement as the superuser. */
  readonly query: (
    statement: string,
    database?: string,
  ) => Promise<ReadonlyArray<ReadonlyArray<unknown>>>;
  /** The environment of a Dewey that uses it. */
  readonly environment: Readonly<Record<string, string>>;
}

const isRoot = process.getuid?.() === 0;
const owner = isRoot ? dedicatedUser : undefined;

const give = async (path: string): Promise<void> => {
  if (owner !== undefined) await fs.chown(path, owner.uid, owner.gid);
};

const copyCluster = async (from: string, to: string): Promise<void> => {
  await fs.mkdir(to, { mode: 0o700 });
  await give(to);
  for (const entry of await fs.readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) {
      await copyCluster(source, target);
      continue;
    }
    await fs.copyFile(source, target);
    await fs.chmod(target, 0o600);
    await give(target);
  }
};

const writePrivately = async (path: string, text: string): Promise<void> => {
  await fs.writeFile(path, text, { mode: 0o600 });
  await give(path);
};

/** The processes below another one, parents first. */
const processesBelow = async (root: number): Promise<ReadonlyArray<number>> => {
  const list = await Bun.$`ps -axo pid=,ppid=`.text();
  const pairs = list.split("\n").map((line) => line.trim().split(/\s+/).map(Number));
  const childrenOf = (pid: number): ReadonlyArray<number> =>
    pairs.flatMap(([child, parent]) =>
      parent === pid && child !== undefined ? [child, ...childrenOf(child)] : [],
    );
  return childrenOf(root);
};

/** Runs a server until its own input ends, which it does however the tests end. */
const whileWatched = '"$@" & server=$!; cat; kill -INT $server; wait $server';

/** Starts a server. */
export const startPostgres = async (options: ServerOptions = {}): Promise<PostgresServer> => {
  const folder = join(tmpdir(), `dewey-pg-${randomUUID().slice(0, 8)}`);
  await fs.mkdir(folder, { mode: 0o755 });
  await give(folder);
  const install = await installPostgres({ cacheDir: undefined, dataDir: folder }).pipe(
    Effect.provide(PostgresBinaries.layerNpm),
    Effect.runPromise,
  );
  const cluster = join(folder, "cluster");
  await copyCluster(install.template, cluster);
  const { settings = {}, tls } = options;
  const kind = tls === undefined ? "host" : "hostssl";
  await writePrivately(
    join(cluster, "pg_hba.conf"),
    `local all all trust\n${kind} all all 127.0.0.1/32 scram-sha-256\n`,
  );
  if (tls !== undefined) {
    await writePrivately(join(cluster, "server.crt"), tls.certificate);
    await writePrivately(join(cluster, "server.key"), tls.key);
  }
  const port = freePort();
  const flags = Object.entries({
    listen_addresses: "127.0.0.1",
    port: String(port),
    unix_socket_directories: folder,
    fsync: "off",
    shared_buffers: "16MB",
    huge_pages: "off",
    max_parallel_workers_per_gather: "0",
    timezone: "UTC",
    ...(tls === undefined ? {} : { ssl: "on" }),
    ...settings,
  }).flatMap(([name, value]) => ["-c", `${name}=${value}`]);

  const spawn = () =>
    Bun.spawn(["sh", "-c", whileWatched, "sh", install.postgres, "-D", cluster, ...flags], {
      ...owner,
      cwd: "/",
      env: { LC_ALL: "C", TZ: "UTC", PATH: "/usr/bin:/bin" },
      stdin: "pipe",
      stdout: "ignore",
      stderr: "pipe",
    });
  let server: ReturnType<typeof spawn> | undefined;

  const start = async () => {
    const child = spawn();
    server = child;
    const lines = linesOf(child.stderr);
    const said: Array<string> = [];
    while (!said.at(-1)?.includes("database system is ready to accept connections")) {
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`Postgres did not start:\n${said.join("\n")}`);
      said.push(value);
    }
    // Read on, so that it never waits for a reader.
    void Array.fromAsync(lines);
  };
  /** Also those that were begun while the others were told. */
  const signalAll = async (signal: NodeJS.Signals) => {
    if (server === undefined) return;
    const told = new Set<number>();
    for (;;) {
      const others = (await processesBelow(server.pid)).filter((pid) => !told.has(pid));
      if (others.length === 0) return;
      for (const pid of others) {
        told.add(pid);
        try {
          process.kill(pid, signal);
        } catch {
          // It has ended since the list was made.
        }
      }
    }
  };
  const stop = async () => {
    const child = server;
    server = undefined;
    await child?.stdin.end();
    await child?.exited;
  };
  const crash = async () => {
    await signalAll("SIGQUIT");
    await stop();
  };
  const query = (statement: string, database: string = login.database) =>
    PgConnection.make({ host: folder, port, username: "keeper", database }).pipe(
      Effect.flatMap((connection) => connection.queryValues(statement)),
      Effect.scoped,
      Effect.runPromise,
    );

  await start();
  await query(`ALTER ROLE ${login.user} PASSWORD '${login.password}'`);
  return {
    port,
    start,
    stop,
    crash,
    freeze: () => signalAll("SIGSTOP"),
    thaw: () => signalAll("SIGCONT"),
    query,
    environment: {
      DEWEY_DB_HOST: "127.0.0.1",
      DEWEY_DB_PORT: String(port),
      DEWEY_DB_NAME: login.database,
      DEWEY_DB_USER: login.user,
      DEWEY_DB_PASSWORD: login.password,
    },
    [Symbol.asyncDispose]: async () => {
      await signalAll("SIGCONT");
      await stop();
      await fs.rm(folder, { recursive: true, force: true });
    },
  };
};

/** How a pool reaches a server's database. */
export const addressOf = ({ port }: PostgresServer) => ({
  host: "127.0.0.1",
  port,
  database: login.database,
  username: login.user,
  password: Redacted.make<string>(login.password),
  tls: false as const,
});
