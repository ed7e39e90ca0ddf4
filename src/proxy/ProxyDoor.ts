/** The proxy's door: finds the upstream that a client asks for, and hands the client to the inbound of its transport. */
import { Effect } from "effect";
import { InvalidInput, NotFound } from "../domain/Errors.ts";
import type { Arrival, Door } from "../http/Door.ts";
import { errorResponse } from "../http/responses.ts";
import { Upstreams } from "../services/Upstreams.ts";
import type { Call } from "./inbound/Inbound.ts";
import { type InboundOptions, makeInbounds } from "./inbound/registry.ts";
import type { UpstreamKinds } from "./upstreams/registry.ts";

const prefix = "/mcp/";

/** What the name of a session may hold: of a longer one the beginning alone would be kept, and be that of others too. */
const longestSession = 255;

/** A name in a path; one that is wrongly encoded is nobody's. */
const decodedName = (segment: string): string => {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
};

/** The name of the upstream that a client asks for; undefined where it leaves the choice to the configuration. */
const upstreamNameOf = ({ pathname, searchParams }: URL): string | undefined => {
  const inPath = pathname.startsWith(prefix) ? decodedName(pathname.slice(prefix.length)) : "";
  return inPath || searchParams.get("upstream") || undefined;
};

const sessionOf = ({ request, url }: Arrival): Effect.Effect<string | null, InvalidInput> => {
  const name = request.headers.get("x-dewey-session") ?? url.searchParams.get("session") ?? "";
  return name.length > longestSession
    ? Effect.fail(
        new InvalidInput({
          message: `The name of the session has ${name.length} characters. Send at most ${longestSession} in X-Dewey-Session or ?session=.`,
        }),
      )
    : Effect.succeed(name || null);
};

/** Makes the door of `/`, `/mcp` and `/mcp/NAME`; its sessions live in the scope that it is made in. */
export const makeProxyDoor = Effect.fn("ProxyDoor.make")(function* (
  kinds: UpstreamKinds,
  options: InboundOptions = {},
) {
  const upstreams = yield* Upstreams;
  const { http, websocket } = yield* makeInbounds(kinds, options);

  const callOf = Effect.fnUntraced(function* (arrival: Arrival) {
    const upstream = yield* upstreams
      .find(upstreamNameOf(arrival.url))
      .pipe(Effect.mapError(({ message }) => new NotFound({ message })));
    const session = yield* sessionOf(arrival);
    const { charge, principal, remoteAddress } = arrival;
    return {
      upstream,
      caller: { principal, remoteAddress, charge },
      session,
    } satisfies Call;
  });

  return {
    name: "proxy",
    paths: ["/", "/mcp"],
    prefixes: [prefix],
    subprotocols: ["mcp"],
    isUncounted: true,
    isPatient: true,
    scope: "proxy",
    onUpgrade: (arrival) => Effect.map(callOf(arrival), websocket.serve),
    onRequest: (arrival) =>
      callOf(arrival).pipe(
        Effect.flatMap((call) => http.onRequest(arrival, call)),
        Effect.catchTag(["NotFound", "InvalidInput"], (error) =>
          Effect.succeed(errorResponse(error)),
        ),
      ),
    endStreams: http.endStreams,
  } satisfies Door;
});
