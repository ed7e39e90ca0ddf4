/** JSON Schemas of the tools, in the dialect that MCP assumes (2020-12), with nothing to fetch or to look up. */
import { Schema } from "effect";
import type { ErrorBody } from "../domain/ErrorBody.ts";

/** An object schema as a tool lists it. */
const ObjectSchema = Schema.StructWithRest(
  Schema.Struct({
    type: Schema.Literal("object"),
    properties: Schema.optionalKey(Schema.Record(Schema.String, Schema.MutableJson)),
    required: Schema.optionalKey(Schema.mutable(Schema.Array(Schema.String))),
  }),
  [Schema.Record(Schema.String, Schema.MutableJson)],
);
type ObjectSchema = typeof ObjectSchema.Type;

const decodeObjectSchema = Schema.decodeUnknownSync(ObjectSchema);

const objectSchemaOf = (schema: Schema.Top, onExcessProperty: "ignore" | "error"): ObjectSchema => {
  const document = Schema.toJsonSchemaDocument(schema, { onExcessProperty });
  if (Object.keys(document.definitions).length > 0) {
    throw new Error(
      "The schemas of a tool must not refer to definitions: give them no identifier.",
    );
  }
  return decodeObjectSchema(document.schema);
};

/** What a tool takes: nothing beside its parameters. */
export const inputSchemaOf = (payload: Schema.Top): ObjectSchema =>
  objectSchemaOf(payload, "error");

const errorProperties: Array<keyof ErrorBody> = ["code", "message", "retryable"];

/**
 * What a tool answers: its result, which may gain properties, or an error. Errors are exempt from the output schema by
 * the protocol, but the clients built on the first SDK check them against it all the same and would hide them.
 */
export const outputSchemaOf = (success: Schema.Top): ObjectSchema => {
  const { required = [], ...result } = objectSchemaOf(success, "ignore");
  return { ...result, anyOf: [{ required }, { required: errorProperties }] };
};
