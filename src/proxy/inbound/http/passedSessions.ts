/** The sessions of HTTP upstreams that clients hold, by the ids that the upstreams gave them. */
import { Clock, Duration, Effect, Schedule } from "effect";
import type { Principal } from "../../../domain/Principal.ts";
import { type KeptPlace, type KeptPlaces, NoPlace } from "./KeptPlaces.ts";
import type { PassedSession } from "./PassedSession.ts";

/** How long what nobody uses is kept. */
export interface SessionBounds {
  readonly sessionIdle: Duration.Input;
}

/** Past half an hour of silence a client is not expected back; upstreams forget such sessions too. */
export const defaultSessionBounds: SessionBounds = { sessionIdle: "30 minutes" };

/** A place for a session that may be opened. */
export interface Reservation {
  /** The session was opened. */
  readonly enter: (session: PassedSession) => void;
  /** Gives the place back where none was. */
  readonly release: () => void;
}

interface Entry {
  readonly session: PassedSession;
  readonly place: KeptPlace;
}

/** One that nobody here has heard of, while its upstream is asked whether it has. */
interface Claim {
  readonly session: PassedSession;
  requests: number;
}

const keyOf = ({ id, upstream }: Pick<PassedSession, "id" | "upstream">): string =>
  `${upstream}\n${id}`;

/** Keeps sessions for as long as its scope. */
export const makePassedSessions = Effect.fnUntraced(function* (
  places: KeptPlaces,
  bounds: SessionBounds,
) {
  const clock = yield* Clock.Clock;
  const idleMillis = Duration.toMillis(bounds.sessionIdle);
  const entries = new Map<string, Entry>();
  /** There are no more of them than requests in flight. */
  const claims = new Map<string, Claim>();

  /** One that has ended stays ended. */
  const touch = (session: PassedSession) => {
    const entry = entries.get(keyOf(session));
    if (entry?.session !== session) return;
    session.usedAt = clock.currentTimeMillisUnsafe();
    entry.place.touch();
  };

  const end = (session: PassedSession, reason: string) => {
    const key = keyOf(session);
    const entry = entries.get(key);
    if (entry?.session === session) {
      entries.delete(key);
      entry.place.leave();
    }
    if (claims.get(key)?.session === session) claims.delete(key);
    session.close(reason);
  };

  /** Takes a place for a session. */
  const reserve = (principal: Principal): Reservation | NoPlace => {
    let opened: PassedSession | undefined;
    const place = places.take(principal, {
      isBusy: () => opened === undefined || opened.openStreams > 0,
      end: () => opened && end(opened, "Other sessions needed the room."),
    });
    if (place instanceof NoPlace) return place;
    const enter: Reservation["enter"] = (session) => {
      opened = session;
      const key = keyOf(session);
      const before = entries.get(key)?.session;
      if (before !== undefined) end(before, "The upstream gave its id to another.");
      entries.set(key, { session, place });
      touch(session);
    };
    return {
      enter,
      release: () => {
        if (opened === undefined) place.leave();
      },
    };
  };

  /** The session, null where it is somebody else's, undefined where nobody has heard of it. */
  const find = (upstream: string, id: string, principal: Principal) => {
    const session = entries.get(keyOf({ upstream, id }))?.session;
    if (session === undefined) return undefined;
    if (!session.belongsTo(principal)) return null;
    touch(session);
    return session;
  };

  /** The session that its upstream is asked for, made where nobody asks yet; `settle` follows. */
  const claim = (upstream: string, id: string, make: () => PassedSession): PassedSession => {
    const key = keyOf({ upstream, id });
    const known = claims.get(key) ?? { session: make(), requests: 0 };
    known.requests++;
    claims.set(key, known);
    return known.session;
  };

  /** A request for a session was answered: one that was claimed is kept where its upstream knows it. */
  const settle = (session: PassedSession, principal: Principal, isKnown: boolean) => {
    const key = keyOf(session);
    const claimed = claims.get(key);
    if (claimed?.session !== session) return;
    claimed.requests--;
    if (!isKnown) {
      if (claimed.requests === 0) end(session, "The upstream does not know the session.");
      return;
    }
    const place = reserve(principal);
    if (place instanceof NoPlace) return end(session, place.message);
    claims.delete(key);
    place.enter(session);
  };

  const endIdle = Effect.sync(() => {
    const before = clock.currentTimeMillisUnsafe() - idleMillis;
    for (const { session } of [...entries.values()]) {
      if (session.usedAt <= before && session.openStreams === 0) end(session, "idle for too long");
    }
  });
  yield* endIdle.pipe(
    Effect.repeat(Schedule.spaced(Duration.millis(idleMillis / 4))),
    Effect.forkScoped,
  );
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      for (const { session } of [...entries.values()]) end(session, "Dewey is shutting down.");
    }),
  );
  return { reserve, find, claim, settle, touch, end };
});
