/** Arguments of prompts, which arrive as texts whatever they mean. */
import { Effect, Schema } from "effect";
import { InvalidInput } from "../../domain/Errors.ts";
import type { PromptArguments } from "./McpPrompt.ts";

/** An argument by its schema; forms send the empty text for what was not filled in, which is absent. */
export const argumentOf = <S extends Schema.ConstraintDecoder<unknown>>(
  schema: S,
  name: string,
  args: PromptArguments,
): Effect.Effect<S["Type"] | undefined, InvalidInput> => {
  const text = args[name];
  if (text === undefined || text === "") return Effect.succeed(undefined);
  return Effect.mapError(
    Schema.decodeUnknownEffect(schema)(text),
    (error) =>
      new InvalidInput({
        message: `${name}: ${error.message.replace(/^Expected /, "expected ")}.`,
        details: { path: name },
      }),
  );
};

/** The same for an argument that has to be there. */
export const requiredArgument = <S extends Schema.ConstraintDecoder<unknown>>(
  schema: S,
  name: string,
  args: PromptArguments,
): Effect.Effect<S["Type"], InvalidInput> =>
  Effect.flatMap(argumentOf(schema, name, args), (value) =>
    value === undefined
      ? Effect.fail(
          new InvalidInput({ message: `${name} may not be empty.`, details: { path: name } }),
        )
      : Effect.succeed(value),
  );
