// The prompts that the conformance suite asks for.
import { inputRequired, inputResponse, type PromptMessage } from "@modelcontextprotocol/server";
import { Effect } from "effect";
import type { McpPrompt } from "../../src/mcp/prompts/McpPrompt.ts";
import { redPixel } from "./media.ts";

const user = (content: PromptMessage["content"]): PromptMessage => ({ role: "user", content });
const text = (words: string) => user({ type: "text", text: words });

const prompt = (
  name: string,
  description: string,
  required: ReadonlyArray<string>,
  messages: (args: Readonly<Record<string, string>>) => Array<PromptMessage>,
): McpPrompt => ({
  definition: {
    name,
    description,
    arguments: required.map((argument) => ({
      name: argument,
      description: `What to put for ${argument}.`,
      required: true,
    })),
  },
  get: (args) => Effect.succeed({ messages: messages(args) }),
});

const cities = ["paris", "park", "party"];

const withArguments: McpPrompt = {
  ...prompt("test_prompt_with_arguments", "Has two arguments.", ["arg1", "arg2"], (args) => [
    text(`Prompt with arguments: arg1='${args["arg1"]}', arg2='${args["arg2"]}'`),
  ]),
  complete: (_argument, typed) =>
    Effect.succeed({ values: cities.filter((city) => city.startsWith(typed)) }),
};

const asking: McpPrompt = {
  ...prompt("test_input_required_result_prompt", "Asks for its context.", [], () => []),
  get: (_args, { mcpReq }) => {
    const view = inputResponse(mcpReq.inputResponses, "user_context");
    if (view.kind === "elicit") {
      return Effect.succeed({
        messages: [text(`The context is ${JSON.stringify(view.content ?? {})}.`)],
      });
    }
    return Effect.succeed(
      inputRequired({
        inputRequests: {
          user_context: inputRequired.elicit({
            message: "What context should the prompt use?",
            requestedSchema: {
              type: "object",
              properties: { context: { type: "string" } },
              required: ["context"],
            },
          }),
        },
      }),
    );
  },
};

/** All fixture prompts. */
export const fixturePrompts: ReadonlyArray<McpPrompt> = [
  prompt("test_simple_prompt", "Has no arguments.", [], () => [
    text("This is a simple prompt for testing."),
  ]),
  withArguments,
  prompt(
    "test_prompt_with_embedded_resource",
    "Puts a resource before the model.",
    ["resourceUri"],
    (args) => [
      user({
        type: "resource",
        resource: {
          uri: args["resourceUri"] ?? "",
          mimeType: "text/plain",
          text: "Embedded resource content for testing.",
        },
      }),
      text("Please process the embedded resource above."),
    ],
  ),
  prompt("test_prompt_with_image", "Puts an image before the model.", [], () => [
    user({ type: "image", data: redPixel, mimeType: "image/png" }),
    text("Please analyze the image above."),
  ]),
  asking,
];
