/** `dewey stdio`: serves MCP to the one client that started it, over standard input and output. */
import { Effect } from "effect";
import { Config } from "../Config.ts";
import { processPipes, serveClient } from "../mcp/stdio.ts";

/** Serves until the client closes its end, or a signal comes. */
export const serveStarter = Effect.gen(function* () {
  const { shutdownTimeoutMs } = yield* Config;
  yield* serveClient({ ...processPipes(), shutdownTimeout: shutdownTimeoutMs });
});
