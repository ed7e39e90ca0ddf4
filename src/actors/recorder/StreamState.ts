/** A stream as the recorder knows it: the database's own state of it, and the requests that wait for their answers. */
import type { Direction } from "../../domain/Frame.ts";
import type { EventEntry, FrameEntry, StreamDescription } from "../../domain/Recording.ts";
import type { StreamRow } from "../../sql/StreamQueries.ts";
import { type Fields, keyOfId, type RequestId } from "./jsonRpc.ts";

/** The name and version that a client gives itself. */
export interface ClientInfo {
  readonly name: string | null;
  readonly version: string | null;
}

/** A request that was seen. */
export interface SeenRequest {
  /** That of its frame, and its place in the frame. */
  readonly frame: string;
  readonly element: number;
  readonly at: number;
  readonly direction: Direction;
  readonly id: RequestId;
  readonly method: string;
  readonly correlation_id: string;
  /** What a `tools/call` asks; undefined for everything else. */
  readonly call:
    | { readonly id: string; readonly tool: string; readonly arguments: Fields }
    | undefined;
  /** Where its frame was recorded; undefined until it was. */
  sequence: number | undefined;
  /** It is among the open requests of the database, or about to be. */
  isKept: boolean;
  /** Its call has ended by a cancellation, and may be answered all the same. */
  isEnded: boolean;
  /** The next one under the same id, of a client that uses an id twice at a time. */
  next: SeenRequest | undefined;
  /** Of the first under an id: the one that came last, where there are more. */
  last: SeenRequest | undefined;
}

/** One stream. What is in it belongs to batches that are recorded, or are about to be in their order. */
export interface StreamState {
  readonly id: string;
  readonly journal: string;
  readonly description: StreamDescription;
  client: ClientInfo | undefined;
  /** The database has a row of it. */
  isStored: boolean;
  /** It has got past the handshake. */
  isOpen: boolean;
  /** Nothing more comes of it. */
  isOver: boolean;
  /** How many entries of its opening the database keeps. */
  openings: number;
  /** When its row last said that it was seen. */
  seenAt: number;
  /** The number of the last batch that touched it. */
  touchedBy: number;
  readonly requests: Readonly<Record<Direction, Map<string, SeenRequest>>>;
  /** How many requests wait. */
  waiting: number;
}

/** An entry of the journal that is recorded, as opposed to one that describes. */
export type RecordedEntry = FrameEntry | EventEntry;

/** A stream of which nothing is known but what it is. */
export const newStream = (
  id: string,
  journal: string,
  description: StreamDescription,
): StreamState => ({
  id,
  journal,
  description,
  client: undefined,
  isStored: false,
  isOpen: false,
  isOver: false,
  openings: 0,
  seenAt: 0,
  touchedBy: 0,
  requests: { to_upstream: new Map(), to_client: new Map() },
  waiting: 0,
});

/** How many requests may wait in one stream; the oldest gives way. */
const mostWaiting = 10_000;

/** Lets a request wait for its answer. Gives back the one that had to give way. */
export const putRequest = (stream: StreamState, request: SeenRequest): SeenRequest | undefined => {
  const requests = stream.requests[request.direction];
  const key = keyOfId(request.id);
  const first = requests.get(key);
  if (first?.isEnded === true && first.next === undefined) {
    // Who asks under the id of a request that was cancelled waits for the answer to the new one.
    requests.set(key, request);
    return undefined;
  }
  if (first === undefined) requests.set(key, request);
  else {
    (first.last ?? first).next = request;
    first.last = request;
  }
  stream.waiting += 1;
  if (stream.waiting <= mostWaiting) return undefined;
  for (const oldest of requests.values()) {
    return takeRequest(stream, oldest.direction, oldest.id);
  }
  return undefined;
};

/** The request under an id that was asked first. */
export const findRequest = (
  stream: StreamState,
  direction: Direction,
  id: RequestId,
): SeenRequest | undefined => stream.requests[direction].get(keyOfId(id));

/** The same, which then waits no more. */
export const takeRequest = (
  stream: StreamState,
  direction: Direction,
  id: RequestId,
): SeenRequest | undefined => {
  const requests = stream.requests[direction];
  const key = keyOfId(id);
  const first = requests.get(key);
  if (first === undefined) return undefined;
  if (first.next === undefined) requests.delete(key);
  else {
    first.next.last = first.last;
    requests.set(key, first.next);
  }
  stream.waiting -= 1;
  return first;
};

/** All that wait, each with those behind it under the same id. */
export const requestsOf = function* (stream: StreamState): Generator<SeenRequest> {
  for (const requests of [stream.requests.to_upstream, stream.requests.to_client]) {
    for (const first of requests.values()) {
      for (let request: SeenRequest | undefined = first; request !== undefined; ) {
        yield request;
        request = request.next;
      }
    }
  }
};

/** Lets all of them go. */
export const clearRequests = (stream: StreamState): ReadonlyArray<SeenRequest> => {
  const all = [...requestsOf(stream)];
  stream.requests.to_upstream.clear();
  stream.requests.to_client.clear();
  stream.waiting = 0;
  return all;
};

/** A stream as its row has it. */
export const rowOf = (stream: StreamState): StreamRow => ({
  id: stream.id,
  journal: stream.journal,
  description: stream.description,
  is_open: stream.isOpen,
  is_over: stream.isOver,
  client: stream.client,
  seenAt: stream.seenAt,
});
