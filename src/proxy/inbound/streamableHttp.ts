/**
 * Clients over Streamable HTTP, of both eras. Where the upstream speaks it too, their requests go through as they are;
 * in front of any other kind, Dewey is the HTTP server.
 */
import { Effect } from "effect";
import type { ConnectBounds } from "../../actors/proxySession/connectBounds.ts";
import type { UpstreamKinds } from "../upstreams/registry.ts";
import { makeDuplex } from "./http/duplex.ts";
import { makeExchanges } from "./http/exchanges.ts";
import { defaultSessionBounds, type SessionBounds } from "./http/passedSessions.ts";
import type { SharedBounds } from "./http/sharedUpstreams.ts";
import type { Inbound } from "./Inbound.ts";

/** What tests set otherwise than the defaults. */
export type StreamableHttpOptions = Partial<SessionBounds & SharedBounds>;

const defaultBounds: SessionBounds & SharedBounds = {
  ...defaultSessionBounds,
  sharedIdle: "5 minutes",
  maxShared: 1_000,
};

/** Makes what answers HTTP requests; what it keeps lives as long as its scope. */
export const makeStreamableHttpInbound = Effect.fnUntraced(function* (
  kinds: UpstreamKinds,
  connectBounds: Partial<ConnectBounds>,
  options: StreamableHttpOptions,
) {
  const bounds = { ...defaultBounds, ...options };
  const exchanges = yield* makeExchanges(bounds);
  const duplex = yield* makeDuplex(kinds, bounds, connectBounds);

  return {
    onRequest: (arrival, call) => {
      const exchange = kinds.exchangeOf(call.upstream);
      return exchange === undefined
        ? duplex.onRequest(arrival, call)
        : exchanges.onRequest(arrival, call, exchange);
    },
    endStreams: Effect.andThen(exchanges.endStreams, duplex.endStreams),
  } satisfies Inbound;
});
