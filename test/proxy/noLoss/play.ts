// One play: rounds under load on a stand of its own, recovery, and the check.
import { makeChance } from "./chance.ts";
import { check } from "./check.ts";
import type { Problem } from "./Problem.ts";
import {
  deweyProgram,
  type Fault,
  leastInFlight,
  playRound,
  type Round,
  schedule,
} from "./rounds.ts";
import { Stand } from "./Stand.ts";

/** What is played. */
export interface Play {
  readonly seed: number;
  /** How many rounds, of faults by chance; or the faults. */
  readonly rounds: number | ReadonlyArray<Fault>;
  /** The program that is Dewey, where it is not the real one; that one is expected to have a fault. */
  readonly program?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Told of each round. */
  readonly played?: (round: Round) => void;
}

/** How it ended. */
export interface Outcome {
  readonly rounds: ReadonlyArray<Round>;
  readonly problems: ReadonlyArray<Problem>;
  readonly sessions: number;
  readonly received: number;
  readonly recorded: number;
}

/** Nothing is broken before so many frames have come to the clients. */
export const leastReceived = 200;

const sum = (counts: ReadonlyArray<number>) => counts.reduce((all, count) => all + count, 0);

/** Plays. */
export const play = async (given: Play): Promise<Outcome> => {
  const { environment, played, program = deweyProgram, seed } = given;
  const chance = makeChance(seed);
  await using stand = await Stand.open(chance, program, environment);
  await stand.startDewey();
  stand.startClients();
  await stand.untilReceived(leastReceived);
  const rounds: Array<Round> = [];
  const faults = typeof given.rounds === "number" ? schedule(chance, given.rounds) : given.rounds;
  for (const fault of faults) {
    const round = await playRound(stand, chance, fault);
    rounds.push(round);
    played?.(round);
  }
  await stand.untilInFlight(leastInFlight);
  await stand.stopClients();
  await stand.settle(program === deweyProgram ? 30 : 1);
  const evidence = await stand.evidence();
  return {
    rounds,
    problems: check(evidence),
    sessions: evidence.sessions.filter(({ received }) => received.flat().length > 0).length,
    received:
      sum(evidence.sessions.map(({ received }) => received.flat().length)) +
      sum(evidence.connections.map(({ received }) => received.length)),
    recorded: sum([...evidence.recorded.values()].flat().map(({ frames }) => frames.length)),
  };
};
