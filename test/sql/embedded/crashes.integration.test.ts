// What survives when the processes around the database are killed without a word.
import { expect, setDefaultTimeout, test } from "bun:test";
import * as fs from "node:fs/promises";
import { join } from "node:path";
import { Effect, Stream, SubscriptionRef } from "effect";
import {
  EmbeddedDatabase,
  type EmbeddedDatabaseOptions,
} from "../../../src/sql/embedded/EmbeddedDatabase.ts";
import type { DatabaseLocation } from "../../../src/sql/embedded/keeperProtocol.ts";
import { skipUnless } from "../../support/it.ts";
import { makeSandbox, query, until } from "./sandbox.ts";

setDefaultTimeout(40_000);

const startTime = (location: DatabaseLocation) =>
  query(location, "SELECT pg_postmaster_start_time()::text");

const only = (pids: ReadonlyArray<number>) => {
  const [pid, ...others] = pids;
  if (pid === undefined || others.length > 0)
    throw new Error(`Not one process: ${pids.join(", ")}`);
  return pid;
};

/** Holds a lease in this process while `use` runs, and tells of the states it goes through. */
const withLease = (
  options: EmbeddedDatabaseOptions,
  use: (
    location: DatabaseLocation,
    untilState: (tag: "Starting" | "Ready" | "Failed") => Promise<unknown>,
  ) => Promise<void>,
) =>
  Effect.gen(function* () {
    const { location, state } = yield* EmbeddedDatabase.acquire({ waitForStop: false, ...options });
    yield* Effect.promise(() =>
      use(location, (tag) =>
        SubscriptionRef.changes(state).pipe(
          Stream.filter(({ _tag }) => _tag === tag),
          Stream.runHead,
          Effect.runPromise,
        ),
      ),
    );
  }).pipe(Effect.scoped, Effect.runPromise);

const rowsOf = async (location: DatabaseLocation) =>
  (await query(location, "SELECT text FROM entries ORDER BY text")).flat();

test("a keeper that is killed leaves Postgres running; the next takes it over and stops it", async () => {
  await using box = await makeSandbox();
  await withLease({ dataDir: box.dataDir, lingerMillis: 200 }, async (location, untilState) => {
    const before = await startTime(location);
    const lost = untilState("Starting");
    process.kill(only(await box.keepers()), "SIGKILL");
    await lost;
    await untilState("Ready");
    expect(await startTime(location)).toEqual(before);
    expect(await box.keepers()).toHaveLength(1);
  });
  await box.untilStopped();
  const log = await fs.readFile(join(box.dataDir, "postgres.log"), "utf8");
  expect(log.trimEnd().endsWith("database system is shut down")).toBe(true);
});

test("a Postgres that was taken over and then killed is started again", async () => {
  await using box = await makeSandbox();
  await withLease({ dataDir: box.dataDir, lingerMillis: 200 }, async (location, untilState) => {
    const lost = untilState("Starting");
    process.kill(only(await box.keepers()), "SIGKILL");
    await lost;
    await untilState("Ready");
    const before = await startTime(location);
    const ended = untilState("Starting");
    process.kill(only(await box.postmasters()), "SIGKILL");
    await ended;
    await untilState("Ready");
    expect(await startTime(location)).not.toEqual(before);
  });
});

test("a Postgres that is killed is started again, with sessions still at work in it", async () => {
  await using box = await makeSandbox();
  await withLease({ dataDir: box.dataDir, lingerMillis: 200 }, async (location, untilState) => {
    await query(location, "CREATE TABLE entries (text text)");
    await query(location, "INSERT INTO entries VALUES ('kept')");
    // A statement that does not wait for anything does not see that its server has gone.
    const busy = query(location, "SELECT count(*) FROM generate_series(1, 20000000)").catch(
      () => undefined,
    );
    await until("the busy session is at work", async () => {
      const active = `SELECT count(*) FROM pg_stat_activity WHERE state = 'active'`;
      return (await query(location, active)).flat()[0] === 2n;
    });
    const ended = untilState("Starting");
    const failed = untilState("Failed").then(() => "failed");
    process.kill(only(await box.postmasters()), "SIGKILL");
    await ended;
    // The session that is still at work bars the way for a while, which is no failure.
    expect(await Promise.race([failed, untilState("Ready").then(() => "ready")])).toBe("ready");
    expect(await rowsOf(location)).toEqual(["kept"]);
    await busy;
  });
});

test("every row that was acknowledged survives the death of all processes", async () => {
  await using box = await makeSandbox();
  const [, location] = await box.serve({ lingerMillis: 60_000 });
  await query(location, "CREATE TABLE entries (text text)");
  const acknowledged: Array<string> = [];
  for (let round = 0; round < 4; round += 1) {
    const holders = await Promise.all([box.serve(), box.serve()]);
    const writers = holders.map(async ([holder], writer) => {
      for (let line = 0; ; line += 1) {
        holder.store(`${round} ${writer} ${line}`);
        const said = await holder.next();
        if (said._tag === "Stored") acknowledged.push(said.line);
        if (line === 100) reachedLoad[writer]?.resolve();
      }
    });
    const reachedLoad = writers.map(() => Promise.withResolvers<void>());
    const ended = Promise.allSettled(writers);
    await Promise.all(reachedLoad.map(({ promise }) => promise));
    await box.killEverything();
    await ended;
  }
  const [, again] = await box.serve();
  const rows = new Set(await rowsOf(again));
  expect(acknowledged.length).toBeGreaterThan(800);
  expect(acknowledged.filter((line) => !rows.has(line))).toEqual([]);
});

test("a keeper that is asked to end waits for the leases, and no longer", async () => {
  await using box = await makeSandbox();
  const [holder, location] = await box.serve({ lingerMillis: 60_000 });
  const keeper = only(await box.keepers());
  process.kill(keeper, "SIGTERM");
  await Bun.sleep(300); // A keeper that would not wait had ended by then.
  expect(await query(location, "SELECT 1")).toEqual([[1]]);
  expect(await box.keepers()).toEqual([keeper]);
  await holder.kill();
  await box.untilStopped();
});

// A process namespace of its own is what a container is to the database: it ends with its first
// process, and the numbers of the processes in the next are the same again.
const container = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child=KILL"];
const hasContainers = Bun.spawnSync([...container, "true"]).success;
const inContainer = skipUnless(hasContainers, "needs a process namespace (unshare --pid, as root)");

inContainer("a container that is killed and started again serves again", async () => {
  await using box = await makeSandbox();
  const servers: Array<number> = [];
  for (let round = 0; round < 3; round += 1) {
    const [first, location] = await box.serve({ under: container });
    const pidFile = join(location.host, "../../postgres/postmaster.pid");
    servers.push(Number((await fs.readFile(pidFile, "utf8")).split("\n")[0]));
    await first.kill();
    await box.untilStopped();
  }
  expect(new Set(servers).size).toBeLessThan(3);
});

inContainer("the first process of a container stops the database before it ends", async () => {
  await using box = await makeSandbox();
  const [first] = await box.serve({ under: container, lingerMillis: 60_000 });
  expect(await first.leave()).toBe(0);
  const log = await fs.readFile(join(box.dataDir, "postgres.log"), "utf8");
  expect(log.trimEnd().endsWith("database system is shut down")).toBe(true);
});
