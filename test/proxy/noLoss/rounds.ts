// The schedule: in each round something is broken at a moment of chance, under load, and brought back after a while.
import { join } from "node:path";
import type { Chance } from "./chance.ts";
import type { Stand } from "./Stand.ts";
import { type UpstreamName, upstreams } from "./ways.ts";

/** The program that is Dewey. */
export const deweyProgram = join(import.meta.dir, "../../../src/main.ts");

/**
 * What is broken. `dewey` is killed, at an `outage` while its database is away, and at a `shutdown` told to stop;
 * `before` and `behind` it connections are cut. What was started for one client is killed, told and cut with it, now and
 * then.
 */
export const faults = [
  "dewey",
  "postgres",
  "outage",
  "shutdown",
  "upstream",
  "before",
  "behind",
] as const;
export type Fault = (typeof faults)[number];

/** At least so many requests are in flight when something is killed. */
export const leastInFlight = 16;

/** What happened in a round. */
export interface Round {
  readonly fault: Fault;
  readonly victim: UpstreamName | undefined;
  /** Requests that whatever was broken had to do with, at that moment. */
  readonly inFlight: number;
}

const pause = (chance: Chance, from: number, to: number) => Bun.sleep(chance.between(from, to));

/** Breaks something once enough is in flight, at a moment of chance. */
const strike = async (
  stand: Stand,
  chance: Chance,
  fault: Fault,
  victim: UpstreamName | undefined,
  blow: () => Promise<void> | void,
): Promise<Round> => {
  await stand.untilInFlight(leastInFlight, victim);
  await pause(chance, 0, 600);
  await stand.untilInFlight(leastInFlight, victim);
  const round = { fault, victim, inFlight: stand.inFlight(victim) };
  await blow();
  return round;
};

/** Plays one round; everything runs again at its end. */
export const playRound = async (stand: Stand, chance: Chance, fault: Fault): Promise<Round> => {
  const picking = chance.fork();
  const isPicked = () => picking.percent(60);
  switch (fault) {
    case "dewey": {
      const round = await strike(stand, chance, fault, undefined, () => stand.killDewey(isPicked));
      await stand.startDewey();
      return round;
    }
    case "shutdown": {
      const round = await strike(stand, chance, fault, undefined, () => stand.endDewey(isPicked));
      await stand.startDewey();
      return round;
    }
    case "postgres": {
      const round = await strike(stand, chance, fault, undefined, () => stand.crashPostgres());
      await pause(chance, 300, 1500);
      await stand.startPostgres();
      return round;
    }
    case "outage": {
      await strike(stand, chance, fault, undefined, () => stand.crashPostgres());
      const round = await strike(stand, chance, fault, undefined, () => stand.killDewey(isPicked));
      await stand.startPostgres();
      await stand.startDewey();
      return round;
    }
    case "upstream": {
      const victim = chance.pick(...upstreams);
      const round = await strike(stand, chance, fault, victim, () => stand.killUpstream(victim));
      await pause(chance, 50, 400);
      stand.startUpstream(victim);
      return round;
    }
    case "before":
    case "behind":
      return strike(stand, chance, fault, undefined, () => stand.sever(fault, isPicked));
  }
};

/** So many faults: each of them once before any comes again, in an order of chance. */
export const schedule = (chance: Chance, rounds: number): ReadonlyArray<Fault> => {
  const chosen: Array<Fault> = [];
  while (chosen.length < rounds) {
    const left = [...faults];
    while (left.length > 0) chosen.push(...left.splice(chance.between(0, left.length), 1));
  }
  return chosen.slice(0, rounds);
};
