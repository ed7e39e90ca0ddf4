import { heapStats } from "bun:jsc";
import { describe, expect, test } from "bun:test";
import { tokenize } from "../../../src/services/search/tokenize.ts";
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

/** The lexemes of a text as its tokens come, each with its positions. */
const plainVector = (text: string): string => {
  const found = new Map<string, Array<number>>();
  tokenize(text, (lexeme, position) => {
    const positions = found.get(lexeme) ?? [];
    if (positions.at(-1) !== position) positions.push(position);
    found.set(lexeme, positions);
    return true;
  });
  return [...found]
    .map(([lexeme, positions]) => `${quoteLexeme(lexeme)}:${positions.join(",")}`)
    .join(" ");
};

describe("however a word is written, its lexeme is there once", () => {
  test.each([
    "running RUNNING Runs run RUN ran",
    "RUN runs running",
    "getUserById get user by id GETUSER Ids",
    "stops' stop O'Brien obrien don't dont",
    "incomprehensibilities incomprehensibility incomprehensible",
    "café cafe CAFÉ naïve naive",
    "東京都 tokyo 東京 Tokyo C++ c C# c",
    "abcdefghijkl abcdefghijklm ABCDEFGHIJKL abcdef abcdefg",
    "x 1 x1 X1 a1b2 the The THE",
  ])("%s", (text) => {
    expect(searchDocument(text).vector).toBe(plainVector(text));
    expect(searchDocument(text).vector).toBe(plainVector(text));
  });

  test("in more different words than are kept", () => {
    const letter = (value: number) => String.fromCharCode(97 + (value % 26));
    const word = (value: number) =>
      [value, value / 26, value / 676, value / 17_576]
        .map((each) => letter(Math.trunc(each)))
        .join("");
    const textOf = (from: number) =>
      Array.from({ length: 1000 }, (_, at) => word(from + at * 7)).join(" ");
    for (let from = 0; from < 400_000; from += 5000) {
      expect(searchDocument(textOf(from)).vector).toBe(plainVector(textOf(from)));
    }
    expect(searchDocument(textOf(0)).vector).toBe(plainVector(textOf(0)));
  });
});

test("a word that is kept does not keep the message that it was in", () => {
  const held = () => {
    Bun.gc(true);
    return heapStats().heapSize;
  };
  const padding = " the".repeat(25_000);
  const letters = (value: number) =>
    value
      .toString(26)
      .replaceAll(/./g, (digit) => String.fromCharCode(97 + Number.parseInt(digit, 26)));
  const before = held();
  for (let index = 0; index < 1000; index++) {
    const own = letters(17_576 + index);
    searchDocument(`quux${own}quux quux${own}${own}quuxquux${padding}`);
  }
  expect(held() - before).toBeLessThan(20 * mebibyte);
});

test("quotes and backslashes in lexemes are doubled", () => {
  expect(quoteLexeme("it's \\ here")).toBe("'it''s \\\\ here'");
});
