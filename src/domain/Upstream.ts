/** An MCP server that the proxy stands in front of, as the upstreams file names it. */
import { Schema } from "effect";

/** What happens to a client's session when the upstream is lost: it goes on with a new connection, or ends too. */
export const OnRestart = Schema.Literals(["resume", "close"]);

const common = { name: Schema.String, onRestart: OnRestart };

const remote = {
  ...common,
  url: Schema.String,
  /** Sent with every request or handshake. */
  headers: Schema.Record(Schema.String, Schema.String),
};

/** A program of this machine that speaks MCP over its standard input and output. */
export const StdioUpstream = Schema.TaggedStruct("Stdio", {
  ...common,
  command: Schema.String,
  args: Schema.Array(Schema.String),
  /** Added to the environment that it is started in. */
  env: Schema.Record(Schema.String, Schema.String),
  /** Null: the folder that Dewey was started in. */
  cwd: Schema.NullOr(Schema.String),
});
export const HttpUpstream = Schema.TaggedStruct("Http", remote);
export const WebSocketUpstream = Schema.TaggedStruct("WebSocket", remote);
/** The transport of 2024-11-05: an event stream, and an endpoint to post to. */
export const SseUpstream = Schema.TaggedStruct("Sse", remote);
/** Dewey itself, in this process. */
export const DeweyUpstream = Schema.TaggedStruct("Dewey", common);

export type StdioUpstream = typeof StdioUpstream.Type;
export type HttpUpstream = typeof HttpUpstream.Type;
export type WebSocketUpstream = typeof WebSocketUpstream.Type;
export type SseUpstream = typeof SseUpstream.Type;
export type DeweyUpstream = typeof DeweyUpstream.Type;

/** Every kind; a kind is added here, and the registry of the proxy then fails to compile without its file. */
export const Upstream = Schema.Union([
  StdioUpstream,
  HttpUpstream,
  WebSocketUpstream,
  SseUpstream,
  DeweyUpstream,
]);
export type Upstream = typeof Upstream.Type;

/** No upstream has the name. */
export class UnknownUpstream extends Schema.TaggedError<UnknownUpstream>()("UnknownUpstream", {
  name: Schema.String,
  message: Schema.String,
}) {}

/** The upstream cannot be reached or was lost, with a sentence that says why. */
export class UpstreamUnreachable extends Schema.TaggedError<UpstreamUnreachable>()(
  "UpstreamUnreachable",
  { message: Schema.String },
) {}
