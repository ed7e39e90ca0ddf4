// The check of the proof: what is in the database against what the clients and the upstreams saw.
import { checkDerived } from "./checkDerived.ts";
import { checkFrames, checkUnrecorded } from "./checkFrames.ts";
import { inClientIds } from "./clientIds.ts";
import type { ConnectionLog, SessionLog } from "./logs.ts";
import type { Problem } from "./Problem.ts";
import type { Recorded } from "./recorded.ts";

/** All that is compared. */
export interface Evidence {
  readonly sessions: ReadonlyArray<SessionLog>;
  /** In the order in which they were opened. */
  readonly connections: ReadonlyArray<ConnectionLog>;
  readonly recorded: ReadonlyMap<string, ReadonlyArray<Recorded>>;
  /** How many streams the recorder has not brought to an end, although all of them are over. */
  readonly unfinished: number;
}

const longestAbout = 300;

/** What is wrong; nothing, where nothing was lost. */
export const check = (evidence: Evidence): ReadonlyArray<Problem> => {
  const problems: Array<Problem> = [];
  const connections = Map.groupBy(evidence.connections, ({ session }) => session);
  for (const session of evidence.sessions) {
    const find = (kind: Problem["kind"], about: string) => {
      problems.push({ kind, session: session.id, about: about.slice(0, longestAbout) });
    };
    const logs = connections.get(session.id) ?? [];
    const restored =
      session.era === "modern"
        ? logs.map((log) => inClientIds(log, session.sent))
        : logs.map((log) => ({ log, strays: new Map<string, string>(), unknown: 0 }));
    const own = restored.map(({ log }) => log);
    const unknown = restored.reduce((sum, each) => sum + each.unknown, 0);
    const strays = new Map(restored.flatMap((each) => [...each.strays]));
    const [recorded, ...others] = evidence.recorded.get(session.id) ?? [];
    if (others.length > 0) find("conversation", `it has ${others.length + 1} conversations`);
    if (recorded === undefined) {
      checkUnrecorded(session, own, find);
      continue;
    }
    checkFrames(recorded, { session, connections: own, strays, unknown }, find);
    checkDerived(recorded, session, find);
  }
  const known = new Set(evidence.sessions.map(({ id }) => id));
  for (const session of evidence.recorded.keys()) {
    if (!known.has(session)) problems.push({ kind: "foreign", session, about: "its conversation" });
  }
  if (evidence.unfinished > 0) {
    problems.push({ kind: "unfinished", session: "", about: `${evidence.unfinished} streams` });
  }
  return problems;
};
