/** `dewey start`: opens the doors, says where they are, and serves until it is told to stop. */
import { Console, Effect, Layer, Scope } from "effect";
import { Config, type Settings } from "../Config.ts";
import { version } from "../domain/Version.ts";
import { makeMetadataDoor } from "../http/challenge.ts";
import { makeHealthDoor } from "../http/healthDoor.ts";
import { type Listening, type ListenOptions, listen } from "../http/Listener.ts";
import { makeMcpDoor } from "../mcp/McpDoor.ts";
import { makeRpcDoor } from "../rpc/RpcDoor.ts";
import { DeadLetters } from "../services/DeadLetters.ts";
import { Health } from "../services/Health.ts";
import { retentionLayer } from "../services/Retention.ts";
import { Upstreams } from "../services/Upstreams.ts";
import { accessLayer } from "./access.ts";
import { readCertificate, renewCertificate } from "./certificate.ts";
import { captureLayer, makeProxy, recorderLayer, upstreamsLayer, upstreamsPath } from "./proxy.ts";

const authority = (host: string, port: number): string =>
  `${host.includes(":") ? `[${host}]` : host}:${port}`;

/** A name under which a client on this machine reaches a listener on all addresses. */
const reachableName = (host: string): string =>
  host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;

const databaseText = ({ database: { target } }: Settings): string => {
  if (target._tag === "Embedded") return `embedded, in ${target.dataDir}`;
  const at = target.host.startsWith("/") ? target.host : authority(target.host, target.port);
  return `${target.name} on ${at}`;
};

const addressText = ({ hostname, port }: Listening): string =>
  authority(reachableName(hostname), port);

const welcome = (
  settings: Settings,
  listening: { readonly mcp: Listening; readonly proxy: Listening },
  upstreams: ReadonlyArray<string>,
): string => {
  const at = addressText(listening.mcp);
  const proxy = addressText(listening.proxy);
  const [ws, http] = settings.tls === undefined ? ["ws", "http"] : ["wss", "https"];
  const isOpen = settings.access.authentication._tag === "Open";
  const entry = {
    type: "ws",
    url: `${ws}://${at}/mcp`,
    ...(isOpen ? {} : { headers: { Authorization: "Bearer YOUR-TOKEN" } }),
  };
  return [
    `Dewey ${version} is ready.`,
    ``,
    `  MCP       ${ws}://${at}/mcp   ${http}://${at}/mcp`,
    `  RPC       ${ws}://${at}/rpc   ${http}://${at}/rpc`,
    `  Proxy     ${ws}://${proxy}/mcp/NAME   ${http}://${proxy}/mcp/NAME`,
    `  Upstreams ${upstreams.join(", ")}; more in ${upstreamsPath(settings)}`,
    `  Health    ${http}://${at}/health`,
    `  Database  ${databaseText(settings)}`,
    ``,
    `Add it to Claude Code with:`,
    ``,
    `  claude mcp add-json dewey '${JSON.stringify(entry)}'`,
    ``,
  ].join("\n");
};

const doors = Effect.gen(function* () {
  const settings = yield* Config;
  const mcp = yield* makeMcpDoor();
  const rpc = yield* makeRpcDoor();
  const proxy = yield* makeProxy(mcp);
  const others = [yield* makeHealthDoor(), yield* makeMetadataDoor()];
  const certificate = settings.tls && (yield* readCertificate(settings.tls));
  // Behind the doors, so that at the end their sessions last until the calls are finished; and side by side, each in its
  // own order: each of them waits for the calls of all, and the one must not wait for the other.
  const listeners = yield* Scope.fork(yield* Effect.scope, "parallel");
  const listenOn = Effect.fnUntraced(function* (
    { host, port }: Settings["mcp"],
    served: ListenOptions["doors"],
  ) {
    const listener = yield* Scope.fork(listeners, "sequential");
    return yield* listen({
      hostname: host,
      port,
      doors: served,
      allowed: { hosts: settings.allowedHosts, origins: settings.allowedOrigins },
      trustedProxies: settings.trustedProxies,
      ...(certificate === undefined ? {} : { tls: certificate }),
      shutdownTimeout: settings.shutdownTimeoutMs,
    }).pipe(Scope.provide(listener));
  });

  const listening = {
    mcp: yield* listenOn(settings.mcp, [mcp, rpc, ...others]),
    proxy: yield* listenOn(settings.proxy, [proxy, ...others]),
  };
  if (settings.tls !== undefined && certificate !== undefined) {
    const all = [listening.mcp, listening.proxy];
    yield* Effect.forkScoped(renewCertificate(settings.tls, certificate, all));
  }
  const upstreams = yield* (yield* Upstreams).all;
  const names = upstreams.map(({ name }) => name);
  yield* Console.log(welcome(settings, listening, names));
  // Runs before the listeners' own end, which waits for the calls.
  yield* Effect.addFinalizer(() =>
    Effect.logInfo("Shutting down: new calls are refused, those in flight are finished"),
  );
});

/** The doors, over what records what passes the proxy. */
const servedDoors = Layer.effectDiscard(doors).pipe(
  Layer.provide(Layer.mergeAll(accessLayer, Health.layer, recorderLayer)),
  Layer.provide(Layer.mergeAll(captureLayer, upstreamsLayer)),
);

/** All doors of one process, and the work that goes on behind them. */
export const servingLayer = Layer.mergeAll(
  servedDoors,
  Layer.unwrap(
    Effect.map(Config, ({ dataDir, retention }) =>
      retentionLayer(retention).pipe(Layer.provide(DeadLetters.layer({ dataDir }))),
    ),
  ),
);
