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

/** Every door, in front of every upstream that is played behind it. */
const ways = [
  ...["ws", "http", "sse", "stdio"].flatMap((upstream) =>
    ["ws", "http", "modern"].map((door) => `${door} to ${upstream}`),
  ),
  ...["ws", "stdio"].map((upstream) => `stdio to ${upstream}`),
];

/** Something was at stake: enough was in flight at each blow, and enough was received, through every door. */
const expectLoad = (outcome: Outcome): void => {
  for (const { inFlight } of outcome.rounds) expect(inFlight).toBeGreaterThanOrEqual(leastInFlight);
  expect(outcome.received).toBeGreaterThanOrEqual(leastReceived);
  expect([...outcome.ways.keys()].toSorted()).toEqual(ways.toSorted());
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
    /** Where it is found for certain, and not just somewhere. */
    readonly through?: ReadonlyArray<string>;
  }
> = {
  early: {
    what: "acknowledges what is not committed yet",
    rounds: ["outage"],
    kind: "lost",
  },
  dropping: {
    what: "drops a frame now and then",
    rounds: ["before"],
    kind: "lost",
    through: ways,
  },
  doubling: {
    what: "records a frame twice now and then",
    rounds: ["before"],
    kind: "doubled",
    through: ways,
  },
  swapping: {
    what: "records frames in another order",
    rounds: ["before"],
    kind: "order",
    // There, every request is by itself.
    through: ways.filter((way) => way !== "modern to http"),
  },
  hasty: {
    what: "forwards what is not in the journal yet",
    rounds: ["dewey"],
    kind: "lost",
  },
};

/**
 * How many frames each client has received, so that what happens now and then has happened to it; for two to change
 * places they have to come together, which over HTTP few do.
 */
const enoughToFind = (kind: Problem["kind"]) => (kind === "order" ? 100 : 40);

describe("the check finds a Dewey that", () => {
  for (const fault of plantedFaults) {
    const { kind, rounds, through = [], what } = found[fault];
    test(what, async () => {
      const outcome = await play({
        seed,
        rounds,
        program: join(import.meta.dir, "noLoss", "brokenDewey.ts"),
        environment: { DEWEY_PLANTED_FAULT: fault },
        receivedEach: through.length === 0 ? 1 : enoughToFind(kind),
      });
      expectLoad(outcome);
      expect(outcome.problems.map((problem) => problem.kind)).toContain(kind);
      const isFound = (way: string) =>
        outcome.ways.get(way)?.problems.some((problem) => problem.kind === kind) === true;
      expect(through.filter((way) => !isFound(way))).toEqual([]);
    }, 60_000);
  }
});
