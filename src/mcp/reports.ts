/** Reports of a call as MCP's notifications, which reach the client before the call's answer. */
import type { Server, ServerContext } from "@modelcontextprotocol/server";
import { Effect } from "effect";
import type { Reporter } from "../services/Reports.ts";

/** The logger that clients see as the source of messages. */
const logger = "dewey";

const ignore = () => {};

/**
 * Reports to the client of one request. Progress is told only where it was asked for, and left out while the client has
 * not taken what was told before: it would be old by then. The SDK keeps to the level that the client set.
 */
export const reportsTo = ({ mcpReq }: ServerContext): Reporter => {
  const progressToken = mcpReq._meta?.progressToken;
  let leaving = false;
  let told = -1;

  const progress: Reporter["progress"] = (done, total, message) =>
    Effect.sync(() => {
      // A statement that is repeated starts again, but progress only grows.
      if (progressToken === undefined || leaving || done <= told) return;
      leaving = true;
      told = done;
      mcpReq
        .notify({
          method: "notifications/progress",
          params: { progressToken, progress: done, total, message },
        })
        .catch(ignore)
        .finally(() => {
          leaving = false;
        });
    });

  const log: Reporter["log"] = (level, message, details = {}) =>
    Effect.promise(() => mcpReq.log(level, { message, ...details }, logger).catch(ignore));

  return { progress, log };
};

/** Reports to the client of a connection, for calls that ask for no progress. */
export const reportsThrough = (serverOf: () => Server | undefined): Reporter => ({
  progress: () => Effect.void,
  log: (level, message, details = {}) =>
    Effect.promise(async () => {
      await serverOf()
        ?.sendLoggingMessage({ level, data: { message, ...details }, logger })
        .catch(ignore);
    }),
});
