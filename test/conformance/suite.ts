// The public conformance suite, run as its users run it: its own program in a process of its own, whose report is read.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Schema } from "effect";

const home = join(import.meta.dir, "../../node_modules/@modelcontextprotocol/conformance");

/** The protocol versions that Dewey is held to. */
export const versions = ["2025-11-25", "2026-07-28"] as const;
export type Version = (typeof versions)[number];

const Requirements = Schema.Struct({ server: Schema.Array(Schema.String) });
const decodeRequirements = Schema.decodeUnknownSync(Requirements);

const Checks = Schema.Array(
  Schema.Struct({
    id: Schema.String,
    status: Schema.Literals(["SUCCESS", "FAILURE", "WARNING", "SKIPPED", "INFO"]),
    errorMessage: Schema.optionalKey(Schema.String),
  }),
);
const decodeChecks = Schema.decodeUnknownSync(Schema.fromJsonString(Checks));

/** What became of a scenario. */
export interface Outcome {
  readonly scenario: string;
  readonly passed: number;
  /** Checks that failed, or that nobody made: a sentence each. */
  readonly faults: ReadonlyArray<string>;
  /** What the suite would like to see, and skipped checks. */
  readonly remarks: ReadonlyArray<string>;
}

/** The server scenarios that a version requires, in the suite's order. */
export const requiredScenarios = async (version: Version): Promise<ReadonlyArray<string>> => {
  const text = await Bun.file(join(home, "requirements", `${version}.yaml`)).text();
  return decodeRequirements(Bun.YAML.parse(text)).server;
};

const outcomeOf = (scenario: string, report: string): Outcome => {
  const checks = decodeChecks(report);
  const told = (...statuses: ReadonlyArray<(typeof checks)[number]["status"]>) =>
    checks
      .filter(({ status }) => statuses.includes(status))
      .map(({ id, status, errorMessage }) => `${id}: ${errorMessage ?? status}`);
  const passed = checks.filter(({ status }) => status === "SUCCESS").length;
  const faults = told("FAILURE");
  return {
    scenario,
    passed,
    faults: passed === 0 && faults.length === 0 ? ["no check passed"] : faults,
    remarks: told("WARNING", "SKIPPED"),
  };
};

/** Runs what a version requires against a server, and reads every scenario's report. */
export const runSuite = async (
  url: string,
  version: Version,
): Promise<ReadonlyMap<string, Outcome>> => {
  const folder = await mkdtemp(join(tmpdir(), "dewey-conformance-"));
  try {
    const program = join(home, "dist", "index.js");
    const child = Bun.spawn(
      [process.execPath, program, "server", "--url", url, "--requirements", version, "-o", folder],
      { stdin: "ignore", stdout: "pipe", stderr: "pipe" },
    );
    // Its exit code says no more than its reports; its text is shown where a report is missing.
    const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    const reports = await Array.fromAsync(new Bun.Glob("*/checks.json").scan({ cwd: folder }));
    const outcomes = new Map<string, Outcome>();
    for (const scenario of await requiredScenarios(version)) {
      const report = reports.find((path) => folderOf(scenario).test(path));
      const outcome =
        report === undefined
          ? { scenario, passed: 0, faults: [`no report\n${out}${err}`], remarks: [] }
          : outcomeOf(scenario, await Bun.file(join(folder, report)).text());
      outcomes.set(scenario, outcome);
    }
    return outcomes;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

/** `server-<scenario>-<time>`. */
const folderOf = (scenario: string) => new RegExp(`^server-${scenario}-\\d{4}-`);
