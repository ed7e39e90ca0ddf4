/** The MCP door: WebSocket and Streamable HTTP on one URL, both protocol eras, one set of handlers. */
import { Effect } from "effect";
import type { Door } from "../http/Door.ts";
import type { HttpSessionBounds } from "./httpSessions.ts";
import { makeStreamableHttp } from "./streamableHttp.ts";
import { makeWebSocketSessions } from "./webSocket.ts";

const defaultBounds: HttpSessionBounds = {
  maxInFlight: 64,
  sessionIdle: "30 minutes",
  maxSessions: 10_000,
};

/** Makes the door of `/` and `/mcp`; its sessions live in the scope that it is made in. */
export const makeMcpDoor = Effect.fn("McpDoor.make")(function* (
  options: Partial<HttpSessionBounds> = {},
) {
  const bounds = { ...defaultBounds, ...options };
  const onConnection = yield* makeWebSocketSessions(bounds.maxInFlight);
  const { onRequest, endStreams } = yield* makeStreamableHttp(bounds);
  return {
    name: "mcp",
    paths: ["/", "/mcp"],
    subprotocols: ["mcp"],
    onConnection,
    onRequest,
    endStreams,
  } satisfies Door;
});
