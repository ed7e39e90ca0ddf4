/** Upstreams that speak Streamable HTTP, of both eras. */
import { connect } from "node:net";
import { Duration, Effect } from "effect";
import {
  type ConnectBounds,
  defaultConnectBounds,
} from "../../actors/proxySession/connectBounds.ts";
import { type HttpUpstream, UpstreamUnreachable } from "../../domain/Upstream.ts";
import { RequestFailed, sendRequest } from "./http/client.ts";
import { headersFor, makeExchange, refusedCredentials, unreachable } from "./http/exchange.ts";
import { HttpLink } from "./http/HttpLink.ts";
import type { UpstreamKind } from "./UpstreamKind.ts";

/** How long what was sent last may take to leave, and the upstream to hear that its session is over. */
const lastWordsMillis = 1_000;

const linkBounds = { patienceMillis: 100, retryMillis: 1_000, retries: 3, waiting: 64 };

/** Succeeds when somebody listens there; a session that waits for its upstream need not find out by its first request. */
const reach = ({ name, url }: HttpUpstream) =>
  Effect.callback<void, UpstreamUnreachable>((resume) => {
    const target = URL.parse(url);
    if (target === null) return resume(Effect.void);
    const { hostname, port, protocol } = target;
    const socket = connect({
      host: hostname.replace(/^\[(.*)\]$/, "$1"),
      port: Number(port) || (protocol === "https:" ? 443 : 80),
    });
    socket.once("connect", () => {
      socket.destroy();
      resume(Effect.void);
    });
    socket.once("error", ({ message }) => {
      const why = `The upstream ${name} cannot be reached: ${message}.`;
      resume(new UpstreamUnreachable({ message: why }));
    });
    return Effect.sync(() => socket.destroy());
  });

const discover = JSON.stringify({
  jsonrpc: "2.0",
  id: "dewey-check",
  method: "server/discover",
  params: {
    _meta: {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientCapabilities": {},
    },
  },
});

/** Asks for what servers of the newest version know; that one of an older version refuses it is a sign of life too. */
const check = Effect.fnUntraced(function* (upstream: HttpUpstream) {
  const headers = {
    ...headersFor(upstream),
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    "mcp-protocol-version": "2026-07-28",
    "mcp-method": "server/discover",
  };
  const { body, status } = yield* Effect.tryPromise({
    try: (signal) =>
      sendRequest({ url: upstream.url, method: "POST", headers, body: discover, signal }),
    catch: (cause) => {
      if (cause instanceof RequestFailed) return unreachable(upstream, cause);
      throw cause;
    },
  });
  body.cancel();
  if (status === 401) return yield* refusedCredentials(upstream);
  if (status >= 500) {
    return yield* new UpstreamUnreachable({
      message: `The upstream ${upstream.name} answers with the HTTP status ${status}.`,
    });
  }
});

/** Makes the kind. */
export const makeHttpKind = (
  bounds: ConnectBounds = defaultConnectBounds,
): UpstreamKind<HttpUpstream> => ({
  open: Effect.fnUntraced(function* (upstream, handlers) {
    yield* reach(upstream);
    const link = new HttpLink(upstream, handlers, { connect: bounds, ...linkBounds });
    yield* Effect.addFinalizer(() =>
      Effect.promise(() => link.left()).pipe(
        Effect.interruptible,
        Effect.timeoutOption(Duration.millis(lastWordsMillis)),
        Effect.andThen(Effect.promise(() => link.close(lastWordsMillis))),
      ),
    );
    return link;
  }),
  exchange: makeExchange(bounds),
  check,
});
