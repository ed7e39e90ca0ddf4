/** `completion/complete`: who completes an argument of a prompt or a variable of a template, and the answer. */
import type { CompleteRequestParams, CompleteResult } from "@modelcontextprotocol/server";
import { Effect } from "effect";
import type { DeweyError } from "../domain/Errors.ts";
import type { CurrentPrincipal } from "../domain/Principal.ts";
import type { Catalog } from "./Catalog.ts";
import { invalidParams } from "./protocolErrors.ts";
import { maxSuggestions, type Suggestions } from "./suggestions.ts";

/** The suggestions as the protocol has them; no total is said that is not known. */
export const completionOf = ({ values, total, hasMore = false }: Suggestions): CompleteResult => {
  const shown = values.slice(0, maxSuggestions);
  const known = total ?? (hasMore ? undefined : values.length);
  return {
    completion: {
      values: shown,
      ...(known !== undefined && { total: known }),
      hasMore: hasMore || (known ?? 0) > shown.length,
    },
  };
};

/** Nothing comes to mind, which is no error. */
const nothing = Effect.succeed<Suggestions>({ values: [], total: 0 });

/** Finds who completes what is asked for; throws where nobody has heard of it. */
export const completer =
  ({ prompts, resources }: Catalog["Service"]) =>
  ({
    ref,
    argument,
    context,
  }: CompleteRequestParams): Effect.Effect<Suggestions, DeweyError, CurrentPrincipal> => {
    const others = context?.arguments ?? {};
    if (ref.type === "ref/prompt") {
      const prompt = prompts?.get(ref.name);
      if (prompt === undefined) throw invalidParams(`Unknown prompt: ${ref.name}.`);
      if (prompt.definition.arguments?.every(({ name }) => name !== argument.name) ?? true) {
        throw invalidParams(`The prompt ${ref.name} has no argument ${argument.name}.`);
      }
      return prompt.complete?.(argument.name, argument.value, others) ?? nothing;
    }
    const provider = resources?.find(({ templates }) =>
      templates.some(({ uriTemplate }) => uriTemplate === ref.uri),
    );
    if (provider === undefined) {
      throw invalidParams(`Unknown template: ${ref.uri}. Take one from resources/templates/list.`);
    }
    return provider.complete?.(ref.uri, argument.name, argument.value, others) ?? nothing;
  };
