// The feed of changes where the database goes away, freezes, or is behind something that passes no notifications.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { createConnection, createServer } from "node:net";
import { until } from "../sql/embedded/sandbox.ts";
import { follow } from "../support/changes.ts";
import { addressOf, type PostgresServer, startPostgres } from "../support/postgresServer.ts";
import { migrateAt, openProcess, type Process } from "../support/tools.ts";

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
  await migrateAt(addressOf(server));
}, 30_000);
afterAll(() => server[Symbol.asyncDispose]());

const open = async (port = server.port) => {
  const process = await openProcess({ ...addressOf(server), port });
  return { ...process, [Symbol.asyncDispose]: process.close };
};

const write = (process: Process, key: string) =>
  process.call("write_context", { key, content: "text" });

const warning = "not told to subscribers for now";
const count = ({ logs }: Process, text: string) =>
  logs.filter((line) => line.includes(text)).length;

test("a restart of the database is a resync for every subscriber, and changes are told again", async () => {
  await using one = await open();
  await using two = await open();
  await using here = await follow(one);
  await using there = await follow(two);
  await write(one, "before");
  await Promise.all([here.untilNamed("before"), there.untilNamed("before")]);
  await server.stop();
  await until("both processes have noticed", async () =>
    [one, two].every((process) => count(process, warning) === 1),
  );
  expect(await one.attempt("write_context", { key: "lost", content: "text" })).toBe("UNAVAILABLE");
  await server.start();
  await Promise.all([here.untilResync(), there.untilResync()]);
  await until("the pool is used again", async () => one.run(one.database.reachable));
  await write(one, "after");
  await Promise.all([here.untilNamed("after"), there.untilNamed("after")]);
  expect(count(two, warning)).toBe(1);
}, 30_000);

test("who subscribes while the database is away is told once it is back", async () => {
  await using one = await open();
  await server.stop();
  await using here = await follow(one);
  await server.start();
  await here.untilResync();
  await until("the pool is used again", async () => one.run(one.database.reachable));
  await write(one, "first");
  await here.untilNamed("first");
}, 30_000);

test("a server that falls silent is noticed, and what it told nobody of is a resync", async () => {
  await using one = await open();
  await using here = await follow(one);
  await server.freeze();
  await until("the silence is noticed", async () => count(one, warning) === 1, 25);
  await server.thaw();
  await here.untilResync();
}, 45_000);

test("to leave takes no answer of the server", async () => {
  await using one = await open();
  const here = await follow(one);
  await server.freeze();
  const started = performance.now();
  await here.leave();
  expect(performance.now() - started).toBeLessThan(1000);
  await server.thaw();
}, 15_000);

/** Passes on all but the notifications, as a pooler does that lends sessions to many clients. */
const openDeafRelay = async () => {
  const notification = "A".charCodeAt(0);
  const relay = createServer((client) => {
    const upstream = createConnection(server.port, "127.0.0.1");
    let waiting = Buffer.alloc(0);
    upstream.on("data", (chunk: Buffer) => {
      waiting = Buffer.concat([waiting, chunk]);
      while (waiting.length >= 5 && waiting.length > waiting.readUInt32BE(1)) {
        const end = 1 + waiting.readUInt32BE(1);
        if (waiting[0] !== notification) client.write(waiting.subarray(0, end));
        waiting = waiting.subarray(end);
      }
    });
    client.pipe(upstream);
    for (const [socket, peer] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      socket.on("error", () => peer.destroy());
      socket.on("close", () => peer.destroy());
    }
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  relay.listen(0, "127.0.0.1", resolve);
  await promise;
  const address = relay.address();
  if (address === null || typeof address === "string") throw new Error("The relay has no port.");
  return { port: address.port, [Symbol.asyncDispose]: async () => void relay.close() };
};

test("behind a pooler that passes no notifications, all else works, and one line says so", async () => {
  await using relay = await openDeafRelay();
  await using two = await open();
  await using there = await follow(two);
  await using deaf = await open(relay.port);
  for (const key of ["one", "two"]) {
    await using here = await follow(deaf);
    await write(deaf, key);
    // Its own changes are told, and others hear of them.
    await Promise.all([here.untilNamed(key), there.untilNamed(key)]);
  }
  expect(count(deaf, warning)).toBe(1);
  expect(deaf.logs.find((line) => line.includes(warning))).toContain("pooler");
}, 20_000);
