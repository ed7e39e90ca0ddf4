/** What a tool call tells beside its text: how it ended, who it belongs to, what a model used for it. */
import type { ToolCallStatus } from "../../domain/ToolCall.ts";
import { blocksText } from "./contents.ts";
import { type Fields, fieldsOf, isFields, textOf } from "./jsonRpc.ts";
import { jsonOf, sentence, short } from "./storable.ts";

const isNotEmpty = (text: string | undefined): text is string => text !== undefined && text !== "";

/** The trace that the caller's request belongs to, or its own correlation id; undefined where it has none. */
export const correlationOf = (params: Fields): string | undefined => {
  const meta = fieldsOf(params["_meta"]);
  const given = [
    textOf(meta, "traceparent")?.split("-")[1],
    textOf(meta, "trace_id"),
    textOf(meta, "traceId"),
    textOf(meta, "correlation_id"),
    textOf(fieldsOf(params["arguments"]), "correlation_id"),
  ].find(isNotEmpty);
  return given === undefined ? undefined : short(given);
};

/** How a call ended. */
export interface Ending {
  readonly status: ToolCallStatus;
  readonly error_message: string | null;
  readonly result: string | null;
}

const saysTimeout = (text: string | undefined): boolean =>
  text !== undefined && /\btime(d)?[ -]?out\b/i.test(text);

/** How a call ended that was answered with a result. */
export const endingOfResult = (result: unknown): Ending => {
  const failed = isFields(result) && result["isError"] === true;
  return {
    status: failed ? "error" : "success",
    error_message: failed ? sentence(blocksText(result["content"] ?? [])) : null,
    result: jsonOf(result),
  };
};

const requestTimeout = -32_001;
const ownError = -32_000;

/** How a call ended that was answered with an error. The proxy's own errors say that the upstream was lost. */
export const endingOfError = (error: Fields): Ending => {
  const message = textOf(error, "message") ?? "";
  const isLost = error["code"] === ownError && fieldsOf(error["data"])["retryable"] === true;
  const isTimeout = error["code"] === requestTimeout && saysTimeout(message);
  return {
    status: isLost ? "lost" : isTimeout ? "timeout" : "error",
    error_message: sentence(message),
    result: jsonOf(error),
  };
};

/** How a call ended that was cancelled. */
export const endingOfCancellation = (reason: string | undefined): Ending => ({
  status: saysTimeout(reason) ? "timeout" : "cancelled",
  error_message: reason === undefined ? null : sentence(reason),
  result: null,
});

/** How a call ended that nobody is going to answer any more. */
export const endingOfLoss = (reason: string): Ending => ({
  status: "lost",
  error_message: sentence(reason),
  result: null,
});

/** The model and the tokens of a call, each null where nobody reported it. */
export interface Usage {
  readonly model: string | null;
  readonly tokens_prompt: number | null;
  readonly tokens_completion: number | null;
}

const promptNames = [
  "prompt_tokens",
  "input_tokens",
  "promptTokens",
  "inputTokens",
  "tokens_prompt",
];
const completionNames = [
  "completion_tokens",
  "output_tokens",
  "completionTokens",
  "outputTokens",
  "tokens_completion",
];

const countIn = (reports: ReadonlyArray<Fields>, names: ReadonlyArray<string>): number | null => {
  for (const report of reports) {
    for (const name of names) {
      const value = report[name];
      if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
    }
  }
  return null;
};

/** A text that may be a report in JSON, which is how tools without structured content give one. */
const reportInText = (content: unknown): Fields | undefined => {
  if (!Array.isArray(content) || content.length !== 1) return undefined;
  const text = textOf(fieldsOf(content[0]), "text");
  if (text === undefined || !text.startsWith("{") || text.length > 64 * 1024) return undefined;
  if (!/"(usage|model|\w*_?tokens?\w*)"/i.test(text)) return undefined;
  try {
    return fieldsOf(JSON.parse(text));
  } catch {
    return undefined;
  }
};

/** What the arguments and the result of a call report of a model's work. */
export const usageOf = (args: Fields, result: unknown): Usage => {
  const fields = fieldsOf(result);
  const inText = reportInText(fields["content"]);
  const places = [
    fieldsOf(fields["structuredContent"]),
    fields,
    fieldsOf(fields["_meta"]),
    ...(inText === undefined ? [] : [inText]),
  ];
  const reports = places.flatMap((place) =>
    isFields(place["usage"]) ? [place["usage"], place] : [place],
  );
  const model = [...places.map((place) => textOf(place, "model")), textOf(args, "model")].find(
    isNotEmpty,
  );
  return {
    model: model === undefined ? null : short(model),
    tokens_prompt: countIn(reports, promptNames),
    tokens_completion: countIn(reports, completionNames),
  };
};
