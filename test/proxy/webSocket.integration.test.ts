import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type LiveProxy, startLiveProxy } from "./liveProxy.ts";
import { openClient, type SocketUpstream, startUpstream } from "./socketEnds.ts";

let upstream: SocketUpstream;
let proxy: LiveProxy;

beforeAll(async () => {
  upstream = await startUpstream();
  proxy = await startLiveProxy({
    one: { type: "ws", url: upstream.url, headers: { "X-Key": "k" }, default: true },
    "näme two/3": { type: "ws", url: upstream.url },
  });
}, 60_000);

afterAll(async () => {
  await proxy.close();
  await upstream[Symbol.asyncDispose]();
}, 60_000);

const connect = async (url = proxy.ws("one"), headers: Record<string, string> = {}) => {
  const client = await openClient(url, headers);
  return { client, server: await upstream.connections.next() };
};

describe("a WebSocket through the proxy", () => {
  test("carries text and bytes as they are, both ways and in order", async () => {
    const { client, server } = await connect();
    const frames = [
      '{ "jsonrpc":"2.0",\t"id":1.0,"method":"x","params":{"big":12345678901234567890,"a":"\\u0041ü😀"} }',
      "not JSON at all",
      "",
      new Uint8Array([0, 255, 1, 254]),
      `{"jsonrpc":"2.0","method":"large","params":"${"ü".repeat(1_000_000)}"}`,
      '[{"jsonrpc":"2.0","id":"a","method":"b"}]',
    ];
    for (const frame of frames) client.send(frame);
    for (const frame of frames) {
      const got = await server.received.next();
      expect(typeof got === "string" ? got : [...got]).toEqual(
        typeof frame === "string" ? frame : [...frame],
      );
    }
    for (const frame of frames) server.send(frame);
    for (const frame of frames) {
      const got = await client.received.next();
      expect(typeof got === "string" ? got : [...got]).toEqual(
        typeof frame === "string" ? frame : [...frame],
      );
    }
    client.close();
    await server.closed;
  });

  test("is answered with the subprotocol mcp where it is offered, and served without", async () => {
    const { client } = await connect();
    expect(client.socket.protocol).toBe("mcp");
    client.close();
    const plain = new WebSocket(proxy.ws("one"));
    await new Promise((resolve) => plain.addEventListener("open", resolve));
    expect(plain.protocol).toBe("");
    const server = await upstream.connections.next();
    plain.close();
    await server.closed;
  });

  test("finds its upstream by path, by query, and by default", async () => {
    for (const [url, key] of [
      [proxy.ws("one"), "k"],
      [`ws://127.0.0.1:${proxy.port}/?upstream=one`, "k"],
      [`ws://127.0.0.1:${proxy.port}/mcp?upstream=one`, "k"],
      [`ws://127.0.0.1:${proxy.port}/`, "k"],
      [`ws://127.0.0.1:${proxy.port}/mcp`, "k"],
      [proxy.ws(encodeURIComponent("näme two/3")), null],
      [`ws://127.0.0.1:${proxy.port}/?upstream=${encodeURIComponent("näme two/3")}`, null],
    ] as const) {
      const { client, server } = await connect(url);
      expect(server.headers.get("x-key")).toBe(key);
      client.close();
      await server.closed;
    }
  });

  test("is refused before the upgrade where there is no such upstream, with a sentence", async () => {
    const refused = await fetch(`http://127.0.0.1:${proxy.port}/mcp/none`, {
      headers: {
        Upgrade: "websocket",
        Connection: "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
      },
    });
    expect(refused.status).toBe(404);
    expect(await refused.json()).toMatchObject({
      code: "NOT_FOUND",
      message: 'There is no upstream "none". Name one of: dewey, one, näme two/3.',
    });
  });

  test("says nothing of the client to the upstream", async () => {
    const { client, server } = await connect(proxy.ws("one"), {
      Authorization: "Bearer of-the-client",
      Cookie: "session=of-the-client",
      "X-Other": "of-the-client",
    });
    expect([...server.headers.values()].join(" ")).not.toContain("of-the-client");
    client.close();
    await server.closed;
  });

  test("that the client closes is closed upstream, and what it said last arrives", async () => {
    const { client, server } = await connect();
    client.notify("last", { words: 1 });
    client.close();
    expect(await server.message()).toMatchObject({ method: "last" });
    await server.closed;
  });

  test("is recorded: every frame once, in order, and what happened", async () => {
    const { client, server } = await connect(`${proxy.ws("one")}?session=the-session`);
    client.request(1, "tools/call", { name: "marked", arguments: { key: "recorded-marker" } });
    await server.message();
    server.send('{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"done"}]}}');
    await client.message();
    client.close();
    await server.closed;
    const frames = await proxy.frames();
    const at = frames.findIndex(({ payload }) => payload.includes("recorded-marker"));
    expect(frames.slice(at, at + 2)).toEqual([
      {
        direction: "to_upstream",
        payload:
          '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"marked","arguments":{"key":"recorded-marker"}}}',
      },
      {
        direction: "to_client",
        payload: '{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"done"}]}}',
      },
    ]);
    const conversations = await proxy.db.rows(
      "SELECT session_id FROM conversations WHERE session_id = 'the-session'",
    );
    expect(conversations).toHaveLength(1);
  });
});
