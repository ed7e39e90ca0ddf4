// Thousands of frames and requests of every wrong kind over live sockets, against the program itself: it stays healthy,
// its memory flat, its log without a fault, and connections live on wherever the protocol lets them.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect } from "node:net";
import { Redacted } from "effect";
import fc from "fast-check";
import { parseJson } from "../../src/mcp/messages.ts";
import { type Program, runDewey } from "../cli/program.ts";
import { handshake } from "../http/sockets.ts";
import { seed } from "../support/property.ts";
import { openDatabase, type TestDatabase } from "../support/tools.ts";
import { frames, headers, texts } from "./frames.ts";

let database: TestDatabase;
let dewey: Program;
let at: string;

beforeAll(async () => {
  console.log(`fuzzing with DEWEY_TEST_SEED=${seed}`);
  database = await openDatabase();
  const { host = "", port = 5432, database: name, username = "", password } = database.address;
  dewey = runDewey(["start"], {
    DEWEY_LOG_LEVEL: "WARN",
    DEWEY_DB_HOST: host,
    DEWEY_DB_PORT: String(port),
    DEWEY_DB_NAME: name,
    DEWEY_DB_USER: username,
    DEWEY_DB_SSL: "disable",
    ...(password === undefined ? {} : { DEWEY_DB_PASSWORD: Redacted.value(password) }),
  });
  at = await dewey.serving();
}, 60_000);

afterAll(async () => {
  dewey.kill("SIGTERM");
  await dewey.exited;
  await database.drop();
});

const sample = <A>(arbitrary: fc.Arbitrary<A>, count: number, round: number): ReadonlyArray<A> =>
  fc.sample(arbitrary, { seed: seed + round, numRuns: count });

const residentMiB = (): number => {
  const { stdout } = Bun.spawnSync(["ps", "-o", "rss=", "-p", String(dewey.pid)]);
  return Number(stdout.toString()) / 1024;
};

/** What the process needs when the collector has been around: the least that is seen until it is little enough. */
const settledMiB = async (enough: number, seconds: number): Promise<number> => {
  const end = performance.now() + seconds * 1000;
  let least = residentMiB();
  while (least > enough && performance.now() < end) {
    await Bun.sleep(250);
    least = Math.min(least, residentMiB());
  }
  return least;
};

/** A connection that can be asked whether it lives, whatever was sent over it before. */
const openConnection = async () => {
  const socket = new WebSocket(`ws://${at}/mcp`, "mcp");
  const probes = new Map<string, (answered: boolean) => void>();
  let closed: number | undefined;
  socket.addEventListener("message", ({ data }) => {
    const message = parseJson(String(data));
    if (typeof message !== "object" || message === null || !("id" in message)) return;
    probes.get(String(message.id))?.(true);
  });
  socket.addEventListener("close", ({ code }) => {
    closed = code;
    for (const answer of probes.values()) answer(false);
  });
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", reject);
  });
  let last = 0;
  return {
    send: (frame: string | Uint8Array) => socket.send(frame),
    /** Whether a call is answered that is sent now; refusals for too many calls in flight are answers. */
    lives: () => {
      const id = `probe-${++last}`;
      const answer = new Promise<boolean>((resolve) => {
        if (closed === undefined) probes.set(id, resolve);
        else resolve(false);
      });
      socket.send(JSON.stringify({ jsonrpc: "2.0", id, method: "list_context", params: {} }));
      return answer.finally(() => probes.delete(id));
    },
    closeCode: () => closed,
    close: () => socket.close(),
  };
};

const fuzzSockets = async (count: number, round: number) => {
  const connections = await Promise.all([1, 2, 3].map(openConnection));
  const all = sample(frames, count, round);
  for (const [index, frame] of all.entries()) {
    const connection = connections[index % connections.length];
    connection?.send(frame);
    if (index % 50 === 0) {
      const alive = await Promise.all(connections.map(({ lives }) => lives()));
      expect({ index, alive, frame: String(frame).slice(0, 200) }).toMatchObject({
        alive: connections.map(() => true),
      });
    }
  }
  for (const { close } of connections) close();
};

/** Sends a request, and gives up its stream, if it has one, as soon as it has begun. */
const fuzzRequest = async (body: string, sent: Record<string, string>, method: string) => {
  const response = await fetch(`http://${at}/mcp`, {
    method,
    headers: sent,
    ...(method === "POST" && { body }),
    signal: AbortSignal.timeout(10_000),
  });
  await response.body?.cancel();
  return response.status;
};

const fuzzRequests = async (count: number, round: number) => {
  const bodies = sample(texts, count, round);
  const heads = sample(headers, count, round + 1);
  const methods = sample(
    fc.constantFrom("POST", "POST", "POST", "POST", "GET", "DELETE"),
    count,
    round,
  );
  const statuses = new Set<number>();
  for (let start = 0; start < count; start += 10) {
    const some = bodies.slice(start, start + 10).map((body, offset) => {
      const index = start + offset;
      return fuzzRequest(body, heads[index] ?? {}, methods[index] ?? "POST");
    });
    for (const status of await Promise.all(some)) statuses.add(status);
  }
  // Not one of the program's own faults.
  expect([...statuses].filter((status) => status >= 500)).toEqual([]);
  expect(statuses.size).toBeGreaterThan(3);
};

const isHealthy = async () => {
  const health = await fetch(`http://${at}/health`);
  await health.text();
  expect(health.status).toBe(200);
  const connection = await openConnection();
  expect(await connection.lives()).toBe(true);
  connection.close();
};

test("thousands of frames and requests leave it healthy, and its memory flat", async () => {
  await fuzzSockets(600, 1);
  await fuzzRequests(300, 2);
  const before = await settledMiB(0, 3);
  await fuzzSockets(3000, 3);
  await fuzzRequests(1500, 4);
  await isHealthy();
  const after = await settledMiB(before + 50, 20);
  console.log(
    `memory: ${before.toFixed(0)} MiB after warming up, ${after.toFixed(0)} MiB at the end`,
  );
  expect(after).toBeLessThanOrEqual(before + 50);
}, 90_000);

/** Sends bytes over a WebSocket as they are, and waits until it is closed; the code, if one was told. */
const sendRaw = (bytes: Buffer): Promise<number | undefined> =>
  new Promise((resolve) => {
    const [host = "", port = ""] = at.split(":");
    const socket = connect(Number(port), host);
    let came = Buffer.alloc(0);
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      const isOpen = came.includes("\r\n\r\n");
      came = Buffer.concat([came, chunk]);
      if (!isOpen && came.includes("\r\n\r\n")) socket.write(bytes);
    });
    socket.on("close", () => {
      const frame = came.subarray(came.indexOf("\r\n\r\n") + 4);
      resolve(frame[0] === 0x88 && frame.length >= 4 ? frame.readUInt16BE(2) : undefined);
    });
    socket.write(`${handshake("/mcp", "Sec-WebSocket-Protocol: mcp").join("\r\n")}\r\n\r\n`);
  });

const frameOf = (first: number, payload: Buffer, length = payload.length) =>
  Buffer.concat([Buffer.from([first, 0x80 | length, 0, 0, 0, 0]), payload]);

test.each([
  ["text that is no UTF-8", frameOf(0x81, Buffer.from([0x22, 0xff, 0xfe, 0x22]))],
  ["text that ends in the middle of a character", frameOf(0x81, Buffer.from([0xe2, 0x82]))],
  ["a frame of a kind that there is not", frameOf(0x83, Buffer.from("x"))],
  ["a continuation of nothing", frameOf(0x80, Buffer.from("x"))],
  ["a frame that is not masked", Buffer.from([0x81, 0x02, 0x7b, 0x7d])],
  ["a frame with bits that nobody agreed on", frameOf(0xf1, Buffer.from("{}"))],
  ["a length past all bounds", Buffer.from("81ff7fffffffffffffff0000000000", "hex")],
] as const)("%s closes the connection, and no other", async (_name, bytes) => {
  const other = await openConnection();
  const code = await sendRaw(Buffer.from(bytes));
  expect([undefined, 1002, 1006, 1007, 1009]).toContain(code);
  expect(await other.lives()).toBe(true);
  expect(other.closeCode()).toBeUndefined();
  other.close();
});

test("has logged no fault of its own", () => {
  expect(dewey.err.text).toBe("");
  const faults = dewey.out.text
    .split("\n")
    .filter((line) => /"level":"(WARN|ERROR|FATAL)"|unhandled/i.test(line));
  expect(faults).toEqual([]);
});
