// A data folder of a test's own, and the processes on it; all of it is gone at the end.
import { randomUUID } from "node:crypto";
import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PgConnection } from "@effect/sql-pg";
import { Effect, Schema } from "effect";
import { DatabaseLocation } from "../../../src/sql/embedded/keeperProtocol.ts";

const Said = Schema.fromJsonString(
  Schema.Union([
    Schema.TaggedStruct("Serving", { location: DatabaseLocation }),
    Schema.TaggedStruct("Refused", { message: Schema.String }),
    Schema.TaggedStruct("Stored", { line: Schema.String }),
  ]),
);
const decodeSaid = Schema.decodeUnknownSync(Said);
type Said = typeof Said.Type;

const holderPath = fileURLToPath(new URL("./leaseHolder.ts", import.meta.url));

/** What a holder process is run with; a user only where the test itself is root. */
export interface HolderOptions {
  readonly lingerMillis?: number;
  readonly durable?: boolean;
  readonly waitForStop?: boolean;
  readonly cacheDir?: string;
  readonly uid?: number;
  readonly env?: Record<string, string | undefined>;
  readonly detached?: boolean;
  /** A command to run it under. */
  readonly under?: ReadonlyArray<string>;
}

/** A process that holds a lease. */
export interface Holder {
  readonly pid: number;
  /** The next line it prints; fails when it ended before. */
  readonly next: () => Promise<Said>;
  readonly store: (line: string) => void;
  /** Lets it leave as a Dewey that was asked to stop does, and waits for its end. */
  readonly leave: () => Promise<number>;
  /** SIGKILL, and waits for its end. */
  readonly kill: () => Promise<void>;
}

/** One test's data folder. */
export interface Sandbox extends AsyncDisposable {
  readonly dataDir: string;
  readonly start: (options?: HolderOptions) => Holder;
  /** Starts a holder and waits until the database serves it. */
  readonly serve: (options?: HolderOptions) => Promise<[Holder, DatabaseLocation]>;
  /** The processes that keep or serve this folder. */
  readonly keepers: () => Promise<ReadonlyArray<number>>;
  readonly postmasters: () => Promise<ReadonlyArray<number>>;
  /** Both, and whatever they run. */
  readonly processes: () => Promise<ReadonlyArray<number>>;
  /** SIGKILL to all of them and to the holders, so that none sees another go first. */
  readonly killEverything: () => Promise<void>;
  /** Waits until none of them is left. */
  readonly untilStopped: () => Promise<void>;
}

/** Whether this run may become other users. */
export const isRoot = process.getuid?.() === 0;

/** Sends a signal to a process that may have ended since it was listed. */
const tell = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal);
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause && cause.code === "ESRCH")) throw cause;
  }
};

/** Runs one statement on a connection of its own. */
export const query = (location: DatabaseLocation, statement: string) =>
  PgConnection.make(location).pipe(
    Effect.flatMap((connection) => connection.queryValues(statement)),
    Effect.scoped,
    Effect.runPromise,
  );

/** Waits until a condition holds that no event tells of, such as the state of a foreign process. */
export const until = async (
  what: string,
  holds: () => Promise<boolean>,
  seconds = 20,
  pauseMillis = 20,
) => {
  const deadline = performance.now() + seconds * 1_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`Waited ${seconds} s in vain until ${what}`);
    await Bun.sleep(pauseMillis);
  }
};

const processList = async () => {
  const listing = Bun.spawn(["ps", "-axww", "-o", "pid=,stat=,command="], { stdout: "pipe" });
  const text = await listing.stdout.text();
  return text.split("\n").flatMap((line) => {
    const [, pid, state, command] = /^\s*(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    return pid === undefined || state === undefined || command === undefined
      ? []
      : state.startsWith("Z")
        ? []
        : [{ pid: Number(pid), command }];
  });
};

const startHolder = (dataDir: string, options: HolderOptions): Holder => {
  const { uid, env, detached, under = [], ...rest } = options;
  const child = Bun.spawn(
    [
      ...under,
      process.execPath,
      holderPath,
      JSON.stringify({ dataDir, lingerMillis: 200, durable: true, ...rest }),
    ],
    {
      ...(uid === undefined ? {} : { uid, gid: uid }),
      cwd: "/",
      env: env ?? process.env,
      detached: detached ?? false,
      stdin: "pipe",
      stdout: "pipe",
      stderr: "inherit",
    },
  );
  const lines = linesOf(child.stdout);
  return {
    pid: child.pid,
    next: async () => {
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`The holder ended with ${await child.exited}`);
      return decodeSaid(value);
    },
    store: (line) => {
      void child.stdin.write(`${line}\n`);
      void child.stdin.flush();
    },
    leave: async () => {
      await child.stdin.end();
      return child.exited;
    },
    kill: async () => {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
};

async function* linesOf(stream: ReadableStream<Uint8Array>) {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

/** Makes a data folder's place; `below` adds folders between it and the temporary folder. */
export const makeSandbox = async (below = ""): Promise<Sandbox> => {
  const base = join(await fs.realpath(tmpdir()), `dewey-sandbox-${randomUUID().slice(0, 8)}`);
  const parent = join(base, below);
  await fs.mkdir(parent, { recursive: true, mode: 0o755 });
  const dataDir = join(parent, "data");
  const holders: Array<Holder> = [];
  const find = async (word: string) =>
    (await processList())
      .filter(({ command }) => command.includes(word) && !command.includes("leaseHolder"))
      .map(({ pid }) => pid);
  const processes = () => find(dataDir);
  const keepers = () => find(`--data-dir=${dataDir}`);
  const postmasters = () => find(`-D ${dataDir}/postgres `);
  const start = (options: HolderOptions = {}) => {
    const holder = startHolder(dataDir, options);
    holders.push(holder);
    return holder;
  };
  const untilStopped = () =>
    until(`nothing keeps or serves ${dataDir}`, async () => (await processes()).length === 0);
  return {
    dataDir,
    start,
    serve: async (options) => {
      const holder = start(options);
      const said = await holder.next();
      if (said._tag !== "Serving") throw new Error(`Not served: ${JSON.stringify(said)}`);
      return [holder, said.location];
    },
    keepers,
    postmasters,
    processes,
    killEverything: async () => {
      for (const pid of await processes()) tell(pid, "SIGKILL");
      await Promise.all(holders.map((holder) => holder.kill()));
    },
    untilStopped,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(holders.map((holder) => holder.kill()));
      // Asked to end, a keeper does not linger.
      for (const pid of await keepers()) tell(pid, "SIGTERM");
      await until("the keepers have gone", async () => (await keepers()).length === 0);
      // A test that failed between killing a keeper and getting the next leaves one to nobody.
      for (const pid of await postmasters()) tell(pid, "SIGINT");
      await untilStopped();
      await fs.rm(base, { recursive: true, force: true });
    },
  };
};
