import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { accessWith } from "../support/access.ts";
import { type LiveProxy, startLiveProxy } from "./liveProxy.ts";
import { messageOf, pidIn } from "./message.ts";
import { openClient, type SocketClient, type SocketUpstream, startUpstream } from "./socketEnds.ts";

const program = join(import.meta.dir, "stagedProgram.ts");
const connectBounds = { wait: "20 millis", longestWait: "50 millis" } as const;

const processEntry = { command: process.execPath, args: [program] };

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

const untilDead = async (pid: number) => {
  while (isAlive(pid)) await Bun.sleep(5);
};

const pidOf = async (client: SocketClient, id: number): Promise<number> => {
  client.request(id, "who");
  const answer = await client.message();
  expect(answer.id).toBe(id);
  return pidIn(answer);
};

describe("a program as upstream", () => {
  let proxy: LiveProxy;
  beforeAll(async () => {
    proxy = await startLiveProxy({ kid: processEntry }, { connectBounds });
  }, 60_000);
  afterAll(() => proxy.close(), 60_000);

  test("is one for each client, and ends with it", async () => {
    const [one, other] = [await openClient(proxy.ws("kid")), await openClient(proxy.ws("kid"))];
    const pids = [await pidOf(one, 1), await pidOf(other, 1)];
    expect(pids[0]).not.toBe(pids[1]);
    one.close();
    await untilDead(pids[0] ?? 0);
    expect(await pidOf(other, 2)).toBe(pids[1] ?? 0);
    other.close();
    await untilDead(pids[1] ?? 0);
  });

  test("that crashes is started again, and the session goes on", async () => {
    const client = await openClient(proxy.ws("kid"));
    const before = await pidOf(client, 1);
    client.request(2, "silence");
    client.request(3, "crash");
    const errors = [await client.message(), await client.message()];
    expect(errors).toMatchObject([
      { id: 2, error: { code: -32_000, data: { retryable: true } } },
      { id: 3, error: { code: -32_000, data: { retryable: true } } },
    ]);
    expect(await pidOf(client, 4)).not.toBe(before);
    client.close();
  });
});

describe("the definition of an upstream", () => {
  let proxy: LiveProxy;
  let before: SocketUpstream;
  let after: SocketUpstream;
  beforeAll(async () => {
    [before, after] = [await startUpstream(), await startUpstream()];
    proxy = await startLiveProxy(
      { moving: { type: "ws", url: before.url }, staying: { type: "ws", url: before.url } },
      { connectBounds },
    );
  }, 60_000);
  afterAll(async () => {
    await proxy.close();
    await before[Symbol.asyncDispose]();
    await after[Symbol.asyncDispose]();
  }, 60_000);

  test("that changes or goes is followed by its clients, and by no other's", async () => {
    const staying = await openClient(proxy.ws("staying"));
    const stayingServer = await before.connections.next();
    const moving = await openClient(proxy.ws("moving"));
    const movingServer = await before.connections.next();
    moving.request(1, "slow");
    await movingServer.message();
    await proxy.configure({
      moving: { type: "ws", url: after.url },
      staying: { type: "ws", url: before.url },
    });
    expect(await moving.message()).toMatchObject({
      id: 1,
      error: { code: -32_000, data: { retryable: true, upstream: "moving" } },
    });
    await movingServer.closed;
    const moved = await after.connections.next();
    moving.request(2, "next");
    expect(await moved.message()).toMatchObject({ id: 2, method: "next" });

    await proxy.configure({ staying: { type: "ws", url: before.url } });
    expect(await moving.message()).toMatchObject({ id: 2, error: { code: -32_000 } });
    expect(await moving.closed).toEqual({
      code: 1001,
      reason: 'The upstream "moving" was taken out of the configuration.',
    });
    await moved.closed;
    staying.request(3, "still");
    expect(await stayingServer.message()).toMatchObject({ id: 3 });
    staying.close();
  });
});

describe("a slow side", () => {
  const megabyte = 1024 * 1024;
  /** 40 MB in all, far more than may wait. */
  const frame = (number: number) =>
    JSON.stringify({ jsonrpc: "2.0", method: "fill", params: { number, x: "x".repeat(100_000) } });
  const count = 400;

  let proxy: LiveProxy;
  let upstream: SocketUpstream;
  beforeAll(async () => {
    upstream = await startUpstream();
    proxy = await startLiveProxy({ one: { type: "ws", url: upstream.url } }, { connectBounds });
  }, 60_000);
  afterAll(async () => {
    await proxy.close();
    await upstream[Symbol.asyncDispose]();
  }, 60_000);

  /** Waits until nothing moves any more. */
  const untilStill = async (look: () => number) => {
    for (let [was, now] = [-1, look()]; was !== now; [was, now] = [now, look()]) {
      await Bun.sleep(200);
    }
    return look();
  };

  test("stops the other one: an upstream that does not read", async () => {
    const client = await openClient(proxy.ws("one"));
    const server = await upstream.connections.next();
    server.pause();
    for (let number = 0; number < count; number++) client.send(frame(number));
    expect(await untilStill(() => client.socket.bufferedAmount)).toBeGreaterThan(10 * megabyte);
    // Meanwhile others pass, and so does the other direction.
    const other = await openClient(proxy.ws("one"));
    const otherServer = await upstream.connections.next();
    other.notify("others");
    expect(await otherServer.message()).toMatchObject({ method: "others" });
    server.send('{"jsonrpc":"2.0","method":"back"}');
    expect(await client.message()).toMatchObject({ method: "back" });
    server.resume();
    for (let number = 0; number < count; number++) {
      expect(await server.received.next()).toBe(frame(number));
    }
    other.close();
    client.close();
    await server.closed;
  });

  test("stops the other one: a client that does not read", async () => {
    const client = await openClient(proxy.ws("one"));
    const server = await upstream.connections.next();
    client.socket.pause();
    for (let number = 0; number < count; number++) server.send(frame(number));
    expect(await untilStill(() => server.bufferedBytes)).toBeGreaterThan(10 * megabyte);
    client.notify("forth");
    expect(await server.message()).toMatchObject({ method: "forth" });
    client.socket.resume();
    for (let number = 0; number < count; number++) {
      expect(await client.received.next()).toBe(frame(number));
    }
    client.close();
    await server.closed;
  });
});

describe("the shutdown", () => {
  test("lets requests in flight finish, refuses new ones, and then says goodbye", async () => {
    await using upstream = await startUpstream();
    const proxy = await startLiveProxy({ one: { type: "ws", url: upstream.url } });
    const client = await openClient(proxy.ws("one"));
    const server = await upstream.connections.next();
    const listener = await openClient(proxy.ws("one"));
    const listenerServer = await upstream.connections.next();
    // A stream that ends only with its session is nothing to wait for.
    listener.request("l", "subscriptions/listen");
    await listenerServer.message();
    client.request(1, "slow");
    await server.message();
    const stopped = proxy.stop();
    while (!proxy.drain.isDraining()) await Bun.sleep(1);
    client.request(2, "late");
    expect(await client.message()).toMatchObject({
      id: 2,
      error: { code: -32_000, data: { retryable: true } },
    });
    server.send('{"jsonrpc":"2.0","id":1,"result":{}}');
    expect(await client.message()).toEqual({ jsonrpc: "2.0", id: 1, result: {} });
    expect(await client.closed).toEqual({ code: 1001, reason: "Dewey is shutting down." });
    await stopped;
    await Promise.all([server.closed, listenerServer.closed]);
    expect(server.received.rest).toEqual([]);
    const frames = await proxy.frames();
    const ids = frames.map(({ payload }) => String(messageOf(payload).id));
    expect(ids.toSorted()).toEqual(["1", "1", "2", "2", "l"]);
    await proxy.close();
  });

  test("cuts off what takes longer than it may", async () => {
    await using upstream = await startUpstream();
    const proxy = await startLiveProxy(
      { one: { type: "ws", url: upstream.url } },
      { listen: { shutdownTimeout: "100 millis" } },
    );
    const client = await openClient(proxy.ws("one"));
    const server = await upstream.connections.next();
    client.request(1, "endless");
    await server.message();
    await proxy.stop();
    expect(await client.closed).toMatchObject({ code: 1001 });
    await server.closed;
    await proxy.close();
  });
});

test("who has no token with the scope proxy is not let in", async () => {
  await using upstream = await startUpstream();
  const proxy = await startLiveProxy(
    { one: { type: "ws", url: upstream.url } },
    { access: accessWith("a:token-a:proxy:team-a, b:token-b:read+write:team-b") },
  );
  const client = await openClient(proxy.ws("one"), { Authorization: "Bearer token-a" });
  const server = await upstream.connections.next();
  expect(server.headers.has("authorization")).toBe(false);
  client.request(1, "tools/call", { name: "x" });
  await server.message();
  for (const headers of [{ Authorization: "Bearer token-b" }, {}]) {
    expect(openClient(proxy.ws("one"), headers)).rejects.toThrow("refused");
  }
  client.close();
  await server.closed;
  await proxy.recorded();
  expect(await proxy.db.rows("SELECT DISTINCT space FROM frames")).toEqual([{ space: "team-a" }]);
  await proxy.close();
});

test("a journal that is full loses what it cannot keep, and nobody is stopped", async () => {
  await using upstream = await startUpstream((frame, connection) => connection.send(frame));
  const proxy = await startLiveProxy(
    { one: { type: "ws", url: upstream.url } },
    { journal: { limitBytes: 1024 * 1024 } },
  );
  const client = await openClient(proxy.ws("one"));
  const large = JSON.stringify({ jsonrpc: "2.0", method: "m", params: "y".repeat(900_000) });
  for (let sent = 0; sent < 20; sent++) client.send(large);
  for (let got = 0; got < 20; got++) expect(await client.received.next()).toBe(large);
  expect(proxy.journal.state().lost).toBeGreaterThan(0);
  client.close();
  await proxy.close();
});

test("a journal that survives the loss of power passes frames in order too", async () => {
  await using upstream = await startUpstream((frame, connection) => connection.send(frame));
  const proxy = await startLiveProxy(
    { one: { type: "ws", url: upstream.url } },
    { journal: { sync: "full" } },
  );
  const client = await openClient(proxy.ws("one"));
  for (let id = 0; id < 2000; id++) client.request(id, "n");
  for (let id = 0; id < 2000; id++) expect(await client.message()).toMatchObject({ id });
  client.close();
  await proxy.close();
});

test("a thousand sessions at once keep to themselves, and leave nothing open", async () => {
  await using upstream = await startUpstream((frame, connection) => connection.send(frame));
  const proxy = await startLiveProxy({ one: { type: "ws", url: upstream.url } });
  const clients = await Promise.all(
    Array.from({ length: 1000 }, () => openClient(proxy.ws("one"))),
  );
  for (const [index, client] of clients.entries()) client.notify("mine", { index });
  for (const [index, client] of clients.entries()) {
    expect(await client.message()).toMatchObject({ params: { index } });
  }
  expect((await proxy.report())["one"]?.connections).toBe(1000);
  for (const client of clients) client.close();
  while (((await proxy.report())["one"]?.connections ?? 0) > 0) await Bun.sleep(10);
  await proxy.close();
}, 30_000);
