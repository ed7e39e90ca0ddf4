/** A WebSocket transport for the second SDK's client, which has none. */
import {
  type JSONRPCMessage,
  parseJSONRPCMessage,
  type Transport,
} from "@modelcontextprotocol/client";

export class SocketTransport implements Transport {
  onclose?: Transport["onclose"];
  onerror?: Transport["onerror"];
  onmessage?: Transport["onmessage"];

  readonly #socket: WebSocket;

  constructor(url: string) {
    this.#socket = new WebSocket(url, "mcp");
  }

  start(): Promise<void> {
    this.#socket.addEventListener("message", ({ data }) =>
      this.onmessage?.(parseJSONRPCMessage(JSON.parse(String(data)))),
    );
    this.#socket.addEventListener("close", () => this.onclose?.());
    return new Promise((resolve, reject) => {
      this.#socket.addEventListener("open", () => resolve());
      this.#socket.addEventListener("error", () => reject(new Error("cannot connect")));
    });
  }

  async send(message: JSONRPCMessage): Promise<void> {
    this.#socket.send(JSON.stringify(message));
  }

  async close(): Promise<void> {
    this.#socket.close();
  }
}
