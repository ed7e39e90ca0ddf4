/** What is recorded of the traffic between a client and an upstream, as capture hands it to the recorder. */
import { Schema } from "effect";
import type { Direction, Frame } from "./Frame.ts";

/** The kind of door that a client came through. */
export const ClientTransport = Schema.Literals(["websocket", "http", "stdio"]);
export type ClientTransport = typeof ClientTransport.Type;

/**
 * A stream: what capture knows of the frames that belong together, from which the recorder finds their conversation. A
 * `session` is one connection, process or session of the older protocol, and one conversation. What is `stateless`
 * belongs to the conversation of the same space, token, client, upstream and session until that falls silent.
 */
export const StreamDescription = Schema.Struct({
  kind: Schema.Literals(["session", "stateless"]),
  space: Schema.String,
  /** The name of the token. */
  token: Schema.String,
  /** The client's own name, where the transport tells it before the first frame. */
  client: Schema.NullOr(Schema.String),
  upstream: Schema.String,
  /** Calls to Dewey itself are kept and never found by a search. */
  isDewey: Schema.Boolean,
  transport: ClientTransport,
  /** The session that the client named itself, by `X-Dewey-Session` or `?session=`. */
  session: Schema.NullOr(Schema.String),
});
export type StreamDescription = typeof StreamDescription.Type;

/**
 * What happened to a connection, other than frames. `gap`: frames that could not be kept, how many and when. `ended`:
 * nothing more comes of a stateless stream, which nobody needs to read of.
 */
export const ConnectionEvent = Schema.Union([
  Schema.Struct({ event: Schema.Literal("opened") }),
  Schema.Struct({ event: Schema.Literal("upstream_lost"), reason: Schema.String }),
  Schema.Struct({ event: Schema.Literal("reconnected") }),
  Schema.Struct({ event: Schema.Literal("closed"), reason: Schema.String }),
  Schema.Struct({ event: Schema.Literal("ended"), reason: Schema.String }),
  Schema.Struct({
    event: Schema.Literal("gap"),
    frames: Schema.Int,
    bytes: Schema.Int,
    from: Schema.Number,
    to: Schema.Number,
  }),
]);
export type ConnectionEvent = typeof ConnectionEvent.Type;

/** What every entry of the journal has: ids (version 7 UUIDs) are given at capture, times are in milliseconds. */
interface Captured {
  readonly stream: string;
  readonly id: string;
  readonly at: number;
}

/** The first entry of a stream, before anything of it; repeated when an earlier one could not be kept. */
export interface StreamEntry extends Captured {
  readonly _tag: "Stream";
  readonly description: StreamDescription;
}

/** One frame, after redaction. */
export interface FrameEntry extends Captured {
  readonly _tag: "Frame";
  readonly direction: Direction;
  readonly payload: Frame;
  /** How many secrets were taken out of it. */
  readonly redactions: number;
}

export interface EventEntry extends Captured {
  readonly _tag: "Event";
  readonly event: ConnectionEvent;
}

/** One entry of the journal. */
export type Entry = StreamEntry | FrameEntry | EventEntry;
