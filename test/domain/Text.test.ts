import { describe, expect, test } from "bun:test";
import { Result, Schema } from "effect";
import fc from "fast-check";
import {
  characters,
  Metadata,
  newId,
  optional,
  shortText,
  utf8Bytes,
  uuid,
} from "../../src/domain/Text.ts";
import { holds } from "../support/property.ts";

const accepts = (schema: Schema.ConstraintDecoder<unknown>) => {
  const decode = Schema.decodeUnknownResult(schema, { onExcessProperty: "error" });
  return (value: unknown) => Result.isSuccess(decode(value));
};

describe("characters", () => {
  test("counts as an iteration over the characters does, of well-formed text", () =>
    holds(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(characters(text)).toBe([...text].length);
      }),
      500,
    ));

  test("counts an emoji once, and its parts each", () => {
    expect(characters("")).toBe(0);
    expect(characters("😀")).toBe(1);
    expect(characters("😀😀a")).toBe(3);
    expect(characters("👨‍👩‍👧")).toBe(5);
    expect(characters("e\u0301")).toBe(2);
  });
});

test("utf8Bytes counts what is stored", () =>
  holds(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(utf8Bytes(text)).toBe(new TextEncoder().encode(text).length);
    }),
    500,
  ));

test("shortText is bounded in characters and holds what can be stored", () => {
  const accepted = accepts(shortText(1, 3));
  for (const text of ["a", "abc", "😀😀😀", " ", "\u0001"]) expect(accepted(text)).toBe(true);
  for (const text of ["", "abcd", "😀😀😀😀", "\u0000", "a\ud800", 1, null]) {
    expect(accepted(text)).toBe(false);
  }
});

test("uuid takes any version in either case, and gives it in lower case", () => {
  const decode = Schema.decodeUnknownSync(uuid(""));
  const id = "0197A7A4-5D1E-7C3A-9F60-3C1D5E8B2A47";
  expect(decode(id)).toBe(id.toLowerCase());
  expect(decode("00000000-0000-0000-0000-000000000000")).toBe(
    "00000000-0000-0000-0000-000000000000",
  );
  expect(accepts(uuid(""))(`${id}\n`)).toBe(false);
});

test("newId gives ids of version 7 in the order of their making", () => {
  const ids = Array.from({ length: 1000 }, newId);
  expect(ids).toEqual(ids.toSorted());
  expect(new Set(ids).size).toBe(1000);
  for (const id of ids) expect(id[14]).toBe("7");
});

describe("optional", () => {
  const struct = Schema.Struct({ a: optional(shortText(1, 3), "") });
  const decode = Schema.decodeUnknownSync(struct);

  test("takes null as absence, and nothing else so", () => {
    expect(decode({})).toEqual({});
    expect(Object.keys(decode({ a: null }))).toEqual([]);
    expect(decode({ a: "x" })).toEqual({ a: "x" });
    for (const a of ["", 0, false, {}]) expect(accepts(struct)({ a })).toBe(false);
  });
});

describe("Metadata", () => {
  const accepted = accepts(Metadata);
  const decode = Schema.decodeUnknownSync(Metadata);

  test("passes an object by reference, so that nothing of it can change", () => {
    const value: unknown = JSON.parse('{"__proto__":{"a":1},"b":[1,null],"10":1}');
    expect(Object.is(decode(value), value)).toBe(true);
  });

  test("is an object, of what JSON and Postgres can hold", () => {
    for (const value of [null, [], "x", 1, true, undefined]) expect(accepted(value)).toBe(false);
    for (const value of ["\u0000", "\udc00", Number.NaN, Number.NEGATIVE_INFINITY]) {
      expect(accepted({ a: value })).toBe(false);
      expect(accepted({ a: [[{ b: value }]] })).toBe(false);
    }
    expect(accepted({ "a\u0000": 1 })).toBe(false);
    expect(accepted({ a: { "\ud800": 1 } })).toBe(false);
    expect(accepted({ a: "\\u0000 \u0001 😀" })).toBe(true);
  });
});
