import { expect, setDefaultTimeout, test } from "bun:test";
import * as fs from "node:fs/promises";
import { join } from "node:path";
import { Effect, Schedule } from "effect";
import { EmbeddedDatabase } from "../../../src/sql/embedded/EmbeddedDatabase.ts";
import { isRoot, makeSandbox, query, until } from "./sandbox.ts";

setDefaultTimeout(40_000);

const modeOf = async (path: string) => (await fs.stat(path)).mode & 0o777;

test("a fresh folder becomes a database that is what the migrations count on", async () => {
  await using box = await makeSandbox();
  const [, location] = await box.serve();
  expect(location).toMatchObject({ username: "dewey", database: "dewey" });
  const [settings] = await query(
    location,
    `SELECT current_setting('server_encoding'), current_setting('data_checksums'),
       current_setting('fsync'), current_setting('synchronous_commit'),
       current_setting('listen_addresses'), current_setting('jit'),
       current_setting('is_superuser'),
       (SELECT datlocprovider::text || datlocale FROM pg_database WHERE datname = 'dewey')`,
  );
  expect(settings).toEqual(["UTF8", "on", "on", "on", "", "off", "off", "bC.UTF-8"]);
  for (const extension of ["pg_trgm", "unaccent", "pgcrypto"]) {
    await query(location, `CREATE EXTENSION ${extension}`);
  }
  expect(await query(location, "SELECT lower('ÄÖÜ'), unaccent('Hôtel')")).toEqual([
    ["äöü", "Hotel"],
  ]);
});

test("nobody but its user can come near it, and Postgres is not root", async () => {
  await using box = await makeSandbox();
  const [, location] = await box.serve();
  expect(await modeOf(location.host)).toBe(0o700);
  expect(await modeOf(join(box.dataDir, "postgres"))).toBe(0o700);
  expect(await modeOf(join(location.host, "..", "keeper.sock"))).toBe(0o600);
  const [postmaster] = await box.postmasters();
  const owner = Bun.spawn(["ps", "-o", "uid=", "-p", String(postmaster)], { stdout: "pipe" });
  const uid = Number(await owner.stdout.text());
  expect(uid).toBe((await fs.stat(location.host)).uid);
  expect(uid).not.toBe(0);
  if (!isRoot) expect(uid).toBe(process.getuid?.() ?? Number.NaN);
});

test("ten processes at once on a fresh folder end with one database", async () => {
  await using box = await makeSandbox();
  const served = await Promise.all(Array.from({ length: 10 }, () => box.serve()));
  expect(new Set(served.map(([, { host }]) => host)).size).toBe(1);
  const [[, location] = expect.unreachable()] = served;
  expect(await box.postmasters()).toHaveLength(1);
  await until("the keepers that came late have gone", async () => {
    return (await box.keepers()).length === 1;
  });
  await query(location, "CREATE TABLE entries (text text)");
  const lines = await Promise.all(
    served.map(async ([holder], index) => {
      holder.store(`line ${index}`);
      return holder.next();
    }),
  );
  expect(lines.map(({ _tag }) => _tag)).toEqual(served.map(() => "Stored"));
  expect(await query(location, "SELECT count(*) FROM entries")).toEqual([[10n]]);
});

test("it stops cleanly after the last lease, however that ends, and not before", async () => {
  await using box = await makeSandbox();
  const [polite, location] = await box.serve();
  const [killed] = await box.serve();
  const postmasters = await box.postmasters();
  expect(await polite.leave()).toBe(0);
  await Bun.sleep(600); // Longer than the database would outlive its last lease.
  expect(await box.postmasters()).toEqual(postmasters);
  await query(location, "CREATE TABLE entries (text text)");
  await killed.kill();
  await box.untilStopped();
  const log = await fs.readFile(join(box.dataDir, "postgres.log"), "utf8");
  expect(log.trimEnd().endsWith("database system is shut down")).toBe(true);
  await box.serve();
  const logAfter = await fs.readFile(join(box.dataDir, "postgres.log"), "utf8");
  expect(logAfter).not.toContain("automatic recovery");
});

test("a Dewey that comes while the database stops gets it again", async () => {
  await using box = await makeSandbox();
  const { dataDir } = box;
  const visit = EmbeddedDatabase.acquire({ dataDir, lingerMillis: 0, waitForStop: false }).pipe(
    Effect.flatMap(({ location }) => Effect.promise(() => query(location, "SELECT 1"))),
    Effect.scoped,
  );
  // The next visit begins when the last has given its lease back, not when the database has gone.
  const visits = Effect.repeat(visit, Schedule.recurs(5));
  expect(await Effect.runPromise(visits)).toBe(5);
});

test("whoever waits for the stop returns after it, if it was the last", async () => {
  await using box = await makeSandbox();
  const [first] = await box.serve({ lingerMillis: 60_000, waitForStop: true });
  const [last] = await box.serve({ waitForStop: true });
  expect(await first.leave()).toBe(0);
  expect(await box.postmasters()).toHaveLength(1);
  expect(await last.leave()).toBe(0);
  expect(await box.postmasters()).toEqual([]);
});

test("a Dewey that is ended with all that descends from it leaves the database to the others", async () => {
  await using box = await makeSandbox();
  // Bun's own way of doing what clients do to a command of theirs.
  const env = { ...process.env, BUN_FEATURE_FLAG_NO_ORPHANS: "1" };
  const [first] = await box.serve({ env });
  const [, location] = await box.serve();
  const keepers = await box.keepers();
  expect(await first.leave()).toBe(0);
  await Bun.sleep(300); // What kills descendants had done so by now.
  expect(await box.keepers()).toEqual(keepers);
  expect(await query(location, "SELECT 1")).toEqual([[1]]);
});

test("Ctrl-C in the terminal of one Dewey leaves the database to the others", async () => {
  await using box = await makeSandbox();
  // The first brings the keeper up, in a process group of its own, as a shell gives each command.
  const [first] = await box.serve({ detached: true });
  const [, location] = await box.serve();
  const before = await query(location, "SELECT pg_postmaster_start_time()::text");
  const keepers = await box.keepers();
  // Stronger than the SIGINT of a terminal: whatever is in the group dies.
  process.kill(-first.pid, "SIGKILL");
  await first.kill();
  await Bun.sleep(600); // Longer than a database without leases would stay.
  expect(await query(location, "SELECT pg_postmaster_start_time()::text")).toEqual(before);
  expect(await box.keepers()).toEqual(keepers);
});
