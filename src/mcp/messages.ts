/** The answers to input that is not a JSON-RPC message, as the protocol has them. */
import {
  isJSONRPCNotification,
  isJSONRPCRequest,
  isJSONRPCResponse,
  type JSONRPCErrorResponse,
  type JSONRPCMessage,
  type JSONRPCNotification,
  type JSONRPCRequest,
  ProtocolErrorCode,
  type RequestId,
} from "@modelcontextprotocol/server";
import { Predicate } from "effect";

/** A JSON-RPC error; its id is null where the request's could not be read. */
export interface ErrorReply {
  readonly jsonrpc: "2.0";
  readonly id: RequestId | null;
  readonly error: { readonly code: number; readonly message: string; readonly data?: unknown };
}

/** The error for a request, or for what was sent instead of one. */
export const errorReply = (
  id: RequestId | null,
  code: number,
  message: string,
  data?: unknown,
): ErrorReply => ({
  jsonrpc: "2.0",
  id,
  error: data === undefined ? { code, message } : { code, message, data },
});

/** The answer to text that no JSON parser takes. */
export const notJson = errorReply(
  null,
  ProtocolErrorCode.ParseError,
  "This is not JSON. Send one JSON-RPC message as UTF-8 text.",
);

/** The answer to bytes where only text has a meaning. */
export const notText = errorReply(
  null,
  ProtocolErrorCode.ParseError,
  "Binary frames are not read. Send each JSON-RPC message as one text frame.",
);

/** The answer to a batch where the version agreed on has none, and to one that is empty or too long. */
export const noBatches = errorReply(
  null,
  ProtocolErrorCode.InvalidRequest,
  "Batches are not part of this protocol version. Send the messages one by one.",
);

/** The JSON of a text, or undefined, which no JSON stands for. */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** A line of stdio past its bound; a WebSocket tells it by its close code 1009, HTTP by its status 413. */
export const tooLarge = (limit: number): ErrorReply =>
  errorReply(null, -32000, `The message is too large: at most ${limit} bytes.`);

/** An error as an HTTP answer. */
export const jsonRpcResponse = (status: number, reply: ErrorReply): Response =>
  Response.json(reply, { status });

/** Without a session there is nothing to GET, and nothing else to do but to POST. */
export const methodNotAllowed = (): Response =>
  Response.json(errorReply(null, -32000, "Send MCP messages by POST, or open a WebSocket."), {
    status: 405,
    headers: { Allow: "POST" },
  });

/** Two requests of one id could not be told apart by their answers. */
export const idInUse = (id: RequestId): ErrorReply =>
  errorReply(
    id,
    ProtocolErrorCode.InvalidRequest,
    `The id ${JSON.stringify(id)} belongs to a request that is still in flight. Use another one.`,
  );

const requestKeys = new Set(["jsonrpc", "id", "method", "params"]);

/** Whether it is a request in which there is nothing that takes a schema to check, as there is in `_meta`. */
const isPlainRequest = (value: object): value is JSONRPCRequest => {
  for (const key in value) if (!requestKeys.has(key)) return false;
  if (!("jsonrpc" in value && "id" in value && "method" in value && "params" in value))
    return false;
  const { jsonrpc, id, method, params } = value;
  return (
    jsonrpc === "2.0" &&
    (typeof id === "string" || Number.isSafeInteger(id)) &&
    typeof method === "string" &&
    Predicate.isObject(params) &&
    !("_meta" in params)
  );
};

/**
 * Tells messages from anything else, as strictly as the SDK does. A value is held against the one kind that it can be:
 * against the others it fails, at many times the price.
 */
export const isMessage = (value: unknown): value is JSONRPCMessage => {
  if (!Predicate.hasProperty(value, "method")) return isJSONRPCResponse(value);
  if (!("id" in value)) return isJSONRPCNotification(value);
  return isPlainRequest(value) || isJSONRPCRequest(value);
};

// What is known to be a message needs no second look at all of it, as the SDK's own guards would take.

/** Tells requests from other messages. */
export const isRequest = (message: JSONRPCMessage): message is JSONRPCRequest =>
  "method" in message && "id" in message;

/** Tells notifications from other messages. */
export const isNotification = (message: JSONRPCMessage): message is JSONRPCNotification =>
  "method" in message && !("id" in message);

/** Tells errors from other messages. */
export const isErrorResponse = (message: JSONRPCMessage): message is JSONRPCErrorResponse =>
  "error" in message;

/** The request that a message answers, if it answers one. */
export const answeredBy = (message: JSONRPCMessage): RequestId | undefined =>
  "method" in message ? undefined : message.id;

const isResponseLike = (value: unknown): boolean =>
  Predicate.isObject(value) && !("method" in value) && ("result" in value || "error" in value);

const idOf = (value: unknown): RequestId | null => {
  if (!Predicate.hasProperty(value, "id")) return null;
  const { id } = value;
  return typeof id === "string" || (typeof id === "number" && Number.isSafeInteger(id)) ? id : null;
};

/** The answer to JSON that is not a message; undefined for a broken response, which nobody answers. */
export const notAMessage = (value: unknown): ErrorReply | undefined =>
  isResponseLike(value)
    ? undefined
    : errorReply(
        idOf(value),
        ProtocolErrorCode.InvalidRequest,
        'This is not a JSON-RPC message. A request has "jsonrpc": "2.0", an "id" (a string or a whole number), a "method", and "params" that are an object, and nothing else.',
      );

/** The request that a message cancels, if it is a message that does. */
export const cancelledBy = (message: JSONRPCMessage): RequestId | undefined => {
  if (!isNotification(message) || message.method !== "notifications/cancelled") {
    return undefined;
  }
  return idOf({ id: message.params?.["requestId"] }) ?? undefined;
};

/** Batches existed in one version alone. */
export const hasBatches = (protocolVersion: string | undefined): boolean =>
  protocolVersion === "2025-03-26";
