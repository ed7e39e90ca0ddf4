/** A tool as MCP has it: what clients see of it, and its results and errors in MCP's form. */
import type {
  CallToolResult,
  InputRequiredResult,
  ServerContext,
  Tool,
} from "@modelcontextprotocol/server";
import { Effect, type Schema } from "effect";
import { type ErrorBody, errorBody } from "../domain/ErrorBody.ts";
import type { DeweyError } from "../domain/Errors.ts";
import type { CurrentPrincipal } from "../domain/Principal.ts";
import { type ReportLevel, Reports } from "../services/Reports.ts";

/** A tool's call that answers without MCP's envelope. */
export type PlainCall = (
  input: unknown,
) => Effect.Effect<Schema.Json, DeweyError, CurrentPrincipal>;

/** A tool as clients see it, and how it is called with arguments that nobody has checked. */
export interface McpTool {
  readonly definition: Tool;
  /** The context is the request's own: input that the client was asked for, and who it says it is. */
  readonly call: (
    input: unknown,
    context: ServerContext,
  ) => Effect.Effect<CallToolResult | InputRequiredResult, never, CurrentPrincipal>;
  /** The same without MCP's envelope, where the tool may be called so too. */
  readonly callPlain?: PlainCall;
}

/** Whether a call of the tool may be made again unasked. */
export const callKind = ({ definition }: McpTool): "canRepeat" | "once" =>
  definition.annotations?.readOnlyHint === true ? "canRepeat" : "once";

/** A sentence for a model first, then what helps it to try again. */
const textOf = ({ code, message, retryable, details }: ErrorBody): string => {
  const lines = [`${code}: ${message}`];
  if (details !== undefined) lines.push(`Details: ${JSON.stringify(details)}`);
  if (retryable) lines.push("The same call may be repeated.");
  return lines.join("\n");
};

/** A tool's failure as a result, which the model reads; only protocol mistakes are JSON-RPC errors. */
export const failureResult = (error: DeweyError): CallToolResult => {
  const body = errorBody(error);
  return {
    content: [{ type: "text", text: textOf(body) }],
    structuredContent: { ...body },
    isError: true,
  };
};

const successResult = (value: Schema.Json): CallToolResult => ({
  content: [{ type: "text", text: JSON.stringify(value) }],
  structuredContent: value,
});

/** Failures that are Dewey's and not the call's: whoever watches the client should see them, not the model alone. */
const ownFailures: Partial<Record<DeweyError["code"], ReportLevel>> = {
  UNAVAILABLE: "warning",
  TIMEOUT: "warning",
  INTERNAL: "error",
};

const failed = Effect.fnUntraced(function* (error: DeweyError) {
  const level = ownFailures[error.code];
  if (level !== undefined) {
    const { code, message, details } = errorBody(error);
    yield* (yield* Reports).log(level, message, { code, ...details });
  }
  return failureResult(error);
});

/** A plain form's result or error, put into MCP's form. */
export const resultOf = (
  plain: ReturnType<PlainCall>,
): Effect.Effect<CallToolResult, never, CurrentPrincipal> =>
  Effect.matchEffect(plain, {
    onSuccess: (value) => Effect.succeed(successResult(value)),
    onFailure: failed,
  });

/** A tool from its plain form. */
export const toolOf = (definition: Tool, callPlain: PlainCall): McpTool => ({
  definition,
  callPlain,
  call: (input) => resultOf(callPlain(input)),
});
