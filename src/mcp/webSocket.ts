/**
 * MCP over a WebSocket: one message a text frame, both eras, and the first Dewey's form beside them. A client that goes
 * takes its calls with it, in the older versions too: there is no other way to hand it their answers.
 */
import type { Server } from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { Effect } from "effect";
import type { Connection } from "../http/Door.ts";
import { Drain } from "../services/Drain.ts";
import { makeCalls } from "./Calls.ts";
import { Catalog } from "./Catalog.ts";
import { directCalls } from "./directCalls.ts";
import { notText } from "./messages.ts";
import { plainCalls } from "./plainCalls.ts";
import { reportsThrough } from "./reports.ts";
import { serverMaker } from "./server.ts";
import { ListenTransport, mostListens } from "./subscriptions/ListenTransport.ts";
import { makeTelling } from "./subscriptions/telling.ts";
import { WireTransport } from "./WireTransport.ts";
import { withinRate } from "./withinRate.ts";

/** Makes what serves one connection until it closes. */
export const makeWebSocketSessions = Effect.fnUntraced(function* (maxInFlight: number) {
  const drain = yield* Drain;
  const catalog = yield* Catalog;
  const makeServer = serverMaker(catalog);

  return Effect.fnUntraced(
    function* (connection: Connection) {
      const callsOf = yield* makeCalls(maxInFlight).pipe(Effect.provideService(Drain, drain));
      const calls = callsOf(connection.arrival.principal);
      const run = Effect.runPromiseWith(yield* Effect.context<never>());
      let server: Server | undefined;
      const direct = directCalls(
        catalog,
        calls,
        reportsThrough(() => server),
      );
      const transport = new WireTransport({
        write: (text) => {
          const rest = connection.sendUnsafe(text);
          return rest === undefined ? undefined : run(rest);
        },
        close: () => void run(connection.close(1000, "")),
        enter: drain.enter,
        answered: calls.answered,
        intercept: withinRate(connection.arrival.charge, plainCalls(catalog, calls, direct)),
      });
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => {
          transport.disconnected();
          calls.close();
        }),
      );
      const { principal } = connection.arrival;
      const tell = (yield* makeTelling(catalog))(principal);
      const begin = () => {
        server = makeServer(calls, tell);
        return server;
      };
      serveStdio(begin, {
        transport: new ListenTransport({ wire: transport, catalog, principal, tell }),
        maxSubscriptions: mostListens,
      });
      return yield* connection.takeEach((frame) => {
        if (typeof frame === "string") transport.receive(frame);
        else transport.refuse(notText);
      });
    },
    Effect.catchTag("ConnectionClosed", () => Effect.void),
  );
});
