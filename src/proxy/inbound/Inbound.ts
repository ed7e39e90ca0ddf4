/** What a kind of client door has to offer; one file a kind, all of them in the registry. */
import type { Effect } from "effect";
import type { ClientTransport, StreamDescription } from "../../domain/Recording.ts";
import type { Upstream } from "../../domain/Upstream.ts";
import type { Arrival, ServeConnection } from "../../http/Door.ts";
import type { UpstreamCaller } from "../upstreams/UpstreamKind.ts";

/** A client that was let in, and the upstream that it asked for. */
export interface Call {
  readonly upstream: Upstream;
  readonly caller: UpstreamCaller;
  /** The session that the client named itself, by `X-Dewey-Session` or `?session=`. */
  readonly session: string | null;
}

/** One kind of client door behind the proxy's listener. */
export interface Inbound {
  /** Serves a WebSocket of the client. */
  readonly serve?: (call: Call) => ServeConnection;
  /** Answers an HTTP request of the client. */
  readonly onRequest?: (arrival: Arrival, call: Call) => Effect.Effect<Response>;
  /** Ends what would never end by itself. */
  readonly endStreams?: Effect.Effect<void>;
}

/** What is recorded of where a client's frames come from. */
export const descriptionOf = (
  { caller: { principal }, session, upstream }: Call,
  transport: ClientTransport,
  kind: StreamDescription["kind"] = "session",
  client: string | null = null,
): StreamDescription => ({
  kind,
  space: principal.space,
  token: principal.name,
  client,
  upstream: upstream.name,
  isDewey: upstream._tag === "Dewey",
  transport,
  session,
});
