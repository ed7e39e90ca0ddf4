/** The sessions of the older protocol versions over HTTP: found by `Mcp-Session-Id`, forgotten when idle. */
import { isInitializeRequest, type JSONRPCMessage } from "@modelcontextprotocol/server";
import { Clock, Duration, Effect, Exit, Schedule, Scope } from "effect";
import { isSamePrincipal, type Principal } from "../domain/Principal.ts";
import type { Arrival } from "../http/Door.ts";
import { Drain } from "../services/Drain.ts";
import { makeCalls } from "./Calls.ts";
import { Catalog } from "./Catalog.ts";
import { HttpSession } from "./HttpSession.ts";
import { errorReply, jsonRpcResponse, methodNotAllowed, noBatches } from "./messages.ts";
import { defaultEventBounds, type EventBounds, SentEvents } from "./SentEvents.ts";
import { serverMaker } from "./server.ts";
import { makeTelling } from "./subscriptions/telling.ts";

/** How long sessions live, how many there may be, and what one may do at a time. */
export interface HttpSessionBounds {
  /** A session that nobody used for so long is forgotten; its client begins a new one. */
  readonly sessionIdle: Duration.Input;
  /** Past it, the session that was idle for longest makes room. */
  readonly maxSessions: number;
  readonly maxInFlight: number;
  /** What is kept of sent events, for clients whose streams break. */
  readonly events?: EventBounds;
}

interface Entry {
  readonly session: HttpSession;
  readonly scope: Scope.Closeable;
  usedAt: number;
}

// The codes that the SDK's own transport answers with.
const sessionMissing = () =>
  jsonRpcResponse(
    400,
    errorReply(null, -32000, "Mcp-Session-Id is missing. Send initialize first, then its session."),
  );

const tooManySessions = () =>
  jsonRpcResponse(
    503,
    errorReply(null, -32000, "All sessions that Dewey keeps are busy. Try again in a minute."),
  );

const sessionUnknown = () =>
  jsonRpcResponse(
    404,
    errorReply(
      null,
      -32001,
      "Session not found: it ended or was idle for too long. Initialize anew.",
    ),
  );

/** Keeps the sessions of its scope. */
export const makeHttpSessions = Effect.fnUntraced(function* (bounds: HttpSessionBounds) {
  const drain = yield* Drain;
  const catalog = yield* Catalog;
  const makeServer = serverMaker(catalog);
  const clock = yield* Clock.Clock;
  // A scope of their own, so that sessions outlive a listener that was opened before them and closes first.
  const ownScope = yield* Scope.fork(yield* Effect.scope);
  const log = Effect.runForkWith(yield* Effect.context<never>());
  const sentEvents = new SentEvents(bounds.events ?? defaultEventBounds);
  const idleMillis = Duration.toMillis(bounds.sessionIdle);
  /** In the order of their last use, the longest unused first. */
  const entries = new Map<string, Entry>();

  const touch = (id: string, entry: Entry) => {
    entry.usedAt = clock.currentTimeMillisUnsafe();
    entries.delete(id);
    entries.set(id, entry);
  };

  const begin = Effect.fnUntraced(function* (principal: Principal) {
    const scope = yield* Scope.fork(ownScope);
    const callsOf = yield* makeCalls(bounds.maxInFlight).pipe(
      Scope.provide(scope),
      Effect.provideService(Drain, drain),
    );
    const tellTo = yield* Scope.provide(makeTelling(catalog), scope);
    const calls = callsOf(principal);
    const session: HttpSession = new HttpSession({
      calls,
      server: makeServer(calls, tellTo(principal)),
      events: sentEvents.ofSession(),
      enter: drain.enter,
      onOpen: (id) => touch(id, entry),
      onClose: () => {
        if (session.id !== undefined) entries.delete(session.id);
        log(Scope.close(scope, Exit.void));
      },
      onError: (error) => log(Effect.logDebug("An MCP session reports:", error.message)),
    });
    const entry: Entry = { session, scope, usedAt: 0 };
    yield* Effect.promise(() => session.connect());
    return session;
  });

  const end = ({ session }: Entry) => Effect.promise(() => session.close());

  /** Ends the session that was idle for longest where there are too many; false where all of them are busy. */
  const makeRoom = Effect.suspend(() => {
    if (entries.size < bounds.maxSessions) return Effect.succeed(true);
    for (const entry of entries.values()) {
      if (!entry.session.isBusy) return Effect.as(end(entry), true);
    }
    return Effect.succeed(false);
  });

  const initialize = Effect.fnUntraced(function* (
    { request, principal }: Arrival,
    messages: ReadonlyArray<JSONRPCMessage>,
  ) {
    if (!(yield* makeRoom)) return tooManySessions();
    const session = yield* begin(principal);
    const response = yield* Effect.promise(() => session.post(request, messages));
    if (session.id === undefined) yield* Effect.promise(() => session.close());
    return response;
  });

  const find = ({ request, principal }: Arrival): HttpSession | undefined => {
    const id = request.headers.get("mcp-session-id") ?? "";
    const entry = entries.get(id);
    if (entry === undefined || !isSamePrincipal(entry.session.calls.principal, principal))
      return undefined;
    touch(id, entry);
    return entry.session;
  };

  /** Takes the messages of a POST; `isBatch` tells an array of one from a message. */
  const post = Effect.fnUntraced(function* (
    arrival: Arrival,
    messages: ReadonlyArray<JSONRPCMessage>,
    isBatch: boolean,
  ) {
    const { request } = arrival;
    if (!request.headers.has("mcp-session-id")) {
      return messages.some(isInitializeRequest)
        ? yield* initialize(arrival, messages)
        : sessionMissing();
    }
    const session = find(arrival);
    if (session === undefined) return sessionUnknown();
    if (isBatch && !session.hasBatches) return jsonRpcResponse(400, noBatches);
    return yield* Effect.promise(() => session.post(request, messages));
  });

  /** Takes a GET or a DELETE. */
  const handle = Effect.fnUntraced(function* (arrival: Arrival) {
    const { request } = arrival;
    if (!request.headers.has("mcp-session-id")) {
      return request.method === "GET" ? methodNotAllowed() : sessionMissing();
    }
    const session = find(arrival);
    if (session === undefined) return sessionUnknown();
    return yield* Effect.promise(() => session.handle(request));
  });

  const endIdle = Effect.suspend(() => {
    const before = clock.currentTimeMillisUnsafe() - idleMillis;
    // However long a call or a stream lasts, its client may come back after it.
    for (const [id, entry] of [...entries]) if (entry.session.isBusy) touch(id, entry);
    const idle = [...entries.values()].filter(({ usedAt }) => usedAt <= before);
    return Effect.forEach(idle, end, { discard: true });
  });
  yield* endIdle.pipe(
    Effect.repeat(Schedule.spaced(Duration.millis(idleMillis / 4))),
    Effect.forkScoped,
  );

  const closeAll = Effect.suspend(() =>
    Effect.forEach([...entries.values()], end, { discard: true }),
  );
  return { post, handle, closeAll };
});
