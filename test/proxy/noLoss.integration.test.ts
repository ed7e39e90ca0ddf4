// No loss: Dewey, its database, its upstreams and their connections are killed and cut at moments of chance under load;
// afterwards every frame that either side received is in the database once, in order. `test/proxy/noLoss/run.ts` plays
// as many rounds as one likes.
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { seed } from "../support/property.ts";
import type { Problem } from "./noLoss/Problem.ts";
import { plantedFaults } from "./noLoss/plantedFaults.ts";
import { leastReceived, type Outcome, play } from "./noLoss/play.ts";
import { type Fault, faults, leastInFlight } from "./noLoss/rounds.ts";

/** Something was at stake: enough was in flight at each blow, and enough was received. */
const expectLoad = ({ received, rounds }: Outcome): void => {
  for (const { inFlight } of rounds) expect(inFlight).toBeGreaterThanOrEqual(leastInFlight);
  expect(received).toBeGreaterThanOrEqual(leastReceived);
};

test("whatever is killed, what either side received is recorded once and in order", async () => {
  console.log(`no loss, with DEWEY_TEST_SEED=${seed}`);
  const outcome = await play({ seed, rounds: faults.length });
  expect(outcome.problems).toEqual([]);
  expectLoad(outcome);
  expect(new Set(outcome.rounds.map(({ fault }) => fault))).toEqual(new Set(faults));
}, 120_000);

const found: Record<
  (typeof plantedFaults)[number],
  {
    readonly what: string;
    readonly rounds: ReadonlyArray<Fault>;
    readonly kind: Problem["kind"];
  }
> = {
  early: {
    what: "acknowledges what is not committed yet",
    rounds: ["outage"],
    kind: "lost",
  },
  dropping: { what: "drops a frame now and then", rounds: ["before"], kind: "lost" },
  doubling: { what: "records a frame twice now and then", rounds: ["before"], kind: "doubled" },
  swapping: { what: "records frames in another order", rounds: ["before"], kind: "order" },
  hasty: {
    what: "forwards what is not in the journal yet",
    rounds: ["dewey"],
    kind: "lost",
  },
};

describe("the check finds a Dewey that", () => {
  for (const fault of plantedFaults) {
    const { kind, rounds, what } = found[fault];
    test(what, async () => {
      const outcome = await play({
        seed,
        rounds,
        program: join(import.meta.dir, "noLoss", "brokenDewey.ts"),
        environment: { DEWEY_PLANTED_FAULT: fault },
      });
      expectLoad(outcome);
      expect(outcome.problems.map((problem) => problem.kind)).toContain(kind);
    }, 60_000);
  }
});
