/** MCP's tools, derived from the one contract: names, texts, hints and schemas. */
import type { Tool, ToolAnnotations } from "@modelcontextprotocol/server";
import { Context, Effect, Schema } from "effect";
import { DeweyTools, type ToolBox, type ToolEffect, ToolInfo } from "../rpc/DeweyTools.ts";
import { type McpTool, toolOf } from "./McpTool.ts";
import { inputSchemaOf, outputSchemaOf } from "./schemas.ts";

const hints = {
  reads: { readOnlyHint: true, destructiveHint: false, idempotentHint: true },
  adds: { readOnlyHint: false, destructiveHint: false, idempotentHint: false },
  settles: { readOnlyHint: false, destructiveHint: false, idempotentHint: true },
  replaces: { readOnlyHint: false, destructiveHint: true, idempotentHint: true },
  deletes: { readOnlyHint: false, destructiveHint: true, idempotentHint: true },
} satisfies Record<ToolEffect, ToolAnnotations>;

/** All tools of the contract, served from a tool box. */
export const deweyTools = (toolBox: ToolBox["Service"]): ReadonlyMap<string, McpTool> => {
  const tools = new Map<string, McpTool>();
  for (const [name, rpc] of DeweyTools.requests) {
    const info = Context.getUnsafe(rpc.annotations, ToolInfo);
    const definition: Tool = {
      name,
      title: info.title,
      description: info.description,
      inputSchema: inputSchemaOf(rpc.payloadSchema),
      outputSchema: outputSchemaOf(rpc.successSchema),
      annotations: { title: info.title, ...hints[info.effect], openWorldHint: false },
    };
    const encode = Schema.encodeUnknownSync(Schema.toCodecJson(rpc.successSchema));
    tools.set(
      name,
      toolOf(definition, (input) => Effect.map(toolBox.call(rpc._tag, input), encode)),
    );
  }
  return tools;
};
