/**
 * How many searches a process has the server do at once: each keeps one of its cores busy, and whoever stores meanwhile
 * waits for a core too. More at once would only be slower each.
 */
import { availableParallelism } from "node:os";
import { Effect, Option, PartitionedSemaphore } from "effect";
import { Unavailable } from "../../domain/Errors.ts";
import { inLine } from "../../sql/inLine.ts";
import type { PoolLimits } from "../../sql/server.ts";
import { sparingly } from "../sparingly.ts";

/**
 * Half of the cores stay with those who store. The server's are not known: it is taken to have as many as there are here,
 * or more where the pool was made larger for it.
 */
const placesOf = ({ maxConnections }: PoolLimits): number =>
  Math.max(1, Math.floor(availableParallelism() / 2), Math.floor(maxConnections / 10));

const busy = new Unavailable({
  message: "Too many other searches are being made. Nothing was changed; try again in a moment.",
  details: { retry_after_ms: 1000 },
});

/** Makes the places for searches. Spaces take turns, and within one of them whoever came first; none waits for ever. */
export const makeQueue = Effect.fnUntraced(function* (limits: PoolLimits, atOnce?: number) {
  const permits = atOnce ?? placesOf(limits);
  const places = yield* PartitionedSemaphore.make<string>({ permits });
  const mayTell = sparingly(10_000);

  const refused = Effect.suspend(() =>
    mayTell()
      ? Effect.logWarning(
          `Searches are refused that waited ${limits.acquireTimeoutMs} ms for others: ${permits} are made at a time. If the database server has cores to spare, raise DEWEY_DB_MAX_CONNECTIONS.`,
        )
      : Effect.void,
  ).pipe(Effect.andThen(Effect.fail(busy)));

  return {
    /** Runs a search once there is a place for it; fails where that takes longer than a connection may. */
    enter: <A, E, R>(space: string, work: Effect.Effect<A, E, R>) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(
          places.withPermitsIfAvailable(1)(restore(work)),
          Option.match({
            onSome: Effect.succeed,
            onNone: () =>
              restore(inLine(work, places.withPermit(space), limits.acquireTimeoutMs, refused)),
          }),
        ),
      ),
  };
});
