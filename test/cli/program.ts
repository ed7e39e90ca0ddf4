// The program as its users run it: a process of its own, what it prints, and how it ends.
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { linesOf } from "../support/lines.ts";

const root = join(import.meta.dir, "../..");

/** What a process has printed to one of its ends. */
class Printed {
  readonly lines: Array<string> = [];
  readonly #watchers = new Set<() => void>();
  #ended = false;

  async read(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const line of linesOf(stream)) {
      this.lines.push(line);
      this.#wake();
    }
    this.#ended = true;
    this.#wake();
  }

  #wake(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }

  get text(): string {
    return this.lines.join("\n");
  }

  /** Waits for a line; fails when the process ended without it. */
  find(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const look = () => {
        for (const line of this.lines.slice(from)) {
          const found = pattern.exec(line);
          if (found === null) continue;
          this.#watchers.delete(look);
          return resolve(found);
        }
        if (this.#ended) {
          this.#watchers.delete(look);
          reject(new Error(`It ended without a line like ${pattern}:\n${this.text}`));
        }
      };
      this.#watchers.add(look);
      look();
    });
  }
}

/** A running Dewey. */
export interface Program extends AsyncDisposable {
  readonly pid: number;
  readonly out: Printed;
  readonly err: Printed;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** Its exit code, once everything it printed was read. */
  readonly exited: Promise<number>;
  /** Waits until it serves; the host and port that its first lines name. */
  readonly serving: () => Promise<string>;
}

/** Neither settings nor colours of whoever runs the tests. */
const surroundings = (): Record<string, string> =>
  Object.fromEntries(
    ["PATH", "HOME", "TMPDIR"].flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );

/** Runs a command in the project's folder. */
export const runCommand = (
  command: ReadonlyArray<string>,
  environment: Readonly<Record<string, string>>,
): Program => {
  const child = Bun.spawn([...command], {
    cwd: root,
    env: { ...surroundings(), ...environment },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const out = new Printed();
  const err = new Printed();
  const read = Promise.all([out.read(child.stdout), err.read(child.stderr)]);
  const exited = Promise.all([child.exited, read]).then(([code]) => code);
  return {
    pid: child.pid,
    out,
    err,
    kill: (signal) => child.kill(signal),
    exited,
    serving: async () => {
      const found = await out.find(/MCP +ws:\/\/(\S+)\/mcp/).catch((cause: unknown) => {
        throw new Error(`Dewey did not serve: ${err.text}`, { cause });
      });
      return found[1] ?? "";
    },
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
};

/** Runs Dewey on free ports, with a data folder that is gone with it unless it is given one. */
export const runDewey = (
  args: ReadonlyArray<string>,
  environment: Readonly<Record<string, string>> = {},
): Program => {
  const folder = mkdtempSync(join(tmpdir(), "dewey-cli-data-"));
  const program = runCommand([process.execPath, "src/main.ts", ...args], {
    DEWEY_DATA_DIR: folder,
    DEWEY_MCP_PORT: "0",
    DEWEY_PROXY_PORT: "0",
    ...environment,
  });
  void program.exited.then(() => rmSync(folder, { recursive: true, force: true }));
  return program;
};

/** A folder that is gone at the end. */
export const temporaryFolder = async (): Promise<{ readonly path: string } & AsyncDisposable> => {
  const path = join(await fs.realpath(tmpdir()), `dewey-cli-${randomUUID().slice(0, 8)}`);
  await fs.mkdir(path, { mode: 0o755 });
  return {
    path,
    [Symbol.asyncDispose]: () => fs.rm(path, { recursive: true, force: true }),
  };
};
