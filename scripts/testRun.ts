// Runs test files in a `bun test` of their own, and reads what became of them from its JUnit report:
// a file that is missing there did not load, and one that outstays its time is ended.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { root } from "./parts.ts";

/** A test that failed: its file and name, and what it said. */
export interface Failure {
  readonly name: string;
  readonly reason: string;
}

/** How many tests passed, which failed and why; the names of the skipped ones, each with its file. */
export interface Counts {
  readonly passed: number;
  readonly failed: ReadonlyArray<Failure>;
  readonly skipped: ReadonlyArray<string>;
  /** What failed without being a test: files that did not load, a run that had to be ended. */
  readonly faults: ReadonlyArray<string>;
}

/** Nothing has run. */
export const noCounts: Counts = { passed: 0, failed: [], skipped: [], faults: [] };

/** Both runs as one. */
export const add = (a: Counts, b: Counts): Counts => ({
  passed: a.passed + b.passed,
  failed: [...a.failed, ...b.failed],
  skipped: [...a.skipped, ...b.skipped],
  faults: [...a.faults, ...b.faults],
});

/** The test files of the tree: those of the fast loop, and those that need a database or processes of their own. */
export const testFiles = async () => {
  const all = await Array.fromAsync(new Bun.Glob("test/**/*.test.ts").scan({ cwd: root }));
  const files = all.map((file) => `./${file}`).sort();
  const isIntegration = (file: string) => file.endsWith(".integration.test.ts");
  return {
    unit: files.filter((file) => !isIntegration(file)),
    integration: files.filter(isIntegration),
  };
};

const entities: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
};

const unescape = (text: string) =>
  text.replaceAll(/&(?:#(\d+)|(\w+));/g, (whole, code?: string, name?: string) =>
    code === undefined ? (entities[name ?? ""] ?? whole) : String.fromCodePoint(Number(code)),
  );

const mostOfAReason = 4000;

/** What a case says that failed: a text, or, where it took too long, a message alone; undefined of any other. */
const reasonIn = (body: string): string | undefined => {
  const failure =
    /<(?:failure|error)\b((?:[^>"]|"[^"]*")*?)(?:\/>|>(.*?)<\/(?:failure|error)>)/s.exec(body);
  if (failure === null) return undefined;
  const [, tag = "", text = ""] = failure;
  return (unescape(text).trim() || attribute(tag, "message")).slice(0, mostOfAReason);
};

const attribute = (tag: string, name: string) =>
  unescape(new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1] ?? "");

/** Counts the cases of a JUnit report, and the files that held any. */
export const readReport = (xml: string): { counts: Counts; files: ReadonlySet<string> } => {
  const files = new Set<string>();
  const skipped: Array<string> = [];
  const failed: Array<Failure> = [];
  let passed = 0;
  for (const [, tag = "", body = ""] of xml.matchAll(
    /<testcase\b((?:[^>"]|"[^"]*")*?)(?:\/>|>(.*?)<\/testcase>)/gs,
  )) {
    const file = attribute(tag, "file");
    files.add(file);
    const name = `${file}: ${attribute(tag, "name")}`;
    const reason = reasonIn(body);
    if (body.includes("<skipped")) skipped.push(name);
    else if (reason !== undefined) failed.push({ name, reason });
    else passed += 1;
  }
  return { counts: { passed, failed, skipped, faults: [] }, files };
};

/** Where the output of a run goes, how long it may take, and flags for `bun test`. */
export interface RunOptions {
  readonly output: "stream" | "keep";
  readonly limitSeconds: number;
  readonly flags?: ReadonlyArray<string>;
  /** What the environment holds beside its own. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Flags for many small files: a worker for each core, each of which loads what its files share once. */
export const inWorkers: ReadonlyArray<string> = ["--parallel", "--no-isolate"];

/** Runs the files in one go. */
export const runTests = async (
  files: ReadonlyArray<string>,
  options: RunOptions,
): Promise<{ counts: Counts; output: string }> => {
  if (files.length === 0) return { counts: noCounts, output: "" };
  const folder = await mkdtemp(join(tmpdir(), "dewey-tests-"));
  const reportFile = join(folder, "junit.xml");
  const keeps = options.output === "keep";
  const child = Bun.spawn(
    [
      process.execPath,
      "test",
      ...files,
      "--reporter=junit",
      `--reporter-outfile=${reportFile}`,
      ...(options.flags ?? []),
    ],
    {
      cwd: root,
      env: { ...process.env, ...options.environment },
      stdin: "ignore",
      stdout: keeps ? "pipe" : "inherit",
      stderr: keeps ? "pipe" : "inherit",
    },
  );
  let ended = false;
  const limit = setTimeout(() => {
    ended = true;
    child.kill("SIGKILL");
  }, options.limitSeconds * 1000);
  try {
    const [out = "", err = "", code] = await Promise.all([
      child.stdout?.text(),
      child.stderr?.text(),
      child.exited,
    ]);
    const written = Bun.file(reportFile);
    const { counts, files: seen } = readReport(
      (await written.exists()) ? await written.text() : "",
    );
    const missing = files.map((file) => relative(".", file)).filter((file) => !seen.has(file));
    const faults = ended
      ? [`${files.join(", ")}: ended after ${options.limitSeconds} s`]
      : missing.map((file) => `${file}: did not load, or holds no test`);
    if (code !== 0 && counts.failed.length === 0 && faults.length === 0) {
      faults.push(`${files.join(", ")}: bun test ended with ${child.signalCode ?? `code ${code}`}`);
    }
    return { counts: { ...counts, faults }, output: `${out}${err}`.trim() };
  } finally {
    clearTimeout(limit);
    await rm(folder, { recursive: true, force: true });
  }
};
