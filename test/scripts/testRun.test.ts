// What the sum at the end of a test run is counted from.
import { expect, test } from "bun:test";
import { add, noCounts, readReport, runTests } from "../../scripts/testRun.ts";

const report = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="bun test" tests="5">
  <testsuite name="test/a.test.ts" file="test/a.test.ts">
    <testcase name="passes" classname="" time="0.1" file="test/a.test.ts" line="2" />
    <testcase name="a &gt; b &amp; &quot;c&quot; [skipped: no &#101;ngine]" classname="x" file="test/a.test.ts">
      <skipped />
    </testcase>
    <testsuite name="group" file="test/a.test.ts">
      <testcase name="fails" classname="group" file="test/a.test.ts">
        <failure type="Error" message="a &lt;skipped /&gt; b">Error: no&#10;      at a.test.ts:3:1&#10;</failure>
      </testcase>
    </testsuite>
  </testsuite>
  <testsuite name="test/b.test.ts" file="test/b.test.ts">
    <testcase name="too slow" classname="" file="test/b.test.ts">
      <failure type="TimeoutError" message="test timed out" />
    </testcase>
    <testcase name="passes too" classname="" file="test/b.test.ts" />
  </testsuite>
</testsuites>`;

test("cases are counted by what became of them, in groups as well, and failures say why", () => {
  const { counts, files } = readReport(report);
  expect(counts).toEqual({
    passed: 2,
    failed: [
      { name: "test/a.test.ts: fails", reason: "Error: no\n      at a.test.ts:3:1" },
      { name: "test/b.test.ts: too slow", reason: "test timed out" },
    ],
    skipped: [`test/a.test.ts: a > b & "c" [skipped: no engine]`],
    faults: [],
  });
  expect([...files]).toEqual(["test/a.test.ts", "test/b.test.ts"]);
});

test("nothing is counted of a report that was not written", () => {
  expect(readReport("").counts).toEqual(noCounts);
});

test("sums keep the names", () => {
  const failed = [{ name: "c", reason: "d" }];
  const one = { passed: 1, failed, skipped: ["a"], faults: ["b"] };
  expect(add(one, add(noCounts, one))).toEqual({
    passed: 2,
    failed: [...failed, ...failed],
    skipped: ["a", "a"],
    faults: ["b", "b"],
  });
});

test("a file that does not run is a fault, not silence", async () => {
  const { counts } = await runTests(["./test/scripts/missing.test.ts"], {
    output: "keep",
    limitSeconds: 30,
  });
  expect(counts).toEqual({
    ...noCounts,
    faults: ["test/scripts/missing.test.ts: did not load, or holds no test"],
  });
});

test("a run that outstays its time is ended, and is a fault", async () => {
  const { counts } = await runTests(["./test/scripts/testRun.test.ts"], {
    output: "keep",
    limitSeconds: 0,
  });
  expect(counts.faults).toEqual(["./test/scripts/testRun.test.ts: ended after 0 s"]);
});
