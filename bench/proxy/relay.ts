/** The least that a WebSocket proxy can do: a connection of its own for each client, and every frame passed on. */
import { ready } from "../support/serverProcess.ts";

const target = process.argv[2];
if (target === undefined) throw new Error("Name the upstream's URL.");

interface Pair {
  upstream?: WebSocket;
  waiting: Array<string>;
}

const server = Bun.serve<Pair>({
  hostname: "127.0.0.1",
  port: 0,
  fetch: (request, bun) => {
    const headers = { "Sec-WebSocket-Protocol": "mcp" };
    return bun.upgrade(request, { data: { waiting: [] }, headers })
      ? undefined
      : new Response(null, { status: 426 });
  },
  websocket: {
    open: (socket) => {
      const upstream = new WebSocket(target, ["mcp"]);
      socket.data.upstream = upstream;
      upstream.onopen = () => {
        for (const frame of socket.data.waiting.splice(0)) upstream.send(frame);
      };
      upstream.onmessage = ({ data }) => void socket.send(String(data));
      upstream.onclose = () => socket.close();
    },
    message: ({ data }, frame) => {
      if (data.upstream?.readyState === WebSocket.OPEN) data.upstream.send(String(frame));
      else data.waiting.push(String(frame));
    },
    close: ({ data }) => data.upstream?.close(),
  },
});
ready(`ws://127.0.0.1:${server.port}/mcp`);
