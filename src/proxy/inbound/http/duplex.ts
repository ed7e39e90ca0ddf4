/** HTTP in front of duplex upstreams: Dewey is the HTTP server of both eras. */
import { Effect } from "effect";
import type { ConnectBounds } from "../../../actors/proxySession/connectBounds.ts";
import type { Arrival } from "../../../http/Door.ts";
import type { UpstreamKinds } from "../../upstreams/registry.ts";
import type { Call } from "../Inbound.ts";
import { jsonRpcError } from "./answers.ts";
import { makeDuplexSessions } from "./duplexSessions.ts";
import type { KeptPlaces } from "./KeptPlaces.ts";
import { eraOf } from "./modernChecks.ts";
import type { SessionBounds } from "./passedSessions.ts";
import { postedOf } from "./posted.ts";
import { makeSharedUpstreams, type SharedBounds } from "./sharedUpstreams.ts";

const otherType = () => jsonRpcError(415, -32_000, "Send the content type application/json.");

const methodNotAllowed = (): Response => {
  const response = jsonRpcError(405, -32_000, "Send MCP messages by POST.");
  response.headers.set("allow", "GET, POST, DELETE");
  return response;
};

const isJson = (type: string | null): boolean =>
  (type ?? "").split(";", 1)[0]?.trim().toLowerCase() === "application/json";

/** Makes what answers the requests; its sessions live as long as its scope. */
export const makeDuplex = Effect.fnUntraced(function* (
  kinds: UpstreamKinds,
  places: KeptPlaces,
  bounds: SessionBounds & SharedBounds,
  connectBounds: Partial<ConnectBounds>,
) {
  const sessions = yield* makeDuplexSessions(kinds, places, bounds, connectBounds);
  const shared = yield* makeSharedUpstreams(kinds, places, bounds, connectBounds);

  const post = Effect.fnUntraced(function* (arrival: Arrival, call: Call) {
    const { request } = arrival;
    if (!isJson(request.headers.get("content-type"))) return otherType();
    const posted = postedOf(new Uint8Array(yield* Effect.promise(() => request.arrayBuffer())));
    const { envelope } = posted;
    const era = eraOf(envelope, request.headers, shared.headersOf(call.upstream.name));
    if (era instanceof Response) return era;
    return yield* era === "legacy"
      ? sessions.post(arrival, call, posted)
      : shared.post(arrival, call, posted);
  });

  const onRequest = (arrival: Arrival, call: Call): Effect.Effect<Response> => {
    switch (arrival.request.method) {
      case "POST":
        return post(arrival, call);
      case "GET":
      case "DELETE":
        return Effect.sync(() =>
          arrival.request.headers.has("mcp-session-id")
            ? sessions.handle(arrival, call)
            : methodNotAllowed(),
        );
      default:
        return Effect.sync(methodNotAllowed);
    }
  };

  const endStreams = Effect.andThen(sessions.endStreams, shared.endStreams);
  return { onRequest, endStreams };
});
