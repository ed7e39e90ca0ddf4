import { describe, expect, test } from "bun:test";
import { quoteLexeme, searchDocument } from "../../../src/services/search/vector.ts";

const mebibyte = 1024 * 1024;

describe("a search document", () => {
  test("is a tsvector literal with positions, and the length in words", () => {
    expect(searchDocument("The fox saw a foxhole, and the fox ran.")).toEqual({
      vector: "'fox':2,8 'see':3 'foxhol':5 'run':9",
      length: 5,
    });
  });

  test("parts of an identifier do not make the message longer", () => {
    expect(searchDocument("call getUserById").length).toBe(searchDocument("call getuser").length);
  });

  test("of nothing to find is empty, and not null", () => {
    expect(searchDocument("... the !!!")).toEqual({ vector: "", length: 0 });
  });

  test("keeps positions within what Postgres holds", () => {
    const { vector } = searchDocument(`${"fox ".repeat(20_000)} last`);
    const [fox = "", last = ""] = vector.split(" ");
    expect(fox.split(",").length).toBe(255);
    expect(last).toBe("'last':16383");
  });

  test("of a mebibyte of different words is a prefix of them", () => {
    const words = Array.from({ length: 180_000 }, (_, index) => `w${index.toString(36)}x`);
    const { vector } = searchDocument(words.join(" ").slice(0, mebibyte));
    expect(Buffer.byteLength(vector)).toBeLessThan(mebibyte);
    expect(vector.startsWith("'w0x':1 'w1x':2")).toBe(true);
  });

  test("of a word that never ends is its beginning", () => {
    expect(searchDocument("a".repeat(mebibyte)).vector).toBe(`'${"a".repeat(100)}':1`);
  });
});

test("quotes and backslashes in lexemes are doubled", () => {
  expect(quoteLexeme("it's \\ here")).toBe("'it''s \\\\ here'");
});
