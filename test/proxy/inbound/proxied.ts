// The proxy's door on a free port in front of upstreams that a test names, with what was captured to be looked at, and
// requests to it over HTTP.
import { Context, Effect, Layer } from "effect";
import type { ConnectBounds } from "../../../src/actors/proxySession/connectBounds.ts";
import type { Direction, Frame } from "../../../src/domain/Frame.ts";
import type { ConnectionEvent, StreamDescription } from "../../../src/domain/Recording.ts";
import type { Upstream } from "../../../src/domain/Upstream.ts";
import type { Door } from "../../../src/http/Door.ts";
import type { StreamableHttpOptions } from "../../../src/proxy/inbound/streamableHttp.ts";
import { makeProxyDoor } from "../../../src/proxy/ProxyDoor.ts";
import { makeUpstreamKinds } from "../../../src/proxy/upstreams/registry.ts";
import type { Access } from "../../../src/services/Access.ts";
import { Capture } from "../../../src/services/Capture.ts";
import { StatelessStreams } from "../../../src/services/capture/StatelessStreams.ts";
import { Drain } from "../../../src/services/Drain.ts";
import { Upstreams } from "../../../src/services/Upstreams.ts";
import { listening } from "../../http/listening.ts";

/** What was captured of one stream, in order. */
export interface CapturedThere {
  readonly description: StreamDescription;
  readonly frames: Array<{ readonly direction: Direction; readonly frame: Frame }>;
  readonly events: Array<ConnectionEvent["event"]>;
}

/** Keeps what is captured in memory; as the journal does, it lets frames go on at the end of the turn and in order. */
export const capturing = () => {
  const streams: Array<CapturedThere> = [];
  let waiting: Array<() => void> = [];
  const flush = () => {
    const forwarded = waiting;
    waiting = [];
    for (const forward of forwarded) forward();
  };
  const open = (description: StreamDescription) => {
    const there: CapturedThere = { description, frames: [], events: [] };
    streams.push(there);
    return inMemory(there);
  };
  const inMemory = ({ events, frames, ...rest }: CapturedThere) => ({
    ...rest,
    heardAt: Date.now(),
    frame: (direction: Direction, frame: Frame, forward: () => void) => {
      frames.push({ direction, frame });
      if (waiting.push(forward) === 1) setImmediate(flush);
    },
    event: ({ event }: ConnectionEvent) => void events.push(event),
    end: () => void events.push("ended"),
  });
  const stateless = new StatelessStreams(open, Number.POSITIVE_INFINITY);
  const capture = Capture.of({
    open,
    lend: (description, exchange) => stateless.lend(description, exchange),
  });
  return { capture, streams };
};

/** A door that nobody knocks at. */
const noDoor: Door = { name: "none", paths: [] };

/** Bounds under which a test need not wait long. */
export const quick: ConnectBounds = {
  tries: 4,
  wait: "20 millis",
  longestWait: "100 millis",
  timeout: "2 seconds",
  steady: "10 seconds",
  coolDown: "500 millis",
};

/** Serves the proxy's door for as long as the scope. */
export const serveProxy = Effect.fnUntraced(function* (
  upstreams: ReadonlyArray<Upstream>,
  options: {
    readonly dewey?: Door;
    readonly access?: Layer.Layer<Access>;
    readonly http?: StreamableHttpOptions;
  } = {},
) {
  const { capture, streams } = capturing();
  const context = yield* Layer.build(
    Layer.mergeAll(Drain.layer, Upstreams.layerOf(upstreams), Layer.succeed(Capture, capture)),
  );
  const kinds = yield* makeUpstreamKinds({
    dewey: options.dewey ?? noDoor,
    environment: {},
    folder: process.cwd(),
    connectBounds: quick,
  }).pipe(Effect.provideContext(context));
  const door = yield* makeProxyDoor(kinds, {
    connectBounds: quick,
    ...(options.http === undefined ? {} : { http: options.http }),
  }).pipe(Effect.provideContext(context));
  const { http, ws, port } = yield* listening(
    [door],
    options.access === undefined ? {} : { access: options.access },
  );
  return {
    port,
    http: (name: string) => `${http}/mcp/${name}`,
    ws: (name: string) => `${ws}/mcp/${name}`,
    streams,
    drain: Context.get(context, Drain),
    states: Context.get(context, Upstreams).states,
  };
});

/** Answers to GET, whose streams stand until a test ends them: Bun cuts off one whose response is nobody's any more. */
const standing = new Set<Response>();

/** What a client of Streamable HTTP asks of one address; the rest of its headers are the test's. */
export const requestsTo = (url: string) => ({
  post: (
    body: unknown,
    headers: Readonly<Record<string, string>> = {},
    signal: AbortSignal | null = null,
  ) =>
    fetch(url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        ...headers,
      },
      body: typeof body === "string" ? body : JSON.stringify(body),
      signal,
    }),
  get: async (headers: Readonly<Record<string, string>>, signal: AbortSignal | null = null) => {
    const response = await fetch(url, {
      headers: { accept: "text/event-stream", ...headers },
      signal,
    });
    standing.add(response);
    return response;
  },
});
