/**
 * Clients over Streamable HTTP, of both eras. Where the upstream speaks it too, their requests go through as they are;
 * in front of any other kind, Dewey is the HTTP server.
 */
import { Effect } from "effect";
import type { ConnectBounds } from "../../actors/proxySession/connectBounds.ts";
import type { UpstreamKinds } from "../upstreams/registry.ts";
import { makeDuplex } from "./http/duplex.ts";
import { makeExchanges } from "./http/exchanges.ts";
import { type KeptLimits, KeptPlaces } from "./http/KeptPlaces.ts";
import { defaultSessionBounds, type SessionBounds } from "./http/passedSessions.ts";
import type { SharedBounds } from "./http/sharedUpstreams.ts";
import type { Inbound } from "./Inbound.ts";

type Bounds = KeptLimits & SessionBounds & SharedBounds;

/** What the settings, and tests, set otherwise than the defaults. */
export type StreamableHttpOptions = Partial<Bounds>;

const defaultBounds: Bounds = {
  ...defaultSessionBounds,
  maxSessions: 10_000,
  maxSessionsPerCaller: 1_000,
  sharedIdle: "5 minutes",
};

/** Makes what answers HTTP requests; what it keeps lives as long as its scope. */
export const makeStreamableHttpInbound = Effect.fnUntraced(function* (
  kinds: UpstreamKinds,
  connectBounds: Partial<ConnectBounds>,
  options: StreamableHttpOptions,
) {
  const bounds = { ...defaultBounds, ...options };
  const places = new KeptPlaces(bounds);
  const exchanges = yield* makeExchanges(places, bounds);
  const duplex = yield* makeDuplex(kinds, places, bounds, connectBounds);

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
