// Writes docs/tools.md from the contract, so that the page cannot say anything else than the program does.
import { join } from "node:path";
import { Context, type JsonSchema, Predicate, Schema } from "effect";
import { Bounds } from "../src/domain/Bounds.ts";
import { DeweyTools, ToolInfo } from "../src/rpc/DeweyTools.ts";

const head = `# The tools

Every tool is the same over MCP and over typed RPC. This page is written by \`bun run docs\` from the contract in [src/rpc/DeweyTools.ts](../src/rpc/DeweyTools.ts).

## For all tools

- Input is read strictly: an unknown property, a wrong type or a value out of bounds is refused, with the property's path, and nothing is changed. \`null\` for an optional property means that it is absent.
- What is stored comes back byte for byte. Text that Postgres cannot keep (U+0000, lone surrogates) is refused.
- Ids are UUIDs. Times are ISO 8601 in UTC with milliseconds.
- A write is answered after its commit.
- An answer holds at most ${Bounds.answerBytes / 1024 / 1024} MiB: a page ends early there, and \`next_offset\` (or \`next_after_turn\`, \`next_after_name\`) says where to go on. Totals are counted up to ${Bounds.exactTotal}; past it \`total_is_exact\` is false. So it is where a search among very many messages (more than 200,000, or between dates more than 20,000) finds thousands: there are more than \`total\` says.
- \`dewey_search\` knows the forms of words in Danish, Dutch, English, French, German, Italian, Norwegian, Portuguese, Russian, Spanish and Swedish, and tells by itself which of these a message is in. In other languages words are found as they are written, without regard to case and accents; scripts without spaces, such as Chinese and Japanese, by any part.
- Everything belongs to the space of the caller's token (\`default\` without tokens), and no tool reads or changes another space.

## Errors

An error has a \`code\`, a \`message\` that says what to do, \`retryable\`, and \`details\` where they help (\`path\`, \`limit\`, \`retry_after_ms\`, \`current_version\`, \`error_id\`). Over MCP it is a result with \`isError\`, as text and as structured content; over RPC it is a typed error.

| code | when | repeat the call? |
|---|---|---|
| \`INVALID_INPUT\` | a wrong type, an unknown property, a value out of bounds | no |
| \`NOT_FOUND\` | nothing of that id, name or key in the space | no |
| \`CONFLICT\` | a taken turn or id, another version | no |
| \`TOO_LARGE\` | more bytes than the bound | no |
| \`CONFIRMATION_REQUIRED\` | a step that needs \`force\` | no |
| \`RATE_LIMITED\` | too many calls at once or in a minute | yes, after \`retry_after_ms\` |
| \`UNAUTHENTICATED\` \`FORBIDDEN\` | no token, or one without the scope | no |
| \`UNAVAILABLE\` | the database is away, or Dewey shuts down | yes |
| \`TIMEOUT\` | the database did not answer in time | yes |
| \`INTERNAL\` | a fault of Dewey; the log has it under \`error_id\` | no |

A write with its own \`message_id\` or \`conversation_id\` is stored once however often it is repeated.
`;

const record = (value: unknown): Readonly<Record<string, unknown>> =>
  Predicate.isObject(value) ? { ...value } : {};

const list = (value: unknown): ReadonlyArray<unknown> => (Array.isArray(value) ? value : []);

const typeOf = (schema: unknown): string => {
  const { type, anyOf, enum: values, items, format } = record(schema);
  const members = list(anyOf).map(typeOf);
  if (members.length > 0) return members.join(" or ");
  if (Array.isArray(values)) return values.map((value) => `\`${String(value)}\``).join(" ");
  if (type === "array") return `list of ${typeOf(items)}`;
  if (format === "uuid") return "UUID";
  if (format === "date-time") return "time";
  return typeof type === "string" ? type : "any JSON";
};

const isOptional = (schema: unknown): boolean =>
  list(record(schema).anyOf).some((member) => record(member).type === "null");

const parameterType = (schema: unknown): string =>
  typeOf(schema)
    .split(" or ")
    .filter((name) => name !== "null")
    .join(" or ");

const cell = (text: unknown): string =>
  typeof text === "string" ? text.replaceAll("|", "\\|") : "";

const parameterRows = (schema: JsonSchema.JsonSchema, prefix: string): ReadonlyArray<string> =>
  Object.entries(record(schema.properties)).flatMap(([name, property]) => {
    const row = `| \`${prefix}${name}\`${isOptional(property) ? "" : " (required)"} | ${parameterType(property)} | ${cell(record(property).description)} |`;
    const { items } = record(property);
    return Predicate.isObject(items) ? [row, ...parameterRows({ ...items }, `${name}[].`)] : [row];
  });

const fieldText = ([name, property]: readonly [string, unknown]): string => {
  const nested = Object.keys(record(record(record(property).items).properties));
  const inside =
    nested.length === 0 ? "" : ` (each ${nested.map((key) => `\`${key}\``).join(" ")})`;
  return `\`${name}\`${inside}`;
};

const sections = Array.from(DeweyTools.requests.values(), (tool) => {
  const info = Context.getUnsafe(tool.annotations, ToolInfo);
  const input = Schema.toJsonSchemaDocument(tool.payloadSchema).schema;
  const output = Schema.toJsonSchemaDocument(tool.successSchema).schema;
  return [
    `## \`${tool._tag}\``,
    "",
    `${info.description} Scope: \`${info.scope}\`.`,
    "",
    "| parameter | type | |",
    "|---|---|---|",
    ...parameterRows(input, ""),
    "",
    `Result: ${Object.entries(record(output.properties)).map(fieldText).join(", ")}.`,
    "",
  ].join("\n");
});

/** The whole page. */
export const toolsPage = [head, ...sections].join("\n");

if (import.meta.main) {
  await Bun.write(join(import.meta.dir, "..", "docs", "tools.md"), toolsPage);
}
