/** The contents that MCP carries, as text that a person reads. */
import { type Fields, fieldsOf, isFields, textOf } from "./jsonRpc.ts";

const sizeOf = (base64: string): string => {
  const padding = base64.endsWith("==") ? 2 : base64.endsWith("=") ? 1 : 0;
  const bytes = Math.max(0, Math.floor((base64.length * 3) / 4) - padding);
  if (bytes < 1024) return `${bytes} bytes`;
  return bytes < 1024 * 1024
    ? `${Math.round(bytes / 1024)} KB`
    : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
};

const listed = (value: unknown): ReadonlyArray<unknown> => (Array.isArray(value) ? value : []);

/** A value beside text: text as it is, anything else as JSON. */
export const plain = (value: unknown): string =>
  typeof value === "string" ? value : (JSON.stringify(value) ?? "");

/** Each field on a line of its own. */
export const lines = (fields: Fields): ReadonlyArray<string> =>
  Object.entries(fields).map(([name, value]) => `${name}: ${plain(value)}`);

/** The contents of a resource. */
const resourceText = (resource: Fields): string => {
  const text = textOf(resource, "text");
  const uri = textOf(resource, "uri") ?? "resource";
  if (text !== undefined) return `[${uri}]\n${text}`;
  const blob = textOf(resource, "blob");
  const kind = textOf(resource, "mimeType");
  const about = [
    uri,
    ...(kind === undefined ? [] : [kind]),
    ...(blob === undefined ? [] : [sizeOf(blob)]),
  ];
  return `[${about.join(", ")}]`;
};

const binary = (kind: string, block: Fields): string =>
  `[${kind} ${textOf(block, "mimeType") ?? "of unknown type"}, ${sizeOf(textOf(block, "data") ?? "")}]`;

/** One block of content; of a kind that nobody knows, its JSON. */
const blockText = (block: unknown): string => {
  if (!isFields(block)) return plain(block);
  switch (block["type"]) {
    case "text":
      return textOf(block, "text") ?? "";
    case "image":
    case "audio":
      return binary(block["type"], block);
    case "resource":
      return resourceText(fieldsOf(block["resource"]));
    case "resource_link":
      return `[${[textOf(block, "title") ?? textOf(block, "name"), textOf(block, "uri")].filter((part) => part !== undefined).join(" ")}]`;
    case "tool_use":
      return [textOf(block, "name") ?? "tool", ...lines(fieldsOf(block["input"]))].join("\n");
    case "tool_result":
      return blocksText(block["content"]);
    default:
      return plain(block);
  }
};

/** A block, or a list of them. */
export const blocksText = (content: unknown): string =>
  Array.isArray(content) ? content.map(blockText).join("\n") : blockText(content);

/** Whether there is text in a list of blocks. */
const hasText = (content: unknown): boolean =>
  listed(content).some((block) => isFields(block) && textOf(block, "text") !== undefined);

/** What somebody said, each with the speaker before it. */
export const dialogue = (messages: unknown): ReadonlyArray<string> =>
  listed(messages).map((message) => {
    const fields = fieldsOf(message);
    return `${textOf(fields, "role") ?? "message"}: ${blocksText(fields["content"])}`;
  });

/** What a tool gave back: its blocks, and its structured content where no text stands for it. */
export const toolResultText = (result: Fields): string => {
  const { content, structuredContent } = result;
  const isStructured = structuredContent !== undefined && !hasText(content);
  return [
    ...(content === undefined || (Array.isArray(content) && content.length === 0)
      ? []
      : [blocksText(content)]),
    ...(isStructured ? [plain(structuredContent)] : []),
  ].join("\n");
};

/** The contents of the resources that were read. */
export const resourcesText = (contents: unknown): string =>
  listed(contents)
    .map((resource) => resourceText(fieldsOf(resource)))
    .join("\n");
