/** Calls that are answered without the SDK: how one is run, and what its client is told when Dewey itself fails. */
import { ProtocolErrorCode } from "@modelcontextprotocol/server";
import type { Effect } from "effect";
import type { CurrentPrincipal } from "../domain/Principal.ts";
import type { CallRequest, Calls } from "./Calls.ts";
import { callKind, type McpTool } from "./McpTool.ts";
import { errorReply } from "./messages.ts";
import type { Reply } from "./WireTransport.ts";

/** Runs a call of the tool to its reply; rejects when it was cancelled, since then nobody waits for one. */
export const runIntercepted = (
  calls: Calls,
  tool: McpTool,
  reply: Effect.Effect<Reply, never, CurrentPrincipal>,
  request: CallRequest,
): Promise<Reply> =>
  calls.run(reply, request, callKind(tool)).catch((cause: unknown) => {
    if (request.signal.aborted) throw cause;
    return errorReply(request.id, ProtocolErrorCode.InternalError, "Dewey failed to answer.");
  });
