// TLS to the database, against a real server with certificates of an authority of the test's own.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Cause, Effect, Exit, Layer, Logger, Redacted } from "effect";
import { SqlClient } from "effect/unstable/sql";
import { Database } from "../../src/sql/Database.ts";
import { makeAuthority } from "../support/certificates.ts";
import { login, type PostgresServer, startPostgres } from "../support/postgresServer.ts";

const limits = {
  minConnections: 0,
  maxConnections: 2,
  acquireTimeoutMs: 5000,
  queryTimeoutMs: 5000,
};
const authority = makeAuthority("Dewey's test authority");

/** Connects, and says whether the session is encrypted; or the sentence of the refusal. */
const connect = async (
  server: PostgresServer,
  host: string,
  tls: false | { readonly ca?: string },
): Promise<string> => {
  const database = Database.layer(
    {
      host,
      port: server.port,
      database: login.database,
      username: login.user,
      password: Redacted.make(login.password),
      tls,
    },
    limits,
  );
  const exit = await Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient;
    const rows = yield* sql`SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()`;
    return rows[0]?.ssl === true ? "encrypted" : "plain";
  }).pipe(
    Effect.provide(Layer.provideMerge(database, Logger.layer([]))),
    Effect.timeout("20 seconds"),
    Effect.runPromiseExit,
  );
  if (Exit.isSuccess(exit)) return exit.value;
  const error = Cause.squash(exit.cause);
  return error instanceof Error ? error.message : String(error);
};

describe("a server with a certificate for localhost", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres({ tls: authority.issue(["localhost"]) });
  }, 30_000);
  afterAll(() => server[Symbol.asyncDispose]());

  test("is used with the authority that signed it", async () => {
    expect(await connect(server, "localhost", { ca: authority.certificate })).toBe("encrypted");
  });

  test("is refused without that authority", async () => {
    const refusal = await connect(server, "localhost", {});
    expect(refusal).toContain("certificate is not to be trusted");
    expect(refusal).toContain("DEWEY_DB_CA");
  });

  test("is refused with another authority of the same name", async () => {
    const other = makeAuthority("Dewey's test authority");
    expect(await connect(server, "localhost", { ca: other.certificate })).toContain(
      "certificate is not to be trusted",
    );
  });

  test("is refused under an address that the certificate does not name", async () => {
    expect(await connect(server, "127.0.0.1", { ca: authority.certificate })).toContain(
      "certificate is not to be trusted",
    );
  });

  test("refuses sessions without TLS itself", async () => {
    expect(await connect(server, "localhost", false)).toContain("refuses Dewey");
  });
});

test("a certificate for another name is refused", async () => {
  await using server = await startPostgres({ tls: authority.issue(["db.example.org"]) });
  expect(await connect(server, "localhost", { ca: authority.certificate })).toContain(
    "certificate is not to be trusted",
  );
}, 30_000);

test("a certificate for an address is used under that address", async () => {
  await using server = await startPostgres({ tls: authority.issue(["127.0.0.1"]) });
  expect(await connect(server, "127.0.0.1", { ca: authority.certificate })).toBe("encrypted");
}, 30_000);

test("a server without TLS is refused where TLS was asked for, and used where it was not", async () => {
  await using server = await startPostgres();
  expect(await connect(server, "127.0.0.1", { ca: authority.certificate })).toContain(
    "does not offer TLS",
  );
  expect(await connect(server, "127.0.0.1", false)).toBe("plain");
}, 30_000);
