// The database away and back, frozen, or busy, while Dewey runs.
import { describe, expect, test } from "bun:test";
import { Schema } from "effect";
import { until } from "../sql/embedded/sandbox.ts";
import { holdTable } from "../support/heldTable.ts";
import { type PostgresServer, startPostgres } from "../support/postgresServer.ts";
import { connect } from "./caller.ts";
import { type Program, runDewey } from "./program.ts";

const read = { key: "plan" };

const Report = Schema.Struct({ status: Schema.String, checks: Schema.Unknown });
const decodeReport = Schema.decodeUnknownSync(Report);

/** The answer of the door, without how the upstreams are: no database of Dewey's changes that. */
const health = async (at: string): Promise<unknown> => {
  const response = await fetch(`http://${at}/health`);
  return [response.status, decodeReport(await response.json())];
};

const away = [
  503,
  { status: "unavailable", checks: { database: false, accepting: true, journal: true } },
];
const well = [200, { status: "ok", checks: { database: true, accepting: true, journal: true } }];

const lines = (program: Program, text: string): ReadonlyArray<string> =>
  program.err.lines.filter((line) => line.includes(text));

/** Makes whatever is inserted into a table take a minute. */
const slowDown = async (server: PostgresServer, table: string): Promise<void> => {
  await server.query(
    "CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); RETURN NEW; END'",
  );
  await server.query(
    `CREATE TRIGGER slow BEFORE INSERT ON ${table} FOR EACH ROW EXECUTE FUNCTION slowly()`,
  );
};

const timed = async <A>(work: Promise<A>): Promise<readonly [A, number]> => {
  const started = performance.now();
  const result = await work;
  return [result, performance.now() - started];
};

describe("a server that is stopped", () => {
  test("answers calls in flight and new ones with UNAVAILABLE, and is used again when it is back", async () => {
    await using server = await startPostgres();
    await using program = runDewey(["start"], server.environment);
    const at = await program.serving();
    using caller = await connect(at);
    await caller.call("write_context", { key: "plan", content: "keep" });
    expect(await health(at)).toEqual(well);

    await slowDown(server, "startup_contexts");
    const inFlight = caller.call("dewey_set_startup_context", { name: "slow", content: "x" });
    await until("the call is in the database", async () => {
      const sleeping = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
      return (await server.query(sleeping)).length === 1;
    });
    const [[answer], took] = await timed(Promise.all([inFlight, server.stop()]));
    expect(answer).toBe("UNAVAILABLE");
    expect(took).toBeLessThan(5000);

    await program.err.find(/The database is away/);
    for (const [tool, input] of [
      ["read_context", read],
      ["write_context", { key: "plan", content: "lost" }],
      ["dewey_search", { query: "plan" }],
      ["dewey_begin_conversation", {}],
    ] as const) {
      const [refused, millis] = await timed(caller.call(tool, input));
      expect(refused).toBe("UNAVAILABLE");
      expect(millis).toBeLessThan(1000);
    }
    expect(await health(at)).toEqual(away);
    expect((await fetch(`http://${at}/health/live`)).status).toBe(200);

    await server.start();
    await program.err.find(/The database answers again/);
    expect(await caller.call("read_context", read)).toMatchObject({ content: "keep" });
    expect(await health(at)).toEqual(well);
    expect(lines(program, "is away")).toHaveLength(1);
  }, 60_000);

  test("is noticed by /health without any call", async () => {
    await using server = await startPostgres();
    await using program = runDewey(["start"], server.environment);
    const at = await program.serving();
    await server.stop();
    expect(await health(at)).toEqual(away);
    await server.start();
    await program.err.find(/The database answers again/);
    expect(await health(at)).toEqual(well);
  }, 60_000);

  test("whose database was dropped meanwhile is away too, and not a fault of Dewey", async () => {
    await using server = await startPostgres();
    await server.query("CREATE DATABASE brief OWNER dewey");
    await using program = runDewey(["start"], { ...server.environment, DEWEY_DB_NAME: "brief" });
    const at = await program.serving();
    using caller = await connect(at);
    await server.query("DROP DATABASE brief WITH (FORCE)");
    expect(await health(at)).toEqual(away);
    expect(await caller.call("list_context", {})).toBe("UNAVAILABLE");
  }, 60_000);

  test("ends one connection only: nobody else notices", async () => {
    await using server = await startPostgres();
    await using program = runDewey(["start"], server.environment);
    using caller = await connect(await program.serving());
    await using held = await holdTable(server, "shared_context");
    const inFlight = caller.call("list_context", {});
    await held.awaitedBy(1);
    await server.query(
      "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE relation = 'shared_context'::regclass AND NOT granted",
    );
    expect(await inFlight).toBe("UNAVAILABLE");
    expect(await caller.call("dewey_list_conversations", {})).toMatchObject({ total: 0 });
    expect(lines(program, "away")).toEqual([]);
  }, 60_000);
});

describe("a server that is frozen", () => {
  test("ends calls within their bounds, is away after that, and is used again when it goes on", async () => {
    await using server = await startPostgres();
    await using program = runDewey(["start"], {
      ...server.environment,
      DEWEY_DB_QUERY_TIMEOUT: "1s",
      DEWEY_DB_ACQUIRE_TIMEOUT: "500ms",
    });
    const at = await program.serving();
    using caller = await connect(at);
    const begun = await caller.call("dewey_begin_conversation", {});
    if (typeof begun === "string") throw new Error(begun);
    const message = { conversation_id: begun.conversation_id, role: "user", content: "x" };
    await server.freeze();

    const calls = [
      caller.call("list_context", {}),
      caller.call("dewey_store_message", message),
      caller.call("dewey_search", { query: "x" }),
    ];
    // The process itself does not wait for the database.
    const [live, liveMillis] = await timed(fetch(`http://${at}/health/live`));
    expect(live.status).toBe(200);
    expect(liveMillis).toBeLessThan(1000);
    expect(await health(at)).toEqual(away);
    const [answers, millis] = await timed(Promise.all(calls));
    for (const answer of answers) expect(answer).toBeOneOf(["TIMEOUT", "UNAVAILABLE"]);
    // The statement's bound and the grace for the server to keep it itself.
    expect(millis).toBeLessThan(4500);
    const [late, lateMillis] = await timed(caller.call("dewey_store_message", message));
    expect(late).toBe("UNAVAILABLE");
    expect(lateMillis).toBeLessThan(500);

    await server.thaw();
    await program.err.find(/The database answers again/);
    expect(await caller.call("list_context", {})).toMatchObject({ total: 0 });
    expect(await health(at)).toEqual(well);
  }, 60_000);

  test("does not keep Dewey from stopping", async () => {
    await using server = await startPostgres();
    await using program = runDewey(["start"], {
      ...server.environment,
      DEWEY_SHUTDOWN_TIMEOUT: "500ms",
    });
    using caller = await connect(await program.serving());
    await server.freeze();
    const call = caller.call("list_context", {});
    program.kill("SIGTERM");
    const [code, millis] = await timed(program.exited);
    expect(code).toBe(0);
    expect(millis).toBeLessThan(20_000);
    expect(await call).toBeOneOf(["UNAVAILABLE", "LOST"]);
  }, 60_000);
});

describe("a pool that is exhausted", () => {
  test("refuses with UNAVAILABLE after the time to wait, says so in the log, and recovers", async () => {
    await using server = await startPostgres();
    await using program = runDewey(["start"], {
      ...server.environment,
      DEWEY_DB_MAX_CONNECTIONS: "2",
      DEWEY_DB_ACQUIRE_TIMEOUT: "300ms",
    });
    const at = await program.serving();
    using caller = await connect(at);
    await using held = await holdTable(server, "shared_context");
    const waiting = [caller.call("list_context", {}), caller.call("list_context", {})];
    await held.awaitedBy(2);
    const [answer, millis] = await timed(caller.call("dewey_list_conversations", {}));
    expect(answer).toBe("UNAVAILABLE");
    expect(millis).toBeGreaterThan(250);
    expect(millis).toBeLessThan(3000);
    await program.err.find(/All 2 database connections are busy/);
    // Busy is not away.
    expect(await health(at)).toEqual(well);
    await held.release();
    expect(await Promise.all(waiting)).toMatchObject([{ total: 0 }, { total: 0 }]);
    expect(await caller.call("dewey_list_conversations", {})).toMatchObject({ total: 0 });
  }, 60_000);
});
