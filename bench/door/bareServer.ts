/** The floor: Bun's WebSocket server, which parses each message and answers it, and knows nothing of MCP. */

import { ready } from "../support/serverProcess.ts";
import { toolResult } from "./call.ts";

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: (request, self) =>
    self.upgrade(request) ? undefined : new Response(null, { status: 400 }),
  websocket: {
    message: (socket, frame) => {
      const request: unknown = JSON.parse(String(frame));
      if (typeof request === "object" && request !== null && "id" in request) {
        socket.send(JSON.stringify({ jsonrpc: "2.0", id: request.id, result: toolResult }));
      }
    },
  },
});
ready(`ws://127.0.0.1:${server.port}/`);
