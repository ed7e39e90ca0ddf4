// Many rounds, for hours if need be: `bun test/proxy/noLoss/run.ts --rounds 50`, with `--sync full` for a journal that
// outlives the loss of power. Prints its seed, and ends with 1 where anything is wrong.
import { parseArgs } from "node:util";
import { seed as usualSeed } from "../../support/property.ts";
import { play } from "./play.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "50" },
    seed: { type: "string" },
    sync: { type: "string", default: "normal" },
  },
});
const seed = Number(values.seed ?? usualSeed);

/** After so many rounds everything is checked, and begins anew. */
const roundsEach = 10;

console.log(`seed ${seed}; again with: bun test/proxy/noLoss/run.ts --seed ${seed}`);
let left = Number(values.rounds);
let count = 0;
let problems = 0;
for (let part = 0; left > 0; part++) {
  const outcome = await play({
    seed: seed + part,
    rounds: Math.min(left, roundsEach),
    environment: { DEWEY_JOURNAL_SYNC: values.sync },
    played: ({ fault, inFlight, victim = "" }) =>
      console.log(`${String(++count).padStart(4)}  ${fault} ${victim}, ${inFlight} in flight`),
  });
  left -= roundsEach;
  problems += outcome.problems.length;
  console.log(
    `${outcome.sessions} sessions, ${outcome.received} frames received, ${outcome.recorded} recorded, ${outcome.problems.length} problems`,
  );
  const ways = [...outcome.ways].map(([way, { received }]) => `${way} ${received}`);
  console.log(`received by the clients of ${ways.join(", ")}`);
  for (const problem of outcome.problems.slice(0, 20)) {
    const { about, kind, session } = problem;
    const [way = ""] = [...outcome.ways].find(([, own]) => own.problems.includes(problem)) ?? [];
    console.log(`  ${kind}  ${way}  ${session}  ${about}`);
  }
}
process.exit(problems === 0 ? 0 : 1);
