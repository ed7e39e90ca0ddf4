// Start-up against a real server: one that is not there yet, ones that cannot be used, and many processes at once.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createServer } from "node:net";
import { Schema } from "effect";
import { migrations } from "../../migrations/all.ts";
import { login, type PostgresServer, startPostgres } from "../support/postgresServer.ts";
import { connect } from "./caller.ts";
import { runDewey } from "./program.ts";

const newest = Math.max(...Object.keys(migrations).map((name) => Number(name.slice(0, 4))));

const decodeLine = Schema.decodeUnknownSync(
  Schema.fromJsonString(Schema.Struct({ level: Schema.String, message: Schema.String })),
);

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
}, 30_000);
afterAll(() => server[Symbol.asyncDispose]());

const createDatabase = async (name: string, options = ""): Promise<Record<string, string>> => {
  await server.query(`CREATE DATABASE ${name} OWNER ${login.user} ${options}`);
  return { ...server.environment, DEWEY_DB_NAME: name };
};

/** Runs a command to its end: its code, and its last words. */
const refusal = async (environment: Readonly<Record<string, string>>) => {
  await using program = runDewey(["start"], environment);
  return { code: await program.exited, said: program.err.lines.at(-1), out: program.out.text };
};

describe("a database that is not there yet", () => {
  test("is waited for with a line each time, and used once it comes", async () => {
    const environment = await createDatabase("later");
    await server.stop();
    await using program = runDewey(["start"], environment);
    for (let line = 0; line < 3; line++) {
      await program.err.find(/Waiting for the database: connect ECONNREFUSED/, line);
    }
    expect(program.out.text).toBe("");
    await server.start();
    const at = await program.serving();
    expect((await fetch(`http://${at}/health`)).status).toBe(200);
  }, 30_000);

  test("is no reason to ignore SIGTERM", async () => {
    await using program = runDewey(["start"], { ...server.environment, DEWEY_DB_PORT: "1" });
    await program.err.find(/Waiting for the database/);
    program.kill("SIGTERM");
    expect(await program.exited).toBe(0);
  }, 30_000);

  test("is no reason either where it takes connections and says nothing", async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const asked = new Promise((resolve) => silent.once("connection", resolve));
    const address = silent.address();
    const port = typeof address === "object" ? String(address?.port) : "";
    await using program = runDewey(["start"], { ...server.environment, DEWEY_DB_PORT: port });
    await asked;
    program.kill("SIGINT");
    expect(await program.exited).toBe(0);
    silent.close();
  }, 30_000);
});

describe("a database that cannot be used stops the start with a sentence", () => {
  test("a wrong password", async () => {
    const wrong = { ...server.environment, DEWEY_DB_PASSWORD: "hunter2" };
    const { code, said, out } = await refusal(wrong);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(said).toMatch(/password authentication failed for user "dewey".*DEWEY_DB_PASSWORD/);
    expect(said).not.toContain("hunter2");
  });

  test("no password where the server wants one", async () => {
    const { DEWEY_DB_PASSWORD: _, ...without } = server.environment;
    expect((await refusal(without)).said).toMatch(/requested password.*DEWEY_DB_PASSWORD/);
  });

  test("an unknown database", async () => {
    const { code, said } = await refusal({ ...server.environment, DEWEY_DB_NAME: "nowhere" });
    expect(code).toBe(1);
    expect(said).toMatch(/database "nowhere" does not exist.*CREATE DATABASE/);
  });

  test("an encoding that does not hold every text", async () => {
    const ascii = await createDatabase(
      "ascii",
      "ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0",
    );
    expect((await refusal(ascii)).said).toMatch(/encoding is SQL_ASCII; Dewey needs UTF8/);
  });

  test("a role that may not create tables", async () => {
    await server.query("CREATE DATABASE theirs");
    const { said } = await refusal({ ...server.environment, DEWEY_DB_NAME: "theirs" });
    expect(said).toMatch(/permission denied for schema public.*GRANT CREATE/);
  });

  test("a schema of a newer Dewey, which is left as it is", async () => {
    const environment = await createDatabase("newer");
    await using first = runDewey(["migrate"], environment);
    expect(await first.exited).toBe(0);
    const next = newest + 1;
    await server.query(
      `INSERT INTO dewey_migrations (number, name) VALUES (${next}, 'x')`,
      "newer",
    );
    for (const command of ["start", "migrate"]) {
      await using program = runDewey([command], environment);
      expect(await program.exited).toBe(1);
      expect(program.err.lines.at(-1)).toMatch(
        new RegExp(`at migration ${next}, and this Dewey knows only up to ${newest}`),
      );
    }
  }, 20_000);
});

describe("migrate", () => {
  test("brings the schema up to date, says so, and finds nothing to do the next time", async () => {
    const environment = await createDatabase("twice");
    await using first = runDewey(["migrate"], environment);
    expect(await first.exited).toBe(0);
    expect(first.out.text).toBe(
      `Migrations applied: ${Object.keys(migrations).length}. The schema is up to date.`,
    );
    await using second = runDewey(["migrate"], environment);
    expect(await second.exited).toBe(0);
    expect(second.out.text).toBe("Migrations applied: 0. The schema is up to date.");
  }, 20_000);

  test("is done once by ten processes that start at once", async () => {
    const environment = { ...(await createDatabase("ten")), DEWEY_DB_MAX_CONNECTIONS: "2" };
    const programs = Array.from({ length: 10 }, () => runDewey(["migrate"], environment));
    await Promise.all(programs.map((program) => program.exited));
    const lastWords = programs.map(({ err }) => err.lines.filter((line) => !line.includes("INFO")));
    expect(lastWords.flat()).toEqual([]);
    const applied = programs
      .map(({ out }) => Number(/applied: (\d+)/.exec(out.text)?.[1]))
      .reduce((sum, count) => sum + count);
    expect(applied).toBe(Object.keys(migrations).length);
    const rows = await server.query("SELECT number FROM dewey_migrations ORDER BY 1", "ten");
    expect(rows.flat()).toEqual(Object.keys(migrations).map((name) => Number(name.slice(0, 4))));
  }, 60_000);
});

describe("what is printed", () => {
  test("the first lines go to standard output, and name the doors that answer", async () => {
    await using program = runDewey(["start"], await createDatabase("printed"));
    const at = await program.serving();
    await program.out.find(/claude mcp add-json dewey/);
    expect(program.out.text).toContain(`RPC       ws://${at}/rpc   http://${at}/rpc`);
    expect(program.out.text).toContain(`Database  printed on 127.0.0.1:${server.port}`);
    expect(program.out.text).not.toContain(login.password);
    const proxy = /Proxy +ws:\/\/(\S+)\/mcp\/NAME +http:\/\/\1\/mcp\/NAME/.exec(
      program.out.text,
    )?.[1];
    expect(program.out.text).toContain("Upstreams dewey; more in ");
    for (const door of [at, proxy]) {
      const health = await fetch(`http://${door}/health`);
      expect([health.status, await health.json()]).toMatchObject([
        200,
        {
          status: "ok",
          checks: { database: true, accepting: true, journal: true },
          upstreams: { dewey: { state: "idle", connections: 0 } },
        },
      ]);
    }
    expect((await fetch(`http://${at}/health/live`)).status).toBe(200);
    using caller = await connect(at);
    expect(await caller.call("dewey_list_conversations", {})).toMatchObject({ total: 0 });
  }, 30_000);

  test("an IPv6 address stands in brackets, and serves", async () => {
    const environment = await createDatabase("six");
    await using program = runDewey(["start"], { ...environment, DEWEY_MCP_HOST: "::1" });
    const at = await program.serving();
    expect(at).toMatch(/^\[::1\]:\d+$/);
    expect((await fetch(`http://${at}/health`)).status).toBe(200);
  }, 30_000);

  test("the log is JSON on standard error, with warnings about settings first", async () => {
    const environment = {
      ...(await createDatabase("logged")),
      DEWEY_LOG_LEVEL: "loud",
      DEWEY_POOL: "9",
    };
    await using program = runDewey(["start"], environment);
    await program.err.find(/Migration 1 /);
    const lines = program.err.lines.map((line) => decodeLine(line));
    expect(lines.slice(0, 3)).toEqual([
      {
        level: "WARN",
        message:
          'DEWEY_LOG_LEVEL is "loud", which is none of TRACE, DEBUG, INFO, WARN, ERROR: INFO is used.',
      },
      { level: "WARN", message: "DEWEY_POOL is not a setting of Dewey and is ignored." },
      { level: "INFO", message: "Migration 1 (foundation) applied" },
    ]);
    expect(program.err.text).not.toContain(login.password);
  }, 30_000);

  test("a port that is taken stops the start with a sentence", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const address = taken.address();
    const port = typeof address === "object" ? String(address?.port) : "";
    const { code, said } = await refusal({
      ...(await createDatabase("taken")),
      DEWEY_MCP_PORT: port,
    });
    expect(code).toBe(1);
    expect(said).toMatch(new RegExp(`Cannot listen on 127.0.0.1:${port}`));
    taken.close();
  }, 30_000);
});
