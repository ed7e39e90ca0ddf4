// One Postgres for the whole test run: an embedded one without fsync that goes, with its folder,
// when the run ends however it ends; or the server that DEWEY_TEST_DATABASE_URL names.
import { randomUUID } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PgConnection } from "@effect/sql-pg";
import { Effect, Redacted, Scope } from "effect";
import { EmbeddedDatabase } from "../../src/sql/embedded/EmbeddedDatabase.ts";

/** How to reach the run's server, and databases of one's own on it. */
export interface TestCluster {
  /** A host name, or the folder of a unix socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | undefined;
  /** Creates a database under a fresh name, empty or as a copy of another nobody is connected to. */
  readonly createDatabase: (template?: string) => Promise<string>;
  /** Drops a database, and ends whatever sessions are still on it. */
  readonly dropDatabase: (name: string) => Promise<void>;
}

const quote = (name: string) => `"${name.replaceAll('"', '""')}"`;

const makeCluster = (config: {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | undefined;
  readonly database: string;
}): TestCluster => {
  const { database, ...reach } = config;
  const run = (statement: string) =>
    PgConnection.make({
      host: config.host,
      port: config.port,
      username: config.user,
      password: config.password === undefined ? undefined : Redacted.make(config.password),
      database,
    }).pipe(
      Effect.flatMap((connection) => connection.query(statement)),
      Effect.scoped,
      Effect.asVoid,
      Effect.runPromise,
    );
  return {
    ...reach,
    createDatabase: async (template) => {
      const name = `dewey_test_${randomUUID().replaceAll("-", "")}`;
      const source = template === undefined ? "" : ` TEMPLATE ${quote(template)}`;
      await run(`CREATE DATABASE ${quote(name)}${source}`);
      return name;
    },
    dropDatabase: (name) => run(`DROP DATABASE IF EXISTS ${quote(name)} WITH (FORCE)`),
  };
};

const external = (text: string): TestCluster => {
  const url = new URL(text);
  return makeCluster({
    host: decodeURIComponent(url.hostname),
    port: url.port === "" ? 5432 : Number(url.port),
    user: decodeURIComponent(url.username),
    password: url.password === "" ? undefined : decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.slice(1)) || "postgres",
  });
};

const embedded = async (): Promise<TestCluster> => {
  // Never closed: the lease ends with this process, and Ctrl-C and SIGKILL end it as well.
  const scope = Scope.makeUnsafe();
  const { location } = await EmbeddedDatabase.acquire({
    dataDir: join(tmpdir(), `dewey-test-${randomUUID().slice(0, 8)}`),
    durable: false,
    temporary: true,
    lingerMillis: 200,
  }).pipe(Scope.provide(scope), Effect.runPromise);
  return makeCluster({
    host: location.host,
    port: location.port,
    user: location.username,
    password: undefined,
    database: location.database,
  });
};

/** Whether the databases of the tools have partitioned tables in this run, as DEWEY_TEST_SCHEMA says. */
export const isPartitioned = process.env.DEWEY_TEST_SCHEMA === "partitioned";

let started: Promise<TestCluster> | undefined;

/** The run's server, started by the first who asks. */
export const testCluster = (): Promise<TestCluster> => {
  const url = process.env.DEWEY_TEST_DATABASE_URL;
  started ??= url === undefined || url === "" ? embedded() : Promise.resolve(external(url));
  return started;
};
