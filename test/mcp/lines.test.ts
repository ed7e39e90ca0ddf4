import { expect, test } from "bun:test";
import fc from "fast-check";
import { LineSplitter } from "../../src/mcp/lines.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

const split = (limit: number, ...chunks: ReadonlyArray<string | Uint8Array>) => {
  const splitter = new LineSplitter(limit);
  const lines = chunks.flatMap((chunk) =>
    splitter.push(typeof chunk === "string" ? bytes(chunk) : chunk),
  );
  return [...lines, ...splitter.end()];
};

test("lines come whole, however the bytes are cut", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: "grapheme", minLength: 1 }).filter((text) => /^\S+$/u.test(text))),
      fc.array(fc.nat(60)),
      (texts, cuts) => {
        const input = bytes(texts.map((text) => `${text}\n`).join(""));
        const edges = [0, ...cuts.toSorted((a, b) => a - b), input.length];
        const chunks = edges.slice(1).map((end, index) => input.subarray(edges[index], end));
        expect(split(10_000, ...chunks)).toEqual(texts.map((text) => ({ text })));
      },
    ),
    { seed: 2 },
  );
});

test("empty lines and the ends of Windows mean nothing, and the last line needs no end", () => {
  expect(split(100, "a\r\n\n\r\n  \nb")).toEqual([{ text: "a" }, { text: "b" }]);
});

test("a line may be as long as the bound; past it, it is told of once and skipped", () => {
  expect(split(3, "abc\n")).toEqual([{ text: "abc" }]);
  expect(split(3, "abcd\nok\n")).toEqual([{ fault: "tooLong" }, { text: "ok" }]);
  expect(split(3, "ab", "cd", "ef", "\nok", "\n")).toEqual([{ fault: "tooLong" }, { text: "ok" }]);
});

test("bytes that are no UTF-8 are told of, and the next line is read", () => {
  expect(split(100, new Uint8Array([0x22, 0xff, 0x22, 0x0a]), "ok\n")).toEqual([
    { fault: "notUtf8" },
    { text: "ok" },
  ]);
});
