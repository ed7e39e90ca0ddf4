// The tools that the conformance suite calls; what each has to do stands in the suite's own scenarios.
import {
  type CallToolResult,
  CLIENT_CAPABILITIES_META_KEY,
  type ContentBlock,
  type InputRequests,
  type InputRequiredResult,
  inputRequired,
  inputResponse,
  type ServerContext,
} from "@modelcontextprotocol/server";
import { Effect } from "effect";
import type { CurrentPrincipal } from "../../src/domain/Principal.ts";
import type { ListName } from "../../src/mcp/CatalogChange.ts";
import type { McpTool } from "../../src/mcp/McpTool.ts";
import { sealState } from "../../src/mcp/requestState.ts";
import { Reports } from "../../src/services/Reports.ts";
import { redPixel, silence } from "./media.ts";

type Call = (
  input: Readonly<Record<string, unknown>>,
  context: ServerContext,
) => Effect.Effect<CallToolResult | InputRequiredResult, never, CurrentPrincipal>;

const result = (...content: Array<ContentBlock>): CallToolResult => ({ content });
const text = (words: string): ContentBlock => ({ type: "text", text: words });
const says =
  (words: string): Call =>
  () =>
    Effect.succeed(result(text(words)));
const image: ContentBlock = { type: "image", data: redPixel, mimeType: "image/png" };

const embedded = (uri: string, mimeType: string, words: string): ContentBlock => ({
  type: "resource",
  resource: { uri, mimeType, text: words },
});

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const tool = (
  name: string,
  description: string,
  call: Call,
  properties: Record<string, { type: "string" }> = {},
): McpTool => ({
  definition: {
    name,
    description,
    inputSchema: { type: "object", properties, required: Object.keys(properties) },
  },
  call: (input, context) => call(isRecord(input) ? input : {}, context),
});

const pause = Effect.sleep("50 millis");

/** Logs three times, with something between. */
const talkative = (between: Effect.Effect<void>) =>
  Effect.gen(function* () {
    const reports = yield* Reports;
    yield* reports.log("info", "Tool execution started");
    yield* between;
    yield* reports.log("info", "Tool processing data");
    yield* between;
    yield* reports.log("info", "Tool execution completed");
    return result(text("Three messages were logged."));
  });

const stepwise = Effect.gen(function* () {
  const reports = yield* Reports;
  yield* reports.progress(0, 100, "Begun.");
  yield* pause;
  yield* reports.progress(50, 100, "Half of it.");
  yield* pause;
  yield* reports.progress(100, 100, "Done.");
  return result(text("All steps were reported."));
});

type Schema = Parameters<typeof inputRequired.elicit>[0]["requestedSchema"];

const form = (message: string, requestedSchema: Schema) =>
  inputRequired.elicit({ message, requestedSchema });

const one = (name: string): Schema => ({
  type: "object",
  properties: { [name]: { type: "string" } },
  required: [name],
});

const confirmed: Schema = {
  type: "object",
  properties: { ok: { type: "boolean" } },
  required: ["ok"],
};

const question = (prompt: string, maxTokens: number) =>
  inputRequired.createMessage({
    messages: [{ role: "user", content: { type: "text", text: prompt } }],
    maxTokens,
  });

/** Asks until every request has an answer of its kind, and then makes the result of them. */
const asking =
  (
    requestsOf: (input: Readonly<Record<string, unknown>>) => InputRequests,
    answer: (views: ReadonlyArray<ReturnType<typeof inputResponse>>) => string,
    withState = false,
  ): Call =>
  (input, context) => {
    const inputRequests = requestsOf(input);
    const { inputResponses } = context.mcpReq;
    const views = Object.keys(inputRequests).map((key) => inputResponse(inputResponses, key));
    const isComplete = views.every(({ kind }) => kind !== "missing");
    const hasState = !withState || context.mcpReq.requestState() !== undefined;
    if (isComplete && hasState) return Effect.succeed(result(text(answer(views))));
    return withState
      ? Effect.map(sealState({ asked: true }, context), (requestState) =>
          inputRequired({ inputRequests, requestState }),
        )
      : Effect.succeed(inputRequired({ inputRequests }));
  };

const elicited =
  (prefix: string) =>
  ([view]: ReadonlyArray<ReturnType<typeof inputResponse>>) =>
    view?.kind === "elicit"
      ? `${prefix}: action=${view.action}, content=${JSON.stringify(view.content ?? {})}`
      : `${prefix}: ${JSON.stringify(view)}`;

const elicitation = (name: string, message: string, schema: Schema, prefix: string): McpTool =>
  tool(
    name,
    "Asks the user.",
    asking(() => ({ answer: form(message, schema) }), elicited(prefix)),
  );

const titled = (noun: string) =>
  ["First", "Second", "Third"].map((nth, index) => ({
    const: `value${index + 1}`,
    title: `${nth} ${noun}`,
  }));

const enums: Schema = {
  type: "object",
  properties: {
    untitledSingle: { type: "string", enum: ["option1", "option2", "option3"] },
    titledSingle: { type: "string", oneOf: titled("Option") },
    legacyEnum: {
      type: "string",
      enum: ["opt1", "opt2", "opt3"],
      enumNames: ["Option One", "Option Two", "Option Three"],
    },
    untitledMulti: {
      type: "array",
      items: { type: "string", enum: ["option1", "option2", "option3"] },
    },
    titledMulti: { type: "array", items: { anyOf: titled("Choice") } },
  },
};

const defaults: Schema = {
  type: "object",
  properties: {
    name: { type: "string", default: "John Doe" },
    age: { type: "integer", default: 30 },
    score: { type: "number", default: 95.5 },
    status: { type: "string", enum: ["active", "inactive", "pending"], default: "active" },
    verified: { type: "boolean", default: true },
  },
};

const person: Schema = {
  type: "object",
  properties: {
    username: { type: "string", description: "User's response" },
    email: { type: "string", description: "User's email address" },
  },
  required: ["username", "email"],
};

const twoRounds: Call = (_input, context) => {
  const { inputResponses } = context.mcpReq;
  const has = (key: string) => inputResponse(inputResponses, key).kind === "elicit";
  const state = context.mcpReq.requestState();
  const round = isRecord(state) ? state["round"] : 0;
  if (round === 2 && has("step2")) return Effect.succeed(result(text("Both steps were answered.")));
  const next = round === 1 && has("step1") ? 2 : 1;
  const inputRequests: InputRequests =
    next === 1
      ? { step1: form("Step 1: What is your name?", one("name")) }
      : { step2: form("Step 2: What is your favorite color?", one("color")) };
  return Effect.map(sealState({ round: next }, context), (requestState) =>
    inputRequired({ inputRequests, requestState }),
  );
};

const whatIsDeclared: Call = (input, context) => {
  const envelope = isRecord(context.mcpReq.envelope) ? context.mcpReq.envelope : {};
  const capabilities = envelope[CLIENT_CAPABILITIES_META_KEY];
  const declared = isRecord(capabilities) ? capabilities : {};
  const inputRequests: InputRequests = {
    ...("sampling" in declared ? { idea: question("Have an idea.", 50) } : {}),
    ...("elicitation" in declared ? { name: form("Who?", one("name")) } : {}),
    ...("roots" in declared ? { roots: inputRequired.listRoots() } : {}),
  };
  if (Object.keys(inputRequests).length === 0) {
    return Effect.succeed(result(text("The client can be asked for nothing.")));
  }
  return asking(
    () => inputRequests,
    () => "All was answered.",
  )(input, context);
};

const userName = { user_name: form("What is your name?", one("name")) };

const confirmation = asking(
  () => ({ confirm: form("Please confirm", confirmed) }),
  () => "state-ok",
  true,
);

/** All fixture tools; `change` tells that a list is another now. */
export const fixtureTools = (
  change: (list: ListName) => Effect.Effect<void>,
): ReadonlyArray<McpTool> => [
  tool(
    "test_simple_text",
    "Answers with text.",
    says("This is a simple text response for testing."),
  ),
  tool("test_image_content", "Answers with an image.", () => Effect.succeed(result(image))),
  tool("test_audio_content", "Answers with a sound.", () =>
    Effect.succeed(result({ type: "audio", data: silence, mimeType: "audio/wav" })),
  ),
  tool("test_embedded_resource", "Answers with a resource.", () =>
    Effect.succeed(
      result(
        embedded("test://embedded-resource", "text/plain", "This is an embedded resource content."),
      ),
    ),
  ),
  tool("test_multiple_content_types", "Answers with several things.", () =>
    Effect.succeed(
      result(
        text("Multiple content types test:"),
        image,
        embedded(
          "test://mixed-content-resource",
          "application/json",
          JSON.stringify({ test: "data", value: 123 }),
        ),
      ),
    ),
  ),
  tool("test_error_handling", "Fails.", () =>
    Effect.succeed({
      ...result(text("This tool intentionally returns an error for testing")),
      isError: true,
    }),
  ),
  tool("test_tool_with_logging", "Logs while it works.", () => talkative(pause)),
  // The suite waits half a second for it.
  tool("test_logging_tool", "Logs while it works.", () => talkative(Effect.void)),
  tool("test_tool_with_progress", "Says how far it is.", () => stepwise),
  tool(
    "test_sampling",
    "Asks the client's model.",
    asking(
      ({ prompt }) => ({ answer: question(String(prompt), 100) }),
      ([view]) =>
        `LLM response: ${view?.kind === "sampling" ? JSON.stringify(view.result.content) : ""}`,
    ),
    { prompt: { type: "string" } },
  ),
  tool(
    "test_elicitation",
    "Asks the user.",
    asking(({ message }) => ({ answer: form(String(message), person) }), elicited("User response")),
    { message: { type: "string" } },
  ),
  elicitation(
    "test_elicitation_sep1034_defaults",
    "Please review the form.",
    defaults,
    "Elicitation completed",
  ),
  elicitation("test_elicitation_sep1330_enums", "Please choose.", enums, "Elicitation completed"),
  tool(
    "test_missing_capability",
    "Needs a client with a model.",
    asking(
      () => ({ answer: question("Are you there?", 10) }),
      () => "The client has a model.",
    ),
  ),
  tool(
    "test_streaming_elicitation",
    "Asks the user after some progress.",
    asking(
      () => userName,
      () => "The user has a name.",
    ),
  ),
  tool("test_trigger_tool_change", "Changes the list of tools.", () =>
    Effect.as(change("tools"), result(text("The list of tools has changed."))),
  ),
  tool("test_trigger_prompt_change", "Changes the list of prompts.", () =>
    Effect.as(change("prompts"), result(text("The list of prompts has changed."))),
  ),
  tool(
    "test_input_required_result_elicitation",
    "Asks for a name.",
    asking(
      () => userName,
      ([view]) =>
        view?.kind === "elicit" ? `Hello, ${String(view.content?.["name"])}!` : "Hello!",
    ),
  ),
  tool(
    "test_input_required_result_sampling",
    "Asks the client's model.",
    asking(
      () => ({ capital_question: question("What is the capital of France?", 100) }),
      ([view]) => (view?.kind === "sampling" ? JSON.stringify(view.result.content) : ""),
    ),
  ),
  tool(
    "test_input_required_result_list_roots",
    "Asks for the client's roots.",
    asking(
      () => ({ client_roots: inputRequired.listRoots() }),
      ([view]) => (view?.kind === "roots" ? view.roots.map(({ uri }) => uri).join(" ") : ""),
    ),
  ),
  tool("test_input_required_result_request_state", "Keeps state with the client.", confirmation),
  tool("test_input_required_result_tampered_state", "Keeps state with the client.", confirmation),
  tool(
    "test_input_required_result_multiple_inputs",
    "Asks for several things at once.",
    asking(
      () => ({
        ...userName,
        greeting: question("Generate a greeting", 50),
        client_roots: inputRequired.listRoots(),
      }),
      () => "All three were answered.",
      true,
    ),
  ),
  tool("test_input_required_result_multi_round", "Asks twice.", twoRounds),
  tool(
    "test_input_required_result_capabilities",
    "Asks for what the client can give.",
    whatIsDeclared,
  ),
];
