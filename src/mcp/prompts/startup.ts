/** The prompt `startup`: what an agent is to read before it begins. */
import { Effect } from "effect";
import { StartupContextName } from "../../domain/StartupContext.ts";
import type { StartupContexts } from "../../services/StartupContexts.ts";
import { suggestStartupContexts } from "../resources/texts.ts";
import { mimeTypes, resourceUri } from "../resources/uris.ts";
import { argumentOf } from "./arguments.ts";
import type { McpPrompt } from "./McpPrompt.ts";

/** The active startup context, or the named one. */
export const startupPrompt = (startupContexts: StartupContexts["Service"]): McpPrompt => ({
  definition: {
    name: "startup",
    title: "Begin with the startup context",
    description: "Puts the active startup context, or the one that is named, before the model.",
    arguments: [
      {
        name: "name",
        description: "Which startup context; left out, the active one.",
        required: false,
      },
    ],
  },
  get: Effect.fnUntraced(function* (args) {
    const name = yield* argumentOf(StartupContextName, "name", args);
    const found = yield* startupContexts.get(name === undefined ? {} : { name });
    return {
      description: `The startup context ${JSON.stringify(found.name)}`,
      messages: [
        {
          role: "user",
          content: {
            type: "resource",
            resource: {
              uri: resourceUri("startup-context", found.name),
              mimeType: mimeTypes.markdown,
              text: found.content,
            },
          },
        },
      ],
    };
  }),
  complete: (argument, typed) =>
    argument === "name" ? suggestStartupContexts(startupContexts, typed) : undefined,
});
