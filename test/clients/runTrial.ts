// Runs a trial in an empty folder, with an empty home and nothing of the surroundings but the path.
import { chmod, mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { temporaryFolder } from "../cli/program.ts";
import { programs } from "./installation.ts";
import { type Target, type Trial, tokenVariable } from "./trials.ts";

const root = join(import.meta.dir, "..", "..");

/** What became of a trial: whether the client says that it is connected, and all that it said. */
export interface Outcome {
  readonly connected: boolean;
  readonly output: string;
}

const limitMillis = 60_000;

// Bun's shim for Node comes first in the path of its scripts; the clients are run as their users run them.
const path = (process.env["PATH"] ?? "")
  .split(":")
  .filter((folder) => !folder.includes("/bun-node-"));

/** Neither reports nor updates nor lists of models: nothing that goes beyond this machine. */
const quiet = {
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
  DISABLE_AUTOUPDATER: "1",
  DISABLE_TELEMETRY: "1",
  GEMINI_CLI_TRUST_WORKSPACE: "true",
  GEMINI_TELEMETRY_ENABLED: "false",
  OPENCODE_DISABLE_AUTOUPDATE: "1",
  OPENCODE_DISABLE_LSP_DOWNLOAD: "1",
  OPENCODE_DISABLE_MODELS_FETCH: "1",
};

/** Makes the client's surroundings: the project at `~/dewey`, and a `bun` whose Dewey keeps its data apart. */
const makeHome = async (folder: string, { dataFolder }: Target) => {
  for (const name of ["home", "project", "bin"]) await mkdir(join(folder, name));
  await symlink(root, join(folder, "home", "dewey"));
  const bun = join(folder, "bin", "bun");
  const script = `#!/bin/sh\nDEWEY_DATA_DIR='${dataFolder}' exec '${process.execPath}' "$@"\n`;
  await Bun.write(bun, script);
  await chmod(bun, 0o755);
};

const runClient = async (
  command: ReadonlyArray<string>,
  options: {
    readonly folder: string;
    readonly token: string | undefined;
    readonly input?: ReadonlyArray<unknown> | undefined;
    /** Ends it once its output is like this. */
    readonly until?: RegExp | undefined;
  },
): Promise<string> => {
  const { folder, token, input, until } = options;
  const child = Bun.spawn(["env", ...command], {
    cwd: join(folder, "project"),
    env: {
      ...quiet,
      HOME: join(folder, "home"),
      PATH: [join(folder, "bin"), programs, ...path].join(":"),
      TMPDIR: folder,
      ...(token === undefined ? {} : { [tokenVariable]: token }),
    },
    stdin: input === undefined ? "ignore" : "pipe",
    stdout: "pipe",
    stderr: "pipe",
  });
  let ended = "";
  const limit = setTimeout(() => {
    ended = `\nIt was ended after ${limitMillis / 1000} s.`;
    child.kill("SIGKILL");
  }, limitMillis);
  try {
    for (const message of input ?? []) await child.stdin?.write(`${JSON.stringify(message)}\n`);
    const errors = child.stderr.text();
    const decoder = new TextDecoder();
    let output = "";
    for await (const chunk of child.stdout) {
      output += decoder.decode(chunk, { stream: true });
      if (until?.test(output) === true) child.kill();
    }
    await child.exited;
    return stripVTControlCharacters(output + (await errors) + ended).trim();
  } finally {
    clearTimeout(limit);
  }
};

/** Sets the client up, by another command than the trial's own where one is given, and asks it whether it is connected. */
export const runTrial = async (
  trial: Trial,
  target: Target,
  setUp: ReadonlyArray<string> | undefined = trial.setUp?.(target),
): Promise<Outcome> => {
  await using folder = await temporaryFolder();
  await makeHome(folder.path, target);
  const file = trial.file?.(target);
  if (file !== undefined) {
    await Bun.write(join(folder.path, "project", file.name), JSON.stringify(file.content));
  }
  const options = { folder: folder.path, token: target.token };
  const before = setUp === undefined ? "" : await runClient(setUp, options);
  const output = await runClient(trial.ask, {
    ...options,
    input: trial.input,
    until: trial.answered,
  });
  return { connected: trial.connected.test(output), output: `${before}\n${output}`.trim() };
};
