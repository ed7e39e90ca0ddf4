import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type LiveProxy, startLiveProxy } from "./liveProxy.ts";
import {
  openClient,
  type SocketClient,
  type SocketUpstream,
  startUpstream,
  type UpstreamConnection,
} from "./socketEnds.ts";

const connectBounds = {
  tries: 4,
  wait: "20 millis",
  longestWait: "50 millis",
  coolDown: "1 second",
} as const;

let upstream: SocketUpstream;
let proxy: LiveProxy;

beforeAll(async () => {
  upstream = await startUpstream();
  proxy = await startLiveProxy(
    {
      one: { type: "ws", url: upstream.url },
      closing: { type: "ws", url: upstream.url, onRestart: "close" },
    },
    { connectBounds },
  );
}, 60_000);

afterAll(async () => {
  await proxy.close();
  await upstream[Symbol.asyncDispose]();
}, 60_000);

interface Ends {
  readonly client: SocketClient;
  readonly server: UpstreamConnection;
}

const connect = async (name = "one"): Promise<Ends> => {
  const client = await openClient(proxy.ws(name));
  return { client, server: await upstream.connections.next() };
};

const capabilities = {
  tools: { listChanged: true },
  resources: { listChanged: true, subscribe: true },
  prompts: {},
};

const answer = (server: UpstreamConnection, id: unknown, result: object = {}) =>
  server.send(JSON.stringify({ jsonrpc: "2.0", id, result }));

const initialize =
  '{ "jsonrpc":"2.0","id":"init\\u0021","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"},"_meta":{"x":1.0}} }';

/** Opens a session of the older era. */
const openSession = async (name = "one"): Promise<Ends> => {
  const ends = await connect(name);
  const { client, server } = ends;
  client.send(initialize);
  await server.message();
  answer(server, "init!", { protocolVersion: "2025-11-25", capabilities });
  await client.message();
  client.notify("notifications/initialized");
  await server.message();
  return ends;
};

const leave = async ({ client, server }: Ends) => {
  client.close();
  await server.closed;
};

/** The texts of recorded events of the one conversation in which the word was said. */
const eventsAfter = async (word: string) => {
  await proxy.recorded();
  const rows = await proxy.db.rows(
    `SELECT m.content FROM messages m
     WHERE m.role = 'system' AND m.conversation_id = (
       SELECT conversation_id FROM frames
       WHERE position(convert_to($1, 'UTF8') IN payload) > 0 LIMIT 1)
     ORDER BY m.turn_number`,
    [word],
  );
  return rows.map(({ content }) => String(content));
};

describe("an upstream that cannot be reached", () => {
  test("is waited for: what the client sent meanwhile arrives once, in order", async () => {
    await upstream.stop();
    const client = await openClient(proxy.ws("one"));
    client.request(1, "first");
    client.notify("second");
    client.request(3, "third");
    upstream.start();
    const server = await upstream.connections.next();
    expect(await server.message()).toMatchObject({ id: 1, method: "first" });
    expect(await server.message()).toMatchObject({ method: "second" });
    expect(await server.message()).toMatchObject({ id: 3, method: "third" });
    await leave({ client, server });
    expect(server.received.rest).toEqual([]);
  });

  test("gives each waiting request an error after a bound, and the client's connection lives on", async () => {
    await upstream.stop();
    const client = await openClient(proxy.ws("one"));
    client.request("a", "first");
    client.notify("forgotten");
    client.send('[{"jsonrpc":"2.0","id":7,"method":"second"},{"jsonrpc":"2.0","method":"third"}]');
    for (const id of ["a", 7]) {
      expect(await client.message()).toMatchObject({
        jsonrpc: "2.0",
        id,
        error: { code: -32_000, data: { retryable: true, upstream: "one" } },
      });
    }
    expect(proxy.logs.join("\n")).toContain("given up after 4 failures in a row");
    const { one } = await proxy.report();
    expect(one).toMatchObject({ state: "given up", connections: 0 });
    upstream.start();
    client.request("b", "later");
    const server = await upstream.connections.next();
    expect(await server.message()).toMatchObject({ id: "b" });
    answer(server, "b", { fine: true });
    expect(await client.message()).toMatchObject({ id: "b", result: { fine: true } });
    await leave({ client, server });
  });

  test("stops its client before what waits can grow", async () => {
    await upstream.stop();
    const client = await openClient(proxy.ws("one"));
    const frame = JSON.stringify({ jsonrpc: "2.0", method: "fill", params: "x".repeat(100_000) });
    for (let sent = 0; sent < 200; sent++) client.send(frame);
    // The proxy holds about two megabytes and the sockets some more; the rest waits at the client.
    expect(client.socket.bufferedAmount).toBeGreaterThan(5_000_000);
    upstream.start();
    const server = await upstream.connections.next();
    for (let got = 0; got < 200; got++) expect(await server.received.next()).toBe(frame);
    await leave({ client, server });
  });
});

describe("an upstream that is lost", () => {
  test("answers what was in flight with errors at once, and is asked nothing twice", async () => {
    const ends = await openSession();
    const { client, server } = ends;
    for (let id = 0; id < 20; id++) client.request(id, "tools/call", { name: "x" });
    await server.received.take(20);
    answer(server, 3, { early: true });
    server.cut();
    expect(await client.message()).toMatchObject({ id: 3, result: { early: true } });
    const refused = new Set<unknown>();
    while (refused.size < 19) {
      const message = await client.message();
      expect(message).toMatchObject({ error: { code: -32_000, data: { retryable: true } } });
      refused.add(message.id);
    }
    expect(refused.has(3)).toBe(false);
    const again = await upstream.connections.next();
    const repeated = await again.message();
    expect(repeated).toMatchObject({ method: "initialize" });
    answer(again, repeated.id, { capabilities });
    expect(await again.message()).toMatchObject({ method: "notifications/initialized" });
    for (const list of ["tools", "resources"]) {
      expect(await client.message()).toEqual({
        jsonrpc: "2.0",
        method: `notifications/${list}/list_changed`,
      });
    }
    client.request(99, "tools/list");
    expect(await again.message()).toMatchObject({ id: 99, method: "tools/list" });
    await leave({ client, server: again });
    expect(client.received.rest).toEqual([]);
  });

  test("is told what the client had agreed with the one before: its bytes, its log level, its subscriptions", async () => {
    const { client, server } = await openSession();
    const ask = async (id: number, method: string, params: object) => {
      client.request(id, method, params);
      await server.message();
      answer(server, id);
      await client.message();
    };
    await ask(1, "logging/setLevel", { level: "info" });
    await ask(2, "logging/setLevel", { level: "debug", _meta: { agreed: "marker-handshake" } });
    await ask(3, "resources/subscribe", { uri: "test://a" });
    await ask(4, "resources/subscribe", { uri: "test://b" });
    await ask(5, "resources/unsubscribe", { uri: "test://a" });
    client.request(6, "resources/subscribe", { uri: "test://refused" });
    await server.message();
    server.send('{"jsonrpc":"2.0","id":6,"error":{"code":-32602,"message":"no"}}');
    await client.message();
    server.cut();
    const again = await upstream.connections.next();
    const raw = String(await again.received.next());
    const [, ownId] = /"id":("dewey-[^"]+")/.exec(raw) ?? [];
    expect(raw.replace(ownId ?? "", '"init\\u0021"')).toBe(initialize);
    // What the client says before the session is ready again waits, and overtakes nothing.
    client.request(7, "tools/list");
    answer(again, JSON.parse(ownId ?? ""), { capabilities });
    expect(await again.message()).toEqual({ jsonrpc: "2.0", method: "notifications/initialized" });
    const level = await again.message();
    expect(level).toMatchObject({ method: "logging/setLevel", params: { level: "debug" } });
    const subscribed = await again.message();
    expect(subscribed).toMatchObject({
      method: "resources/subscribe",
      params: { uri: "test://b" },
    });
    expect(await again.message()).toMatchObject({ id: 7 });
    for (const { id } of [level, subscribed]) answer(again, id);
    answer(again, 7, { after: true });
    const seen = [await client.message(), await client.message(), await client.message()];
    expect(seen.map(({ method, result }) => method ?? result)).toEqual([
      "notifications/tools/list_changed",
      "notifications/resources/list_changed",
      { after: true },
    ]);
    await leave({ client, server: again });
    expect(client.received.rest).toEqual([]);
    const events = await eventsAfter("marker-handshake");
    const [opened, lost, reconnected, closed] = events.filter((text) => !text.startsWith("notif"));
    expect(opened).toBe("Connected to one.");
    expect(lost).toStartWith("The connection to one was lost: ");
    expect(reconnected).toBe("Connected to one again.");
    expect(closed).toBe("Closed: The client is gone.");
  });

  test("does not get the client's late answers to what the one before had asked", async () => {
    const { client, server } = await openSession();
    server.send('{"jsonrpc":"2.0","id":0,"method":"roots/list"}');
    server.send('{"jsonrpc":"2.0","id":1,"method":"sampling/createMessage"}');
    await client.received.take(2);
    server.cut();
    const again = await upstream.connections.next();
    answer(again, (await again.message()).id, { capabilities: {} });
    await again.message();
    // The new one begins to count anew too.
    again.send('{"jsonrpc":"2.0", "id":0, "method":"ping"}');
    const asked = await client.message();
    expect(asked).toMatchObject({ method: "ping" });
    expect(asked.id).not.toBe(0);
    client.send('{"jsonrpc":"2.0","id":0,"result":{"late":true}}');
    client.send(`{"jsonrpc":"2.0","id":${JSON.stringify(asked.id)},"result":{"ping":true}}`);
    client.send('{"jsonrpc":"2.0","id":1,"result":{"late":true}}');
    client.notify("done");
    expect(await again.message()).toEqual({ jsonrpc: "2.0", id: 0, result: { ping: true } });
    expect(await again.message()).toMatchObject({ method: "done" });
    await leave({ client, server: again });
  });

  test("ends the client's session where its entry says so, after the errors", async () => {
    const { client, server } = await connect("closing");
    client.request(1, "tools/call");
    await server.message();
    server.cut();
    expect(await client.message()).toMatchObject({ id: 1, error: { code: -32_000 } });
    expect(await client.closed).toMatchObject({ code: 1012 });
  });

  test("again and again is given up by a bound that the log names, and tried again after a rest", async () => {
    const { client, server } = await connect();
    server.cut();
    for (let lost = 1; lost < connectBounds.tries; lost++)
      (await upstream.connections.next()).cut();
    // Until then what the client says waits; then it is refused at once.
    const before = proxy.logs.length;
    client.request(1, "x");
    expect(await client.message()).toMatchObject({ id: 1, error: { data: { retryable: true } } });
    expect(proxy.logs.slice(0, before + 1).join("\n")).toContain(
      "is given up after 4 failures in a row; its client's next request after 1s",
    );
    const served = (async () => {
      for (let id = 2; ; id++) {
        client.request(id, "x");
        const { result } = await client.message();
        if (result !== undefined) return id;
        await Bun.sleep(20);
      }
    })();
    const again = await upstream.connections.next();
    const { id } = await again.message();
    answer(again, id);
    expect(await served).toBeGreaterThan(2);
    await leave({ client, server: again });
  });

  test("touches no other upstream's clients", async () => {
    const other = await startUpstream((frame, connection) => connection.send(frame));
    await proxy.configure({
      one: { type: "ws", url: upstream.url },
      closing: { type: "ws", url: upstream.url, onRestart: "close" },
      other: { type: "ws", url: other.url },
    });
    const healthy = await (async () => {
      while (true) {
        const found = await openClient(proxy.ws("other")).catch(() => undefined);
        if (found !== undefined) return found;
      }
    })();
    await upstream.stop();
    const clients = await Promise.all(
      Array.from({ length: 50 }, () => openClient(proxy.ws("one"))),
    );
    for (const client of clients) client.request(1, "x");
    for (let sent = 0; sent < 500; sent++) {
      healthy.notify("n", { sent });
      expect(await healthy.message()).toMatchObject({ params: { sent } });
    }
    for (const client of clients) {
      expect(await client.message()).toMatchObject({ id: 1, error: { code: -32_000 } });
      client.close();
    }
    healthy.close();
    upstream.start();
    await other[Symbol.asyncDispose]();
  });
});
