// The public conformance suite against Dewey's own server code with the suite's fixtures beside Dewey's tools: each
// scenario that a version requires is a test.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Effect, Exit, Scope } from "effect";
import { openDatabase, type TestDatabase } from "../support/tools.ts";
import { serveFixtures } from "./fixtureServer.ts";
import { type Outcome, requiredScenarios, runSuite, versions } from "./suite.ts";

const scope = Scope.makeUnsafe();
let database: TestDatabase;
let url: string;

beforeAll(async () => {
  database = await openDatabase();
  url = await Effect.runPromise(Scope.provide(serveFixtures(database.address), scope));
}, 60_000);

afterAll(async () => {
  await Effect.runPromise(Scope.close(scope, Exit.void));
  await database.drop();
});

for (const version of versions) {
  const scenarios = await requiredScenarios(version);

  describe(version, () => {
    let outcomes: ReadonlyMap<string, Outcome>;

    beforeAll(async () => {
      outcomes = await runSuite(url, version);
    }, 60_000);

    test.each(scenarios)("%s", (scenario) => {
      expect(outcomes.get(scenario)).toMatchObject({ faults: [], remarks: [] });
    });
  });
}
