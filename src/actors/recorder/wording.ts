/**
 * What a person would read of a message of JSON-RPC, and whether there is anything. The machinery of the protocol gives
 * no text: handshakes, pings, lists and their answers, log levels, subscriptions, progress, and notices that a list or a
 * resource changed. Everything else does, methods that nobody knows included.
 */
import { blocksText, dialogue, lines, plain, resourcesText, toolResultText } from "./contents.ts";
import { type Fields, fieldsOf, isFields, textOf } from "./jsonRpc.ts";

/** The methods that come before there is a conversation. */
const handshakes = new Set(["initialize", "ping", "server/discover"]);

/** Requests that nobody reads, nor their answers. */
const machinery = new Set([
  ...handshakes,
  "tools/list",
  "resources/list",
  "resources/templates/list",
  "prompts/list",
  "roots/list",
  "tasks/list",
  "logging/setLevel",
  "resources/subscribe",
  "resources/unsubscribe",
  "subscriptions/listen",
]);

const silent = new Set([
  "notifications/initialized",
  "notifications/progress",
  "notifications/tools/list_changed",
  "notifications/prompts/list_changed",
  "notifications/resources/list_changed",
  "notifications/resources/updated",
  "notifications/roots/list_changed",
  "notifications/subscriptions/acknowledged",
]);

/** Whether a request belongs to the handshake. */
export const isHandshake = (method: string): boolean => handshakes.has(method);

/** Whether a request and its result are not for a person. */
export const isMachinery = (method: string): boolean => machinery.has(method);

const joined = (parts: ReadonlyArray<string | undefined>): string =>
  parts.filter((part) => part !== undefined && part !== "").join("\n");

const named = (params: Fields): string =>
  joined([textOf(params, "name") ?? "(no name)", ...lines(fieldsOf(params["arguments"]))]);

const withoutMeta = ({ _meta, ...rest }: Fields): Fields => rest;

const samplingText = (params: Fields): string =>
  joined([textOf(params, "systemPrompt"), ...dialogue(params["messages"])]);

const elicitationText = (params: Fields): string => {
  const properties = fieldsOf(fieldsOf(params["requestedSchema"])["properties"]);
  const asked = Object.entries(properties).map(([name, property]) => {
    const { title, description } = fieldsOf(property);
    return `${name}: ${[title, description].filter((part) => typeof part === "string").join(", ")}`;
  });
  return joined([textOf(params, "message"), textOf(params, "url"), ...asked]);
};

const completionText = (params: Fields): string => {
  const ref = fieldsOf(params["ref"]);
  const argument = fieldsOf(params["argument"]);
  return joined([
    textOf(ref, "name") ?? textOf(ref, "uri"),
    `${textOf(argument, "name") ?? "argument"}: ${textOf(argument, "value") ?? ""}`,
  ]);
};

const inputResponses = (params: Fields): ReadonlyArray<string> =>
  Object.entries(fieldsOf(params["inputResponses"])).map(
    ([name, response]) => `${name}: ${plain(response)}`,
  );

/** What a request asks. */
export const requestText = (method: string, params: Fields): string => {
  switch (method) {
    case "tools/call":
    case "prompts/get":
      return joined([named(params), ...inputResponses(params)]);
    case "resources/read":
      return joined([textOf(params, "uri"), ...inputResponses(params)]);
    case "completion/complete":
      return completionText(params);
    case "sampling/createMessage":
      return samplingText(params);
    case "elicitation/create":
      return elicitationText(params);
    default:
      return joined([method, ...lines(withoutMeta(params))]);
  }
};

/** What a server asks for before it can answer. */
const inputRequests = (requests: Fields): string =>
  joined(
    Object.entries(requests).map(([name, request]) => {
      const fields = fieldsOf(request);
      const method = textOf(fields, "method") ?? "";
      return `${name}: ${requestText(method, fieldsOf(fields["params"]))}`;
    }),
  );

/** That a result is complete says nothing. */
const anyResult = (result: Fields): string =>
  joined(lines(withoutMeta(result)).filter((line) => line !== "resultType: complete"));

/** What a result says; `method` is that of its request, where it is known. */
export const resultText = (method: string | undefined, result: unknown): string => {
  if (!isFields(result)) return plain(result);
  if (isFields(result["inputRequests"])) return inputRequests(result["inputRequests"]);
  switch (method) {
    case "prompts/get":
      return joined([textOf(result, "description"), ...dialogue(result["messages"])]);
    case "resources/read":
      return resourcesText(result["contents"]);
    case "completion/complete": {
      const { values } = fieldsOf(result["completion"]);
      return Array.isArray(values) ? values.map(plain).join("\n") : "";
    }
    case "sampling/createMessage":
      return blocksText(result["content"]);
    case "elicitation/create":
      return joined([textOf(result, "action"), ...lines(fieldsOf(result["content"]))]);
    default:
      return Array.isArray(result["content"]) ? toolResultText(result) : anyResult(result);
  }
};

/** Code, message and data of an error. */
export const errorText = ({ code, message, data }: Fields): string =>
  [code, message, data]
    .filter((part) => part !== undefined)
    .map(plain)
    .join(" ");

/** What a notification tells, undefined where nobody reads it. */
export const notificationText = (method: string, params: Fields): string | undefined => {
  if (silent.has(method)) return undefined;
  switch (method) {
    case "notifications/message": {
      const about = [textOf(params, "level"), textOf(params, "logger")];
      return `${about.filter((part) => part !== undefined).join(" ")}: ${plain(params["data"])}`;
    }
    case "notifications/cancelled": {
      const reason = textOf(params, "reason");
      return `Request ${plain(params["requestId"])} was cancelled${reason === undefined ? "." : `: ${reason}`}`;
    }
    default:
      return joined([method, ...lines(withoutMeta(params))]);
  }
};
