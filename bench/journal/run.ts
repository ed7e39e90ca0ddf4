/**
 * Prints what a frame costs in the journal: a turn's frames as one row against a row a frame, at several frames a turn,
 * beside no journal at all; then the longest that the event loop stood still while a backlog was written and given back.
 */
import { Database } from "bun:sqlite";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Effect } from "effect";
import type { Entry } from "../../src/domain/Recording.ts";
import { Journal } from "../../src/services/Journal.ts";
import { middle } from "../support/figures.ts";

const { values: flags } = parseArgs({
  options: {
    rounds: { type: "string", default: "7" },
    frames: { type: "string", default: "20000" },
    backlog: { type: "string", default: "200" },
  },
});
const rounds = Number(flags.rounds);
const frames = Number(flags.frames);
const backlogMiB = Number(flags.backlog);
const turns = [1, 4, 16, 64, 256];

const payload = JSON.stringify({
  jsonrpc: "2.0",
  id: 12,
  method: "tools/call",
  params: { name: "read_context", arguments: { key: "x".repeat(150) } },
});

const dataDir = fs.mkdtempSync(join(tmpdir(), "dewey-bench-journal-"));
const stream = Bun.randomUUIDv7();

const makeEntry = (text: string): Entry => ({
  _tag: "Frame",
  stream,
  id: Bun.randomUUIDv7(),
  at: Date.now(),
  direction: "to_client",
  payload: text,
  redactions: 0,
});

/** Takes an entry in and calls back once it is kept; what is read is given back behind it, outside the measure. */
interface Subject {
  readonly name: string;
  readonly append: (entry: Entry, written: () => void) => void;
  readonly drain: () => Promise<void>;
}

/** What is left of the cost when nothing is written: the entry, its id, the callback and the turn. */
const noJournal = (): Subject => {
  let waiting: Array<() => void> = [];
  const flush = () => {
    const told = waiting;
    waiting = [];
    for (const tell of told) tell();
  };
  return {
    name: "no journal",
    append: (_, written) => {
      if (waiting.push(written) === 1) setImmediate(flush);
    },
    drain: () => Promise.resolve(),
  };
};

/** The plain way: a row a frame, in one transaction a turn, with the same settings of SQLite. */
const rowAFrame = (): Subject => {
  const database = new Database(join(dataDir, "rows.sqlite"));
  for (const pragma of ["locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = OFF"]) {
    database.run(`PRAGMA ${pragma}`);
  }
  database.run(
    "CREATE TABLE rows (number INTEGER PRIMARY KEY, stream TEXT, id TEXT, at REAL, direction TEXT, payload TEXT)",
  );
  const insert = database.prepare(
    "INSERT INTO rows (stream, id, at, direction, payload) VALUES (?, ?, ?, ?, ?)",
  );
  let waiting: Array<readonly [Entry, () => void]> = [];
  const write = database.transaction((entries: typeof waiting) => {
    for (const [entry] of entries) {
      if (entry._tag !== "Frame" || typeof entry.payload !== "string") continue;
      insert.run(entry.stream, entry.id, entry.at, entry.direction, entry.payload);
    }
  });
  const flush = () => {
    const entries = waiting;
    waiting = [];
    write(entries);
    for (const [, written] of entries) written();
  };
  return {
    name: "a row a frame",
    append: (entry, written) => {
      if (waiting.push([entry, written]) === 1) setImmediate(flush);
    },
    drain: () => {
      database.run("DELETE FROM rows");
      return Promise.resolve();
    },
  };
};

const drainOwn = (journal: Journal["Service"]) =>
  Effect.gen(function* () {
    let after = 0;
    while (journal.state().entries > 0) {
      const batch = yield* journal.own.read(after, { entries: 1000, bytes: 1024 * 1024 });
      after = batch?.through ?? after;
      yield* journal.own.release(after);
    }
  });

const subjectOf = (name: string, journal: Journal["Service"]): Subject => ({
  name,
  append: (entry, written) => journal.append(entry, written),
  drain: () => Effect.runPromise(drainOwn(journal)),
});

const measure = async (subject: Subject, perTurn: number) => {
  const count = perTurn === 1 ? frames / 4 : frames;
  const cpu = process.cpuUsage();
  const started = performance.now();
  for (let done = 0; done < count; done += perTurn) {
    const turn = Promise.withResolvers<void>();
    for (let index = 1; index <= perTurn; index++) {
      subject.append(makeEntry(payload), () => {
        if (index === perTurn) turn.resolve();
      });
    }
    await turn.promise;
  }
  const wall = ((performance.now() - started) * 1000) / count;
  const { system, user } = process.cpuUsage(cpu);
  await subject.drain();
  return { wall, cpu: (system + user) / count };
};

/** The longest time between two turns of the event loop until the work is done, in milliseconds. */
const longestStall = async (work: () => Promise<void>): Promise<number> => {
  let isDone = false;
  let longest = 0;
  let last = performance.now();
  const tick = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (!isDone) setImmediate(tick);
  };
  tick();
  await work();
  isDone = true;
  return longest;
};

/** Without what is being freed at the moment. */
const sizeOnDisk = () => {
  const folder = join(dataDir, "journal");
  return fs
    .readdirSync(folder)
    .filter((name) => !name.endsWith(".gone"))
    .reduce((sum, name) => sum + fs.statSync(join(folder, name)).size, 0);
};

const mebibytes = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(0)} MiB`;

const backlog = async (name: string, journal: Journal["Service"]) => {
  const text = payload.padEnd(2000, " ");
  const count = (backlogMiB * 1024 * 1024) / text.length;
  let kept = 0;
  const writing = await longestStall(async () => {
    for (let done = 0; done < count; done += 64) {
      const turn = Promise.withResolvers<void>();
      for (let index = 1; index <= 64; index++) {
        journal.append(makeEntry(text), (isKept) => {
          if (isKept) kept++;
          if (index === 64) turn.resolve();
        });
      }
      await turn.promise;
    }
  });
  const written = sizeOnDisk();
  const started = performance.now();
  const giving = await longestStall(() => Effect.runPromise(drainOwn(journal)));
  const seconds = (performance.now() - started) / 1000;
  console.log(
    `${name.padEnd(24)} ${mebibytes(written)} on the disk, longest stall ${writing.toFixed(1)} ms; read and released at ${(kept / seconds / 1000).toFixed(0)} thousand frames/s, longest stall ${giving.toFixed(1)} ms, ${mebibytes(sizeOnDisk())} left`,
  );
};

const withJournal = <A>(
  sync: "normal" | "full",
  work: (journal: Journal["Service"]) => Promise<A>,
) =>
  Effect.flatMap(Journal, (journal) => Effect.promise(() => work(journal))).pipe(
    Effect.provide(Journal.layer({ dataDir, sync, limitBytes: 1e12 })),
    Effect.scoped,
  );

await Effect.runPromise(
  withJournal("normal", (normal) =>
    Effect.runPromise(
      withJournal("full", async (full) => {
        const subjects = [
          noJournal(),
          rowAFrame(),
          subjectOf("the journal", normal),
          subjectOf("the journal, full sync", full),
        ];
        console.log(`µs a frame of ${payload.length} bytes, medians of ${rounds} rounds`);
        console.log(
          `${"frames a turn".padEnd(24)}${turns.map((turn) => String(turn).padStart(14)).join("")}`,
        );
        const results = new Map<string, Array<{ wall: number; cpu: number }>>();
        for (let round = 0; round <= rounds; round++) {
          for (const subject of subjects) {
            for (const turn of turns) {
              const result = await measure(subject, turn);
              // The first round is for the compiler.
              if (round === 0) continue;
              const key = `${subject.name} ${turn}`;
              results.set(key, [...(results.get(key) ?? []), result]);
            }
          }
        }
        for (const { name } of subjects) {
          const cells = turns.map((turn) => {
            const own = results.get(`${name} ${turn}`) ?? [];
            const wall = middle(own.map((each) => each.wall));
            return `${wall.toFixed(2)} (${middle(own.map((each) => each.cpu)).toFixed(2)})`;
          });
          console.log(`${name.padEnd(24)}${cells.map((cell) => cell.padStart(14)).join("")}`);
        }
        console.log("in brackets: the process's CPU, all threads\n");
        await backlog("the journal", normal);
        await backlog("the journal, full sync", full);
      }),
    ),
  ),
);
fs.rmSync(dataDir, { recursive: true });
