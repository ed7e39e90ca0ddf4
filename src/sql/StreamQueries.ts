/** Statements about streams: what the recorder must know again after a restart, and whose conversation a stream is. */
import { Effect, Schema } from "effect";
import { SqlClient } from "effect/unstable/sql";
import { Direction } from "../domain/Frame.ts";
import { ConnectionEvent, StreamDescription } from "../domain/Recording.ts";
import {
  bytesArray,
  DbCount,
  DbTime,
  decodeRows,
  doubleArray,
  intArray,
  textArray,
  timeArray,
} from "./rows.ts";

const Client = Schema.Struct({
  name: Schema.NullOr(Schema.String),
  version: Schema.NullOr(Schema.String),
});

const Stream = Schema.Struct({
  id: Schema.String,
  journal: Schema.String,
  description: StreamDescription,
  is_open: Schema.Boolean,
  is_over: Schema.Boolean,
  client: Schema.NullOr(Client),
  seen_at: DbTime,
  openings: DbCount,
});
const decodeStreams = decodeRows(Stream);

/** The streams of these ids, with how many entries of their openings are kept. */
export const findStreams = Effect.fnUntraced(function* (ids: ReadonlyArray<string>) {
  const sql = yield* SqlClient.SqlClient;
  const rows = yield* sql`
    SELECT id, journal, description, is_open, is_over, client, seen_at,
      (SELECT count(*) FROM stream_openings o WHERE o.stream = s.id) AS openings
    FROM streams s WHERE id = ANY(${textArray(ids)}::uuid[])`;
  return yield* decodeStreams(rows);
});

const decodeIds = decodeRows(Schema.Struct({ id: Schema.String }));

/** Some of the streams of a journal that nobody said to be over. */
export const findUnfinishedStreams = Effect.fnUntraced(function* (journal: string, most: number) {
  const sql = yield* SqlClient.SqlClient;
  const rows = yield* sql`
    SELECT id FROM streams WHERE journal = ${journal}::uuid AND NOT is_over LIMIT ${most}::int`;
  return (yield* decodeIds(rows)).map(({ id }) => id);
});

/** A stream as its row has it. */
export interface StreamRow {
  readonly id: string;
  readonly journal: string;
  readonly description: StreamDescription;
  readonly is_open: boolean;
  readonly is_over: boolean;
  readonly client: typeof Client.Type | undefined;
  readonly seenAt: number;
}

/** Writes streams, whether they are there or not. */
export const putStreams = Effect.fnUntraced(function* (streams: ReadonlyArray<StreamRow>) {
  const sql = yield* SqlClient.SqlClient;
  const flags = (is: (stream: StreamRow) => boolean) =>
    intArray(streams.map((stream) => (is(stream) ? 1 : 0)));
  yield* sql`
    INSERT INTO streams (id, journal, description, is_open, is_over, client, seen_at)
    SELECT id, journal, description::json, is_open = 1, is_over = 1, client::json, seen_at FROM unnest(
      ${textArray(streams.map(({ id }) => id))}::uuid[],
      ${textArray(streams.map(({ journal }) => journal))}::uuid[],
      ${textArray(streams.map(({ description }) => JSON.stringify(description)))}::text[],
      ${flags(({ is_open }) => is_open)}::int[], ${flags(({ is_over }) => is_over)}::int[],
      ${textArray(streams.map(({ client }) => (client === undefined ? null : JSON.stringify(client))))}::text[],
      ${timeArray(streams.map(({ seenAt }) => seenAt))}::timestamptz[]
    ) AS t (id, journal, description, is_open, is_over, client, seen_at)
    ON CONFLICT (id) DO UPDATE SET is_open = excluded.is_open, is_over = excluded.is_over,
      client = excluded.client, seen_at = greatest(streams.seen_at, excluded.seen_at)`;
});

/** Lets go of streams that left nothing, with their openings. */
export const dropStreams = Effect.fnUntraced(function* (ids: ReadonlyArray<string>) {
  const sql = yield* SqlClient.SqlClient;
  yield* sql`DELETE FROM streams WHERE id = ANY(${textArray(ids)}::uuid[])`;
});

/** An entry that came before its stream had a conversation: a frame or an event. */
export interface OpeningRow {
  readonly stream: string;
  readonly position: number;
  readonly id: string;
  readonly at: number;
  readonly direction: Direction | null;
  readonly payload: Uint8Array | null;
  readonly redactions: number | null;
  readonly event: ConnectionEvent | null;
}

/** Keeps entries of openings. */
export const putOpenings = Effect.fnUntraced(function* (rows: ReadonlyArray<OpeningRow>) {
  const sql = yield* SqlClient.SqlClient;
  yield* sql`
    INSERT INTO stream_openings (stream, position, id, captured_at, direction, payload, redactions, event)
    SELECT stream, position, id, captured_at, direction, payload, redactions, event::json FROM unnest(
      ${textArray(rows.map(({ stream }) => stream))}::uuid[],
      ${intArray(rows.map(({ position }) => position))}::bigint[],
      ${textArray(rows.map(({ id }) => id))}::uuid[], ${doubleArray(rows.map(({ at }) => at))}::float8[],
      ${textArray(rows.map(({ direction }) => direction))}::text[],
      ${bytesArray(rows.map(({ payload }) => payload))}::bytea[],
      ${intArray(rows.map(({ redactions }) => redactions))}::int[],
      ${textArray(rows.map(({ event }) => (event === null ? null : JSON.stringify(event))))}::text[]
    ) AS t (stream, position, id, captured_at, direction, payload, redactions, event)`;
});

const decodeOpenings = decodeRows(
  Schema.Struct({
    stream: Schema.String,
    id: Schema.String,
    captured_at: Schema.Finite,
    direction: Schema.NullOr(Direction),
    payload: Schema.NullOr(Schema.instanceOf(Uint8Array)),
    redactions: Schema.NullOr(Schema.Int),
    event: Schema.NullOr(ConnectionEvent),
  }),
);

/** The entries of openings, each stream's in their order. */
export const findOpenings = Effect.fnUntraced(function* (streams: ReadonlyArray<string>) {
  const sql = yield* SqlClient.SqlClient;
  const rows = yield* sql`
    SELECT stream, id, captured_at, direction, payload, redactions, event
    FROM stream_openings WHERE stream = ANY(${textArray(streams)}::uuid[]) ORDER BY stream, position`;
  return yield* decodeOpenings(rows);
});

/** Lets go of the openings of streams that have a conversation now. */
export const dropOpenings = Effect.fnUntraced(function* (streams: ReadonlyArray<string>) {
  const sql = yield* SqlClient.SqlClient;
  yield* sql`DELETE FROM stream_openings WHERE stream = ANY(${textArray(streams)}::uuid[])`;
});

const decodeOpenRequests = decodeRows(
  Schema.Struct({
    stream: Schema.String,
    frame: Schema.String,
    element: Schema.Int,
    sequence: DbCount,
    captured_at: Schema.Date,
    direction: Direction,
    payload: Schema.instanceOf(Uint8Array),
  }),
);

/** The requests of streams that wait for their answers, with their frames, in the order in which they were asked. */
export const findOpenRequests = Effect.fnUntraced(function* (streams: ReadonlyArray<string>) {
  const sql = yield* SqlClient.SqlClient;
  const rows = yield* sql`
    SELECT o.stream, o.frame, o.element, o.sequence, f.captured_at, f.direction, f.payload
    FROM open_requests o JOIN frames f ON f.conversation_id = o.conversation_id AND f.sequence = o.sequence
    WHERE o.stream = ANY(${textArray(streams)}::uuid[])
    ORDER BY o.stream, o.frame, o.element`;
  return yield* decodeOpenRequests(rows);
});

/** Which request it is: that of a frame, at its place there. */
export interface RequestKey {
  readonly stream: string;
  readonly frame: string;
  readonly element: number;
}

/** A request and where its frame was recorded. */
export interface OpenRequestRow extends RequestKey {
  readonly conversation_id: string;
  readonly sequence: number;
}

/** Keeps requests that wait for their answers. */
export const putOpenRequests = Effect.fnUntraced(function* (rows: ReadonlyArray<OpenRequestRow>) {
  const sql = yield* SqlClient.SqlClient;
  yield* sql`
    INSERT INTO open_requests (stream, frame, element, conversation_id, sequence)
    SELECT * FROM unnest(
      ${textArray(rows.map(({ stream }) => stream))}::uuid[],
      ${textArray(rows.map(({ frame }) => frame))}::uuid[],
      ${intArray(rows.map(({ element }) => element))}::int[],
      ${textArray(rows.map(({ conversation_id }) => conversation_id))}::uuid[],
      ${intArray(rows.map(({ sequence }) => sequence))}::bigint[])`;
});

/** Lets go of requests that wait no more. */
export const dropOpenRequests = Effect.fnUntraced(function* (keys: ReadonlyArray<RequestKey>) {
  const sql = yield* SqlClient.SqlClient;
  yield* sql`
    DELETE FROM open_requests USING unnest(
      ${textArray(keys.map(({ stream }) => stream))}::uuid[],
      ${textArray(keys.map(({ frame }) => frame))}::uuid[],
      ${intArray(keys.map(({ element }) => element))}::int[]
    ) AS t (stream, frame, element)
    WHERE open_requests.stream = t.stream AND open_requests.frame = t.frame
      AND open_requests.element = t.element`;
});
