/** The sessions that Dewey keeps for clients over HTTP whose upstreams are duplex: by the ids that it gave them. */
import { Clock, Duration, Effect, Exit, Schedule, Scope } from "effect";
import { makeProxySession, type ProxySession } from "../../../actors/ProxySession.ts";
import type { ConnectBounds } from "../../../actors/proxySession/connectBounds.ts";
import type { Arrival } from "../../../http/Door.ts";
import type { Capture } from "../../../services/Capture.ts";
import { Drain } from "../../../services/Drain.ts";
import type { Upstreams } from "../../../services/Upstreams.ts";
import { makeOpen } from "../../openUpstream.ts";
import type { UpstreamKinds } from "../../upstreams/registry.ts";
import { type Call, descriptionOf } from "../Inbound.ts";
import { jsonRpcError, noPlace, sessionUnknown } from "./answers.ts";
import { DuplexSession } from "./DuplexSession.ts";
import { EventLogs } from "./EventLog.ts";
import { type KeptPlace, type KeptPlaces, NoPlace } from "./KeptPlaces.ts";
import type { SessionBounds } from "./passedSessions.ts";
import { clientOf, type Posted } from "./posted.ts";

interface Entry {
  readonly session: DuplexSession;
  readonly proxied: ProxySession;
  readonly scope: Scope.Closeable;
  readonly place: KeptPlace;
}

/** What a server of these versions may be told by the header of a request. */
const versions = new Set(["2024-10-07", "2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"]);

const sessionMissing = () =>
  jsonRpcError(400, -32_000, "Mcp-Session-Id is missing. Send initialize first, then its session.");

const versionUnknown = (version: string) =>
  jsonRpcError(
    400,
    -32_000,
    `The protocol version ${JSON.stringify(version)} is not one of ${[...versions].join(", ")}.`,
  );

/** Keeps them for as long as its scope. */
export const makeDuplexSessions = Effect.fnUntraced(function* (
  kinds: UpstreamKinds,
  places: KeptPlaces,
  bounds: SessionBounds,
  connectBounds: Partial<ConnectBounds>,
) {
  const context = yield* Effect.context<Capture | Drain | Upstreams>();
  const clock = yield* Clock.Clock;
  const drain = yield* Drain;
  const ownScope = yield* Scope.fork(yield* Effect.scope);
  const fork = Effect.runForkWith(context);
  const logs = new EventLogs();
  const idleMillis = Duration.toMillis(bounds.sessionIdle);
  const entries = new Map<string, Entry>();

  const touch = (entry: Entry) => {
    entry.session.usedAt = clock.currentTimeMillisUnsafe();
    entry.place.touch();
  };

  const end = ({ proxied, session }: Entry, reason: string) => {
    proxied.leaving(reason);
    session.close();
  };

  const begin = Effect.fnUntraced(function* (call: Call, client: string | null) {
    const id = crypto.randomUUID();
    const place = places.take(call.caller.principal, {
      isBusy: () => entries.get(id)?.session.isBusy ?? true,
      end: () => {
        const entry = entries.get(id);
        if (entry !== undefined) end(entry, "Other sessions needed the room.");
      },
    });
    if (place instanceof NoPlace) return place;
    const scope = yield* Scope.fork(ownScope);
    const session = new DuplexSession({
      id,
      principal: call.caller.principal,
      upstream: call.upstream.name,
      logs,
      left: () => proxied.rest(),
      ended: () => {
        entries.delete(id);
        place.leave();
        // Its client need not wait until the upstream has heard of it.
        fork(Scope.close(scope, Exit.void));
      },
    });
    const proxied = yield* makeProxySession({
      description: descriptionOf(call, "http", "session", client),
      upstream: call.upstream,
      open: yield* makeOpen(kinds, call),
      client: session.link,
      connectBounds,
    }).pipe(
      Scope.provide(scope),
      Effect.onError(() => Effect.sync(() => session.close())),
    );
    const entry = { session, proxied, scope, place };
    touch(entry);
    entries.set(id, entry);
    return entry;
  });

  /** The session of the request, or the answer where it has none. */
  const find = ({ principal, request: { headers } }: Arrival, { upstream }: Call) => {
    const id = headers.get("mcp-session-id");
    if (id === null) return sessionMissing();
    const entry = entries.get(id);
    const isTheirs =
      entry?.session.belongsTo(principal) === true && entry.session.upstream === upstream.name;
    if (entry === undefined || !isTheirs) return sessionUnknown();
    touch(entry);
    const version = headers.get("mcp-protocol-version")?.trim();
    const isKnown =
      version === undefined || version === entry.session.version || versions.has(version);
    return isKnown ? entry : versionUnknown(version);
  };

  const initialize = Effect.fnUntraced(function* (arrival: Arrival, call: Call, posted: Posted) {
    const client = clientOf(posted.envelope, arrival.request.headers);
    const entry = yield* begin(call, client);
    if (entry instanceof NoPlace) return noPlace(entry, posted.envelope.id);
    const { proxied, session } = entry;
    const response = yield* Effect.promise(() => session.post(posted, arrival.request, proxied));
    // One that was not agreed on is nobody's.
    if (session.version !== undefined || !isJson(response)) return response;
    end(entry, "The session was not opened.");
    response.headers.delete("mcp-session-id");
    return response;
  });

  /** Takes the messages of a POST. */
  const post = (arrival: Arrival, call: Call, posted: Posted): Effect.Effect<Response> => {
    const begins = posted.envelope.kind === "request" && posted.envelope.method === "initialize";
    if (begins && !arrival.request.headers.has("mcp-session-id")) {
      return Effect.provideContext(initialize(arrival, call, posted), context);
    }
    const found = find(arrival, call);
    if (found instanceof Response) return Effect.succeed(found);
    return Effect.promise(() => found.session.post(posted, arrival.request, found.proxied));
  };

  /** Takes a GET or a DELETE. */
  const handle = (arrival: Arrival, call: Call): Response => {
    const found = find(arrival, call);
    if (found instanceof Response) return found;
    const { headers, method } = arrival.request;
    if (method === "GET") return found.session.listen(headers.get("last-event-id"));
    end(found, "The client ended the session.");
    return new Response(null, { status: 200 });
  };

  const endIdle = Effect.sync(() => {
    const before = clock.currentTimeMillisUnsafe() - idleMillis;
    for (const entry of [...entries.values()]) {
      // However long a request or a stream lasts, its client may come back after it.
      if (entry.session.isBusy) touch(entry);
      else if (entry.session.usedAt <= before) end(entry, "idle for too long");
    }
  });
  yield* endIdle.pipe(
    Effect.repeat(Schedule.spaced(Duration.millis(idleMillis / 4))),
    Effect.forkScoped,
  );
  // Whoever went without an answer comes for it no more.
  const settle = Effect.sync(() => {
    for (const { proxied } of entries.values()) proxied.rest();
  });
  yield* drain.begun.pipe(Effect.andThen(settle), Effect.forkScoped);
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      for (const { session } of [...entries.values()]) session.close();
    }),
  );

  const endStreams = Effect.sync(() => {
    for (const { session } of entries.values()) session.endListening();
  });
  return { post, handle, endStreams };
});

const isJson = ({ headers }: Response): boolean =>
  headers.get("content-type")?.startsWith("application/json") === true;
