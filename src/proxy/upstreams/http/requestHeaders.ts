/** The headers that the newest protocol version wants of a request, all of which repeat what its body says. */
import type { Envelope } from "../../../actors/envelope.ts";
import { statedVersion, stringAt } from "../../frames.ts";

/** The member of the parameters that `Mcp-Name` repeats, by method. */
const named = new Map([
  ["tools/call", "name"],
  ["prompts/get", "name"],
  ["resources/read", "uri"],
  ["tasks/get", "taskId"],
  ["tasks/update", "taskId"],
  ["tasks/cancel", "taskId"],
]);

const plainText = /^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/;
const encodedText = /^=\?base64\?.*\?=$/;

/** A text as the value of a header: encoded where it could not stand there as it is, or would be taken for encoded. */
export const headerValue = (text: string): string =>
  plainText.test(text) && !encodedText.test(text)
    ? text
    : `=?base64?${Buffer.from(text).toString("base64")}?=`;

const canonical = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const decoder = new TextDecoder("utf-8", { fatal: true });

/** The text that a header's value stands for; undefined where it is not well encoded. */
export const decodedHeader = (value: string): string | undefined => {
  if (!encodedText.test(value)) return value;
  const inner = value.slice("=?base64?".length, -"?=".length);
  if (!canonical.test(inner)) return undefined;
  try {
    return decoder.decode(Buffer.from(inner, "base64"));
  } catch {
    return undefined;
  }
};

/** Where in the arguments of a tool the value of a header stands. */
interface Parameter {
  readonly header: string;
  readonly path: ReadonlyArray<string>;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const token = /^[\w!#$%&'*+.^`|~-]+$/;
const types: ReadonlyArray<unknown> = ["string", "integer", "boolean"];

/** Only what is reached over `properties` alone may have a header. */
const parametersOf = (
  schema: unknown,
  path: ReadonlyArray<string> = [],
): ReadonlyArray<Parameter> => {
  if (!isRecord(schema)) return [];
  const { properties, type, "x-mcp-header": header } = schema;
  const own =
    typeof header === "string" && path.length > 0 && token.test(header) && types.includes(type)
      ? [{ header: `mcp-param-${header}`, path }]
      : [];
  const inner = isRecord(properties)
    ? Object.entries(properties).flatMap(([name, value]) => parametersOf(value, [...path, name]))
    : [];
  return [...own, ...inner];
};

const valueAt = (root: unknown, path: ReadonlyArray<string>): unknown => {
  let value = root;
  for (const name of path) value = isRecord(value) ? value[name] : undefined;
  return value;
};

const textOf = (value: unknown): string | undefined => {
  if (typeof value === "string") return value;
  if (typeof value === "boolean" || Number.isSafeInteger(value)) return String(value);
  return undefined;
};

const parsed = (text: string | undefined): unknown => {
  // An envelope's parts are JSON.
  const value: unknown = text === undefined ? undefined : JSON.parse(text);
  return value;
};

/** Makes the headers; which arguments have some, the answers to `tools/list` tell. */
export class RequestHeaders {
  readonly #parameters = new Map<string, ReadonlyArray<Parameter>>();

  /** An answer to `tools/list`. */
  learn({ result }: Envelope): void {
    if (result?.includes("x-mcp-header") !== true) return;
    const list = parsed(result);
    const tools = isRecord(list) && Array.isArray(list["tools"]) ? list["tools"] : [];
    for (const tool of tools) {
      if (!isRecord(tool) || typeof tool["name"] !== "string") continue;
      this.#parameters.set(tool["name"], parametersOf(tool["inputSchema"]));
    }
  }

  /** Those of a message; none where it is of an older version. */
  of(message: Envelope): Readonly<Record<string, string>> {
    const { method, params } = message;
    const version = statedVersion(message);
    if (version === undefined || method === undefined) return {};
    const member = named.get(method);
    const name = member === undefined ? undefined : stringAt(params, [member]);
    const headers: Record<string, string> = {
      "mcp-protocol-version": version,
      "mcp-method": method,
    };
    if (name === undefined) return headers;
    headers["mcp-name"] = headerValue(name);
    const parameters = method === "tools/call" ? (this.#parameters.get(name) ?? []) : [];
    if (parameters.length === 0) return headers;
    const call = parsed(params);
    for (const { header, path } of parameters) {
      const text = textOf(valueAt(call, ["arguments", ...path]));
      if (text !== undefined) headers[header] = headerValue(text);
    }
    return headers;
  }
}
