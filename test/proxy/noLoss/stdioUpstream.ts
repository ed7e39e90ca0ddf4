// An upstream on standard input and output: a program whose log, a file of its own in the folder that it is given, is
// written before anything is done, and so outlives its death. Arguments: the folder, and a seed.
import * as fs from "node:fs";
import { join } from "node:path";
import { wholeLinesOf } from "../../support/lines.ts";
import { makeChance } from "./chance.ts";
import { ToolServer } from "./ToolServer.ts";

const [, , folder = "", seed = "0"] = process.argv;
const log = fs.openSync(join(folder, `${Date.now()}-${process.pid}.log`), "a");
const note = (way: "received" | "sent", frame: string) =>
  fs.writeSync(log, `${JSON.stringify([way, frame])}\n`);

const server = new ToolServer(makeChance(Number(seed) + process.pid));
const send = (frame: string) => {
  note("sent", frame);
  process.stdout.write(`${frame}\n`);
};
// A line without its end is half a frame, of a Dewey that was killed.
for await (const line of wholeLinesOf(Bun.stdin.stream())) {
  note("received", line);
  server.receive(line, send);
}
process.exit(0);
