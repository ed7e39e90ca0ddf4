// A disk that is really full: a small file system of its own, which only root can mount.
import { afterAll, beforeAll, describe, expect } from "bun:test";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Effect } from "effect";
import type { Entry } from "../../../src/domain/Recording.ts";
import { Journal } from "../../../src/services/Journal.ts";
import { runTest, skipUnless } from "../../support/it.ts";
import { frameOf } from "./entries.ts";

const dataDir = fs.mkdtempSync(join(tmpdir(), "dewey-full-"));
const run = (...command: ReadonlyArray<string>) =>
  Bun.spawnSync([...command], { stderr: "ignore" }).success;
const canMount =
  process.platform === "linux" &&
  process.getuid?.() === 0 &&
  run("mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", dataDir) &&
  run("umount", dataDir);

beforeAll(() => {
  if (canMount) run("mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", dataDir);
});
afterAll(() => {
  if (canMount) run("umount", dataDir);
  fs.rmSync(dataDir, { recursive: true });
});

/** Fills the disk with files of half a megabyte, of which the tests take some away. */
const fillDisk = (): Array<string> => {
  const paths: Array<string> = [];
  try {
    while (true) {
      const path = join(dataDir, `filler${paths.length}`);
      paths.push(path);
      fs.writeFileSync(path, new Uint8Array(512 * 1024));
    }
  } catch {
    return paths;
  }
};

const textsOf = (entries: ReadonlyArray<Entry>) =>
  entries.map((entry) => (entry._tag === "Frame" ? entry.payload : undefined));

const append = (journal: Journal["Service"], text: string) =>
  Effect.callback<boolean>((resume) =>
    journal.append(frameOf("stream", text), (kept) => resume(Effect.succeed(kept))),
  );

describe("a full disk", () => {
  for (const sync of ["normal", "full"] as const) {
    skipUnless(canMount, "needs the right to mount a file system")(
      `loses what is said to be lost and nothing else, at the start and later (${sync})`,
      () =>
        runTest(
          () =>
            Effect.gen(function* () {
              // Full before there is a journal at all: the start goes on.
              const fillers = fillDisk();
              const makeRoom = () => fs.rmSync(fillers.shift() ?? "no filler is left");
              const journal = yield* Journal;
              expect(yield* append(journal, "too early")).toBe(false);
              expect(journal.isTaking()).toBe(false);
              expect(journal.state().fault).toContain("the disk is full");
              const kept: Array<string> = [];
              let number = 0;
              const appendUntil = Effect.fnUntraced(function* (wanted: boolean) {
                while (true) {
                  const text = `${number++} ${"x".repeat(5000)}`;
                  const isKept = yield* append(journal, text);
                  if (isKept) kept.push(text);
                  if (isKept === wanted) return;
                  // It tries the disk again after a while only.
                  if (!journal.isTaking()) yield* Effect.sleep(20);
                }
              });
              for (let round = 0; round < 3; round++) {
                makeRoom();
                yield* appendUntil(true);
                yield* appendUntil(false);
              }
              makeRoom();
              yield* appendUntil(true);
              const state = journal.state();
              expect(state).toMatchObject({ entries: kept.length, fault: undefined });
              expect(state.kept + state.lost).toBe(number + 1);
              const read: Array<unknown> = [];
              let after = 0;
              while (read.length < kept.length) {
                const batch = yield* journal.own.read(after, { entries: 50, bytes: 100_000 });
                read.push(...textsOf(batch?.entries ?? []));
                after = batch?.through ?? 0;
              }
              expect(read).toEqual(kept);
              yield* journal.own.release(after);
              for (const path of fillers) fs.rmSync(path);
            }).pipe(Effect.provide(Journal.layer({ dataDir, sync, limitBytes: 1e9 }))),
          20_000,
        ),
      30_000,
    );
  }
});
