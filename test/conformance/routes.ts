// The ways from the suite, which speaks HTTP alone, to the reference server.
import { startProxy } from "../proxy/proxyProcess.ts";
import { startReference } from "../proxy/reference.ts";
import { openDatabase } from "../support/tools.ts";

/** The ways, the shortest first. */
export const routes = ["directly", "through the proxy", "through two proxies"] as const;
export type Route = (typeof routes)[number];

/** All ways, opened. */
export interface Routes extends AsyncDisposable {
  readonly urlOf: (route: Route) => string;
}

/** Starts the reference server and two proxies of which one stands behind the other. */
export const openRoutes = async (): Promise<Routes> => {
  await using opening = new AsyncDisposableStack();
  const database = await openDatabase();
  opening.defer(() => database.drop());
  const reference = opening.use(await startReference());
  const inner = opening.use(
    await startProxy(database, { reference: { type: "http", url: reference.http } }),
  );
  const outer = opening.use(
    await startProxy(database, {
      reference: { type: "http", url: reference.http },
      inner: { type: "ws", url: inner.ws("reference") },
    }),
  );
  const urls: Readonly<Record<Route, string>> = {
    directly: reference.http,
    "through the proxy": outer.http("reference"),
    "through two proxies": outer.http("inner"),
  };
  const opened = opening.move();
  return {
    urlOf: (route) => urls[route],
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
};
