/** `dewey start`: opens the doors, says where they are, and serves until it is told to stop. */
import { Console, Effect, Layer } from "effect";
import { Config, type Settings } from "../Config.ts";
import { version } from "../domain/Version.ts";
import { makeMetadataDoor } from "../http/challenge.ts";
import { makeHealthDoor } from "../http/healthDoor.ts";
import { type Listening, listen } from "../http/Listener.ts";
import { makeMcpDoor } from "../mcp/McpDoor.ts";
import { makeRpcDoor } from "../rpc/RpcDoor.ts";
import { retentionLayer } from "../services/Retention.ts";
import { accessLayer } from "./access.ts";
import { certificateOptions } from "./certificate.ts";

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

const welcome = (settings: Settings, { hostname, port }: Listening): string => {
  const at = authority(reachableName(hostname), port);
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
  const listening = yield* listen({
    hostname: settings.mcp.host,
    port: settings.mcp.port,
    doors: [
      yield* makeMcpDoor(),
      yield* makeRpcDoor(),
      yield* makeHealthDoor(),
      yield* makeMetadataDoor(),
    ],
    allowed: { hosts: settings.allowedHosts, origins: settings.allowedOrigins },
    trustedProxies: settings.trustedProxies,
    ...(settings.tls === undefined ? {} : yield* certificateOptions(settings.tls)),
    shutdownTimeout: settings.shutdownTimeoutMs,
  });
  yield* Console.log(welcome(settings, listening));
  // Runs before the listener's own end, which waits for the calls.
  yield* Effect.addFinalizer(() =>
    Effect.logInfo("Shutting down: new calls are refused, those in flight are finished"),
  );
});

/** All doors of one process, and the work that goes on behind them. */
export const servingLayer = Layer.mergeAll(
  Layer.effectDiscard(doors).pipe(Layer.provide(accessLayer)),
  Layer.unwrap(Effect.map(Config, ({ retention }) => retentionLayer(retention))),
);
