// A program behind the proxy that speaks over its pipes: it answers every request with who it is, and does what it is
// told: `crash` ends it at once, and `silence` is never answered. When its input has ended it says so, and ends.
import { createInterface } from "node:readline";
import { messageOf } from "./message.ts";

for await (const line of createInterface({ input: process.stdin })) {
  const { id, method } = messageOf(line);
  if (method === "crash") process.exit(3);
  if (id === undefined || method === "silence") continue;
  const { pid } = process;
  const result = { pid, folder: process.cwd(), mark: process.env["MARK"] ?? null };
  process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", id, result })}\n`);
}
process.stdout.write('{"jsonrpc":"2.0","method":"notifications/farewell"}\n');
