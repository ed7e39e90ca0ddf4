/**
 * Prints what a `tools/call` that touches no database costs over WebSocket: Dewey beside the SDK alone and beside a bare
 * server, each in a process of its own, in turns.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { middle, rowsOf } from "../support/figures.ts";
import { startServer } from "../support/serverProcess.ts";
import { plainTool } from "./call.ts";
import { startLoad } from "./loadProcess.ts";

const { values: flags } = parseArgs({
  options: {
    rounds: { type: "string", default: "7" },
    milliseconds: { type: "string", default: "700" },
  },
});
const rounds = Number(flags.rounds);
const milliseconds = Number(flags.milliseconds);

const subjects = [
  { name: "bare Bun.serve", file: "bareServer.ts", tool: plainTool.name },
  { name: "SDK alone", file: "sdkServer.ts", tool: plainTool.name },
  { name: "Dewey, a tool without schemas", file: "deweyServer.ts", tool: plainTool.name },
  { name: "Dewey, read_context", file: "deweyServer.ts", tool: "read_context" },
] as const;

const widths = [1, 16, 64];

interface Sample {
  readonly perSecond: number;
  readonly serverMicros: number;
  readonly clientMicros: number;
}

await using load = startLoad();
const servers = new Map(
  await Promise.all(
    [...new Set(subjects.map(({ file }) => file))].map(
      async (file) => [file, await startServer(join(import.meta.dir, file))] as const,
    ),
  ),
);

const sample = async (
  { file, tool }: (typeof subjects)[number],
  connections: number,
): Promise<Sample> => {
  const server = servers.get(file);
  if (server === undefined) throw new Error(`${file} was not started.`);
  await load.open({ url: server.url, tool, connections });
  await load.run(milliseconds / 4);
  const before = await server.usage();
  const { calls, seconds, cpuMicros } = await load.run(milliseconds);
  const after = await server.usage();
  await load.close();
  return {
    perSecond: calls / seconds,
    serverMicros: (after.cpuMicros - before.cpuMicros) / calls,
    clientMicros: cpuMicros / calls,
  };
};

const row = rowsOf(32, 12);

const print = (connections: number, samples: ReadonlyMap<string, ReadonlyArray<Sample>>) => {
  console.log(`\n${connections} ${connections === 1 ? "connection" : "connections"}, medians`);
  console.log(row(["", "calls/s", "of bare", "server µs", "of bare", "lowest", "client µs"]));
  const bare = samples.get(subjects[0].name) ?? [];
  for (const [name, own] of samples) {
    const median = (value: (sample: Sample) => number) => middle(own.map(value));
    // Of the same round each: what else the machine does changes from minute to minute.
    const ratio = (value: (sample: Sample) => number) =>
      middle(
        own.flatMap((each, round) =>
          bare.slice(round, round + 1).map((one) => value(each) / value(one)),
        ),
      );
    console.log(
      row([
        name,
        median(({ perSecond }) => perSecond).toFixed(0),
        ratio(({ perSecond }) => perSecond).toFixed(2),
        median(({ serverMicros }) => serverMicros).toFixed(1),
        ratio(({ serverMicros }) => serverMicros).toFixed(1),
        Math.min(...own.map(({ serverMicros }) => serverMicros)).toFixed(1),
        median(({ clientMicros }) => clientMicros).toFixed(1),
      ]),
    );
  }
};

for (const connections of widths) {
  const samples = new Map<string, Array<Sample>>(subjects.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const subject of subjects) {
      samples.get(subject.name)?.push(await sample(subject, connections));
    }
  }
  print(connections, samples);
}
console.log(
  "\nGoals: at most 25 µs of the server's CPU a call; at 16 and 64, 0.25 of the bare server's calls.",
);
for (const server of servers.values()) await server[Symbol.asyncDispose]();
