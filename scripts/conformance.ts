// Runs the public conformance suite against Dewey, and prints tables: once against the program as it is, and once with
// the suite's fixtures beside its tools; and against the SDK's reference server, directly and through the proxy. Ends
// with 1 where something required fails that could pass.
import { Effect } from "effect";
import { serveFixtures } from "../test/conformance/fixtureServer.ts";
import { openRoutes, routes } from "../test/conformance/routes.ts";
import { type Outcome, runSuite, type Version, versions } from "../test/conformance/suite.ts";
import { startProgram } from "../test/support/program.ts";
import { openDatabase } from "../test/support/tools.ts";

/** Scenarios that need tools, resources or prompts of the suite's own. */
const needsFixtures =
  /^(tools-call-|elicitation-|resources-(read|templates|subscribe|unsubscribe)|prompts-get-|completion-|input-required-result-(?!unsupported)|server-stateless$)/;

type Outcomes = ReadonlyMap<string, Outcome>;

const passes = (outcome: Outcome | undefined) => outcome?.faults.length === 0;

const cell = (outcome: Outcome | undefined, scenario: string, isPlain: boolean) => {
  if (outcome === undefined) return "not run";
  if (passes(outcome)) return `passed (${outcome.passed})`;
  return isPlain && needsFixtures.test(scenario) ? "needs fixtures" : "FAILED";
};

const count = (outcomes: Outcomes) =>
  `${[...outcomes.values()].filter(passes).length}/${outcomes.size}`;

const tell = (outcome: Outcome | undefined) => {
  for (const told of outcome?.faults ?? []) console.log(`      fault: ${told}`);
  for (const told of outcome?.remarks ?? []) console.log(`      remark: ${told}`);
};

const print = (version: Version, plain: Outcomes, complete: Outcomes): boolean => {
  console.log(`\n${version.padEnd(48)}${"as it is".padEnd(18)}with fixtures`);
  let good = true;
  for (const scenario of complete.keys()) {
    const cells = [
      cell(plain.get(scenario), scenario, true),
      cell(complete.get(scenario), scenario, false),
    ] as const;
    console.log(`  ${scenario.padEnd(46)}${cells[0].padEnd(18)}${cells[1]}`);
    if (cells.includes("FAILED")) good = false;
    tell(complete.get(scenario));
  }
  console.log(`  ${"".padEnd(46)}${count(plain).padEnd(18)}${count(complete)}`);
  return good;
};

/** Whatever the reference server does directly, it has to do behind the proxy. */
const printRoutes = (version: Version, columns: ReadonlyArray<Outcomes>): boolean => {
  const row = (first: string, cells: ReadonlyArray<string>) =>
    console.log(
      `${first.padEnd(48)}${cells
        .map((text) => text.padEnd(22))
        .join("")
        .trimEnd()}`,
    );
  console.log();
  row(`${version}, the reference server`, routes);
  for (const scenario of columns[0]?.keys() ?? []) {
    const outcomes = columns.map((column) => column.get(scenario));
    row(
      `  ${scenario}`,
      outcomes.map((outcome) => cell(outcome, scenario, false)),
    );
    for (const outcome of outcomes) tell(outcome);
  }
  row("", columns.map(count));
  return columns.every((column) => [...column.values()].every(passes));
};

const database = await openDatabase();
const fixtures = await openDatabase();
const program = await startProgram(database);
const mcp = program.rpc.replace("ws:", "http:").replace("/rpc", "/mcp");

const both = (version: Version) =>
  Effect.gen(function* () {
    const complete = yield* serveFixtures(fixtures.address);
    return {
      plain: yield* Effect.promise(() => runSuite(mcp, version)),
      complete: yield* Effect.promise(() => runSuite(complete, version)),
    };
  }).pipe(Effect.scoped, Effect.runPromise);

let good = true;
for (const version of versions) {
  const { plain, complete } = await both(version);
  good = print(version, plain, complete) && good;
}
await program.stop();
const ways = await openRoutes();
for (const version of versions) {
  const columns: Array<Outcomes> = [];
  for (const route of routes) columns.push(await runSuite(ways.urlOf(route), version));
  good = printRoutes(version, columns) && good;
}
await ways[Symbol.asyncDispose]();
await database.drop();
await fixtures.drop();
process.exit(good ? 0 : 1);
