import { expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Effect } from "effect";
import { tryKeeperLock } from "../../../src/sql/embedded/keeperLock.ts";

const lockModule = fileURLToPath(
  new URL("../../../src/sql/embedded/keeperLock.ts", import.meta.url),
);

/** Another process that tries the lock, says whether it got it, and keeps it until it is killed. */
const tryElsewhere = async (path: string) => {
  const child = Bun.spawn(
    [
      process.execPath,
      "--eval",
      `const { Effect } = await import("effect");
       const { tryKeeperLock } = await import(${JSON.stringify(lockModule)});
       const hold = Effect.gen(function* () {
         console.log(yield* tryKeeperLock(${JSON.stringify(path)}));
         yield* Effect.never;
       });
       await Effect.runPromise(Effect.scoped(hold));`,
    ],
    { cwd: join(lockModule, ".."), stdin: "ignore", stdout: "pipe", stderr: "inherit" },
  );
  const { value } = await child.stdout.getReader().read();
  return {
    got: new TextDecoder().decode(value).trim() === "true",
    kill: async () => {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
};

const tryHere = (path: string) => Effect.runPromise(Effect.scoped(tryKeeperLock(path)));

test("one process at a time has the lock, and one that was killed has it no more", async () => {
  const folder = await fs.mkdtemp(join(tmpdir(), "dewey-lock-"));
  const path = join(folder, "keeper.lock");
  const holder = await tryElsewhere(path);
  try {
    expect(holder.got).toBe(true);
    expect(await tryHere(path)).toBe(false);
    await holder.kill();
    expect(await tryHere(path)).toBe(true);
    // Given back at the end of the scope, with nothing left beside the file.
    expect(await tryHere(path)).toBe(true);
    expect(await fs.readdir(folder)).toEqual(["keeper.lock"]);
  } finally {
    await holder.kill();
    await fs.rm(folder, { recursive: true });
  }
});

test("a lock in a folder that is not there is a sentence", async () => {
  const path = join(tmpdir(), randomUUID(), "keeper.lock");
  const failure = await tryKeeperLock(path).pipe(Effect.scoped, Effect.flip, Effect.runPromise);
  expect(failure.message).toStartWith(`Dewey cannot lock ${path}`);
});
