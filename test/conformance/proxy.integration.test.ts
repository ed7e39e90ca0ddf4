// The public conformance suite against the reference server, directly, through the proxy, and through two proxies with a
// WebSocket between them: whatever it finds, it has to find the same everywhere.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { openRoutes, type Routes, routes } from "./routes.ts";
import { type Outcome, requiredScenarios, runSuite, versions } from "./suite.ts";

let open: Routes;

beforeAll(async () => {
  open = await openRoutes();
}, 60_000);

afterAll(() => open[Symbol.asyncDispose](), 60_000);

for (const version of versions) {
  const scenarios = await requiredScenarios(version);

  describe.each(routes)(`${version}, %s`, (route) => {
    let outcomes: ReadonlyMap<string, Outcome>;

    beforeAll(async () => {
      outcomes = await runSuite(open.urlOf(route), version);
    }, 60_000);

    test.each(scenarios)("%s", (scenario) => {
      expect(outcomes.get(scenario)).toMatchObject({ faults: [], remarks: [] });
    });
  });
}
