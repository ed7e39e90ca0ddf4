/** Text and values that Postgres keeps exactly as they came: what it cannot keep is refused here, by a sentence. */
import { Option, Predicate, Schema, SchemaGetter } from "effect";
import { Bounds } from "./Bounds.ts";

/** The size of a text in UTF-8. */
export const utf8Bytes = (text: string): number => Buffer.byteLength(text, "utf8");

/** The length of a text in Unicode characters, as Postgres' `char_length` counts it. */
export const characters = (text: string): number => {
  let count = text.length;
  for (let index = 1; index < text.length; index++) {
    if ((text.charCodeAt(index) & 0xfc00) === 0xdc00) count--;
  }
  return count;
};

const isStorable = (text: string): boolean => text.isWellFormed() && !text.includes("\u0000");

/** Refuses text that Postgres would change or reject. */
const storable = Schema.makeFilter(isStorable, {
  expected: "text without the character U+0000 and without lone surrogates, which cannot be stored",
  toJsonSchema: () => ({}),
});

/** A bound in bytes; going past it is `TOO_LARGE`, which the annotation tells the error mapping. */
export const atMostBytes = <T>(limit: number, size: (value: T) => number) =>
  Schema.makeFilter((value: T) => size(value) <= limit, {
    expected: `at most ${limit} bytes`,
    byteLimit: limit,
    toJsonSchema: () => ({}),
  });

const lengthBetween = (minimum: number, maximum: number) =>
  Schema.makeFilter(
    (text: string) => {
      const length = characters(text);
      return length >= minimum && length <= maximum;
    },
    {
      expected:
        minimum === 0 ? `at most ${maximum} characters` : `${minimum} to ${maximum} characters`,
      toJsonSchema: () => ({
        ...(minimum === 0 ? {} : { minLength: minimum }),
        maxLength: maximum,
      }),
    },
  );

/** A short text that Postgres can keep, bounded in Unicode characters. */
export const shortText = (minimum: number, maximum: number) =>
  Schema.String.check(lengthBetween(minimum, maximum), storable);

const notEmpty = Schema.isMinLength(1, { expected: "text that is not empty" });

/** A text that Postgres can keep, bounded in bytes of UTF-8; it may be empty. */
export const textUpTo = (limit: number, description: string) =>
  Schema.String.check(atMostBytes(limit, utf8Bytes), storable).annotate({ description });

/** The same, but not empty. */
export const longText = (limit: number, description: string) =>
  Schema.String.check(notEmpty, atMostBytes(limit, utf8Bytes), storable).annotate({ description });

/** A UUID of any version, in lower case once decoded: ids that Dewey makes are version 7. */
export const uuid = (description: string) =>
  Schema.String.check(
    Schema.isPattern(/^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/, {
      expected: "a UUID such as 0197a7a4-5d1e-7c3a-9f60-3c1d5e8b2a47",
      toJsonSchema: () => ({ format: "uuid" }),
      description,
    }),
  ).pipe(
    Schema.decodeTo(Schema.String, {
      decode: SchemaGetter.toLowerCase(),
      encode: SchemaGetter.passthrough(),
    }),
  );

/** A time as ISO 8601 in UTC with milliseconds, which is also how precisely times are stored. */
export const Timestamp = Schema.String.annotate({ format: "date-time" });

/** A new id: version 7, so that ids sort by the time of their making. */
export const newId = (): string => Bun.randomUUIDv7();

const isPlainObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  Predicate.isObject(value) && !Array.isArray(value);

/** The first reason why a JSON value cannot be kept, or undefined. Walks without recursion. */
const jsonFault = (root: unknown): string | undefined => {
  let level: Array<unknown> = [root];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > Bounds.metadataDepth) return `at most ${Bounds.metadataDepth} levels of nesting`;
    const next: Array<unknown> = [];
    for (const value of level) {
      if (typeof value === "string" && !isStorable(value)) {
        return "strings without the character U+0000 and without lone surrogates";
      }
      if (typeof value === "number" && !Number.isFinite(value)) return "finite numbers";
      if (!Predicate.isObjectOrArray(value)) continue;
      if (Array.isArray(value)) {
        for (const item of value) next.push(item);
        continue;
      }
      for (const [key, item] of Object.entries(value)) {
        if (!isStorable(key)) return "keys without the character U+0000 and lone surrogates";
        next.push(item);
      }
    }
    level = next;
  }
  return undefined;
};

/** A JSON object that passes by reference, so that no key (`__proto__` included) or order is lost. */
export const JsonObject = Schema.declare(isPlainObject, {
  expected: "a JSON object",
  toCodecJson: () => undefined,
}).check(Schema.makeFilter(() => true, { toJsonSchema: () => ({ type: "object" }) }));

/** A caller's own JSON object: bounded, and only of what can be stored. */
export const Metadata = JsonObject.check(
  Schema.makeFilter((value) => {
    const fault = jsonFault(value);
    return fault === undefined ? true : `Expected ${fault}`;
  }),
  atMostBytes(Bounds.metadataBytes, (value) => utf8Bytes(JSON.stringify(value))),
);
export type Metadata = typeof Metadata.Type;

/** An optional parameter: absent, or `null`, which means absent. */
export const optional = <S extends Schema.Top>(schema: S, description: string) =>
  Schema.optionalKey(Schema.NullOr(schema).annotate({ description })).pipe(
    Schema.decodeTo(Schema.optionalKey(Schema.toType(schema)), {
      decode: SchemaGetter.transformOptional(Option.filter(Predicate.isNotNull)),
      encode: SchemaGetter.passthrough(),
    }),
  );
