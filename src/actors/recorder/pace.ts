/**
 * How the recorder gives way: it and the forwarding share a thread, and a client notices what waits there, but nobody
 * notices whether a message is in the database a moment later. So while the process is busy with something else, the
 * recorder rests after each of its rounds; the further behind it is, the less.
 */
import * as fs from "node:fs";
import { Clock, Duration, Effect } from "effect";

/** It rests so many times as long as a round has taken, but never longer than that. */
const mostRest = { rounds: 4, millis: 1000 };
/** How long it rests before it looks whether there is a reason to, at first and at most. */
const lookMillis = { first: 2, most: 16 };
/** The process is busy while it wants more than this share of a core. */
const busyShare = 0.5;

/** What it goes by. */
export interface PaceOptions {
  /** How many milliseconds of CPU the process has wanted so far. */
  readonly wantedMillis: () => number;
  /** From 0, nothing of note waits, to 1, when there is no time for rests. */
  readonly haste: () => number;
}

/** Where Linux says how long the first thread of this process, which forwards, has run and waited for a core. */
const schedule = "/proc/self/schedstat";
const isTold = fs.existsSync(schedule);

const waitedMillis = (): number =>
  isTold ? Number(fs.readFileSync(schedule, "utf8").split(" ")[1]) / 1e6 : 0;

/** Milliseconds of CPU that this process has used, and waited for while others had it, as far as that is known. */
export const wantedMillis = (): number => {
  const { system, user } = process.cpuUsage();
  return (system + user) / 1000 + waitedMillis();
};

/** Rests after a round that has taken so many milliseconds. */
export const rest = Effect.fnUntraced(function* (worked: number, options: PaceOptions) {
  const longest = Math.min(worked * mostRest.rounds, mostRest.millis);
  const began = yield* Clock.currentTimeMillis;
  let now = began;
  let look = lookMillis.first;
  while (now - began < longest * (1 - options.haste())) {
    const before = options.wantedMillis();
    const since = now;
    yield* Effect.sleep(Duration.millis(look));
    now = yield* Clock.currentTimeMillis;
    if (options.wantedMillis() - before < (now - since) * busyShare) return;
    look = Math.min(2 * look, lookMillis.most);
  }
});
