/** Dewey as users run it: a process of its own, on a database of its own. */
import { afterAll } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Data, Deferred, Effect, Stream } from "effect";
import { testCluster } from "../support/testCluster.ts";

/** The folder of the project. */
export const root = join(import.meta.dir, "../..");

/** A fresh, empty database, dropped when the scope closes. */
export const freshDatabase = Effect.gen(function* () {
  const cluster = yield* Effect.promise(testCluster);
  const name = yield* Effect.acquireRelease(
    Effect.promise(() => cluster.createDatabase()),
    (created) => Effect.promise(() => cluster.dropDatabase(created)),
  );
  return { ...cluster, name };
});

type Database = Effect.Success<typeof freshDatabase>;

/** Where these processes keep their journals. */
const dataDir = mkdtempSync(join(tmpdir(), "dewey-rpc-data-"));
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

export const environmentOf = (
  database: Database,
  port: number,
): Record<string, string | undefined> => ({
  ...process.env,
  DEWEY_DATABASE_URL: undefined,
  DEWEY_DB_HOST: database.host,
  DEWEY_DB_PORT: String(database.port),
  DEWEY_DB_NAME: database.name,
  DEWEY_DB_USER: database.user,
  DEWEY_DB_PASSWORD: database.password,
  DEWEY_DB_SSL: "disable",
  DEWEY_MCP_PORT: String(port),
  DEWEY_PROXY_PORT: "0",
  DEWEY_DATA_DIR: dataDir,
});

class DeweyEnded extends Data.TaggedError("DeweyEnded")<{ readonly cause: unknown }> {}

/** Starts Dewey and waits until it serves; it is killed when the scope closes, if it still runs. */
export const startDewey = Effect.fnUntraced(function* (database: Database, port?: number) {
  const child = yield* Effect.acquireRelease(
    Effect.sync(() =>
      Bun.spawn([process.execPath, join(root, "src/main.ts"), "start"], {
        env: environmentOf(database, port ?? 0),
        stdout: "pipe",
        stderr: "inherit",
      }),
    ),
    (started) =>
      Effect.promise(() => {
        started.kill("SIGKILL");
        return started.exited;
      }),
  );
  const ready = yield* Deferred.make<number, DeweyEnded>();
  const ended = (cause: unknown) => new DeweyEnded({ cause });
  // Read to the end, so that the process never waits for somebody to read what it prints.
  yield* Stream.fromReadableStream({ evaluate: () => child.stdout, onError: ended }).pipe(
    Stream.decodeText,
    Stream.splitLines,
    Stream.runForEach((line) => {
      const found = /RPC +ws:\/\/127\.0\.0\.1:(\d+)\/rpc/.exec(line)?.[1];
      return found === undefined ? Effect.void : Deferred.succeed(ready, Number(found));
    }),
    Effect.andThen(Effect.suspend(() => Effect.fail(ended("Dewey ended before it served.")))),
    Effect.catch((error) => Deferred.fail(ready, error)),
    Effect.forkScoped,
  );
  const bound = yield* Deferred.await(ready);
  const end = (signal: "SIGTERM" | "SIGKILL") =>
    Effect.promise(() => {
      child.kill(signal);
      return child.exited;
    });
  return {
    port: bound,
    ws: `ws://127.0.0.1:${bound}/rpc`,
    http: `http://127.0.0.1:${bound}/rpc`,
    end,
  };
});

/** Runs a program to its end, and returns what it printed. */
export const runProgram = (path: string, url: string) =>
  Effect.promise(async () => {
    const child = Bun.spawn([process.execPath, path], {
      env: { ...process.env, DEWEY_URL: url },
      stdout: "pipe",
      stderr: "inherit",
    });
    const printed = await new Response(child.stdout).text();
    return { code: await child.exited, printed };
  });
