// The folders, users and releases that a data folder can meet.
import { expect, setDefaultTimeout, test } from "bun:test";
import * as fs from "node:fs/promises";
import { join } from "node:path";
import { Effect } from "effect";
import { EmbeddedDatabase } from "../../../src/sql/embedded/EmbeddedDatabase.ts";
import { mustReach } from "../../../src/sql/embedded/mustReach.ts";
import { skipUnless } from "../../support/it.ts";
import { isRoot, makeSandbox, query, type Sandbox } from "./sandbox.ts";

setDefaultTimeout(40_000);

/** Nobody's user: neither root nor anything that /etc/passwd knows. */
const stranger = 61_021;

const asRoot = skipUnless(isRoot, "only root can become another user");

const strangerCanRun = await Effect.runPromise(
  Effect.forEach([process.execPath, import.meta.path], (path) =>
    mustReach(path, { uid: stranger, gid: stranger }),
  ).pipe(
    Effect.as(isRoot),
    Effect.catch(() => Effect.succeed(false)),
  ),
);
const asStranger = skipUnless(
  strangerCanRun,
  "needs root, and a checkout and a Bun that another user may walk to",
);

const refusal = async (box: Sandbox, options: Parameters<Sandbox["start"]>[0] = {}) => {
  const said = await box.start(options).next();
  if (said._tag !== "Refused") throw new Error(`Not refused: ${JSON.stringify(said)}`);
  return said.message;
};

test("a folder too deep for a socket's path gets a short one, which no other user can enter", async () => {
  await using box = await makeSandbox(`${"deep".repeat(20)}/${"deeper".repeat(20)}`);
  const [, location] = await box.serve();
  const [, joined] = await box.serve();
  expect(joined).toEqual(location);
  expect(location.host.length).toBeLessThan(60);
  expect((await fs.stat(location.host)).mode & 0o777).toBe(0o700);
  expect(await query(location, "SELECT 1")).toEqual([[1]]);
  await fs.rm(join(location.host, ".."), { recursive: true });
});

test("a folder of another major version is refused, untouched, with the way to move", async () => {
  await using box = await makeSandbox();
  await fs.mkdir(join(box.dataDir, "postgres"), { recursive: true });
  await fs.chmod(box.dataDir, 0o711);
  const version = join(box.dataDir, "postgres", "PG_VERSION");
  await fs.writeFile(version, "17\n");
  const message = await refusal(box);
  expect(message).toContain("is of Postgres 17, and this Dewey brings Postgres 18");
  expect(message).toContain("`dewey export`");
  expect(message).toContain("`dewey import`");
  expect(await fs.readdir(join(box.dataDir, "postgres"))).toEqual(["PG_VERSION"]);
  // The keeper that refused is still there, and looks again for whoever comes.
  await fs.rm(join(box.dataDir, "postgres"), { recursive: true });
  await box.serve();
});

test("a folder of something else in the place of the cluster is left alone", async () => {
  await using box = await makeSandbox();
  await fs.mkdir(join(box.dataDir, "postgres"), { recursive: true });
  await fs.chmod(box.dataDir, 0o711);
  await fs.writeFile(join(box.dataDir, "postgres", "letters.txt"), "mine");
  expect(await refusal(box)).toContain("something else is in the way");
  expect(await fs.readFile(join(box.dataDir, "postgres", "letters.txt"), "utf8")).toBe("mine");
});

test("a file in the place of the folder is refused with a sentence", async () => {
  await using box = await makeSandbox();
  await fs.writeFile(box.dataDir, "");
  expect(await refusal(box)).toContain("DEWEY_DATA_DIR");
});

test("what a start that was killed has left of its draft is thrown away", async () => {
  await using box = await makeSandbox();
  await fs.mkdir(join(box.dataDir, "postgres.draft", "base"), { recursive: true });
  await fs.chmod(box.dataDir, 0o711);
  await fs.writeFile(join(box.dataDir, "postgres.draft", "PG_VERSION"), "18\n");
  const [, location] = await box.serve();
  expect(await query(location, "SELECT 1")).toEqual([[1]]);
  expect(await fs.readdir(box.dataDir)).not.toContain("postgres.draft");
});

test("the process number in a stale pid file may belong to anybody by now", async () => {
  await using box = await makeSandbox();
  const [first] = await box.serve();
  const pidFile = join(box.dataDir, "postgres", "postmaster.pid");
  const [, ...rest] = (await fs.readFile(pidFile, "utf8")).split("\n");
  const { uid, gid } = await fs.stat(pidFile);
  await first.leave();
  await box.untilStopped();
  // Of the same user as Postgres, which therefore takes it for another Postgres.
  const bystander = Bun.spawn(["sleep", "60"], isRoot ? { uid, gid } : {});
  try {
    await fs.writeFile(pidFile, [bystander.pid, ...rest].join("\n"), { mode: 0o600 });
    if (isRoot) await fs.chown(pidFile, uid, gid);
    const [, location] = await box.serve();
    expect(await query(location, "SELECT 1")).toEqual([[1]]);
    expect(bystander.exitCode).toBeNull();
  } finally {
    bystander.kill();
  }
});

asRoot("under root, a folder that Postgres's user cannot walk to is named", async () => {
  await using box = await makeSandbox("closed");
  const closed = join(box.dataDir, "..");
  await fs.chmod(closed, 0o700);
  const message = await refusal(box);
  expect(message).toContain(`may not walk through ${closed}`);
  expect(message).toContain(`chmod o+x ${closed}`);
});

asStranger("under root, a folder of another user stays usable by that user", async () => {
  await using box = await makeSandbox();
  await fs.mkdir(box.dataDir, { mode: 0o700 });
  await fs.chown(box.dataDir, stranger, stranger);
  const [root] = await box.serve();
  const [theirs, location] = await box.serve({ uid: stranger });
  expect(await query(location, "SELECT 1")).toEqual([[1]]);
  await Promise.all([root.leave(), theirs.leave()]);
  await box.untilStopped();
  await box.serve({ uid: stranger });
});

asStranger(
  "a user without an entry in /etc/passwd starts from what root has prepared",
  async () => {
    await using prepared = await makeSandbox();
    await prepared.serve();
    await using box = await makeSandbox();
    await fs.chmod(join(box.dataDir, ".."), 0o777);
    // What a container gives to such a user.
    const [, location] = await box.serve({
      uid: stranger,
      env: { HOME: "/", PATH: "/usr/bin:/bin" },
    });
    expect((await fs.stat(location.host)).uid).toBe(stranger);
    expect(await query(location, "SELECT 1")).toEqual([[1]]);
  },
);

asStranger("without anything prepared, that user is told what to do", async () => {
  await using box = await makeSandbox();
  await fs.chmod(join(box.dataDir, ".."), 0o777);
  const message = await refusal(box, { uid: stranger, cacheDir: join(box.dataDir, "cache") });
  expect(message).toContain(`User ${stranger} has no entry in /etc/passwd`);
  expect(message).toContain("DEWEY_DATABASE_URL");
});

asStranger("a user who may not write the folder is told so", async () => {
  await using box = await makeSandbox();
  await fs.mkdir(box.dataDir, { mode: 0o755 });
  const message = await refusal(box, { uid: stranger });
  expect(message).toContain(`user ${stranger} may not`);
  expect(message).toContain("DEWEY_DATA_DIR");
});

asStranger("another user's database is not joined", async () => {
  await using box = await makeSandbox();
  await box.serve();
  expect(await refusal(box, { uid: stranger })).toContain("Run Dewey as the owner");
});

test("a program that is no keeper is not waited for", async () => {
  await using box = await makeSandbox();
  const { dataDir } = box;
  const failure = await EmbeddedDatabase.acquire({ dataDir, keeper: ["/bin/true"] }).pipe(
    Effect.scoped,
    Effect.flip,
    Effect.runPromise,
  );
  expect(failure.message).toContain("ended before it was ready");
});
