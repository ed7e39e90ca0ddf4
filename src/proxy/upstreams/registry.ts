/** Every kind of upstream, and the one way to open a connection to any. */
import { Effect, type Scope } from "effect";
import type { Link, LinkHandlers } from "../../actors/links.ts";
import type { ConnectBounds } from "../../actors/proxySession/connectBounds.ts";
import type { ProcessSurroundings } from "../../actors/UpstreamProcess.ts";
import { makeGuardian } from "../../actors/upstreamProcess/Guardian.ts";
import type { Upstream, UpstreamUnreachable } from "../../domain/Upstream.ts";
import type { Door } from "../../http/Door.ts";
import { Upstreams } from "../../services/Upstreams.ts";
import { makeDeweyKind } from "./dewey.ts";
import { makeHttpKind } from "./http.ts";
import { makeSseKind } from "./sse.ts";
import { makeStdioKind } from "./stdio.ts";
import type { Exchange, ExchangeAnswer, UpstreamCaller, UpstreamKind } from "./UpstreamKind.ts";
import { makeWebSocketKind } from "./webSocket.ts";

/** What the kinds need of the process that they are in. */
export interface UpstreamSurroundings {
  /** Dewey's own MCP door. */
  readonly dewey: Door;
  /** What programs are told, and where they are started unless their entry says so. */
  readonly environment: ProcessSurroundings["environment"];
  readonly folder: string;
  /** How long HTTP requests are tried; a duplex connection's session has bounds of its own. */
  readonly connectBounds?: ConnectBounds;
}

type KindOf<Tag extends Upstream["_tag"]> = UpstreamKind<Extract<Upstream, { _tag: Tag }>>;
type Kinds = { readonly [Tag in Upstream["_tag"]]: KindOf<Tag> };

/** An upstream with what its kind can do. */
interface Bound {
  readonly open: (
    handlers: LinkHandlers,
    caller: UpstreamCaller,
  ) => Effect.Effect<Link, UpstreamUnreachable, Scope.Scope>;
  readonly exchange:
    | ((
        request: Exchange,
        caller: UpstreamCaller,
      ) => Effect.Effect<ExchangeAnswer, UpstreamUnreachable>)
    | undefined;
  readonly check: Effect.Effect<void, UpstreamUnreachable> | undefined;
}

const bind = <U extends Upstream>(upstream: U, kind: UpstreamKind<U>): Bound => {
  const { check, exchange, open } = kind;
  return {
    open: (handlers, caller) => open(upstream, handlers, caller),
    exchange: exchange && ((request, caller) => exchange(upstream, request, caller)),
    check: check?.(upstream),
  };
};

/** A switch, for which the compiler pairs each upstream with its own kind, and misses none. */
const boundTo = (kinds: Kinds, upstream: Upstream): Bound => {
  switch (upstream._tag) {
    case "Stdio":
      return bind(upstream, kinds.Stdio);
    case "Http":
      return bind(upstream, kinds.Http);
    case "WebSocket":
      return bind(upstream, kinds.WebSocket);
    case "Sse":
      return bind(upstream, kinds.Sse);
    case "Dewey":
      return bind(upstream, kinds.Dewey);
  }
};

/** All kinds of one process. */
export interface UpstreamKinds {
  /** Opens a connection for a client session; what becomes of it is the session's to tell. */
  readonly open: (
    upstream: Upstream,
    handlers: LinkHandlers,
    caller: UpstreamCaller,
  ) => Effect.Effect<Link, UpstreamUnreachable, Scope.Scope>;
  /** Undefined where the upstream does not speak Streamable HTTP. How it went stands in the upstream's state. */
  readonly exchangeOf: (upstream: Upstream) => Bound["exchange"];
  /** Undefined where nothing can be looked at without starting it. */
  readonly checkOf: (upstream: Upstream) => Bound["check"];
}

/** The kinds, and the guardian of the programs that they start, for as long as the scope. */
export const makeUpstreamKinds = Effect.fn("registry.make")(function* (
  surroundings: UpstreamSurroundings,
): Effect.fn.Return<UpstreamKinds, never, Scope.Scope | Upstreams> {
  const { connectBounds, dewey, environment, folder } = surroundings;
  const { states } = yield* Upstreams;
  const guardian = yield* makeGuardian;
  const kinds = {
    Stdio: makeStdioKind({ environment, folder, guardian }),
    Http: makeHttpKind(connectBounds),
    WebSocket: makeWebSocketKind(),
    Sse: makeSseKind(),
    Dewey: makeDeweyKind(dewey),
  } satisfies Kinds;
  return {
    open: (upstream, handlers, caller) => boundTo(kinds, upstream).open(handlers, caller),
    exchangeOf: (upstream) => {
      const { exchange } = boundTo(kinds, upstream);
      const { name } = upstream;
      return (
        exchange &&
        ((request, caller) =>
          exchange(request, caller).pipe(
            Effect.tap(() => Effect.sync(() => states.checked(name, undefined))),
            Effect.tapError(({ message }) => Effect.sync(() => states.failed(name, message))),
          ))
      );
    },
    checkOf: (upstream) => boundTo(kinds, upstream).check,
  };
});
