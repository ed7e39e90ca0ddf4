// The end of the process: what is in flight, what comes too late, and what exits at once.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { type HeldTable, holdTable } from "../support/heldTable.ts";
import { type PostgresServer, startPostgres } from "../support/postgresServer.ts";
import { connect } from "./caller.ts";
import { type Program, runCommand, runDewey, temporaryFolder } from "./program.ts";

const stopping = /Shutting down/;

let server: PostgresServer;
let held: HeldTable;
beforeAll(async () => {
  server = await startPostgres();
  await using migrated = runDewey(["migrate"], server.environment);
  expect(await migrated.exited).toBe(0);
}, 60_000);
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  held = await holdTable(server, "shared_context");
});
afterEach(() => held.release());

const noLongerListens = (at: string) =>
  fetch(`http://${at}/health/live`).then(
    () => false,
    () => true,
  );

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`${signal} lets calls in flight finish, refuses new ones, closes with 1001 and exits with 0`, async () => {
    await using program = runDewey(["start"], server.environment);
    const at = await program.serving();
    using caller = await connect(at);
    using idle = await connect(at);
    const inFlight = caller.call("list_context", {});
    const overHttp = fetch(`http://${at}/rpc`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ _tag: "Request", id: "1", tag: "list_context", payload: {} }),
    });
    await held.awaitedBy(2);
    program.kill(signal);
    await program.err.find(stopping);
    expect(await caller.call("dewey_list_conversations", {})).toBe("UNAVAILABLE");
    expect(await idle.call("dewey_search", { query: "x" })).toBe("UNAVAILABLE");
    expect(await noLongerListens(at)).toBe(true);
    await held.release();
    expect(await inFlight).toMatchObject({ total: 0 });
    expect(await (await overHttp).text()).toContain('"total":0');
    expect(await Promise.all([caller.closed, idle.closed])).toEqual([1001, 1001]);
    expect(await program.exited).toBe(0);
    expect(program.err.lines.filter((line) => !line.includes("INFO"))).toEqual([]);
  }, 30_000);
}

test("calls that do not end in time are cut off, with a word in the log", async () => {
  await using program = runDewey(["start"], {
    ...server.environment,
    DEWEY_SHUTDOWN_TIMEOUT: "300ms",
  });
  using caller = await connect(await program.serving());
  const inFlight = caller.call("list_context", {});
  await held.awaitedBy(1);
  program.kill("SIGTERM");
  expect(await program.exited).toBe(0);
  expect(await inFlight).toBeOneOf(["UNAVAILABLE", "LOST"]);
  expect(program.err.text).toContain("DEWEY_SHUTDOWN_TIMEOUT");
  // And their statements are cancelled, not left behind in the server.
  await held.awaitedBy(0);
}, 30_000);

/** Sends a signal again and again: one that comes right after another counts as the same. */
const insist = async (program: Program, signal: NodeJS.Signals): Promise<number> => {
  const timer = setInterval(() => program.kill(signal), 100);
  try {
    return await program.exited;
  } finally {
    clearInterval(timer);
  }
};

describe("a second signal exits at once", () => {
  const cases: ReadonlyArray<readonly [NodeJS.Signals, NodeJS.Signals, number]> = [
    ["SIGTERM", "SIGTERM", 143],
    ["SIGTERM", "SIGINT", 130],
  ];
  for (const [first, second, code] of cases) {
    test(`${first}, and a while later ${second}`, async () => {
      await using program = runDewey(["start"], server.environment);
      using caller = await connect(await program.serving());
      const inFlight = caller.call("list_context", {});
      await held.awaitedBy(1);
      program.kill(first);
      await program.err.find(stopping);
      expect(await insist(program, second)).toBe(code);
      expect(await inFlight).toBe("LOST");
    }, 30_000);
  }
});

test("the same signal twice, as a terminal and a runner pass it on, is one", async () => {
  await using program = runDewey(["start"], server.environment);
  using caller = await connect(await program.serving());
  const inFlight = caller.call("list_context", {});
  await held.awaitedBy(1);
  program.kill("SIGINT");
  program.kill("SIGINT");
  await program.err.find(stopping);
  await held.release();
  expect(await inFlight).toMatchObject({ total: 0 });
  expect(await program.exited).toBe(0);
}, 30_000);

describe("`bun run start`", () => {
  const isRunning = (pid: number): boolean => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };

  /** The process that serves, which may be a child of the one that was started. */
  const serverOf = async (program: Program): Promise<number> => {
    const list = (await Bun.$`ps -axo pid=,ppid=,args=`.text()).split("\n");
    const rows = list.map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line));
    const family = new Set([program.pid]);
    for (const row of rows) if (family.has(Number(row?.[2]))) family.add(Number(row?.[1]));
    const found = rows.find(
      (row) => family.has(Number(row?.[1])) && row?.[3]?.includes("src/main.ts start"),
    );
    return Number(found?.[1]);
  };

  test("passes SIGTERM on to Dewey, and its exit code back", async () => {
    await using folder = await temporaryFolder();
    await using program = runCommand([process.execPath, "run", "start"], {
      ...server.environment,
      DEWEY_DATA_DIR: folder.path,
      DEWEY_MCP_PORT: "0",
      DEWEY_PROXY_PORT: "0",
    });
    const at = await program.serving();
    const dewey = await serverOf(program);
    // Where the test fails, nobody else ends it.
    using _ended = {
      [Symbol.dispose]: () => {
        if (isRunning(dewey)) process.kill(dewey, "SIGKILL");
      },
    };
    expect(isRunning(dewey)).toBe(true);
    using caller = await connect(at);
    const inFlight = caller.call("list_context", {});
    await held.awaitedBy(1);
    program.kill("SIGTERM");
    await program.err.find(stopping);
    await held.release();
    expect(await inFlight).toMatchObject({ total: 0 });
    expect(await program.exited).toBe(0);
    expect(isRunning(dewey)).toBe(false);
  }, 30_000);
});
