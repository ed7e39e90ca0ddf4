// Readers of changes: a subscriber of a process, and a session that overhears what processes tell each other.
import { PgConnection } from "@effect/sql-pg";
import { Effect, Exit, Fiber, Queue, Scope, Stream } from "effect";
import { type Change, type Resync, resync } from "../../src/domain/Change.ts";
import { channel, listenersLock } from "../../src/sql/ChangeQueries.ts";
import { emptyPayload } from "../../src/sql/changePayloads.ts";
import type { Process, TestDatabase } from "./tools.ts";

/** Somebody who subscribed. */
export interface Follower extends AsyncDisposable {
  /** All that was told so far. */
  readonly told: ReadonlyArray<Change | Resync>;
  /** Waits until something is told that is as asked for, at the earliest after what `since` counts. */
  readonly until: (
    is: (change: Change | Resync) => boolean,
    since?: number,
  ) => Promise<Change | Resync>;
  readonly untilNamed: (name: string) => Promise<Change | Resync>;
  readonly untilResync: (since?: number) => Promise<Change | Resync>;
  readonly leave: () => Promise<void>;
}

/** Whether it is a change of this name. */
export const isNamed = (name: string) => (change: Change | Resync) =>
  change.kind !== resync.kind && change.name === name;

/** Subscribes; returns once every change from now on is told. */
export const follow = async ({ changes }: Process): Promise<Follower> => {
  const scope = Scope.makeUnsafe();
  const stream = await Effect.runPromise(Scope.provide(changes.subscribe, scope));
  const told: Array<Change | Resync> = [];
  const waiting = new Set<() => void>();
  const fiber = Effect.runFork(
    Stream.runForEach(stream, (change) =>
      Effect.sync(() => {
        told.push(change);
        for (const look of waiting) look();
      }),
    ),
  );
  const until: Follower["until"] = (is, since = 0) =>
    new Promise((resolve) => {
      const look = () => {
        const found = told.slice(since).find(is);
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    });
  const leave = async () => {
    await Effect.runPromise(Fiber.interrupt(fiber));
    await Effect.runPromise(Scope.close(scope, Exit.void));
  };
  return {
    told,
    until,
    untilNamed: (name) => until(isNamed(name)),
    untilResync: (since) => until(({ kind }) => kind === resync.kind, since),
    leave,
    [Symbol.asyncDispose]: leave,
  };
};

/** A session that listens without being a subscriber. */
export interface Eavesdropper extends AsyncDisposable {
  /** Every payload that was sent since the last call. */
  readonly overheard: () => Promise<ReadonlyArray<string>>;
}

/** Listens to the notifications themselves. */
export const eavesdrop = async (db: TestDatabase): Promise<Eavesdropper> => {
  const scope = Scope.makeUnsafe();
  const { tls, ...address } = db.address;
  const session = await PgConnection.make({ ...address, ssl: tls }).pipe(
    Scope.provide(scope),
    Effect.runPromise,
  );
  const heard = await Effect.runPromise(session.listen(channel).pipe(Scope.provide(scope)));
  return {
    overheard: async () => {
      const end = emptyPayload(crypto.randomUUID());
      await db.rows("SELECT pg_notify($1, $2)::text", [channel, end]);
      const payloads: Array<string> = [];
      while (payloads.at(-1) !== end) {
        const arrived = await Effect.runPromise(Queue.takeAll(heard));
        payloads.push(...arrived.map(({ payload }) => payload));
      }
      return payloads.slice(0, -1);
    },
    [Symbol.asyncDispose]: () => Effect.runPromise(Scope.close(scope, Exit.void)),
  };
};

/** The sessions that listen for subscribers. */
export const listeners = async (db: TestDatabase): Promise<ReadonlyArray<number>> => {
  const rows = await db.rows(
    `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND classid = ${listenersLock[0]}
     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  );
  return rows.map(({ pid }) => Number(pid));
};
