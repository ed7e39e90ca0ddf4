/**
 * Prints what it costs to look for secrets in frames, in nanoseconds a frame and microseconds a KB, beside what it costs
 * to parse the same frame as JSON.
 */
import { Effect } from "effect";
import { Redaction } from "../../src/services/Redaction.ts";

const { redact } = Effect.runSync(
  Effect.provide(Redaction, Redaction.layer({ enabled: true, patterns: [] })),
);

const result = (text: string) =>
  JSON.stringify({ jsonrpc: "2.0", id: 17, result: { content: [{ type: "text", text }] } });
const times = (text: string, bytes: number) => text.repeat(Math.ceil(bytes / text.length));
const MiB = 1024 * 1024;

const prose =
  "We passed the risk-averse task-force today; see https://example.org/a/b, and mail a@b.org.\n";
const code =
  'export const connect = (password: string, token = getToken()) =>\n  open({ user: "me", key: cacheKey(password) });\n';
const listing = {
  name: "read_file",
  description: "Reads a file. The path must be within the project.",
  inputSchema: {
    type: "object",
    properties: { path: { type: "string" }, password: { type: "string", description: "Of it." } },
    required: ["path"],
  },
};
const image = Buffer.from(
  Uint8Array.from({ length: (MiB * 3) / 4 }, (_, index) => (index * 2654435761) >>> 13),
).toString("base64");
const token = `ghp_${"a1B2".repeat(9)}`;

const frames: Readonly<Record<string, string>> = {
  "a call of 150 bytes": JSON.stringify({
    jsonrpc: "2.0",
    id: 17,
    method: "tools/call",
    params: {
      name: "read_file",
      arguments: { path: "src/index.ts", limit: 100 },
      _meta: { progressToken: 17 },
    },
  }),
  "a result of 1 KB": result(times(prose, 1024)),
  "a list of tools": JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    result: { tools: Array.from({ length: 40 }, () => listing) },
  }),
  "1 MB of prose": result(times(prose, MiB)),
  "1 MB of code": result(times(code, MiB)),
  "1 MB of Cyrillic": result(times("Привет, это обычный текст. ", MiB)),
  "1 MB of base64": result(image),
  "1 MB of \\u003c": result(times("<p>A paragraph of some page</p>", MiB)).replaceAll(
    "<",
    "\\u003c",
  ),
  "1 KB with a secret": result(`${times(prose, 1024)}${token}`),
  "1 MB, a secret a KB": result(times(`${times(prose, 1024)}${token}\n`, MiB)),
  "hostile: names": times('"key":"token":"password":', MiB),
  "hostile: quotes": times('password="', MiB),
  "hostile: prefixes": times(" ghp_ sk-ant- xoxb-", MiB),
  "hostile: near hits": times(`xoxb-${"a".repeat(60)} `, MiB),
  "hostile: URLs": times("a://b:c", MiB),
  "hostile: private keys": times("-----BEGIN PRIVATE KEY-----", MiB),
  "hostile: JWTs": times("eyJhbGciOiJI.", MiB),
  "hostile: no password": times("a.password=b.", MiB),
  "hostile: backslashes": `"password":"${times("\\", MiB)}`,
};

/** The best of several rounds: the machine does other things too. */
const nanoseconds = (frame: string | Uint8Array, run: (frame: string | Uint8Array) => unknown) => {
  const runs = Math.max(2, Math.ceil((MiB * 2) / frame.length));
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 7; round++) {
    const begun = Bun.nanoseconds();
    for (let i = 0; i < runs; i++) run(frame);
    best = Math.min(best, (Bun.nanoseconds() - begun) / runs);
  }
  return best;
};

const parse = (frame: string | Uint8Array): unknown => {
  try {
    return JSON.parse(String(frame));
  } catch {
    return undefined;
  }
};

const column = (value: number, digits: number) => value.toFixed(digits).padStart(14);
const line = "ns a frame".padStart(14) + "µs a KB".padStart(14) + "bytes, µs a KB".padStart(16);
console.log(`${"".padEnd(24)}${line}${"of JSON.parse".padStart(15)}`);
for (const [name, text] of Object.entries(frames)) {
  const bytes = Buffer.from(text);
  const kilobytes = bytes.length / 1024;
  const asText = nanoseconds(text, redact);
  const asBytes = nanoseconds(bytes, redact);
  const parsed = nanoseconds(text, parse);
  const figures = [
    column(asText, 0),
    column(asText / 1000 / kilobytes, 2),
    column(asBytes / 1000 / kilobytes, 2).padStart(16),
    column(asText / parsed, 2).padStart(15),
  ];
  console.log(`${name.padEnd(24)}${figures.join("")}`);
}
