/** The SDK alone on Bun's WebSocket server: what MCP costs without Dewey. */
import { type JSONRPCMessage, Server, type Transport } from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import type { ServerWebSocket } from "bun";
import { ready } from "../support/serverProcess.ts";
import { plainTool, toolResult } from "./call.ts";

/** No more than that: the SDK looks at each message itself. */
const isMessage = (value: unknown): value is JSONRPCMessage =>
  typeof value === "object" && value !== null;

class SocketTransport implements Transport {
  onclose?: Transport["onclose"];
  onerror?: Transport["onerror"];
  onmessage?: Transport["onmessage"];
  readonly #socket: ServerWebSocket<Data>;

  constructor(socket: ServerWebSocket<Data>) {
    this.#socket = socket;
  }

  async start(): Promise<void> {}

  receive(text: string): void {
    const message: unknown = JSON.parse(text);
    if (isMessage(message)) this.onmessage?.(message);
  }

  async send(message: JSONRPCMessage): Promise<void> {
    this.#socket.send(JSON.stringify(message));
  }

  async close(): Promise<void> {
    this.#socket.close();
  }
}

interface Data {
  transport?: SocketTransport;
}

const makeServer = () => {
  const server = new Server({ name: "sdk", version: "1.0.0" }, { capabilities: { tools: {} } });
  server.setRequestHandler("tools/list", () => ({ tools: [plainTool] }));
  server.setRequestHandler("tools/call", () => toolResult);
  return server;
};

const server = Bun.serve<Data>({
  hostname: "127.0.0.1",
  port: 0,
  fetch: (request, self) =>
    self.upgrade(request, { data: {} }) ? undefined : new Response(null, { status: 400 }),
  websocket: {
    open: (socket) => {
      const transport = new SocketTransport(socket);
      socket.data.transport = transport;
      serveStdio(makeServer, { transport });
    },
    message: (socket, frame) => socket.data.transport?.receive(String(frame)),
    close: (socket) => socket.data.transport?.onclose?.(),
  },
});
ready(`ws://127.0.0.1:${server.port}/`);
