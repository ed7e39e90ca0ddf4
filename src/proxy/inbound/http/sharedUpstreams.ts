/**
 * The duplex upstreams behind stateless clients over HTTP: one for the requests of one token, client, upstream and
 * session, for as long as they come. Where two requests at a time want to be told what the server logs, the second has
 * a connection of its own: messages of the log do not say whom they are for.
 */
import { Duration, Effect, Exit, Scope } from "effect";
import { makeProxySession, type ProxySession } from "../../../actors/ProxySession.ts";
import type { ConnectBounds } from "../../../actors/proxySession/connectBounds.ts";
import type { StreamDescription } from "../../../domain/Recording.ts";
import type { Arrival } from "../../../http/Door.ts";
import type { Capture } from "../../../services/Capture.ts";
import type { Drain } from "../../../services/Drain.ts";
import type { Upstreams } from "../../../services/Upstreams.ts";
import { statedVersion } from "../../frames.ts";
import { makeOpen } from "../../openUpstream.ts";
import { RequestHeaders } from "../../upstreams/http/requestHeaders.ts";
import type { UpstreamKinds } from "../../upstreams/registry.ts";
import { type Call, descriptionOf } from "../Inbound.ts";
import { jsonRpcError } from "./answers.ts";
import { clientOf, type Posted } from "./posted.ts";
import { SharedUpstream, wantsLogs } from "./SharedUpstream.ts";

/** How long a connection outlives its last request, and how many there may be. */
export interface SharedBounds {
  readonly sharedIdle: Duration.Input;
  readonly maxShared: number;
}

interface Entry {
  readonly key: string;
  readonly shared: SharedUpstream;
  readonly proxied: ProxySession;
  timer: Timer | undefined;
}

/** How long a connection outlives the first refusal. */
const refusedMillis = 1_000;

const tooMany = (id: string | undefined) =>
  jsonRpcError(
    503,
    -32_000,
    "All connections to upstreams that Dewey keeps are busy. Try again in a minute.",
    id,
    { retryable: true },
  );

/** The version is part of it: servers keep a connection to that of its first message. */
const keyOf = (
  { client, session, space, token, upstream }: StreamDescription,
  version: string | undefined,
): string => JSON.stringify([space, token, client, upstream, session, version]);

/** Keeps them for as long as its scope. */
export const makeSharedUpstreams = Effect.fnUntraced(function* (
  kinds: UpstreamKinds,
  bounds: SharedBounds,
  connectBounds: Partial<ConnectBounds>,
) {
  const context = yield* Effect.context<Capture | Drain | Upstreams>();
  const ownScope = yield* Scope.fork(yield* Effect.scope);
  const fork = Effect.runForkWith(context);
  const idleMillis = Duration.toMillis(bounds.sharedIdle);
  const entries = new Set<Entry>();
  /** What the tools of each upstream want in headers; forgotten when Dewey ends. */
  const requestHeaders = new Map<string, RequestHeaders>();

  const headersOf = (upstream: string): RequestHeaders => {
    const known = requestHeaders.get(upstream) ?? new RequestHeaders();
    requestHeaders.set(upstream, known);
    return known;
  };

  const open = Effect.fnUntraced(function* (
    key: string,
    call: Call,
    description: StreamDescription,
  ) {
    const scope = yield* Scope.fork(ownScope);
    const shared = new SharedUpstream({
      requestHeaders: headersOf(call.upstream.name),
      ended: () => {
        clearTimeout(entry.timer);
        entries.delete(entry);
        fork(Scope.close(scope, Exit.void));
      },
      idle: () => rest(entry),
    });
    const proxied = yield* makeProxySession({
      description,
      upstream: call.upstream,
      open: yield* makeOpen(kinds, call),
      client: shared.link,
      translate: shared.translate,
      connectBounds,
    }).pipe(Scope.provide(scope));
    const entry: Entry = { key, shared, proxied, timer: undefined };
    entries.add(entry);
    return entry;
  });

  const rest = (entry: Entry) => {
    const { proxied, shared } = entry;
    clearTimeout(entry.timer);
    // An upstream that has refused everything so far does not speak this version: a client asks it for no more.
    const millis = shared.hasServed ? idleMillis : refusedMillis;
    entry.timer = setTimeout(() => {
      if (!shared.isIdle) return;
      proxied.leaving(shared.hasServed ? "idle for too long" : "The upstream served nothing.");
      shared.close();
    }, millis);
  };

  const entryFor = Effect.fnUntraced(function* (arrival: Arrival, call: Call, posted: Posted) {
    const client = clientOf(posted.envelope, arrival.request.headers);
    const description = descriptionOf(call, "http", "stateless", client);
    const version =
      statedVersion(posted.envelope) ?? arrival.request.headers.get("mcp-protocol-version")?.trim();
    const key = keyOf(description, version);
    const isLogging = wantsLogs(posted.envelope);
    for (const entry of entries) {
      if (entry.key === key && !(isLogging && entry.shared.isLogging)) return entry;
    }
    if (entries.size >= bounds.maxShared) {
      const idle = [...entries].find(({ shared }) => shared.isIdle);
      if (idle === undefined) return undefined;
      idle.shared.close();
    }
    return yield* open(key, call, description);
  });

  /** Takes the message of a POST. */
  const post = Effect.fnUntraced(function* (arrival: Arrival, call: Call, posted: Posted) {
    const entry = yield* entryFor(arrival, call, posted);
    if (entry === undefined) return tooMany(posted.envelope.id);
    clearTimeout(entry.timer);
    const { proxied, shared } = entry;
    if (posted.envelope.kind === "request") {
      return yield* Effect.promise(() => shared.request(posted, arrival.request, proxied));
    }
    shared.notify(posted, proxied);
    if (shared.isIdle) rest(entry);
    return new Response(null, { status: 202 });
  }, Effect.provideContext(context));

  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      for (const { shared } of [...entries]) shared.close();
    }),
  );

  const endStreams = Effect.sync(() => {
    for (const { shared } of entries) shared.endListening();
  });
  return { post, headersOf, endStreams };
});
