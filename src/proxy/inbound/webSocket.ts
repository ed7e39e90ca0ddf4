/** Clients behind a WebSocket: each connection is one session, with a connection of its own to the upstream. */
import { Context, Effect } from "effect";
import { type ClientLink, makeProxySession } from "../../actors/ProxySession.ts";
import type { ConnectBounds } from "../../actors/proxySession/connectBounds.ts";
import type { Connection } from "../../http/Door.ts";
import { Capture } from "../../services/Capture.ts";
import { Drain } from "../../services/Drain.ts";
import { Upstreams } from "../../services/Upstreams.ts";
import { makeOpen } from "../openUpstream.ts";
import type { UpstreamKinds } from "../upstreams/registry.ts";
import { descriptionOf, type Inbound } from "./Inbound.ts";

/** A connection as the end of a session. */
const linkOf = (
  connection: Connection,
  run: (rest: Effect.Effect<void>) => Promise<void>,
): ClientLink => ({
  send: (frame) => {
    const rest = connection.sendUnsafe(frame);
    return rest === undefined ? undefined : run(Effect.ignore(rest));
  },
  pause: () => connection.pause(),
  resume: () => connection.resume(),
  close: (code, reason) => void run(connection.close(code, reason)),
});

/** Makes what serves WebSockets. */
export const makeWebSocketInbound = Effect.fnUntraced(function* (
  kinds: UpstreamKinds,
  connectBounds: Partial<ConnectBounds>,
) {
  // These alone: a connection has a scope of its own, which the one that is around here must not take the place of.
  const context = Context.pick(
    Capture,
    Drain,
    Upstreams,
  )(yield* Effect.context<Capture | Drain | Upstreams>());
  const run = Effect.runPromiseWith(context);

  return {
    serve: (call) =>
      Effect.fnUntraced(
        function* (connection: Connection) {
          const session = yield* makeProxySession({
            description: descriptionOf(call, "websocket"),
            upstream: call.upstream,
            open: yield* makeOpen(kinds, call),
            client: linkOf(connection, run),
            connectBounds,
          });
          return yield* connection.takeEach((frame) => session.receive(frame), "independent");
        },
        Effect.catchTag("ConnectionClosed", () => Effect.void),
        Effect.provideContext(context),
      ),
  } satisfies Inbound;
});
