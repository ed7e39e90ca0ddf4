import { expect, test } from "bun:test";
import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Effect } from "effect";
import {
  dedicatedUser,
  openDataFolder,
  postgresSocket,
} from "../../../src/sql/embedded/DataFolder.ts";
import { mustReach } from "../../../src/sql/embedded/mustReach.ts";

const inTemporaryFolder = async (use: (folder: string) => Promise<void>) => {
  const folder = await fs.mkdtemp(join(await fs.realpath(tmpdir()), "dewey-folder-"));
  try {
    await use(folder);
  } finally {
    await fs.rm(folder, { recursive: true, force: true });
  }
};

const open = (path: string) => Effect.runPromise(openDataFolder(path));
const refusal = (path: string) => Effect.runPromise(Effect.flip(openDataFolder(path)));

test("the path of a socket stays below the limit at every length of the folder's", () =>
  inTemporaryFolder(async (parent) => {
    for (let length = 1; length < 120; length += 7) {
      const folder = await open(join(parent, "x".repeat(length)));
      expect(Buffer.byteLength(postgresSocket(folder))).toBeLessThanOrEqual(100);
      expect(Buffer.byteLength(folder.keeperSocket)).toBeLessThanOrEqual(100);
      if (!folder.runtime.startsWith(folder.root)) await fs.rm(folder.runtime, { recursive: true });
    }
  }));

test("every way to the folder leads to the same sockets", () =>
  inTemporaryFolder(async (parent) => {
    const direct = await open(join(parent, "data"));
    await fs.symlink(join(parent, "data"), join(parent, "link"));
    expect(await open(join(parent, "link"))).toEqual(direct);
    expect(await open(`${parent}/other/../data/`)).toEqual(direct);
  }));

test("a folder for the sockets that others can change, or that is none, is not used", () =>
  inTemporaryFolder(async (parent) => {
    const { runtime } = await open(join(parent, "data"));
    await fs.chmod(runtime, 0o777);
    expect((await refusal(join(parent, "data"))).message).toContain("only its owner can change");
    await fs.rm(runtime, { recursive: true });
    await fs.symlink(parent, runtime);
    expect((await refusal(join(parent, "data"))).message).toContain("only its owner can change");
  }));

test("the first folder that bars the way to a path is named", () =>
  inTemporaryFolder(async (parent) => {
    const closed = join(parent, "closed");
    const inside = join(closed, "data", "postgres");
    await fs.chmod(parent, 0o711);
    await fs.mkdir(join(closed, "data"), { recursive: true });
    await fs.chmod(closed, 0o750);
    const reach = (uid: number, gid: number) =>
      Effect.runPromise(
        Effect.match(mustReach(inside, { uid, gid }), {
          onFailure: ({ message }) => message,
          onSuccess: () => "reached",
        }),
      );
    const { uid, gid } = await fs.stat(closed);
    const stranger = await reach(dedicatedUser.uid, dedicatedUser.gid);
    expect(stranger).toContain(`may not walk through ${closed} to`);
    expect(await reach(uid, gid)).toBe("reached");
    expect(await reach(dedicatedUser.uid, gid)).toBe("reached");
  }));
