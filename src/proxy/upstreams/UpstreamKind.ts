/** What a kind of upstream has to offer; one file a kind, all of them in the registry. */
import type { Effect, Scope } from "effect";
import type { Link, LinkHandlers } from "../../actors/links.ts";
import type { Principal } from "../../domain/Principal.ts";
import type { UpstreamUnreachable } from "../../domain/Upstream.ts";
import type { Arrival } from "../../http/Door.ts";
import type { GiveUpSignal } from "../../http/giveUp.ts";

/** One HTTP request of a client, on its way to an upstream that speaks HTTP too. */
export interface Exchange {
  readonly method: string;
  /**
   * The client's by their names in small letters, without what is between it and Dewey alone: no Host, Authorization,
   * Cookie or hop-by-hop header.
   */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer> | undefined;
  /** Aborts the request, and the stream of its answer. */
  readonly signal: GiveUpSignal;
}

/** An upstream's answer to it. */
export interface ExchangeAnswer {
  readonly status: number;
  /** Whoever gets the answer may change them. */
  readonly headers: Headers;
  /** Bytes where they are all there already. */
  readonly body: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null;
}

/** Who the client is, for an upstream that needs to know (Dewey itself); others are never told. */
export interface UpstreamCaller {
  readonly principal: Principal;
  readonly remoteAddress: string;
  /** Takes requests from what the caller may ask for in a minute; without it nobody counts them. */
  readonly charge?: Arrival["charge"];
}

/** One kind of upstream. */
export interface UpstreamKind<U> {
  /** Opens a duplex connection for one client session. */
  readonly open: (
    upstream: U,
    handlers: LinkHandlers,
    caller: UpstreamCaller,
  ) => Effect.Effect<Link, UpstreamUnreachable, Scope.Scope>;
  /** Passes one HTTP request on as it is; only where the upstream speaks Streamable HTTP. */
  readonly exchange?: (
    upstream: U,
    request: Exchange,
    caller: UpstreamCaller,
  ) => Effect.Effect<ExchangeAnswer, UpstreamUnreachable>;
  /** Looks whether the upstream answers, without starting anything; only where that can be done. */
  readonly check?: (upstream: U) => Effect.Effect<void, UpstreamUnreachable>;
}
