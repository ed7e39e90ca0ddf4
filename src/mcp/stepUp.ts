/**
 * The scope that a call over HTTP lacks, found before the call is begun: a client of an OAuth authority is answered with
 * 403, upon which it asks for that scope. Everybody else reads of it in the tool's own error.
 */
import { isJSONRPCRequest } from "@modelcontextprotocol/server";
import { Context, Option } from "effect";
import type { Scope } from "../domain/Principal.ts";
import { DeweyTools, ToolInfo } from "../rpc/DeweyTools.ts";

const tools: ReadonlyMap<string, { readonly annotations: Context.Context<never> }> =
  DeweyTools.requests;

/** Requests beside the calls of tools that show data, or tell of it. */
const reading: ReadonlySet<string> = new Set([
  "resources/list",
  "resources/read",
  "resources/subscribe",
  "subscriptions/listen",
  "prompts/get",
  "completion/complete",
]);

const neededBy = (name: unknown): Scope | undefined => {
  const tool = typeof name === "string" ? tools.get(name) : undefined;
  if (tool === undefined) return undefined;
  return Option.getOrUndefined(Context.getOption(tool.annotations, ToolInfo))?.scope;
};

/** The scope that a message needs and that is not among these. */
export const lackingScope = (message: unknown, scopes: ReadonlySet<Scope>): Scope | undefined => {
  if (!isJSONRPCRequest(message)) return undefined;
  const { method, params } = message;
  const isCall = method === "tools/call";
  const needed = isCall ? neededBy(params?.["name"]) : reading.has(method) ? "read" : undefined;
  return needed === undefined || scopes.has(needed) ? undefined : needed;
};
