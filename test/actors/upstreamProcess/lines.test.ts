import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { frameOf, Lines, onOneLine } from "../../../src/actors/upstreamProcess/lines.ts";
import { holds } from "../../support/property.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

const split = (chunks: ReadonlyArray<Uint8Array>, limit = 1000) => {
  const lines = new Lines(limit);
  const taken: Array<string> = [];
  const take = (line: Uint8Array) => void taken.push(new TextDecoder().decode(line));
  for (const chunk of chunks) lines.push(chunk, take);
  lines.end(take);
  return { taken, isTooLong: lines.isTooLong };
};

describe("lines", () => {
  test("are the same wherever the chunks are cut", () => {
    const line = fc.string({ unit: "binary" }).map((text) => text.replace(/[\r\n]/g, ""));
    void holds(
      fc.property(fc.array(line), fc.array(fc.nat(200)), (texts, cuts) => {
        const all = bytes(texts.map((text) => `${text}\n`).join(""));
        const places = [0, ...cuts.map((cut) => Math.min(cut, all.length)), all.length].sort(
          (one, other) => one - other,
        );
        const chunks = places.slice(1).map((to, index) => all.subarray(places[index], to));
        expect(split(chunks, 100_000).taken).toEqual(texts.filter((text) => text !== ""));
      }),
      300,
    );
  });

  test("may end in CR LF, be empty, and lack an end", () => {
    expect(split([bytes('{"a":1}\r\n\r\n\n{"b"'), bytes(":2}")]).taken).toEqual([
      '{"a":1}',
      '{"b":2}',
    ]);
  });

  test("are not kept beyond the bound", () => {
    const { taken, isTooLong } = split(
      [bytes("ok\n"), bytes("x".repeat(6)), bytes("y".repeat(6))],
      10,
    );
    expect({ taken, isTooLong }).toEqual({ taken: ["ok"], isTooLong: true });
  });
});

describe("a frame", () => {
  test("is text where it is UTF-8, a byte order mark included, and bytes where it is not", () => {
    expect(frameOf(bytes("\uFEFF{\u{1F600}}"))).toBe("\uFEFF{\u{1F600}}");
    const broken = Uint8Array.of(0x7b, 0xff, 0x7d);
    expect(frameOf(broken)).toEqual(broken);
  });

  test("stands on one line, with the same meaning", () => {
    const value = { a: ["b\nc\r", { d: null }], "e\n": 1 };
    const pretty = JSON.stringify(value, null, 2).replaceAll("\n", "\r\n");
    for (const frame of [onOneLine(pretty), onOneLine(bytes(pretty))]) {
      const text = typeof frame === "string" ? frame : new TextDecoder().decode(frame);
      expect(text).not.toMatch(/[\r\n]/);
      expect(JSON.parse(text)).toEqual(value);
    }
  });

  test("that stands on one line is left alone", () => {
    const frame = bytes('{"a":1}');
    expect(onOneLine(frame)).toBe(frame);
  });
});
