// The program itself, started as its users start it, on a database of the run's server.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Redacted } from "effect";
import type { TestDatabase } from "./tools.ts";

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

/** A running Dewey. */
export interface Program extends AsyncDisposable {
  readonly pid: number;
  readonly rpc: string;
  /** SIGKILL, and waits for the end. */
  readonly kill: () => Promise<void>;
  /** SIGTERM, and waits for the exit code. */
  readonly stop: () => Promise<number>;
}

/** Starts `dewey start` on a port of its own, and waits until it says that it is ready. */
export const startProgram = async ({ address }: TestDatabase): Promise<Program> => {
  const { host = "", port = 5432, database, username = "", password } = address;
  const { PATH = "", HOME = "", TMPDIR = "/tmp" } = process.env;
  const dataDir = mkdtempSync(join(tmpdir(), "dewey-program-data-"));
  const child = Bun.spawn([process.execPath, main, "start"], {
    env: {
      PATH,
      HOME,
      TMPDIR,
      DEWEY_DATA_DIR: dataDir,
      DEWEY_MCP_PORT: "0",
      DEWEY_PROXY_PORT: "0",
      DEWEY_LOG_LEVEL: "ERROR",
      DEWEY_DB_HOST: host,
      DEWEY_DB_PORT: String(port),
      DEWEY_DB_NAME: database,
      DEWEY_DB_USER: username,
      DEWEY_DB_SSL: "disable",
      ...(password === undefined ? {} : { DEWEY_DB_PASSWORD: Redacted.value(password) }),
    },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  void child.exited.then(() => rmSync(dataDir, { recursive: true, force: true }));
  const kill = async () => {
    child.kill("SIGKILL");
    await child.exited;
  };
  let said = "";
  const decoder = new TextDecoder();
  for await (const chunk of child.stdout) {
    said += decoder.decode(chunk, { stream: true });
    const [, rpc] = /(ws:\/\/\S+\/rpc)\s/.exec(said) ?? [];
    if (rpc !== undefined) {
      return {
        pid: child.pid,
        rpc,
        kill,
        stop: () => {
          child.kill("SIGTERM");
          return child.exited;
        },
        [Symbol.asyncDispose]: kill,
      };
    }
  }
  throw new Error(`Dewey ended with ${await child.exited} before it was ready: ${said}`);
};
