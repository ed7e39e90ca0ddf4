/** Writes a batch in one transaction, which the position of its journal decides: all of it is recorded, or nothing. */
import { Effect } from "effect";
import { SqlClient, SqlError } from "effect/unstable/sql";
import { DeadLetters, type RefusedEntry } from "../../services/DeadLetters.ts";
import { defectOf, outcomeOf } from "../../sql/failures.ts";
import { findStanding, movePosition } from "../../sql/RecordingQueries.ts";
import { findSpansAt } from "../../sql/StatelessQueries.ts";
import {
  dropOpenings,
  dropOpenRequests,
  dropStreams,
  putOpenings,
  putOpenRequests,
  putStreams,
} from "../../sql/StreamQueries.ts";
import type { Batch } from "./Batch.ts";
import type { Derived } from "./Derived.ts";
import { derive } from "./derive.ts";
import { type Place, type Placed, type PlacingOptions, placeAll } from "./placing.ts";
import { newStream, type StreamState } from "./StreamState.ts";
import { keyOfStream, silenceMillis } from "./stateless.ts";
import { loadOpenings } from "./streams.ts";

/** What came of a batch. */
export interface Written extends Placed {
  readonly refused: ReadonlyArray<RefusedEntry>;
}

const nothing: Written = { begun: [], grown: [], places: new Map(), dropped: 0, refused: [] };

const both = (one: Written, other: Written): Written => ({
  begun: [...one.begun, ...other.begun],
  grown: [...one.grown, ...other.grown],
  places: new Map([...one.places, ...other.places]),
  dropped: one.dropped + other.dropped,
  refused: [...one.refused, ...other.refused],
});

const refuse = ({ entry, stream }: Derived, reason: string): Written => ({
  ...nothing,
  refused: [{ entry, description: stream.description, reason }],
});

/** Writes what the database takes, in order: what it refuses is halved until the entry at fault is alone. */
const placeWithout = (
  all: ReadonlyArray<Derived>,
  options: PlacingOptions,
): Effect.Effect<Written, SqlError.SqlError, SqlClient.SqlClient> =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient;
    const [first] = all;
    if (first === undefined) return nothing;
    return yield* sql.withTransaction(placeAll(all, options)).pipe(
      Effect.map((placed): Written => ({ ...placed, refused: [] })),
      Effect.catchIf(
        (error) => SqlError.isSqlError(error) && outcomeOf(error) === "defect",
        (error) => {
          if (all.length === 1) return Effect.succeed(refuse(first, defectOf(error).message));
          const middle = all.length >> 1;
          return Effect.zipWith(
            placeWithout(all.slice(0, middle), options),
            placeWithout(all.slice(middle), options),
            both,
          );
        },
      ),
    );
  });

/** The entries of the batch, after what the database kept of the openings of its streams. */
const withOpenings = Effect.fnUntraced(function* (batch: Batch, limit: number) {
  if (batch.resumed.size === 0) return batch.derived;
  const ids = [...batch.resumed].map(({ id }) => id);
  const byId = new Map([...batch.resumed].map((stream) => [stream.id, stream]));
  const scratch = new Map<string, StreamState>();
  const openings: Array<Derived> = [];
  for (const entry of yield* loadOpenings(ids)) {
    const stream = byId.get(entry.stream);
    if (stream === undefined) continue;
    const own = scratch.get(stream.id) ?? newStream(stream.id, stream.journal, stream.description);
    scratch.set(stream.id, own);
    // What it means for the stream was taken in when it came.
    openings.push({ ...derive(own, entry, limit), stream, settled: [] });
  }
  yield* dropOpenings(ids);
  return [...openings, ...batch.derived];
});

/** What was refused, with the conversations that it was to be part of: where they are erased, it is to go too. */
const withConversations = Effect.fnUntraced(function* (all: ReadonlyArray<RefusedEntry>) {
  if (all.length === 0) return all;
  const spans = yield* findSpansAt(
    all.flatMap(({ description, entry }, place) =>
      description?.kind === "stateless"
        ? [{ place, space: description.space, key: keyOfStream(description), at: entry.at }]
        : [],
    ),
    silenceMillis,
  );
  const conversationOf = (entry: RefusedEntry, place: number): string | undefined =>
    entry.description?.kind === "session" ? entry.entry.stream : spans.get(place);
  const standing = yield* findStanding(
    all.flatMap((entry, place) => conversationOf(entry, place) ?? []),
  );
  return all.map((entry, place): RefusedEntry => {
    const conversation = conversationOf(entry, place);
    return conversation !== undefined && standing.has(conversation)
      ? { ...entry, conversation }
      : entry;
  });
});

/** How a batch is written. */
export interface WriteOptions {
  readonly limit: number;
  readonly isReplay: boolean;
  /** An attempt to write it as a whole was refused. */
  readonly isCareful: boolean;
}

/** The transaction of a batch. Undefined: the position is elsewhere, and nothing was written. */
export const writeBatch = Effect.fnUntraced(function* (batch: Batch, options: WriteOptions) {
  const deadLetters = yield* DeadLetters;
  if (!(yield* movePosition(batch.step))) return undefined;
  if (batch.streams.length > 0) yield* putStreams(batch.streams);
  if (batch.dropped.length > 0) yield* dropStreams(batch.dropped);
  const all = yield* withOpenings(batch, options.limit);
  const { isReplay } = options;
  const placing = { opened: batch.opened, isReplay };
  const written: Written =
    all.length === 0
      ? nothing
      : options.isCareful
        ? yield* placeWithout(all, placing)
        : { ...(yield* placeAll(all, placing)), refused: [] };
  if (batch.openings.length > 0) yield* putOpenings(batch.openings);
  const waiting = batch.waiting.flatMap(({ stream, request }) => {
    const place: Place | undefined = written.places.get(request.frame);
    const { frame, element } = request;
    return place === undefined ? [] : [{ ...place, stream, frame, element }];
  });
  if (waiting.length > 0) yield* putOpenRequests(waiting);
  if (batch.settled.length > 0) yield* dropOpenRequests(batch.settled);
  const refused = [...batch.strays, ...(yield* withConversations(written.refused))];
  // Before the commit: what is in both places is found by its id, what were in neither would be lost.
  if (refused.length > 0) yield* deadLetters.put(refused);
  return { ...written, refused };
});

/** Tells the requests where they were recorded, once that is committed. */
export const settlePlaces = (batch: Batch, { places }: Written): void => {
  for (const { request } of batch.waiting) {
    request.sequence = places.get(request.frame)?.sequence;
  }
};
