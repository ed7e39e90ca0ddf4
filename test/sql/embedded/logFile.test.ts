import { expect, test } from "bun:test";
import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Effect, Fiber } from "effect";
import { keepLogSmall } from "../../../src/sql/embedded/logFile.ts";
import { until } from "./sandbox.ts";

test("a log that has grown too large starts anew under its writer, and the text before is kept", async () => {
  const folder = await fs.mkdtemp(join(tmpdir(), "dewey-log-"));
  const path = join(folder, "keeper.log");
  const writer = await fs.open(path, "a");
  try {
    await writer.write("x".repeat(2_000_000));
    const keep = Effect.runFork(Effect.scoped(Effect.andThen(keepLogSmall(path), Effect.never)));
    await until("the log is small", async () => (await fs.stat(path)).size === 0);
    expect((await fs.stat(`${path}.old`)).size).toBe(2_000_000);
    await writer.write("after");
    expect(await fs.readFile(path, "utf8")).toBe("after");
    await Effect.runPromise(Fiber.interrupt(keep));
  } finally {
    await writer.close();
    await fs.rm(folder, { recursive: true });
  }
});
