/** The SDK's server with Dewey's handlers: the same for every transport and both protocol eras. */
import {
  type Implementation,
  type ListToolsResult,
  ProtocolError,
  ProtocolErrorCode,
  Server,
} from "@modelcontextprotocol/server";
import { AjvJsonSchemaValidator } from "@modelcontextprotocol/server/validators/ajv";
import { Duration, Effect } from "effect";
import { version } from "../domain/Version.ts";
import { Reports } from "../services/Reports.ts";
import type { Calls } from "./Calls.ts";
import type { Catalog } from "./Catalog.ts";
import { callKind, failureResult } from "./McpTool.ts";
import { dataHints, offersOf } from "./offers.ts";
import { pager } from "./pages.ts";
import { reportsTo } from "./reports.ts";
import { stateReader } from "./requestState.ts";
import type { Tell } from "./subscriptions/telling.ts";

const identity: Implementation = { name: "dewey", title: "Dewey", version };

const instructions = `Dewey is the long-term memory of AI agents: it keeps their conversations, finds them again, and lets agents share context.
- At the start of a session call dewey_get_startup_context and follow what it says; a NOT_FOUND only means that none is set.
- Keep what is said: dewey_begin_conversation once, then dewey_store_message for each turn.
- Before you ask the user what was said or decided earlier, look it up with dewey_search, then read around the hit with dewey_get_conversation.
- write_context and read_context share facts, plans and results with other agents under a key.`;

/** Tools on one page of `tools/list`. */
const toolsPerPage = 100;

/** What is the same for everybody, until the program is replaced. */
const listHint = { ttlMs: Duration.toMillis("5 minutes"), cacheScope: "public" } as const;
const cacheHints = {
  "tools/list": listHint,
  "prompts/list": listHint,
  "resources/templates/list": listHint,
  "server/discover": listHint,
  ...dataHints,
};

// One for all sessions: the SDK would make a validator of its own for each.
const jsonSchemaValidator = new AjvJsonSchemaValidator();

/**
 * Makes servers that run the calls of one client each; what they share is made once. A client with a session is told of
 * changes by `tell`.
 */
export const serverMaker = (catalog: Catalog["Service"]) => {
  const { tools } = catalog;
  const offers = offersOf(catalog);
  const page = pager(
    Array.from(tools.values(), (tool) => tool.definition),
    toolsPerPage,
    (listed, next): ListToolsResult => ({ tools: listed, ...next }),
  );

  return (calls: Calls, tell?: Tell): Server => {
    const server = new Server(identity, {
      capabilities: { ...offers.capabilities, logging: {} },
      instructions,
      jsonSchemaValidator,
      requestState: { verify: stateReader(calls.principal) },
      cacheHints,
    });
    const { fetching } = offers.serve(server, calls, tell);
    server.setRequestHandler("tools/list", async ({ params }, context) => {
      await fetching("tools", context);
      return page(params?.cursor);
    });
    server.setRequestHandler("tools/call", ({ params }, context) => {
      const tool = tools.get(params.name);
      if (tool === undefined) {
        throw new ProtocolError(
          ProtocolErrorCode.InvalidParams,
          `Unknown tool: ${params.name}. Take a name from tools/list.`,
        );
      }
      const refusal = calls.refusal();
      if (refusal !== undefined) return failureResult(refusal);
      const call = tool.call(params.arguments ?? {}, context);
      return calls.run(
        Effect.provideService(call, Reports, reportsTo(context)),
        context.mcpReq,
        callKind(tool),
      );
    });
    return server;
  };
};
