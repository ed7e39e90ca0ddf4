/**
 * Prints what a proxy between a client and its server costs: Dewey, which records, beside no proxy at all, beside a bare
 * relay, and beside the proxies of the npm registry; and how fast what Dewey saw is in the database.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { middle, rowsOf } from "../support/figures.ts";
import { startServer } from "../support/serverProcess.ts";
import { startDewey } from "./dewey.ts";
import { framesOf } from "./exchange.ts";
import { insertRates } from "./insert.ts";
import { type Done, type Load, startLoad } from "./loadProcess.ts";
import { installProxies, startNpmProxy } from "./npmProxies.ts";

const { values: flags } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    milliseconds: { type: "string", default: "2000" },
    connections: { type: "string", default: "1,64" },
    // How many frames are sent to see what memory does; 0 leaves that out.
    frames: { type: "string", default: "1000000" },
    "without-npm": { type: "boolean", default: false },
  },
});
const rounds = Number(flags.rounds);
const milliseconds = Number(flags.milliseconds);
const widths = flags.connections.split(",").map(Number);

const upstreamProgram = join(import.meta.dir, "upstream.ts");

interface Subject {
  readonly name: string;
  readonly target: Omit<Load, "connections">;
}

const rowText = rowsOf(34, 11);
const row = (cells: ReadonlyArray<string>) => console.log(rowText(cells));

await using load = startLoad();
await using upstream = await startServer(upstreamProgram, "ws");
const httpUrl = upstream.url.replace(/^ws/, "http");
await using relay = await startServer(join(import.meta.dir, "relay.ts"), upstream.url);
await using httpRelay = await startServer(join(import.meta.dir, "httpRelay.ts"), httpUrl);
await using dewey = await startDewey({
  harbour: { type: "ws", url: upstream.url },
  web: { type: "http", url: httpUrl },
  local: { command: process.execPath, args: [upstreamProgram, "stdio"] },
});

let framesSent = 0;

const isDewey = ({ target }: Subject) => target.url.includes(dewey.proxy);

const sample = async (subject: Subject, connections: number): Promise<Done> => {
  await load.open({ ...subject.target, connections });
  const warm = await load.run(milliseconds / 4);
  const done = await load.run(milliseconds);
  await load.close();
  if (isDewey(subject)) {
    framesSent += connections * framesOf.opening + (warm.calls + done.calls) * framesOf.call;
  }
  return done;
};

/** Waits until everything is in the database. */
const untilRecorded = async (count: number): Promise<void> => {
  const until = performance.now() + 300_000;
  while ((await dewey.recorded()) < count) {
    if (performance.now() > until) {
      throw new Error(`Of ${count} frames ${await dewey.recorded()} are in the database.`);
    }
    await Bun.sleep(20);
  }
};

/** Samples of all subjects in turns, since what else the machine does changes from minute to minute. */
const compare = async (title: string, subjects: ReadonlyArray<Subject>, connections: number) => {
  const samples = new Map<string, Array<Done>>(subjects.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const subject of subjects) {
      samples.get(subject.name)?.push(await sample(subject, connections));
      // The next one is not to pay for this one's recording.
      if (isDewey(subject)) await untilRecorded(framesSent);
    }
  }
  console.log(
    `\n${title}, ${connections} ${connections === 1 ? "connection" : "connections"}, medians`,
  );
  row(["", "calls/s", "of Dewey", "p50 ms", "p95 ms", "p99 ms"]);
  const own = samples.get("Dewey, recording") ?? [];
  for (const [name, each] of samples) {
    const median = (value: (done: Done) => number) => middle(each.map(value));
    const ratio = middle(
      each.flatMap((one, round) =>
        own
          .slice(round, round + 1)
          .map((ours) => one.calls / one.seconds / (ours.calls / ours.seconds)),
      ),
    );
    row([
      name,
      median(({ calls, seconds }) => calls / seconds).toFixed(0),
      ratio.toFixed(2),
      median(({ p50 }) => p50).toFixed(3),
      median(({ p95 }) => p95).toFixed(3),
      median(({ p99 }) => p99).toFixed(3),
    ]);
  }
  return samples;
};

const overSockets: ReadonlyArray<Subject> = [
  { name: "direct", target: { transport: "websocket", url: upstream.url } },
  { name: "bare relay", target: { transport: "websocket", url: relay.url } },
  {
    name: "Dewey, recording",
    target: { transport: "websocket", url: `ws://${dewey.proxy}/mcp/harbour` },
  },
];

for (const connections of widths) {
  const samples = await compare("WebSocket to WebSocket", overSockets, connections);
  const against = (value: (done: Done) => number) =>
    middle(
      (samples.get("Dewey, recording") ?? []).flatMap((ours, round) =>
        (samples.get("bare relay") ?? [])
          .slice(round, round + 1)
          .map((bare) => value(ours) / value(bare)),
      ),
    );
  const added = middle(
    (samples.get("Dewey, recording") ?? []).flatMap((ours, round) =>
      (samples.get("direct") ?? []).slice(round, round + 1).map((direct) => ours.p50 - direct.p50),
    ),
  );
  console.log(
    `Dewey against the relay: ${against(({ calls, seconds }) => calls / seconds).toFixed(2)} of its throughput, ${against(({ p50 }) => p50).toFixed(2)} times its p50; ${added.toFixed(3)} ms more than direct at p50.`,
  );
}

for (const connections of widths) {
  await compare(
    "HTTP to HTTP",
    [
      { name: "direct", target: { transport: "http", url: httpUrl } },
      { name: "bare relay", target: { transport: "http", url: httpRelay.url } },
      {
        name: "Dewey, recording",
        target: { transport: "http", url: `http://${dewey.proxy}/mcp/web` },
      },
    ],
    connections,
  );
}

console.log("\nRecording, 64 connections");
await load.open({
  transport: "websocket",
  url: `ws://${dewey.proxy}/mcp/harbour`,
  connections: 64,
});
const before = await dewey.recorded();
const started = performance.now();
const cpuBefore = await dewey.cpuSeconds();
const done = await load.run(5 * milliseconds);
const atEnd = await dewey.recorded();
const forwarded = performance.now();
await untilRecorded(before + 64 * framesOf.opening + done.calls * framesOf.call);
const recorded = performance.now();
const cpu = (await dewey.cpuSeconds()) - cpuBefore;
const frames = done.calls * framesOf.call;
const perSecond = (count: number, millis: number) => (count / (millis / 1000)).toFixed(0);
row(["frames forwarded a second", perSecond(frames, forwarded - started)]);
row(["recorded a second meanwhile", perSecond(atEnd - before, forwarded - started)]);
row(["recorded a second until empty", perSecond(frames, recorded - started)]);
row(["drained a second afterwards", perSecond(before + frames - atEnd, recorded - forwarded)]);
/** Little enough that the recorder can keep up: then nothing may be left in the journal. */
const steadyCalls = ((0.9 * frames) / framesOf.call / (recorded - started)) * 1000;
const recordedBeforeSteady = await dewey.recorded();
const steady = await load.run(5 * milliseconds, steadyCalls);
const steadyFrames = steady.calls * framesOf.call;
const steadyLeft = recordedBeforeSteady + steadyFrames - (await dewey.recorded());
await untilRecorded(recordedBeforeSteady + steadyFrames);
await load.close();
row(["at 0.9 of that, frames a second", (steadyFrames / steady.seconds).toFixed(0)]);
row(["… of which the journal holds at the end", String(steadyLeft)]);
row(["Dewey's CPU a frame, µs", ((cpu * 1e6) / frames).toFixed(1)]);

const rates = await insertRates(dewey.postgres.port, 200_000);
row(["hand-written insert: frames alone", rates.frames.toFixed(0)]);
row(["… with messages and tool calls", rates.everything.toFixed(0)]);

const wanted = Number(flags.frames);
if (wanted > 0) {
  console.log(`\n${wanted} frames, with Postgres away for a minute in the middle`);
  const { memory, postgres } = dewey;
  const MiB = 1024 * 1024;
  await load.open({
    transport: "websocket",
    url: `ws://${dewey.proxy}/mcp/harbour`,
    connections: 64,
  });
  const recordedAtFirst = await dewey.recorded();
  const warm = await load.run(1000);
  await untilRecorded(recordedAtFirst + 64 * framesOf.opening + warm.calls * framesOf.call);
  const atStart = await memory();
  const recordedBefore = await dewey.recorded();
  let highest = atStart;
  const watch = setInterval(() => {
    void memory().then((bytes) => {
      highest = Math.max(highest, bytes);
    });
  }, 250);
  let sent = 0;
  const runUntil = async (count: number) => {
    while (sent < count) sent += (await load.run(500)).calls * framesOf.call;
  };
  await runUntil(wanted / 3);
  await postgres.stop();
  const backAt = performance.now() + 60_000;
  await runUntil((2 * wanted) / 3);
  await Bun.sleep(Math.max(0, backAt - performance.now()));
  await postgres.start();
  await runUntil(wanted);
  await untilRecorded(recordedBefore + sent);
  clearInterval(watch);
  await load.close();
  row(["memory at the start, MiB", (atStart / MiB).toFixed(0)]);
  row(["highest growth, MiB", ((highest - atStart) / MiB).toFixed(0)]);
  row(["growth at the end, MiB", (((await memory()) - atStart) / MiB).toFixed(0)]);
  row([
    "frames recorded of those sent",
    ((await dewey.recorded()) - recordedBefore).toFixed(0),
    String(sent),
  ]);
}

if (!flags["without-npm"]) {
  await installProxies();
  const server = [process.execPath, upstreamProgram, "stdio"];
  await using sockets = await startNpmProxy("supergateway", (port) => [
    ...["--stdio", server.join(" ")],
    ...["--outputTransport", "ws", "--port", String(port), "--logLevel", "none"],
  ]);
  await using http = await startNpmProxy("supergateway", (port) => [
    ...["--stdio", server.join(" ")],
    ...["--outputTransport", "streamableHttp", "--stateful"],
    ...["--port", String(port), "--logLevel", "none"],
  ]);
  await using mcpProxy = await startNpmProxy("mcp-proxy", (port) => [
    ...["--host", "127.0.0.1", "--port", String(port), "--server", "stream"],
    "--",
    ...server,
  ]);
  for (const connections of widths) {
    await compare(
      "WebSocket to a program",
      [
        {
          name: "Dewey, recording",
          target: { transport: "websocket", url: `ws://${dewey.proxy}/mcp/local` },
        },
        {
          name: "supergateway 4.0.0",
          target: { transport: "websocket", url: `ws://127.0.0.1:${sockets.port}/message` },
        },
      ],
      connections,
    );
    await compare(
      "HTTP to a program",
      [
        {
          name: "Dewey, recording",
          target: { transport: "http", url: `http://${dewey.proxy}/mcp/local` },
        },
        {
          name: "supergateway 4.0.0",
          target: { transport: "http", url: `http://127.0.0.1:${http.port}/mcp` },
        },
        {
          name: "mcp-proxy 6.7.19",
          target: { transport: "http", url: `http://127.0.0.1:${mcpProxy.port}/mcp` },
        },
      ],
      connections,
    );
  }
}
console.log(
  "\nGoals at 64 connections: 0.5 of the relay's throughput and at most 2 times its p50; recorded until empty 0.6 of the hand-written insert; 5 times every proxy of npm. At 1 connection: 0.15 ms more at p50.",
);
