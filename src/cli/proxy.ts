/** The recording proxy, as the settings name it: its upstreams, what it writes down, and where it listens. */
import { join } from "node:path";
import { Effect, Layer } from "effect";
import { Recorder } from "../actors/Recorder.ts";
import { safeEnvironment } from "../actors/upstreamProcess/environment.ts";
import { Config, type Settings } from "../Config.ts";
import type { Door } from "../http/Door.ts";
import { makeProxyDoor } from "../proxy/ProxyDoor.ts";
import { checkUpstreams } from "../proxy/upstreams/checks.ts";
import { makeUpstreamKinds } from "../proxy/upstreams/registry.ts";
import { Capture } from "../services/Capture.ts";
import { DeadLetters } from "../services/DeadLetters.ts";
import { Journal } from "../services/Journal.ts";
import { Redaction } from "../services/Redaction.ts";
import { Upstreams } from "../services/Upstreams.ts";
import { leadsTo } from "../services/upstreams/ownAddress.ts";

/** The file that is looked for where none is named. */
const usualFile = "dewey.json";

/** The path of the file of upstreams, there or not. */
export const upstreamsPath = ({ proxy }: Settings): string =>
  proxy.upstreamsFile ?? join(process.cwd(), usualFile);

/** The upstreams of the file, kept up to date; `isOwn` says which URLs lead back here. */
const upstreamsOf = (isOwn: (settings: Settings) => (url: URL) => boolean) =>
  Layer.unwrap(
    Effect.map(Config, (settings) =>
      Upstreams.layer({
        path: upstreamsPath(settings),
        isNamed: settings.proxy.upstreamsFile !== undefined,
        variables: process.env,
        isOwn: isOwn(settings),
      }),
    ),
  );

/** The upstreams of a process that listens. */
export const upstreamsLayer = upstreamsOf(({ proxy }) => leadsTo(proxy));

/** The upstreams of a process for one client, which may stand before another Dewey of this machine. */
export const starterUpstreamsLayer = upstreamsOf(() => () => false);

/** The journal of this process, and what writes into it. */
export const captureLayer = Layer.unwrap(
  Effect.map(Config, ({ dataDir, proxy: { journal, redaction } }) =>
    Capture.layer.pipe(
      Layer.provide(Redaction.layer(redaction)),
      Layer.provideMerge(
        Journal.layer({ dataDir, sync: journal.sync, limitBytes: journal.limitBytes }),
      ),
    ),
  ),
);

/** What moves journals into the database. */
export const recorderLayer = Layer.unwrap(
  Effect.map(Config, ({ dataDir, proxy: { recordLimitBytes } }) =>
    Recorder.layer({ recordLimit: recordLimitBytes }).pipe(
      Layer.provide(DeadLetters.layer({ dataDir })),
    ),
  ),
);

/** Makes the proxy's door, and looks after its upstreams for as long as the scope. */
export const makeProxy = Effect.fn("cli.makeProxy")(function* (dewey: Door) {
  const kinds = yield* makeUpstreamKinds({
    dewey,
    environment: safeEnvironment(process.env),
    folder: process.cwd(),
  });
  yield* Effect.forkScoped(checkUpstreams(kinds));
  const { access } = yield* Config;
  return yield* makeProxyDoor(kinds, {
    http: {
      maxSessions: access.maxConnections,
      maxSessionsPerCaller: access.maxConnectionsPerToken,
    },
  });
});
