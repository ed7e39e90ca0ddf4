// The desk of a keeper: where Deweys take and give back their leases, and learn the state of the
// database. One value holds both, so that nobody is told of a database that is about to stop.
import * as fs from "node:fs/promises";
import { BunSocketServer } from "@effect/platform-bun";
import { Cause, Clock, Duration, Effect, Schedule, Schema, Stream, SubscriptionRef } from "effect";
import { Socket } from "effect/unstable/socket";
import { type DataFolder, giveToOwner } from "./DataFolder.ts";
import { attempt, fileFailure } from "./EmbeddedDatabaseError.ts";
import { KeeperState, LeaseRequest, messages } from "./keeperProtocol.ts";

interface Desk {
  readonly leases: number;
  /** The last Dewey waits for the database to stop. */
  readonly awaited: boolean;
  /** This keeper was asked to end: nothing keeps the database but leases. */
  readonly draining: boolean;
  readonly state: KeeperState;
}

type DeskRef = SubscriptionRef.SubscriptionRef<Desk>;

const starting: KeeperState = { _tag: "Starting" };
const encodeState = Schema.encodeSync(Schema.fromJsonString(KeeperState));

/** Opens the desk for the scope. */
export const openLeaseDesk = Effect.fn("LeaseDesk.open")(function* (
  folder: DataFolder,
  lingerMillis: number,
) {
  const desk = yield* SubscriptionRef.make<Desk>({
    leases: 0,
    awaited: false,
    draining: false,
    state: starting,
  });
  yield* listen(folder, desk);

  /** Tells every lease, and whoever comes. */
  const announce = (state: KeeperState) =>
    SubscriptionRef.update(desk, (now) => ({ ...now, state }));

  /** Announces a state unless there is a lease; answers whether it did. */
  const announceIfUnused = (state: KeeperState) =>
    SubscriptionRef.modify(desk, (now) =>
      now.leases === 0 ? [true, { ...now, state }] : [false, now],
    );

  /** Waits until nobody has needed the database for a while, and announces a state in the same step. */
  const unused = (state: KeeperState) =>
    SubscriptionRef.changes(desk).pipe(
      Stream.map(({ leases, awaited, draining }) =>
        leases > 0 ? undefined : awaited || draining ? 0 : lingerMillis,
      ),
      Stream.changes,
      Stream.switchMap((linger) =>
        linger === undefined
          ? Stream.never
          : Stream.fromEffect(Effect.sleep(Duration.millis(linger))),
      ),
      Stream.mapEffect(() => announceIfUnused(state)),
      Stream.filter((announced) => announced),
      Stream.runHead,
      Effect.asVoid,
    );

  /** Waits until somebody comes after a failure was announced. */
  const wantedAgain = Effect.suspend(() =>
    SubscriptionRef.getUnsafe(desk).state._tag === "Failed"
      ? SubscriptionRef.changes(desk).pipe(
          Stream.filter(({ state }) => state._tag === "Starting"),
          Stream.runHead,
          Effect.asVoid,
        )
      : Effect.never,
  );

  /** From now on the database stops with its last lease, at once. */
  const drain = SubscriptionRef.update(desk, (now) => ({ ...now, draining: true }));

  return { announce, announceIfUnused, unused, wantedAgain, drain };
});

/** Accepts leases for the scope. The lock's holder may remove a socket that another left. */
const listen = Effect.fnUntraced(function* (folder: DataFolder, desk: DeskRef) {
  const path = folder.keeperSocket;
  yield* attempt("remove", path, () => fs.rm(path, { force: true }));
  const server = yield* BunSocketServer.make({ path }).pipe(
    Effect.mapError((error) => fileFailure("listen on", path, error.reason.cause)),
  );
  yield* attempt("protect", path, () => fs.chmod(path, 0o600));
  yield* giveToOwner(folder, path);
  // What tidies /tmp takes a file that nobody has touched for days, and a socket is a file to it.
  yield* Effect.gen(function* () {
    const seconds = (yield* Clock.currentTimeMillis) / 1_000;
    yield* attempt("touch", path, () => fs.utimes(path, seconds, seconds));
  }).pipe(Effect.ignore, Effect.repeat(Schedule.spaced("1 hour")), Effect.forkScoped);
  yield* Effect.forkScoped(server.run((socket) => serveLease(socket, desk)));
});

const serveLease = Effect.fnUntraced(
  function* (socket: Socket.Socket, desk: DeskRef) {
    const pull = yield* Socket.readerString(socket);
    const { write } = yield* socket.writer;
    let held = false;
    const take = SubscriptionRef.update(desk, (now) => {
      held = true;
      // What failed before may work by now: who comes is told what comes of the next attempt.
      const state = now.state._tag === "Failed" ? starting : now.state;
      return { ...now, leases: now.leases + 1, awaited: false, state };
    });
    const giveBack = (awaited: boolean) =>
      SubscriptionRef.update(desk, (now) => {
        if (!held) return now;
        held = false;
        const leases = now.leases - 1;
        return { ...now, leases, awaited: awaited && leases === 0 };
      });
    yield* Effect.acquireRelease(take, () => giveBack(false));
    yield* SubscriptionRef.changes(desk).pipe(
      Stream.map(({ state }) => state),
      Stream.changes,
      Stream.runForEach((state) => write(`${encodeState(state)}\n`)),
      Effect.ignore,
      Effect.forkScoped,
    );
    yield* messages(pull, LeaseRequest).pipe(Stream.runHead);
    yield* giveBack(true);
    yield* SubscriptionRef.changes(desk).pipe(
      Stream.filter(({ leases, state }) => leases > 0 || state._tag === "Stopped"),
      Stream.runHead,
    );
  },
  Effect.scoped,
  // A lease ends by its socket closing, cleanly or not: that is no failure of the keeper.
  Effect.catchTag("SocketError", () => Effect.void),
  Effect.catchTag("SchemaError", (error) =>
    Effect.logWarning("A lease was not understood", Cause.fail(error)),
  ),
);
