/** Every kind of client door of the proxy's listener. Clients on standard input and output have a process of their own. */
import { Effect } from "effect";
import type { ConnectBounds } from "../../actors/proxySession/connectBounds.ts";
import type { ClientTransport } from "../../domain/Recording.ts";
import type { UpstreamKinds } from "../upstreams/registry.ts";
import type { Inbound } from "./Inbound.ts";
import { makeStreamableHttpInbound, type StreamableHttpOptions } from "./streamableHttp.ts";
import { makeWebSocketInbound } from "./webSocket.ts";

/** What the settings, and tests, set otherwise than the defaults. */
export interface InboundOptions {
  readonly connectBounds?: Partial<ConnectBounds>;
  readonly http?: StreamableHttpOptions;
}

/** Makes them all. */
export const makeInbounds = Effect.fnUntraced(function* (
  kinds: UpstreamKinds,
  { connectBounds = {}, http = {} }: InboundOptions,
) {
  return {
    websocket: yield* makeWebSocketInbound(kinds, connectBounds),
    http: yield* makeStreamableHttpInbound(kinds, connectBounds, http),
  } satisfies Record<Exclude<ClientTransport, "stdio">, Inbound>;
});
