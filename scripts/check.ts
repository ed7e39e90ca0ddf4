// The fast loop: types, lint, format, dead code and the tests that need no database, side by side;
// with --static only what a commit has to pass. Quiet when green.
import { parseArgs } from "node:util";
import { fastParts, type Outcome, report, runPart, staticParts } from "./parts.ts";
import { inWorkers, runTests, testFiles } from "./testRun.ts";

const { values: flags } = parseArgs({ options: { static: { type: "boolean", default: false } } });

const unitTests = async (): Promise<Outcome> => {
  const started = performance.now();
  const { unit } = await testFiles();
  const { counts, output } = await runTests(unit, {
    output: "keep",
    limitSeconds: 120,
    flags: [...inWorkers, "--only-failures"],
  });
  return {
    part: { name: "unit tests", command: [] },
    ok: counts.failed.length === 0 && counts.faults.length === 0,
    output: [output, ...counts.faults].join("\n"),
    seconds: (performance.now() - started) / 1000,
  };
};

const started = performance.now();
const parts = flags.static ? fastParts : staticParts;
const running = [...parts.map(runPart), ...(flags.static ? [] : [unitTests()])];
const outcomes = await Promise.all(
  running.map(async (outcome) => {
    report(await outcome);
    return (await outcome).ok;
  }),
);
const red = outcomes.filter((ok) => !ok).length;
const seconds = ((performance.now() - started) / 1000).toFixed(1);
console.log(
  red === 0 ? `All is well (${seconds} s).` : `${red} of ${outcomes.length} parts failed.`,
);
process.exit(red === 0 ? 0 : 1);
