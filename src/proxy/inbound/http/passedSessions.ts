/** The sessions of HTTP upstreams that clients hold, by the ids that the upstreams gave them. */
import { Clock, Duration, Effect, Schedule } from "effect";
import type { Principal } from "../../../domain/Principal.ts";
import { PassedSession, type PassedSessionOptions } from "./PassedSession.ts";

/** How long what nobody uses is kept, and how much of it. */
export interface SessionBounds {
  readonly sessionIdle: Duration.Input;
  readonly maxSessions: number;
}

/** Past half an hour of silence a client is not expected back; upstreams forget such sessions too. */
export const defaultSessionBounds: SessionBounds = {
  sessionIdle: "30 minutes",
  maxSessions: 10_000,
};

const keyOf = (upstream: string, id: string): string => `${upstream}\n${id}`;

/** Keeps sessions for as long as its scope. */
export const makePassedSessions = Effect.fnUntraced(function* (bounds: SessionBounds) {
  const clock = yield* Clock.Clock;
  const idleMillis = Duration.toMillis(bounds.sessionIdle);
  /** In the order of their last use, the longest unused first. */
  const sessions = new Map<string, PassedSession>();

  const touch = (session: PassedSession) => {
    const key = keyOf(session.upstream, session.id);
    session.usedAt = clock.currentTimeMillisUnsafe();
    sessions.delete(key);
    sessions.set(key, session);
  };

  const end = (session: PassedSession, reason: string) => {
    const key = keyOf(session.upstream, session.id);
    if (sessions.get(key) === session) sessions.delete(key);
    session.close(reason);
  };

  const makeRoom = () => {
    if (sessions.size < bounds.maxSessions) return;
    for (const session of sessions.values()) {
      if (session.openStreams === 0) return end(session, "Other sessions needed the room.");
    }
  };

  const add = (options: PassedSessionOptions): PassedSession => {
    makeRoom();
    const session = new PassedSession(options);
    touch(session);
    return session;
  };

  /** The session, null where it is somebody else's, undefined where nobody has heard of it. */
  const find = (upstream: string, id: string, principal: Principal) => {
    const session = sessions.get(keyOf(upstream, id));
    if (session === undefined) return undefined;
    if (!session.belongsTo(principal)) return null;
    touch(session);
    return session;
  };

  const endIdle = Effect.sync(() => {
    const before = clock.currentTimeMillisUnsafe() - idleMillis;
    for (const session of [...sessions.values()]) {
      if (session.usedAt <= before && session.openStreams === 0) end(session, "idle for too long");
    }
  });
  yield* endIdle.pipe(
    Effect.repeat(Schedule.spaced(Duration.millis(idleMillis / 4))),
    Effect.forkScoped,
  );
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      for (const session of [...sessions.values()]) end(session, "Dewey is shutting down.");
    }),
  );
  return { add, find, touch, end };
});
