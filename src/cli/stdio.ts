/**
 * `dewey stdio`: serves the one client that started it, over standard input and output: with Dewey's own tools, or with
 * an upstream behind the recording proxy.
 */
import { Cause, Deferred, Effect, Exit, Layer, Option, Schedule, Scope } from "effect";
import { clientEnvironment } from "../actors/upstreamProcess/environment.ts";
import { Config } from "../Config.ts";
import { anonymous } from "../domain/Principal.ts";
import type { Door } from "../http/Door.ts";
import type { Catalog } from "../mcp/Catalog.ts";
import { makeMcpDoor } from "../mcp/McpDoor.ts";
import { processPipes, serveClient } from "../mcp/stdio.ts";
import { serveStdio } from "../proxy/inbound/stdio.ts";
import { makeUpstreamKinds } from "../proxy/upstreams/registry.ts";
import type { Changes } from "../services/Changes.ts";
import { Drain } from "../services/Drain.ts";
import { Journal } from "../services/Journal.ts";
import { Upstreams } from "../services/Upstreams.ts";
import type { Database } from "../sql/Database.ts";
import { captureLayer, recorderLayer, starterUpstreamsLayer } from "./proxy.ts";

/** Dewey without its doors. */
type Dewey<E> = Layer.Layer<Catalog | Changes | Database | Drain, E, Config>;

const serveTools = Effect.gen(function* () {
  const { shutdownTimeoutMs } = yield* Config;
  yield* serveClient({ ...processPipes(), shutdownTimeout: shutdownTimeoutMs });
});

const isFailure = (cause: Cause.Cause<unknown>): boolean => !Cause.hasInterruptsOnly(cause);

/** How long to wait before the database is tried again. */
const databaseRetry = "15 seconds";

/** How long a client that is done may wait for a database that is still starting; then the journal is left to others. */
const lastChance = "1 second";

/** Dewey's own door, for those who can wait for it. */
const lateDoor = (
  door: Effect.Effect<Required<Pick<Door, "onConnection" | "onRequest">>>,
): Door => ({
  name: "mcp",
  paths: [],
  onConnection: (connection) => Effect.flatMap(door, (made) => made.onConnection(connection)),
  onRequest: (arrival) => Effect.flatMap(door, (made) => made.onRequest(arrival)),
});

/**
 * Starts the rest of Dewey behind the proxy, and its recorder, again and again until it succeeds: a client that only
 * wants its server need not wait for a database. What it could not record is in the journal.
 */
const startBehind = Effect.fnUntraced(function* <E>(dewey: Dewey<E>) {
  const journal = yield* Journal;
  const scope = yield* Effect.scope;
  const door = yield* Deferred.make<Effect.Success<ReturnType<typeof makeMcpDoor>>>();
  const recording = recorderLayer.pipe(
    Layer.provideMerge(dewey),
    Layer.provide(Layer.succeed(Journal, journal)),
  );
  const start = Effect.gen(function* () {
    const attempt = yield* Scope.fork(scope);
    const context = yield* Layer.buildWithScope(recording, attempt).pipe(
      Effect.onError(() => Scope.close(attempt, Exit.void)),
    );
    yield* Deferred.complete(
      door,
      makeMcpDoor().pipe(Effect.provideContext(context), Scope.provide(attempt)),
    );
  });
  yield* start.pipe(
    // A client that leaves before it was tried to the end is nobody's trouble.
    Effect.tapCauseIf(isFailure, (cause) =>
      Effect.logWarning(
        `The database cannot be used; what passes is kept in the journal. It is tried again in ${databaseRetry}.`,
        cause,
      ),
    ),
    Effect.retry(Schedule.spaced(databaseRetry)),
    Effect.forkScoped,
  );
  const isBehind = Effect.sync(() => journal.state().entries > 0);
  yield* Effect.addFinalizer(() =>
    Deferred.await(door).pipe(
      Effect.interruptible,
      Effect.timeoutOption(lastChance),
      Effect.when(isBehind),
    ),
  );
  return lateDoor(Deferred.await(door));
});

/** Stands between the client and an upstream. */
const serveUpstream = Effect.fnUntraced(
  function* <E>(name: string, dewey: Dewey<E>) {
    const { shutdownTimeoutMs } = yield* Config;
    const upstream = yield* (yield* Upstreams).find(name);
    const kinds = yield* makeUpstreamKinds({
      dewey: yield* startBehind(dewey),
      environment: clientEnvironment(process.env),
      folder: process.cwd(),
    });
    yield* serveStdio(
      kinds,
      { upstream, caller: { principal: anonymous, remoteAddress: "stdio" }, session: null },
      { ...processPipes(), shutdownTimeout: shutdownTimeoutMs },
    );
  },
  Effect.scoped,
  Effect.provide(Layer.mergeAll(captureLayer, starterUpstreamsLayer, Drain.layer)),
);

/** Serves until the client closes its end, or a signal comes; without a name, with Dewey's own tools. */
export const serveStarter = <E>(name: Option.Option<string>, dewey: Dewey<E>) =>
  Effect.gen(function* () {
    if (Option.isSome(name)) yield* serveUpstream(name.value, dewey);
    else yield* serveTools.pipe(Effect.provide(dewey));
  });
