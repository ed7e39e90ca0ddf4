/** The server behind the proxies: over WebSocket and HTTP, or over its standard input and output. */
import { createInterface } from "node:readline";
import { ready } from "../support/serverProcess.ts";
import { replyTo } from "./exchange.ts";

if (process.argv[2] === "stdio") {
  for await (const line of createInterface({ input: process.stdin })) {
    const reply = replyTo(line);
    if (reply !== undefined) process.stdout.write(`${reply}\n`);
  }
} else {
  /** A session of the older era is all the state there is. */
  const answerPost = async (request: Request): Promise<Response> => {
    const text = await request.text();
    const reply = replyTo(text);
    if (reply === undefined) return new Response(null, { status: 202 });
    const headers = { "content-type": "application/json" };
    return text.includes('"initialize"')
      ? new Response(reply, { headers: { ...headers, "mcp-session-id": crypto.randomUUID() } })
      : new Response(reply, { headers });
  };
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request, bun) => {
      if (request.method === "POST") return answerPost(request);
      if (request.method === "DELETE") return new Response(null, { status: 200 });
      const headers = { "Sec-WebSocket-Protocol": "mcp" };
      return bun.upgrade(request, { headers }) ? undefined : new Response(null, { status: 426 });
    },
    websocket: {
      message: (socket, frame) => {
        const reply = replyTo(String(frame));
        if (reply !== undefined) socket.send(reply);
      },
    },
  });
  ready(`ws://127.0.0.1:${server.port}/mcp`);
}
