// One play: rounds under load on a stand of its own, recovery, and the check.
import { makeChance } from "./chance.ts";
import { check, type Evidence } from "./check.ts";
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
  /** So many frames have come to each client before anything is broken; one unless given. */
  readonly receivedEach?: number;
  /** The program that is Dewey, where it is not the real one; that one is expected to have a fault. */
  readonly program?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Told of each round. */
  readonly played?: (round: Round) => void;
}

/** One door to one upstream. */
interface Way {
  readonly received: number;
  readonly problems: ReadonlyArray<Problem>;
}

/** How it ended. */
export interface Outcome {
  /** How many frames the clients of each door and upstream have received, and what is wrong with their sessions. */
  readonly ways: ReadonlyMap<string, Way>;
  readonly rounds: ReadonlyArray<Round>;
  readonly problems: ReadonlyArray<Problem>;
  readonly sessions: number;
  readonly received: number;
  readonly recorded: number;
}

/** Nothing is broken before so many frames have come to the clients. */
export const leastReceived = 200;

const sum = (counts: ReadonlyArray<number>) => counts.reduce((all, count) => all + count, 0);

const waysOf = ({ sessions }: Evidence, problems: ReadonlyArray<Problem>): Outcome["ways"] =>
  new Map(
    [...Map.groupBy(sessions, ({ way }) => way)].map(([way, own]) => {
      const ids = new Set(own.map(({ id }) => id));
      const received = sum(own.map((session) => session.received.flat().length));
      return [way, { received, problems: problems.filter(({ session }) => ids.has(session)) }];
    }),
  );

/** Plays. */
export const play = async (given: Play): Promise<Outcome> => {
  const { environment, played, program = deweyProgram, receivedEach = 1, seed } = given;
  const chance = makeChance(seed);
  await using stand = await Stand.open(chance, program, environment);
  await stand.startDewey();
  stand.startClients();
  await stand.untilReceived(leastReceived, receivedEach);
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
  const problems = check(evidence);
  return {
    rounds,
    problems,
    ways: waysOf(evidence, problems),
    sessions: evidence.sessions.filter(({ received }) => received.flat().length > 0).length,
    received:
      sum(evidence.sessions.map(({ received }) => received.flat().length)) +
      sum(evidence.connections.map(({ received }) => received.length)),
    recorded: sum([...evidence.recorded.values()].flat().map(({ frames }) => frames.length)),
  };
};
