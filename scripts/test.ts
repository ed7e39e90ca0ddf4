// Everything that has to pass: the static parts (with CI set, the audit too), then all tests. A part
// counts as one test; the last line is the sum. Names of files as arguments run only the tests whose path has one of them.
import { audit, report, runPart, staticParts } from "./parts.ts";
import { add, type Counts, inWorkers, noCounts, runTests, testFiles } from "./testRun.ts";

const wanted = process.argv.slice(2);
const isWanted = (file: string) =>
  wanted.length === 0 || wanted.some((name) => file.includes(name));
const durations: Array<string> = [];

const timed = async <A>(name: string, run: () => Promise<A>): Promise<A> => {
  const started = performance.now();
  const result = await run();
  durations.push(`${((performance.now() - started) / 1000).toFixed(1).padStart(7)} s  ${name}`);
  return result;
};

const staticCounts = async (): Promise<Counts> => {
  if (wanted.length > 0) return noCounts;
  let passed = 0;
  const faults: Array<string> = [];
  for (const part of process.env.CI ? [...staticParts, audit] : staticParts) {
    const outcome = await timed(part.name, () => runPart(part));
    report(outcome);
    if (outcome.ok) passed += 1;
    else faults.push(`${part.name}: see above`);
  }
  return { ...noCounts, passed, faults };
};

const unitCounts = async (files: ReadonlyArray<string>): Promise<Counts> => {
  if (files.length === 0) return noCounts;
  const { counts } = await timed("unit tests", () =>
    runTests(files, { output: "stream", limitSeconds: 180, flags: inWorkers }),
  );
  return counts;
};

const started = performance.now();
let counts = await staticCounts();
const { integration, unit } = await testFiles();
counts = add(counts, await unitCounts(unit.filter(isWanted)));
// A process for each file: what one of them leaves behind or breaks is not the next one's trouble.
for (const file of integration.filter(isWanted)) {
  const { counts: more } = await timed(file, () =>
    runTests([file], { output: "stream", limitSeconds: 180, flags: ["--timeout=30000"] }),
  );
  counts = add(counts, more);
}

// What writes and reads messages once more, on tables that are partitioned as docs/scaling.md has it.
const writesOrReads = /^\.\/test\/(tools\/|services\/search\/|actors\/(MessageWriter|Recorder)\.)/;
const onPartitions = integration.filter((file) => writesOrReads.test(file)).filter(isWanted);
if (onPartitions.length > 0) {
  const { counts: more } = await timed("the same on partitions", () =>
    runTests(onPartitions, {
      output: "stream",
      limitSeconds: 400,
      flags: ["--timeout=30000"],
      environment: { DEWEY_TEST_SCHEMA: "partitioned" },
    }),
  );
  counts = add(counts, more);
}

const { failed, faults, passed, skipped } = counts;
// A test is skipped for a reason that its name gives, as `skipUnless` in test/support/it.ts does.
const unexplained = skipped.filter((name) => !/\[skipped: .+\]$/.test(name));
const red = [
  ...faults,
  ...unexplained.map((name) => `${name}: skipped without a reason`),
  ...(passed + failed.length === 0 ? ["no test ran"] : []),
];

console.log(`\n${durations.join("\n")}`);
console.log(`${((performance.now() - started) / 1000).toFixed(1).padStart(7)} s  in all`);
for (const name of skipped) console.log(`skipped  ${name}`);
// Why each failed once more, at the end: the place where a reader looks first, and all that a clipped log keeps.
for (const { name, reason } of failed) {
  console.log(`FAIL  ${name}\n${reason.replaceAll(/^/gm, "      ")}`);
}
for (const line of red) console.log(`FAIL  ${line}`);
const total = failed.length + red.length;
const tail = skipped.length === 0 ? "" : `, ${skipped.length} skipped`;
console.log(`\n${passed} passed, ${total} failed${tail}`);
process.exit(total === 0 ? 0 : 1);
