/** A prompt as MCP has it: what clients see of it, and how it is filled in. */
import type {
  GetPromptResult,
  InputRequiredResult,
  Prompt,
  ServerContext,
} from "@modelcontextprotocol/server";
import type { Effect } from "effect";
import type { DeweyError } from "../../domain/Errors.ts";
import type { CurrentPrincipal } from "../../domain/Principal.ts";
import type { Suggestions } from "../suggestions.ts";

/** Arguments of a prompt: MCP has nothing but texts. */
export type PromptArguments = Readonly<Record<string, string>>;

/** One prompt; which arguments there are and must be is checked against the definition before `get`. */
export interface McpPrompt {
  readonly definition: Prompt;
  readonly get: (
    args: PromptArguments,
    context: ServerContext,
  ) => Effect.Effect<GetPromptResult | InputRequiredResult, DeweyError, CurrentPrincipal>;
  /** Completes an argument from what was typed of it and from the arguments that are there already. */
  readonly complete?: (
    argument: string,
    typed: string,
    others: PromptArguments,
  ) => Effect.Effect<Suggestions, DeweyError, CurrentPrincipal> | undefined;
}
