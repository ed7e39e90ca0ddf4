/** A batch on its way into the database: everything that one transaction writes, settled before it begins. */
import { Cause, Effect } from "effect";
import type { Entry } from "../../domain/Recording.ts";
import type { RefusedEntry } from "../../services/DeadLetters.ts";
import type { Step } from "../../sql/RecordingQueries.ts";
import type { OpeningRow, RequestKey, StreamRow } from "../../sql/StreamQueries.ts";
import type { Derived } from "./Derived.ts";
import { bare, derive } from "./derive.ts";
import { gapText } from "./events.ts";
import {
  newStream,
  type RecordedEntry,
  requestsOf,
  rowOf,
  type SeenRequest,
  type StreamState,
} from "./StreamState.ts";

/** What one transaction writes. */
export interface Batch {
  readonly step: Step;
  /** In the order of the journal. */
  readonly derived: ReadonlyArray<Derived>;
  /** The streams that get past the handshake with it. */
  readonly opened: ReadonlySet<StreamState>;
  /** Those among them of whose openings the database keeps a part. */
  readonly resumed: ReadonlySet<StreamState>;
  readonly streams: ReadonlyArray<StreamRow>;
  readonly dropped: ReadonlyArray<string>;
  readonly openings: ReadonlyArray<OpeningRow>;
  readonly waiting: ReadonlyArray<{ readonly stream: string; readonly request: SeenRequest }>;
  readonly settled: ReadonlyArray<RequestKey>;
  /** What cannot be recorded since nobody knows its stream. */
  readonly strays: ReadonlyArray<RefusedEntry>;
}

/** How long others may have to wait for a step of the work, in milliseconds. */
const slice = 0.4;

/** Lets go of the thread until everything else that waits for it had its turn. */
const giveWay = Effect.callback<void>((resume) => {
  const turn = setImmediate(() => resume(Effect.void));
  return Effect.sync(() => clearImmediate(turn));
});

/** How often the row of a stream says when it was last seen. */
const seenMillis = 60 * 60 * 1000;

/** A handshake of more entries is a conversation: what it holds is moved as one. */
const mostOpenings = 1000;

const openingOf = (stream: StreamState, { entry, payload }: Derived): OpeningRow => {
  const position = stream.openings;
  stream.openings += 1;
  const captured = { stream: stream.id, position, id: entry.id, at: entry.at };
  return entry._tag === "Event"
    ? { ...captured, direction: null, payload: null, redactions: null, event: entry.event }
    : {
        ...captured,
        direction: entry.direction,
        payload,
        redactions: entry.redactions,
        event: null,
      };
};

const deriveSafely = (stream: StreamState, entry: RecordedEntry, limit: number) => {
  try {
    return Effect.succeed(derive(stream, entry, limit));
  } catch (fault) {
    // Nothing that a peer sends may keep its frame from being recorded.
    return Effect.as(
      Effect.logError(
        "A frame was recorded without what it says, because of a fault",
        Cause.die(fault),
      ),
      bare(stream, entry),
    );
  }
};

/** What happened to a stream that left nothing is no loss, but for frames that are missing. */
const setAside = (entry: RecordedEntry, strays: Array<RefusedEntry>): Effect.Effect<void> => {
  if (entry._tag === "Frame") {
    const reason = "Nothing says what stream it belongs to.";
    strays.push({ entry, description: undefined, reason });
    return Effect.void;
  }
  const { event } = entry;
  return event.event === "gap"
    ? Effect.logWarning(`Of a session that left nothing else: ${gapText(event)}`)
    : Effect.void;
};

/** What differs from one journal to another. */
export interface BatchOptions {
  readonly number: number;
  readonly limit: number;
  /** Its requests were answered, or given up, when they were first seen. */
  readonly isReplay: boolean;
}

/** Prepares a batch, in slices. What its entries mean for their streams is in the streams afterwards. */
export const makeBatch = Effect.fnUntraced(function* (
  step: Step,
  entries: ReadonlyArray<Entry>,
  streams: Map<string, StreamState>,
  options: BatchOptions,
) {
  const derived: Array<Derived> = [];
  const opened = new Set<StreamState>();
  const resumed = new Set<StreamState>();
  const touched = new Map<StreamState, StreamRow | undefined>();
  const held = new Map<StreamState, Array<Derived>>();
  const dropped: Array<string> = [];
  const strays: Array<RefusedEntry> = [];

  const touch = (stream: StreamState) => {
    if (touched.has(stream)) return;
    touched.set(stream, stream.isStored ? rowOf(stream) : undefined);
    stream.touchedBy = options.number;
  };

  const take = (stream: StreamState, one: Derived) => {
    if (stream.isOpen) return void derived.push(one);
    const before = held.get(stream) ?? [];
    if (!one.isHandshake || stream.openings + before.length >= mostOpenings) {
      stream.isOpen = true;
      opened.add(stream);
      if (stream.openings > 0) resumed.add(stream);
      held.delete(stream);
      derived.push(...before, one);
    } else if (stream.isOver) held.delete(stream);
    else {
      before.push(one);
      held.set(stream, before);
    }
  };

  let began = performance.now();
  for (const entry of entries) {
    let stream = streams.get(entry.stream);
    if (entry._tag === "Stream") {
      if (stream === undefined) {
        stream = newStream(entry.stream, step.journal, entry.description);
        streams.set(stream.id, stream);
      }
      touch(stream);
      continue;
    }
    if (stream === undefined) {
      yield* setAside(entry, strays);
      continue;
    }
    touch(stream);
    take(stream, yield* deriveSafely(stream, entry, options.limit));
    if (entry.at > stream.seenAt + seenMillis) stream.seenAt = entry.at;
    if (performance.now() - began > slice) {
      yield* giveWay;
      began = performance.now();
    }
  }

  const rows: Array<StreamRow> = [];
  const waiting: Array<{ stream: string; request: SeenRequest }> = [];
  for (const [stream, before] of touched) {
    if (stream.isOver && !stream.isOpen) {
      if (stream.isStored) dropped.push(stream.id);
      streams.delete(stream.id);
      continue;
    }
    if (stream.isOver) streams.delete(stream.id);
    const row = rowOf(stream);
    stream.isStored = true;
    if (
      before === undefined ||
      before.is_open !== row.is_open ||
      before.is_over !== row.is_over ||
      before.client !== row.client ||
      before.seenAt !== row.seenAt
    ) {
      rows.push(row);
    }
    if (!stream.isOpen || options.isReplay) continue;
    for (const request of requestsOf(stream)) {
      if (request.isKept || request.isEnded) continue;
      request.isKept = true;
      waiting.push({ stream: stream.id, request });
    }
  }

  const batch: Batch = {
    step,
    derived,
    opened,
    resumed,
    streams: rows,
    dropped,
    openings: [...held].flatMap(([stream, all]) => all.map((one) => openingOf(stream, one))),
    waiting,
    settled: derived.flatMap(({ settled, stream }) =>
      settled.map(({ frame, element }) => ({ stream: stream.id, frame, element })),
    ),
    strays,
  };
  return batch;
});
