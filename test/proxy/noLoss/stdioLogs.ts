// The logs that the processes of an upstream have left, and those of the processes that run.
import * as fs from "node:fs/promises";
import { join } from "node:path";
import { Schema } from "effect";
import { type ConnectionLog, sessionIn } from "./logs.ts";

const decodeNote = Schema.decodeUnknownSync(
  Schema.fromJsonString(Schema.Tuple([Schema.Literals(["received", "sent"]), Schema.String])),
);

const startedAndPid = (name: string): readonly [number, number] => {
  const [, started, pid] = /^(\d+)-(\d+)\.log$/.exec(name) ?? [];
  return [Number(started), Number(pid)];
};

const readLog = async (path: string): Promise<ConnectionLog> => {
  const text = await fs.readFile(path, "utf8");
  const log: ConnectionLog = { session: undefined, isOrdered: true, sent: [], received: [] };
  // What follows the last end of a line is a note that its process did not finish.
  for (const line of text.split("\n").slice(0, -1)) {
    const [way, frame] = decodeNote(line);
    log[way].push(frame);
    if (way === "received") log.session ??= sessionIn(frame);
  }
  return log;
};

/** All logs of a folder, in the order in which the processes were started. */
export const readStdioLogs = async (folder: string): Promise<ReadonlyArray<ConnectionLog>> => {
  const names = (await fs.readdir(folder)).sort(
    (one, other) => startedAndPid(one)[0] - startedAndPid(other)[0],
  );
  return Promise.all(names.map((name) => readLog(join(folder, name))));
};

/** Kills every process that has a log and runs, at once. */
export const killStdioUpstreams = async (folder: string): Promise<void> => {
  const logged = new Set((await fs.readdir(folder)).map((name) => startedAndPid(name)[1]));
  const list = await Bun.$`ps -axww -o pid=,args=`.text();
  for (const line of list.split("\n")) {
    const pid = Number.parseInt(line, 10);
    if (!line.includes(folder) || !logged.has(pid)) continue;
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended since the list was made.
    }
  }
};
