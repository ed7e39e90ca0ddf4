/** The streams of a journal that the recorder has in mind: the others are looked up in the database. */
import { Effect } from "effect";
import type { Direction, Frame } from "../../domain/Frame.ts";
import type { ConnectionEvent } from "../../domain/Recording.ts";
import { findOpenings, findOpenRequests, findStreams } from "../../sql/StreamQueries.ts";
import { derive } from "./derive.ts";
import {
  newStream,
  putRequest,
  type RecordedEntry,
  requestsOf,
  type StreamState,
} from "./StreamState.ts";

/** What a row of an opening stands for. */
export const entryOf = (row: {
  readonly stream: string;
  readonly id: string;
  readonly captured_at: number;
  readonly direction: Direction | null;
  readonly payload: Frame | null;
  readonly redactions: number | null;
  readonly event: ConnectionEvent | null;
}): RecordedEntry | undefined => {
  const captured = { stream: row.stream, id: row.id, at: row.captured_at };
  if (row.event !== null) return { ...captured, _tag: "Event", event: row.event };
  return row.direction === null || row.payload === null
    ? undefined
    : {
        ...captured,
        _tag: "Frame",
        direction: row.direction,
        payload: row.payload,
        redactions: row.redactions ?? 0,
      };
};

/** The entries of the openings that are kept of streams. */
export const loadOpenings = Effect.fnUntraced(function* (streams: ReadonlyArray<string>) {
  const rows = yield* findOpenings(streams);
  return rows.flatMap((row) => entryOf(row) ?? []);
});

/** Reads streams as they were when they were last written: with the requests that wait for their answers. */
export const loadStreams = Effect.fnUntraced(function* (ids: ReadonlyArray<string>, limit: number) {
  const loaded = new Map<string, StreamState>();
  if (ids.length === 0) return loaded;
  for (const row of yield* findStreams(ids)) {
    loaded.set(row.id, {
      ...newStream(row.id, row.journal, row.description),
      client: row.client ?? undefined,
      isStored: true,
      isOpen: row.is_open,
      isOver: row.is_over,
      openings: row.openings,
      seenAt: Date.parse(row.seen_at),
    });
  }
  const opening = [...loaded.values()].filter(({ isOpen }) => !isOpen).map(({ id }) => id);
  if (opening.length > 0) {
    for (const entry of yield* loadOpenings(opening)) {
      const stream = loaded.get(entry.stream);
      if (stream !== undefined) derive(stream, entry, limit);
    }
  }
  const open = [...loaded.values()].filter(({ isOpen }) => isOpen).map(({ id }) => id);
  if (open.length === 0) return loaded;
  for (const row of yield* findOpenRequests(open)) {
    const stream = loaded.get(row.stream);
    const entry = entryOf({
      ...row,
      id: row.frame,
      captured_at: row.captured_at.getTime(),
      redactions: 0,
      event: null,
    });
    if (stream === undefined || entry === undefined) continue;
    const scratch = newStream(stream.id, stream.journal, stream.description);
    derive(scratch, entry, limit);
    for (const request of requestsOf(scratch)) {
      if (request.element !== row.element) continue;
      putRequest(stream, {
        ...request,
        sequence: row.sequence,
        isKept: true,
        next: undefined,
        last: undefined,
      });
    }
  }
  return loaded;
});
