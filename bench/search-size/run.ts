/**
 * Prints what searches cost among very many messages, beside what they cost among a tenth of them and beside `ts_rank`
 * over an expression index, in the same run; and what searches cost those who store meanwhile.
 */
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { Client } from "pg";
import { runDewey, temporaryFolder } from "../../test/cli/program.ts";
import { login, startPostgres } from "../../test/support/postgresServer.ts";
import { beginConversations } from "../store/door.ts";
import { middle, percentile } from "../support/figures.ts";
import {
  asFastAsTheyCan,
  atRate,
  type Call,
  type Clients,
  openClients,
  searchFor,
  storing,
} from "./clients.ts";
import {
  conversationOf,
  conversationsOfSession,
  queries,
  sessionOf,
  turnsOfConversation,
} from "./corpus.ts";
import { fill } from "./fill.ts";

const { values: flags } = parseArgs({
  options: {
    messages: { type: "string", default: "1000000" },
    rounds: { type: "string", default: "3" },
    milliseconds: { type: "string", default: "500" },
    clients: { type: "string", default: "1,16" },
    filters: { type: "string", default: "none,session,dates" },
    kinds: { type: "string", default: Object.keys(queries).join() },
    modes: { type: "string", default: "idle,storing,stores,baseline" },
    /** Fills the databases and waits, so that other runs may measure on the port that it prints. */
    keep: { type: "boolean", default: false },
    on: { type: "string" },
  },
});
const rounds = Number(flags.rounds);
const milliseconds = Number(flags.milliseconds);
const modes = flags.modes.split(",");
const sizes = {
  small: Math.ceil(Number(flags.messages) / 10),
  large: Number(flags.messages),
} as const;

type Size = keyof typeof sizes;
type Filter = "none" | "session" | "dates";

const kinds = Object.entries(queries).filter(([kind]) => flags.kinds.split(",").includes(kind));
const filters = (["none", "session", "dates"] as const).filter((filter) =>
  flags.filters.split(",").includes(filter),
);

const filled = async () => {
  const server = await startPostgres({
    settings: {
      fsync: "on",
      shared_buffers: "256MB",
      maintenance_work_mem: "256MB",
      max_wal_size: "4GB",
    },
  });
  for (const [size, messages] of Object.entries(sizes)) {
    const begin = performance.now();
    await fill(server, size, messages);
    console.log(
      `Filled with ${messages} messages in ${((performance.now() - begin) / 1000).toFixed(0)} s.`,
    );
  }
  return server;
};
await using server = flags.on === undefined ? await filled() : undefined;
const port = server?.port ?? Number(flags.on);
if (flags.keep) {
  console.log(`Waits for runs with --on=${port}, until it is ended.`);
  await new Promise<void>((resolve) => void process.once("SIGINT", () => resolve()));
  await server?.[Symbol.asyncDispose]();
  process.exit();
}

const loginTo = (database: Size) => ({ host: "127.0.0.1", port, ...login, database });

const deweyOn = async (database: Size, dataDir: string) => {
  const program = runDewey(["start"], {
    DEWEY_DB_HOST: "127.0.0.1",
    DEWEY_DB_PORT: String(port),
    DEWEY_DB_NAME: database,
    DEWEY_DB_USER: login.user,
    DEWEY_DB_PASSWORD: login.password,
    DEWEY_DATA_DIR: dataDir,
    DEWEY_LOG_LEVEL: "WARN",
  });
  const url = `ws://${await program.serving()}/mcp`;
  const clients = await openClients(url, 16);
  // Enough of them that a call at a fixed rate waits for no other call of its own session.
  const writers = await openClients(url, 64);
  const conversations = await beginConversations(url, writers.length);
  let stored = 0;
  const texts = Array.from({ length: 200 }, (_, index) => conversationOf(-1 - index)).flat();
  return {
    program,
    clients,
    writers,
    nextStore: (): Call => {
      stored += 1;
      return storing(
        conversations[stored % conversations.length] ?? "",
        texts[stored % texts.length]?.content ?? "",
      );
    },
    close: async () => {
      for (const client of [...clients, ...writers]) client.close();
      program.kill("SIGTERM");
      await program.exited;
    },
  };
};

await using folder = await temporaryFolder();
const targets = {
  small: await deweyOn("small", `${folder.path}/small`),
  large: await deweyOn("large", `${folder.path}/large`),
} as const;

const day = 24 * 60 * 60 * 1000;

/** The searches of a kind, one after the other. */
const searches = (size: Size, asked: ReadonlyArray<string>, filter: Filter): (() => Call) => {
  const sessions = sizes[size] / turnsOfConversation / conversationsOfSession;
  let made = 0;
  return () => {
    const query = asked[made % asked.length] ?? "";
    const session_id = sessionOf(((made * 7919) % sessions) * conversationsOfSession);
    made += 1;
    const narrow = {
      none: {},
      session: { session_id },
      dates: {
        start_date: new Date(Date.now() - 20 * day).toISOString(),
        end_date: new Date(Date.now() - 10 * day).toISOString(),
      },
    }[filter];
    return searchFor({ query, include_content: false, ...narrow });
  };
};

const row = (cells: ReadonlyArray<string | number>) =>
  console.log(
    cells
      .map((cell, index) => {
        const text = typeof cell === "number" ? cell.toFixed(cell < 100 ? 1 : 0) : cell;
        return index === 0 ? text.padEnd(34) : text.padStart(11);
      })
      .join(""),
  );

/** What is stored by half of what can be, while something else is done; how long each store took. */
const whileStoring = async (size: Size, perSecond: number, work: () => Promise<unknown>) => {
  const { writers, nextStore } = targets[size];
  const stop = new AbortController();
  const stores = atRate(writers, perSecond, nextStore, stop.signal);
  try {
    await work();
  } finally {
    stop.abort();
  }
  return await stores;
};

const reachedAlone = async (size: Size): Promise<number> => {
  const { writers, nextStore } = targets[size];
  const some = writers.slice(0, 16);
  await asFastAsTheyCan(some, 1000, nextStore);
  const begin = performance.now();
  const times = await asFastAsTheyCan(some, 3000, nextStore);
  return (1000 * times.length) / (performance.now() - begin);
};

const compareSizes = async (clients: number, filter: Filter, perSecond: number | undefined) => {
  const where = { none: "over everything", session: "in a session", dates: "in ten days" }[filter];
  const meanwhile =
    perSecond === undefined ? "" : `, beside ${perSecond.toFixed(0)} stores a second`;
  console.log(
    `\n${clients} ${clients === 1 ? "client" : "clients"}, ${where}${meanwhile} (load of the machine: ${loadavg()[0]?.toFixed(1)})`,
  );
  row(["ms", "small p50", "p95", "large p50", "p95", "ratio of p50"]);
  for (const [kind, asked] of kinds) {
    const times: Record<Size, Array<ReadonlyArray<number>>> = { small: [], large: [] };
    for (let round = 0; round < rounds; round++) {
      for (const size of ["small", "large"] as const) {
        const next = searches(size, asked, filter);
        const some: Clients = targets[size].clients.slice(0, clients);
        const measure = async () => {
          times[size].push(await asFastAsTheyCan(some, milliseconds, next));
        };
        if (perSecond === undefined) await measure();
        else await whileStoring(size, perSecond, measure);
      }
    }
    const ratios = times.small.flatMap((low, round) =>
      times.large.slice(round, round + 1).map((high) => middle(high) / middle(low)),
    );
    row([
      kind,
      ...(["small", "large"] as const).flatMap((size) => [
        percentile(times[size].flat(), 0.5),
        percentile(times[size].flat(), 0.95),
      ]),
      // Of the same round each: what else the machine does changes from minute to minute.
      middle(ratios).toFixed(2),
    ]);
  }
};

const searchesASecond = 20;

const compareStores = async (perSecond: number) => {
  console.log(
    `\n${perSecond.toFixed(0)} stores a second among ${sizes.large} messages (load of the machine: ${loadavg()[0]?.toFixed(1)})`,
  );
  row(["ms", "p50", "p95", "p99"]);
  const all = kinds.flatMap(([, asked]) =>
    filters.map((filter) => searches("large", asked, filter)),
  );
  let made = 0;
  const nextSearch = (): Call => {
    made += 1;
    return all[made % all.length]?.() ?? searchFor({ query: "" });
  };
  const alone: Array<ReadonlyArray<number>> = [];
  const beside: Array<ReadonlyArray<number>> = [];
  const found: Array<number> = [];
  for (let round = 0; round < rounds; round++) {
    alone.push(await whileStoring("large", perSecond, () => Bun.sleep(10 * milliseconds)));
    beside.push(
      await whileStoring("large", perSecond, async () => {
        const stop = AbortSignal.timeout(10 * milliseconds);
        found.push(...(await atRate(targets.large.clients, searchesASecond, nextSearch, stop)));
      }),
    );
  }
  const shares = [0.5, 0.95, 0.99];
  const cells = (runs: ReadonlyArray<ReadonlyArray<number>>) =>
    shares.map((share) => middle(runs.map((times) => percentile(times, share))));
  row(["stores alone", ...cells(alone)]);
  row([`beside ${searchesASecond} searches a second`, ...cells(beside)]);
  row(["those searches", ...cells([found])]);
  const ratios = alone.flatMap((times, round) =>
    beside
      .slice(round, round + 1)
      .map((other) => percentile(other, 0.99) / percentile(times, 0.99)),
  );
  console.log(
    `p99 beside searches: ${middle(ratios).toFixed(2)} times that alone (goal: at most 2)`,
  );
};

/** What a search would be without a ranking of one's own: an index over the text, `ts_rank`, and a count. */
const compareBaseline = async () => {
  const client = new Client(loginTo("large"));
  await client.connect();
  try {
    await client.query("SET maintenance_work_mem = '256MB'");
    await client.query(
      "CREATE INDEX IF NOT EXISTS baseline ON messages USING gin (to_tsvector('english', content))",
    );
    await client.query("ANALYZE messages");
    const own: Array<number> = [];
    const other: Array<number> = [];
    const asked = queries["a frequent word"];
    const next = searches("large", asked, "none");
    for (let round = 0; round < rounds; round++) {
      own.push(...(await asFastAsTheyCan(targets.large.clients.slice(0, 1), milliseconds, next)));
      const begin = performance.now();
      await client.query(
        `SELECT m.id, left(m.content, 240), ts_rank(to_tsvector('english', m.content), q) AS rank, count(*) OVER () AS total
         FROM messages m, plainto_tsquery('english', $1) q
         WHERE to_tsvector('english', m.content) @@ q AND m.space = 'default'
         ORDER BY rank DESC, m.created_at DESC LIMIT 20`,
        [asked[round % asked.length]],
      );
      other.push(performance.now() - begin);
    }
    console.log(
      `\nA frequent word among ${sizes.large} messages: ${middle(own).toFixed(1)} ms, by ts_rank over an expression index with a count ${middle(other).toFixed(0)} ms: ${(middle(other) / middle(own)).toFixed(1)} times as fast (goal: at least 5)`,
    );
  } finally {
    await client.query("DROP INDEX IF EXISTS baseline");
    await client.end();
  }
};

const half = modes.some((mode) => mode === "storing" || mode === "stores")
  ? (await reachedAlone("large")) / 2
  : 0;
if (half > 0)
  console.log(`\nHalf of the stores that 16 clients reach alone: ${half.toFixed(0)} a second`);
for (const clients of flags.clients.split(",").map(Number)) {
  for (const filter of filters) {
    if (modes.includes("idle")) await compareSizes(clients, filter, undefined);
    if (modes.includes("storing")) await compareSizes(clients, filter, half);
  }
}
if (modes.includes("stores")) await compareStores(half);
if (modes.includes("baseline")) await compareBaseline();

await targets.small.close();
await targets.large.close();
