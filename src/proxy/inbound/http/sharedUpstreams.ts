/**
 * The duplex upstreams behind stateless clients over HTTP: one for the requests of one token, client, upstream and
 * session, for as long as they come. Where two requests at a time want to be told what the server logs, the second has
 * a connection of its own: messages of the log do not say whom they are for.
 */
import { Duration, Effect, Exit, Scope } from "effect";
import type { Envelope } from "../../../actors/envelope.ts";
import { makeProxySession, type ProxySession } from "../../../actors/ProxySession.ts";
import type { ConnectBounds } from "../../../actors/proxySession/connectBounds.ts";
import type { StreamDescription } from "../../../domain/Recording.ts";
import type { Arrival } from "../../../http/Door.ts";
import { Capture } from "../../../services/Capture.ts";
import { Drain } from "../../../services/Drain.ts";
import type { Upstreams } from "../../../services/Upstreams.ts";
import { statedVersion } from "../../frames.ts";
import { makeOpen } from "../../openUpstream.ts";
import { RequestHeaders } from "../../upstreams/http/requestHeaders.ts";
import type { UpstreamKinds } from "../../upstreams/registry.ts";
import { type Call, descriptionOf } from "../Inbound.ts";
import { noPlace } from "./answers.ts";
import { type KeptPlace, type KeptPlaces, NoPlace } from "./KeptPlaces.ts";
import { clientOf, ownNameOf, type Posted } from "./posted.ts";
import { SharedUpstream, wantsLogs } from "./SharedUpstream.ts";

/** How long a connection outlives its last request. */
export interface SharedBounds {
  readonly sharedIdle: Duration.Input;
}

interface Entry {
  readonly key: string;
  readonly caller: string;
  readonly shared: SharedUpstream;
  readonly proxied: ProxySession;
  readonly place: KeptPlace;
  /** Counts up with every message, so that of two the greater is the later. */
  usedAt: number;
  timer: Timer | undefined;
}

/** How long a connection outlives the first refusal. */
const refusedMillis = 1_000;

/** Who calls, and whom: what a message tells of that which says no more of itself. */
const callerOf = ({ session, space, token, upstream }: StreamDescription): string =>
  JSON.stringify([space, token, upstream, session]);

/** The version is part of it: servers keep a connection to that of its first message. */
const keyOf = (description: StreamDescription, version: string | undefined): string =>
  JSON.stringify([callerOf(description), description.client, version]);

/** Keeps them for as long as its scope. */
export const makeSharedUpstreams = Effect.fnUntraced(function* (
  kinds: UpstreamKinds,
  places: KeptPlaces,
  bounds: SharedBounds,
  connectBounds: Partial<ConnectBounds>,
) {
  const context = yield* Effect.context<Capture | Drain | Upstreams>();
  const capture = yield* Capture;
  const drain = yield* Drain;
  const ownScope = yield* Scope.fork(yield* Effect.scope);
  const fork = Effect.runForkWith(context);
  let uses = 0;
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
    const made: { entry?: Entry } = {};
    const place = places.take(call.caller.principal, {
      isBusy: () => made.entry?.shared.isIdle !== true,
      end: () => made.entry && end(made.entry, "Other sessions needed the room."),
    });
    if (place instanceof NoPlace) return place;
    const scope = yield* Scope.fork(ownScope);
    const shared = new SharedUpstream({
      requestHeaders: headersOf(call.upstream.name),
      ended: () => {
        place.leave();
        if (made.entry !== undefined) {
          clearTimeout(made.entry.timer);
          entries.delete(made.entry);
        }
        fork(Scope.close(scope, Exit.void));
      },
      idle: () => made.entry && rest(made.entry),
      lend: (asks) => capture.lend(description, { asks }),
    });
    const proxied = yield* makeProxySession({
      description,
      upstream: call.upstream,
      open: yield* makeOpen(kinds, call),
      client: shared.link,
      translate: shared.translate,
      connectBounds,
    }).pipe(
      Scope.provide(scope),
      Effect.onError(() => Effect.sync(() => shared.close())),
    );
    const caller = callerOf(description);
    const entry = { key, caller, shared, proxied, place, usedAt: 0, timer: undefined };
    made.entry = entry;
    entries.add(entry);
    return entry;
  });

  const end = ({ proxied, shared }: Entry, reason: string) => {
    proxied.leaving(reason);
    shared.close();
  };

  const rest = (entry: Entry) => {
    const { shared } = entry;
    clearTimeout(entry.timer);
    // An upstream that has refused everything so far does not speak this version: a client asks it for no more.
    const millis = shared.hasServed ? idleMillis : refusedMillis;
    entry.timer = setTimeout(() => {
      if (!shared.isIdle) return;
      end(entry, shared.hasServed ? "idle for too long" : "The upstream served nothing.");
    }, millis);
  };

  /**
   * Where a notification goes that means a request, or does not say whom it is from, as most do not: to the connection of
   * the request, or that which the caller used last.
   */
  const entryTold = (envelope: Envelope, caller: string): Entry | undefined => {
    if (envelope.kind !== "notification") return undefined;
    const own = [...entries].filter((entry) => entry.caller === caller);
    const cancelled = envelope.reference("requestId");
    const asked = own.find(({ shared }) => cancelled !== undefined && shared.isAsked(cancelled));
    if (asked !== undefined || ownNameOf(envelope) !== undefined) return asked;
    return own.toSorted((one, other) => other.usedAt - one.usedAt)[0];
  };

  const entryFor = Effect.fnUntraced(function* (arrival: Arrival, call: Call, posted: Posted) {
    const client = clientOf(posted.envelope, arrival.request.headers);
    const description = descriptionOf(call, "http", "stateless", client);
    const version =
      statedVersion(posted.envelope) ?? arrival.request.headers.get("mcp-protocol-version")?.trim();
    const key = keyOf(description, version);
    const told = entryTold(posted.envelope, callerOf(description));
    if (told !== undefined) return told;
    const isLogging = wantsLogs(posted.envelope);
    for (const entry of entries) {
      if (entry.key === key && !(isLogging && entry.shared.isLogging)) return entry;
    }
    return yield* open(key, call, description);
  });

  /** Takes the message of a POST. */
  const post = Effect.fnUntraced(function* (arrival: Arrival, call: Call, posted: Posted) {
    const entry = yield* entryFor(arrival, call, posted);
    if (entry instanceof NoPlace) return noPlace(entry, posted.envelope.id);
    clearTimeout(entry.timer);
    entry.place.touch();
    entry.usedAt = ++uses;
    const { proxied, shared } = entry;
    if (posted.envelope.kind === "request") {
      return yield* Effect.promise(() => shared.request(posted, arrival.request, proxied));
    }
    shared.notify(posted, proxied);
    if (shared.isIdle) rest(entry);
    return new Response(null, { status: 202 });
  }, Effect.provideContext(context));

  const settle = Effect.sync(() => {
    for (const { proxied } of entries) proxied.rest();
  });
  yield* drain.begun.pipe(Effect.andThen(settle), Effect.forkScoped);
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
