/** `prompts/*` over a catalogue's prompts: their list, and the check of arguments before a prompt is filled in. */
import {
  type GetPromptResult,
  type InputRequiredResult,
  isInputRequiredResult,
  type ListPromptsResult,
  type Server,
  type ServerContext,
} from "@modelcontextprotocol/server";
import type { Answer } from "../answering.ts";
import { pager } from "../pages.ts";
import { invalidParams } from "../protocolErrors.ts";
import type { McpPrompt, PromptArguments } from "./McpPrompt.ts";

/** Prompts on one page of `prompts/list`. */
const perPage = 100;

/** Versions that know no links to resources in messages. */
const withoutLinks: ReadonlySet<string | undefined> = new Set(["2024-11-05", "2025-03-26"]);

const checkArguments = ({ definition }: McpPrompt, args: PromptArguments): void => {
  const known = definition.arguments ?? [];
  const unknown = Object.keys(args).find((name) => known.every((one) => one.name !== name));
  if (unknown !== undefined) {
    const names = known.map(({ name }) => name).join(", ");
    throw invalidParams(
      `The prompt ${definition.name} has no argument ${JSON.stringify(unknown)}. It has: ${names}.`,
    );
  }
  const missing = known.find(({ name, required }) => required === true && args[name] === undefined);
  if (missing !== undefined) {
    throw invalidParams(`The prompt ${definition.name} needs the argument ${missing.name}.`);
  }
};

const readable = (
  result: GetPromptResult | InputRequiredResult,
  version: string | undefined,
): GetPromptResult | InputRequiredResult =>
  isInputRequiredResult(result) || !withoutLinks.has(version)
    ? result
    : {
        ...result,
        messages: result.messages.filter(({ content }) => content.type !== "resource_link"),
      };

/** Makes what answers `prompts/list` and `prompts/get` of one server. */
export const promptHandlers = (prompts: ReadonlyMap<string, McpPrompt>) => {
  const page = pager(
    Array.from(prompts.values(), ({ definition }) => definition),
    perPage,
    (listed, next): ListPromptsResult => ({ prompts: listed, ...next }),
  );
  /** `fetching` is called before the list is read. */
  return (
    server: Server,
    answer: Answer,
    fetching: (context: ServerContext) => Promise<void>,
  ): void => {
    server.setRequestHandler("prompts/list", async ({ params }, context) => {
      await fetching(context);
      return page(params?.cursor);
    });
    server.setRequestHandler("prompts/get", async ({ params }, context) => {
      const prompt = prompts.get(params.name);
      if (prompt === undefined) {
        throw invalidParams(`Unknown prompt: ${params.name}. Take a name from prompts/list.`);
      }
      const args = params.arguments ?? {};
      checkArguments(prompt, args);
      const result = await answer(prompt.get(args, context), context.mcpReq);
      return readable(result, server.getNegotiatedProtocolVersion());
    });
  };
};
