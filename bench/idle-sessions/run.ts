/**
 * Prints what a WebSocket session costs while nothing happens: the memory that the server's process grows by when
 * thousands of initialized sessions are open, for Dewey beside a bare server and the SDK alone.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { plainTool } from "../door/call.ts";
import { startLoad } from "../door/loadProcess.ts";
import { middle } from "../support/figures.ts";
import { startServer } from "../support/serverProcess.ts";

const { values: flags } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    sessions: { type: "string", default: "5000" },
  },
});
const sessions = Number(flags.sessions);

const subjects = [
  { name: "bare Bun.serve", file: "bareServer.ts" },
  { name: "SDK alone", file: "sdkServer.ts" },
  { name: "Dewey", file: "deweyServer.ts" },
] as const;

/** Kilobytes a session, in processes that are begun for it. */
const sample = async (file: string): Promise<number> => {
  await using server = await startServer(join(import.meta.dir, "../door", file));
  await using load = startLoad();
  const open = (connections: number) =>
    load.open({ url: server.url, tool: plainTool.name, connections });
  // Whatever the first sessions and calls bring into memory, they bring once.
  await open(50);
  await load.run(500);
  await load.close();
  const before = await server.settledUsage();
  await open(sessions);
  const after = await server.settledUsage();
  return (after.rssBytes - before.rssBytes) / 1024 / sessions;
};

const samples = new Map<string, Array<number>>();
for (let round = 0; round < Number(flags.rounds); round++) {
  for (const { name, file } of subjects) {
    samples.set(name, [...(samples.get(name) ?? []), await sample(file)]);
  }
}

console.log(`${sessions} sessions, initialized, idle: KB of the server's memory for each\n`);
console.log(`${"".padEnd(20)}${"median".padStart(10)}   every round`);
for (const [name, values] of samples) {
  const all = values.map((value) => value.toFixed(1)).join(", ");
  console.log(`${name.padEnd(20)}${middle(values).toFixed(1).padStart(10)}   ${all}`);
}
