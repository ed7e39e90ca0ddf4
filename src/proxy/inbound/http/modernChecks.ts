/**
 * Which era a POST belongs to, and what the newest protocol version asks of its headers. A duplex upstream sees no
 * headers: what they say wrongly is refused here, in the words of the body's own values.
 */
import type { Envelope } from "../../../actors/envelope.ts";
import { statedVersion, textAt } from "../../frames.ts";
import { decodedHeader, type RequestHeaders } from "../../upstreams/http/requestHeaders.ts";
import { jsonRpcError } from "./answers.ts";

const firstModern = "2026-07-28";

const versionName = "io.modelcontextprotocol/protocolVersion";
const capabilitiesName = "io.modelcontextprotocol/clientCapabilities";

const parseError = -32_700;
const invalidRequest = -32_600;
const invalidParams = -32_602;
const headerMismatch = -32_020;

const isModern = (version: string | undefined): boolean =>
  version !== undefined && version >= firstModern;

const mismatch = ({ id }: Envelope, message: string): Response =>
  jsonRpcError(400, headerMismatch, `The headers and the body disagree: ${message}`, id);

const metaIncomplete = ({ id }: Envelope, names: ReadonlyArray<string>): Response =>
  jsonRpcError(400, invalidParams, `The request's _meta lacks ${names.join(" and ")}.`, id, {
    envelope: { missing: names },
  });

/** Why the headers of a request that states a version do not fit it. */
const faultOf = (
  message: Envelope,
  headers: Headers,
  expected: Readonly<Record<string, string>>,
): Response | undefined => {
  for (const [name, value] of Object.entries(expected)) {
    const stated = decodedHeader(value);
    const header = headers.get(name)?.trim();
    if (header === undefined) {
      return mismatch(message, `the header ${name} is missing, the body says ${stated}.`);
    }
    const said = decodedHeader(header);
    if (said === undefined) return mismatch(message, `the header ${name} is not well encoded.`);
    const isSame = said === stated || (name.startsWith("mcp-param-") && isSameNumber(said, stated));
    if (!isSame) {
      return mismatch(message, `the header ${name} says ${said}, the body ${stated}.`);
    }
  }
  return undefined;
};

const decimal = /^-?\d+(?:\.\d+)?$/;

const isSameNumber = (one: string, other: string | undefined): boolean =>
  other !== undefined && decimal.test(one) && decimal.test(other) && Number(one) === Number(other);

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

/** The era of a message, or why it is refused. */
export const eraOf = (
  message: Envelope,
  headers: Headers,
  requestHeaders: RequestHeaders,
): "legacy" | "modern" | Response => {
  const { items, kind, method, params, text } = message;
  const header = headers.get("mcp-protocol-version")?.trim();
  switch (kind) {
    case "other":
      return isJson(text)
        ? jsonRpcError(400, invalidRequest, "This is not a JSON-RPC message.")
        : jsonRpcError(400, parseError, "This is not JSON.");
    case "response":
      return "legacy";
    case "batch":
      if (items.length === 0 || items.some((item) => item.kind === "other")) {
        return jsonRpcError(
          400,
          invalidRequest,
          "The batch is empty, or holds what is no message.",
        );
      }
      return items.some((item) => statedVersion(item) !== undefined)
        ? jsonRpcError(400, invalidRequest, `There are no batches from ${firstModern} on.`)
        : "legacy";
    case "notification":
      if (statedVersion(message) === undefined && !isModern(header)) return "legacy";
      return headers.has("mcp-method") && headers.get("mcp-method")?.trim() !== method
        ? mismatch(message, `the header mcp-method says ${headers.get("mcp-method")}.`)
        : "modern";
    case "request": {
      const stated = statedVersion(message);
      if (method === "initialize" && !isModern(stated)) {
        return isModern(header)
          ? mismatch(message, `initialize does not belong to the version ${header}.`)
          : "legacy";
      }
      const meta = textAt(params ?? "{}", ["_meta"]) ?? "{}";
      const isClaimed = textAt(meta, [versionName]) !== undefined;
      if (!isClaimed && !isModern(header)) return "legacy";
      const missing = [
        ...(stated === undefined ? [versionName] : []),
        ...(textAt(meta, [capabilitiesName])?.startsWith("{") === true ? [] : [capabilitiesName]),
      ];
      if (missing.length > 0) return metaIncomplete(message, missing);
      return faultOf(message, headers, requestHeaders.of(message)) ?? "modern";
    }
  }
};

const statuses = new Map([
  [-32_601, 404],
  [headerMismatch, 400],
  [-32_021, 400],
  [-32_022, 400],
]);

/** The HTTP status that an answer goes with. */
export const statusOf = ({ isError, text }: Envelope): number => {
  if (!isError) return 200;
  const code = textAt(text, ["error", "code"]);
  return statuses.get(Number(code)) ?? 200;
};
