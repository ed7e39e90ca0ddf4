/**
 * Dewey itself as an upstream: its own MCP door, in this process, for the caller who came through the proxy. What is
 * asked of it counts against that caller's rate, as it would at the door's own port: the proxy is no way round it.
 */
import { Cause, Effect } from "effect";
import { type DeweyUpstream, UpstreamUnreachable } from "../../domain/Upstream.ts";
import type { Arrival, Door } from "../../http/Door.ts";
import { abortSignalOf } from "../../http/giveUp.ts";
import { errorResponse } from "../../http/responses.ts";
import { MemoryConnection } from "./MemoryConnection.ts";
import type { UpstreamCaller, UpstreamKind } from "./UpstreamKind.ts";

/** The path of the door, whatever host it has: nobody resolves it. */
const address = "http://dewey.invalid/mcp";

/** Who came over standard input is the user of this machine, whose requests nobody counts. */
const freely: Arrival["charge"] = () => undefined;

const arrivalOf = (
  request: Request,
  { charge = freely, principal, remoteAddress }: UpstreamCaller,
): Arrival => ({
  request,
  url: new URL(request.url),
  remoteAddress,
  principal,
  charge,
  askForScopes: undefined,
});

const noDoor = new UpstreamUnreachable({ message: "Dewey's own door does not take this." });

/** Makes the kind over the door. */
export const makeDeweyKind = ({
  onConnection,
  onRequest,
}: Pick<Door, "onConnection" | "onRequest">): UpstreamKind<DeweyUpstream> => ({
  open: Effect.fnUntraced(function* (_upstream, handlers, { charge = freely, principal }) {
    if (onConnection === undefined) return yield* noDoor;
    const connection = new MemoryConnection({ principal, charge }, handlers);
    yield* Effect.scoped(onConnection(connection)).pipe(
      Effect.tapDefect((defect) =>
        Effect.logError("A connection to Dewey itself failed.", Cause.die(defect)),
      ),
      Effect.ensuring(connection.close(1000, "It is served no more.")),
      Effect.forkScoped,
    );
    // The last to be added is the first to run: that the door is interrupted is no loss.
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => connection.end(1000, "The session is over.")),
    );
    return connection.link;
  }),
  exchange: (_upstream, { body, headers, method, signal }, caller) =>
    Effect.suspend(() => {
      if (onRequest === undefined) return noDoor;
      const arrival = arrivalOf(
        new Request(address, {
          method,
          headers,
          signal: abortSignalOf(signal),
          ...(body === undefined ? {} : { body }),
        }),
        caller,
      );
      // As the listener does.
      const tooSoon = arrival.charge(1);
      const response =
        tooSoon === undefined ? onRequest(arrival) : Effect.succeed(errorResponse(tooSoon));
      return Effect.map(response, ({ body: answered, headers: answeredWith, status }) => ({
        status,
        headers: new Headers(answeredWith),
        body: answered,
      }));
    }),
  check: () => Effect.void,
});
