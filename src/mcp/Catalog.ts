/** What an MCP session serves, whatever its transport and era: one list for all sessions, made once. */
import { Context, Effect, Layer } from "effect";
import { ToolBox } from "../rpc/DeweyTools.ts";
import { Changes } from "../services/Changes.ts";
import { Conversations } from "../services/Conversations.ts";
import { Directory } from "../services/Directory.ts";
import { Search } from "../services/Search.ts";
import { SharedContext } from "../services/SharedContext.ts";
import { StartupContexts } from "../services/StartupContexts.ts";
import type { CatalogChanges } from "./CatalogChange.ts";
import type { McpTool } from "./McpTool.ts";
import type { McpPrompt } from "./prompts/McpPrompt.ts";
import { recallPrompt } from "./prompts/recall.ts";
import { startupPrompt } from "./prompts/startup.ts";
import { summarizePrompt } from "./prompts/summarize.ts";
import { deweyChanges } from "./resources/changes.ts";
import { conversationResources } from "./resources/conversations.ts";
import type { ResourceProvider } from "./resources/ResourceProvider.ts";
import { sharedContextResources, startupContextResources } from "./resources/texts.ts";
import { deweyTools } from "./tools.ts";

/** Everything that the lists show, in their order; what is left out is not offered to clients at all. */
export class Catalog extends Context.Service<
  Catalog,
  {
    readonly tools: ReadonlyMap<string, McpTool>;
    readonly prompts?: ReadonlyMap<string, McpPrompt>;
    readonly resources?: ReadonlyArray<ResourceProvider>;
    readonly changes?: CatalogChanges;
  }
>()("dewey/mcp/Catalog") {
  /** Dewey's own. */
  static readonly layer = Layer.effect(
    Catalog,
    Effect.gen(function* () {
      const conversations = yield* Conversations;
      const startupContexts = yield* StartupContexts;
      const sharedContext = yield* SharedContext;
      const directory = yield* Directory;
      const prompts = [
        startupPrompt(startupContexts),
        recallPrompt(yield* Search, directory),
        summarizePrompt(conversations, directory),
      ];
      return Catalog.of({
        tools: deweyTools(yield* ToolBox),
        prompts: new Map(prompts.map((prompt) => [prompt.definition.name, prompt])),
        resources: [
          startupContextResources(startupContexts, directory),
          sharedContextResources(sharedContext, directory),
          conversationResources(conversations, directory),
        ],
        changes: deweyChanges(yield* Changes),
      });
    }),
  );
}
