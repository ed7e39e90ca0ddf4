// The parts of a check besides the tests, and how one is run: quietly, its output kept for a failure.
import { join } from "node:path";
import manifest from "../package.json" with { type: "json" };

/** The folder of the project. */
export const root = join(import.meta.dir, "..");

/** One command that has to end well, and what to do when it does not. */
export interface Part {
  readonly name: string;
  readonly command: ReadonlyArray<string>;
  readonly advice?: string;
  /** Whether it says something worth reading when it ends well. */
  readonly speaks?: true;
}

/** What became of a part. */
export interface Outcome {
  readonly part: Part;
  readonly ok: boolean;
  readonly output: string;
  readonly seconds: number;
}

const tool = (name: string, ...args: ReadonlyArray<string>) => [
  process.execPath,
  "--bun",
  join(root, "node_modules", ".bin", name),
  ...args,
];

const isTerminal = String(process.stdout.isTTY ?? false);

/** TypeScript's own compiler with Effect's diagnostics in it; its command line alone knows where. */
const effectTsc = () => {
  const found = Bun.spawnSync(tool("effect-tsgo", "get-exe-path"), { cwd: root, stdin: "ignore" });
  const path = found.stdout.toString().trim();
  if (!found.success || path === "") {
    throw new Error(`effect-tsgo has no compiler for this platform: ${found.stderr.toString()}`);
  }
  return path;
};

/** What the last run knew: it notices by itself what became of files and options, but not of Effect's diagnostics. */
const typesKnown = join(
  root,
  "node_modules/.cache/dewey",
  `types-${manifest.devDependencies["@effect/tsgo"]}.tsbuildinfo`,
);

const types: Part = {
  name: "types",
  command: [
    effectTsc(),
    ...["--project", root, "--pretty", isTerminal],
    ...["--incremental", "--tsBuildInfoFile", typesKnown],
  ],
};

const lint: Part = {
  name: "lint",
  command: tool("oxlint", "--deny-warnings"),
};

const format: Part = {
  name: "format",
  command: tool("biome", "ci", "--colors=off", "--error-on-warnings"),
  advice: "`bun run format` sets it right.",
};

const deadCode: Part = { name: "dead code", command: tool("knip", "--no-progress") };

/** What a commit has to pass: seconds for the whole tree. */
export const fastParts: ReadonlyArray<Part> = [types, lint, format];

/** All that can be said about the code without running it. */
export const staticParts: ReadonlyArray<Part> = [...fastParts, deadCode];

/** Whether a dependency has a known fault, which changes without the code: a matter of CI. */
export const audit: Part = {
  name: "audit",
  command: [process.execPath, join(root, "scripts", "audit.ts")],
  speaks: true,
};

/** Runs one part to its end. */
export const runPart = async (part: Part): Promise<Outcome> => {
  const started = performance.now();
  const child = Bun.spawn([...part.command], {
    cwd: root,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err, code] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  const seconds = (performance.now() - started) / 1000;
  return { part, ok: code === 0, output: `${out}${err}`.trim(), seconds };
};

/** Prints a line about the outcome, and below it all that was said when it is a failure. */
export const report = ({ part, ok, output, seconds }: Outcome): void => {
  console.log(
    `${ok ? "ok  " : "FAIL"}  ${part.name.padEnd(11)} ${seconds.toFixed(1).padStart(6)} s`,
  );
  if (!ok || part.speaks) console.log(output);
  if (!ok && part.advice !== undefined) console.log(part.advice);
};
