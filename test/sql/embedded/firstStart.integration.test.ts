// A first start that is cut short leaves nothing that the next one stumbles over.
import { expect, setDefaultTimeout, test } from "bun:test";
import * as fs from "node:fs/promises";
import { join } from "node:path";
import { makeSandbox, query, until } from "./sandbox.ts";

setDefaultTimeout(40_000);

test("a first start that is killed while it unpacks Postgres is made good by the next", async () => {
  for (const moment of [100, 600]) {
    await using box = await makeSandbox();
    const cacheDir = join(box.dataDir, "cache");
    box.start({ cacheDir });
    await until("the keeper runs", async () => (await box.keepers()).length === 1);
    await Bun.sleep(moment);
    await box.killEverything();
    const [, location] = await box.serve({ cacheDir });
    expect(await query(location, "SELECT 1")).toEqual([[1]]);
  }
});

test("a first start that is killed while it makes the cluster is made good by the next", async () => {
  await using whole = await makeSandbox();
  const [, unharmed] = await whole.serve();
  const descriptions = "SELECT count(*) FROM pg_description";
  for (const moment of [0, 25, 60]) {
    await using box = await makeSandbox();
    box.start();
    const found = () => fs.readdir(box.dataDir).catch(() => []);
    await until(
      "the cluster's folder, or its draft, is there",
      async () => (await found()).some((name) => name.startsWith("postgres")),
      20,
      1,
    );
    await Bun.sleep(moment);
    await box.killEverything();
    const [, location] = await box.serve();
    expect(await query(location, descriptions)).toEqual(await query(unharmed, descriptions));
  }
});

test("what a start made that was killed before others could use it is opened to them by the next", async () => {
  await using box = await makeSandbox();
  const cacheDir = join(box.dataDir, "cache");
  // As the keeper's umask leaves them until their modes and owners are set.
  for (const folder of [cacheDir, join(box.dataDir, "run"), join(box.dataDir, "run", "postgres")]) {
    await fs.mkdir(folder, { recursive: true });
    await fs.chmod(folder, 0o700);
  }
  await fs.chmod(box.dataDir, 0o711);
  const [, location] = await box.serve({ cacheDir });
  expect(await query(location, "SELECT 1")).toEqual([[1]]);
});
