/**
 * Prints how fast Dewey stores durably, through its WebSocket door, against what statements written by hand reach on the
 * same server: alone and with many clients, in conversations of their own and in one, singly and by the hundred.
 */
import { parseArgs } from "node:util";
import { middle, rowsOf } from "../support/figures.ts";
import { type Done, type Load, startLoad } from "./loadProcess.ts";
import { contentsOf, type Stage, startStage } from "./stage.ts";

const { values: flags } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    milliseconds: { type: "string", default: "1500" },
    clients: { type: "string", default: "1,16,64,256" },
    kinds: { type: "string", default: "server,embedded" },
    modes: { type: "string", default: "each,hot,bulk,thousand" },
    /** Instead of all that: how long the longest answer takes while so many messages go in. */
    messages: { type: "string" },
    pool: { type: "string" },
  },
});
const rounds = Number(flags.rounds);
const milliseconds = Number(flags.milliseconds);
const widths = flags.clients.split(",").map(Number);
const modes = flags.modes.split(",");
const environment = {
  ...(flags.pool === undefined ? {} : { DEWEY_DB_MAX_CONNECTIONS: flags.pool }),
};

/** The embedded server has room for fewer connections than that. */
const mostConnections = { server: 256, embedded: 128 };

/** Clients, and how many messages they store first. */
const warmUps = [
  { clients: 32, messages: 20_000 },
  { clients: 1, messages: 8000 },
];

type Kind = keyof typeof mostConnections;
type Subject = "dewey" | "ceiling";

interface Sample extends Done {
  readonly deweyMicros: number;
  readonly postgresMicros: number;
  readonly batch: number;
  readonly memory: number;
}

const rowText = rowsOf(30, 10);
const row = (cells: ReadonlyArray<string>) => console.log(rowText(cells));

await using load = startLoad();

const measure = async (
  stage: Stage,
  subject: Subject,
  shape: Omit<Load, "target">,
  run: () => Promise<Done>,
): Promise<Sample> => {
  const target: Load["target"] =
    subject === "dewey"
      ? { _tag: "Door", url: stage.url }
      : { _tag: "Statements", login: stage.ceiling };
  const { conversations } = await load.open({ ...shape, target });
  const warm = await load.run(milliseconds / 5);
  const before = await stage.cpuSeconds();
  const done = await run();
  const after = await stage.cpuSeconds();
  const memory = await stage.memory();
  await load.close();
  const contents = await contentsOf(stage[subject], conversations);
  const acknowledged = warm.rows + done.rows;
  if (contents.rows !== acknowledged || contents.turns !== acknowledged) {
    throw new Error(
      `Of ${acknowledged} acknowledged messages ${contents.rows} are there, and ${contents.turns} turns were given.`,
    );
  }
  const micros = (name: "dewey" | "postgres") => ((after[name] - before[name]) * 1e6) / done.rows;
  return {
    ...done,
    deweyMicros: micros("dewey"),
    postgresMicros: micros("postgres"),
    batch: contents.rows / contents.transactions,
    memory,
  };
};

interface Goal {
  readonly perSecond?: number;
  readonly p99?: number;
}

const compare = async (
  stage: Stage,
  title: string,
  shape: Omit<Load, "target">,
  goal: Goal = {},
) => {
  const samples: Record<Subject, Array<Sample>> = { dewey: [], ceiling: [] };
  for (let round = 0; round < rounds; round++) {
    const order: ReadonlyArray<Subject> =
      round % 2 === 0 ? ["dewey", "ceiling"] : ["ceiling", "dewey"];
    for (const subject of order) {
      samples[subject].push(await measure(stage, subject, shape, () => load.run(milliseconds)));
    }
  }
  // Of the same round each: what else the machine does changes from minute to minute.
  const ratio = (value: (sample: Sample) => number) =>
    middle(
      samples.dewey.flatMap((own, round) =>
        samples.ceiling.slice(round, round + 1).map((other) => value(own) / value(other)),
      ),
    );
  console.log(`\n${title}`);
  row(["", "rows/s", "p50 ms", "p99 ms", "longest", "Dewey µs", "Pg µs", "client µs", "batch"]);
  for (const subject of ["dewey", "ceiling"] as const) {
    const median = (value: (sample: Sample) => number) => middle(samples[subject].map(value));
    row([
      subject === "dewey" ? "Dewey" : "ceiling",
      median(({ rows, seconds }) => rows / seconds).toFixed(0),
      median(({ p50 }) => p50).toFixed(2),
      median(({ p99 }) => p99).toFixed(2),
      median(({ longest }) => longest).toFixed(1),
      subject === "dewey" ? median(({ deweyMicros }) => deweyMicros).toFixed(0) : "",
      median(({ postgresMicros }) => postgresMicros).toFixed(0),
      median(({ cpuMicros, rows }) => cpuMicros / rows).toFixed(0),
      median(({ batch }) => batch).toFixed(1),
    ]);
  }
  const wanted = (value: number | undefined, word: string) =>
    value === undefined ? "" : ` (goal: ${word} ${value})`;
  console.log(
    `of the ceiling: ${ratio(({ rows, seconds }) => rows / seconds).toFixed(2)} of its rows a second${wanted(goal.perSecond, "at least")}, ${ratio(({ p99 }) => p99).toFixed(2)} times its p99${wanted(goal.p99, "at most")}`,
  );
};

const goals: Readonly<Record<number, Goal>> = {
  1: { perSecond: 0.7 },
  16: { perSecond: 1.5 },
  64: { perSecond: 2, p99: 1.5 },
  256: { perSecond: 2 },
};

const named = (count: number) => `${count} ${count === 1 ? "client" : "clients"}`;

const compareAll = async (kind: Kind, stage: Stage) => {
  const where = kind === "server" ? "a server with fsync" : "the embedded database";
  for (const clients of widths.filter((width) => width <= mostConnections[kind])) {
    if (modes.includes("each")) {
      const shape = { clients, rows: 1, hot: false };
      await compare(
        stage,
        `${named(clients)}, a conversation each, on ${where}`,
        shape,
        goals[clients],
      );
    }
    if (modes.includes("hot") && clients > 1) {
      const shape = { clients, rows: 1, hot: true };
      await compare(stage, `${named(clients)}, one conversation, on ${where}`, shape);
    }
    if (modes.includes("bulk") && clients <= 16) {
      const shape = { clients, rows: 100, hot: false };
      await compare(stage, `${named(clients)}, 100 messages a call, on ${where}`, shape, {
        perSecond: 0.9,
      });
    }
  }
};

const thousand = async (stage: Stage) => {
  const shape = { clients: 1000, rows: 1, hot: false };
  const before = await stage.memory();
  const sample = await measure(stage, "dewey", shape, () => load.run(4 * milliseconds));
  console.log("\n1000 clients with one call in flight each");
  row(["rows/s", (sample.rows / sample.seconds).toFixed(0)]);
  row(["p50 ms", sample.p50.toFixed(1)]);
  row(["p95 ms", sample.p95.toFixed(1)]);
  row(["p99 ms", sample.p99.toFixed(1)]);
  row(["longest ms", sample.longest.toFixed(1)]);
  row(["errors", String(sample.errors)]);
  row(["memory before, MiB", (before / 2 ** 20).toFixed(0)]);
  row(["memory after, MiB", (sample.memory / 2 ** 20).toFixed(0)]);
  row(["rows in a batch", sample.batch.toFixed(1)]);
};

/** Nobody is measured before their code has been compiled, which is other code for one client than for many. */
const warmUp = async (stage: Stage) => {
  for (const { clients, messages } of warmUps) {
    const shape = { clients, rows: 1, hot: false };
    for (const subject of ["dewey", "ceiling"] as const) {
      await measure(stage, subject, shape, () => load.fill(messages));
    }
  }
};

/** Both are filled in turns, a part at a time, so that both have tables of about the same size. */
const fillBoth = async (stage: Stage, messages: number) => {
  const parts = 10;
  const shape = { clients: 64, rows: 1, hot: false };
  const longest: Record<Subject, Array<number>> = { dewey: [], ceiling: [] };
  console.log(`\n${messages} messages each, 64 clients, ms`);
  row(["", "rows/s", "p50", "p99", "longest"]);
  for (let part = 1; part <= parts; part++) {
    for (const subject of ["dewey", "ceiling"] as const) {
      const sample = await measure(stage, subject, shape, () => load.fill(messages / parts));
      longest[subject].push(sample.longest);
      row([
        `${subject}, up to ${(messages / parts) * part}`,
        (sample.rows / sample.seconds).toFixed(0),
        sample.p50.toFixed(2),
        sample.p99.toFixed(2),
        sample.longest.toFixed(1),
      ]);
    }
  }
  const most = { dewey: Math.max(...longest.dewey), ceiling: Math.max(...longest.ceiling) };
  console.log(
    `Dewey's longest answer: ${most.dewey.toFixed(1)} ms, ${(most.dewey / most.ceiling).toFixed(2)} times the ceiling's (goal: at most 5)`,
  );
};

for (const kind of ["server", "embedded"] as const) {
  if (!flags.kinds.split(",").includes(kind)) continue;
  await using stage = await startStage(kind, environment);
  if (flags.messages !== undefined) {
    await fillBoth(stage, Number(flags.messages));
    continue;
  }
  await warmUp(stage);
  await compareAll(kind, stage);
  if (kind === "server" && modes.includes("thousand")) await thousand(stage);
}
