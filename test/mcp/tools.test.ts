import { describe, expect, test } from "bun:test";
import { AjvJsonSchemaValidator } from "@modelcontextprotocol/client/validators/ajv";
import type { ServerContext, Tool } from "@modelcontextprotocol/server";
import { Effect } from "effect";
import { Conflict, type DeweyError, InvalidInput, Unavailable } from "../../src/domain/Errors.ts";
import { anonymous, CurrentPrincipal } from "../../src/domain/Principal.ts";
import { failureResult } from "../../src/mcp/McpTool.ts";
import { deweyTools } from "../../src/mcp/tools.ts";
import { DeweyTools, ToolBox, type ToolName } from "../../src/rpc/DeweyTools.ts";

const anyText: unknown = expect.any(String);
const repeatable: unknown = expect.stringContaining("The same call may be repeated.");

const away = new Unavailable({ message: "The database is away.", details: { retry_after_ms: 5 } });

/** What the contract's types say of a result is not needed here: a result is what the test says. */
function answering(result: unknown): ToolBox["Service"]["call"];
function answering(
  result: unknown,
): (name: ToolName, input: unknown) => Effect.Effect<unknown, DeweyError, CurrentPrincipal> {
  return () => Effect.succeed(result);
}

const tools = deweyTools(ToolBox.of({ call: () => Effect.fail(away) }));

const definitions = Array.from(tools.values(), ({ definition }) => definition);

const named = (name: ToolName): Tool => {
  const tool = tools.get(name);
  if (tool === undefined) throw new Error(`no tool ${name}`);
  return tool.definition;
};

const accepts = (schema: unknown, value: unknown): boolean => {
  if (typeof schema !== "object" || schema === null) throw new Error("no schema");
  return new AjvJsonSchemaValidator().getValidator({ ...schema })(value).valid;
};

test("every tool of the contract is there, in its order", () => {
  expect([...tools.keys()]).toEqual([...DeweyTools.requests.keys()]);
});

describe.each(definitions)("$name", (definition) => {
  test("can be chosen and shown", () => {
    expect(definition.title).toBeString();
    expect(definition.description?.length ?? 0).toBeGreaterThan(20);
    expect(definition.annotations).toMatchObject({ openWorldHint: false });
  });

  test("has schemas that stand alone", () => {
    for (const schema of [definition.inputSchema, definition.outputSchema]) {
      expect(schema?.type).toBe("object");
      expect(JSON.stringify(schema)).not.toContain("$ref");
      expect(() => accepts(schema, {})).not.toThrow();
    }
    expect(definition.inputSchema["additionalProperties"]).toBe(false);
    expect(definition.outputSchema?.["additionalProperties"]).toBe(true);
  });

  test("describes every parameter", () => {
    for (const parameter of Object.values(definition.inputSchema.properties ?? {})) {
      expect(parameter).toMatchObject({ description: anyText });
    }
  });

  test("may answer with an error, and not with anything else", () => {
    const { structuredContent } = failureResult(away);
    expect(accepts(definition.outputSchema, structuredContent)).toBe(true);
    expect(accepts(definition.outputSchema, {})).toBe(false);
  });
});

test.each([
  ["dewey_search", true, false, true],
  ["dewey_store_message", false, false, false],
  ["dewey_begin_conversation", false, false, true],
  ["dewey_set_startup_context", false, true, true],
  ["dewey_delete_conversation", false, true, true],
] as const)("%s: read-only %p, destructive %p, idempotent %p", (name, reads, loses, repeats) => {
  expect(named(name).annotations).toMatchObject({
    readOnlyHint: reads,
    destructiveHint: loses,
    idempotentHint: repeats,
  });
});

test("schemas say what decoding says", () => {
  const { inputSchema, outputSchema } = named("write_context");
  expect(accepts(inputSchema, { key: "a", content: "b" })).toBe(true);
  expect(accepts(inputSchema, { key: "a", content: "b", if_version: null })).toBe(true);
  expect(accepts(inputSchema, { key: "a" })).toBe(false);
  expect(accepts(inputSchema, { key: "a", content: "b", other: 1 })).toBe(false);
  expect(accepts(inputSchema, { key: "a b", content: "b" })).toBe(false);
  const written = { key: "a", version: 1, action: "create", updated_at: "2026-11-20T00:00:00Z" };
  expect(accepts(outputSchema, written)).toBe(true);
  expect(accepts(outputSchema, { ...written, later: "field" })).toBe(true);
  expect(accepts(outputSchema, { ...written, version: "1" })).toBe(false);
});

const notSent = () => Promise.reject(new Error("nothing is sent to a client here"));

const context: ServerContext = {
  mcpReq: {
    id: 1,
    method: "tools/call",
    requestState: () => undefined,
    signal: new AbortController().signal,
    send: notSent,
    notify: notSent,
    log: notSent,
    elicitInput: notSent,
    requestSampling: notSent,
  },
};

const call = (toolBox: ToolBox["Service"]["call"], name: ToolName) => {
  const tool = deweyTools(ToolBox.of({ call: toolBox })).get(name);
  if (tool === undefined) throw new Error(`no tool ${name}`);
  return Effect.runPromise(
    tool.call({}, context).pipe(Effect.provideService(CurrentPrincipal, anonymous)),
  );
};

test("a result is structured content, and the same as text", async () => {
  const value = { deleted: true, version: 3 };
  expect(await call(answering(value), "delete_context")).toEqual({
    content: [{ type: "text", text: '{"deleted":true,"version":3}' }],
    structuredContent: value,
  });
});

test("an error is a text that a model can act on, and the same as structured content", async () => {
  const conflict = new Conflict({
    message: "The key is at version 3.",
    details: { current_version: 3 },
  });
  expect(await call(() => Effect.fail(conflict), "write_context")).toEqual({
    isError: true,
    content: [
      { type: "text", text: 'CONFLICT: The key is at version 3.\nDetails: {"current_version":3}' },
    ],
    structuredContent: {
      code: "CONFLICT",
      message: "The key is at version 3.",
      retryable: false,
      details: { current_version: 3 },
    },
  });
  expect(await call(() => Effect.fail(away), "write_context")).toMatchObject({
    content: [{ text: repeatable }],
  });
  const plain = new InvalidInput({ message: "Give a key." });
  expect((await call(() => Effect.fail(plain), "write_context")).structuredContent).toEqual({
    code: "INVALID_INPUT",
    message: "Give a key.",
    retryable: false,
  });
});
