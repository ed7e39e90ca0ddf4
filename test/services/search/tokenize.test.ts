import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { tokenize } from "../../../src/services/search/tokenize.ts";
import { holds } from "../../support/property.ts";

interface Token {
  readonly lexeme: string;
  readonly position: number;
  readonly text: string;
  readonly kind: string;
}

const tokens = (text: string): ReadonlyArray<Token> => {
  const found: Array<Token> = [];
  tokenize(text, (lexeme, position, start, end, kind) => {
    found.push({ lexeme, position, text: text.slice(start, end), kind });
    return true;
  });
  return found;
};

const placed = (text: string): ReadonlyArray<string> =>
  tokens(text).map(({ lexeme, position }) => `${lexeme}:${position}`);

describe("words", () => {
  test("stop words keep their place and are not passed on", () => {
    expect(placed("The state of the art")).toEqual(["state:2", "art:5"]);
  });

  test("case, width, ligatures and diacritics are folded", () => {
    expect(placed("Straße ＣＡＦÉ café cafe\u0301 Łódź ﬁre Ёлка елка")).toEqual([
      "strass:1",
      "cafe:2",
      "cafe:3",
      "cafe:4",
      "lodz:5",
      "fire:6",
      "елка:7",
      "елка:8",
    ]);
  });

  test("marks that make another letter stay", () => {
    const [voiced, plain] = ["がく", "かく"].map((text) => tokens(text)[0]?.lexeme);
    expect(voiced).not.toBe(plain);
    expect(tokens("हिन्दी")[0]?.lexeme).toBe("हिन्दी".normalize("NFKC"));
  });

  test("irregular forms meet their base", () => {
    const lexemes = (text: string) => tokens(text).map(({ lexeme }) => lexeme);
    expect(lexemes("went bought children taught")).toEqual(lexemes("going buys child teaching"));
  });

  test("contractions, possessives, elisions and names with apostrophes", () => {
    expect(placed("I'm Caroline's friend, don’t you know O'Brien? L'homme")).toEqual([
      "carolin:2",
      "friend:3",
      "know:6",
      "obrien:7",
      "l:8",
      "homm:9",
    ]);
  });

  test.each([
    ["dell'acqua", ["dell:1", "acqua:2"]],
    ["Un’amica", ["un:1", "amica:2"]],
    ["Quest'anno", ["quest:1", "anno:2"]],
    ["jusqu'à Lyon", ["jusqu:1", "lyon:3"]],
    ["d'Artagnan", ["d:1", "artagnan:2"]],
    ["aujourd'hui", ["aujourdhui:1"]],
    ["rock'n'roll", ["rocknrol:1"]],
    ["Dell's O'Neil", ["dell:1", "oneil:2"]],
  ])("what is elided stands by itself: %s", (text, expected) => {
    expect(placed(text)).toEqual(expected);
  });

  test("emoji and punctuation are no words", () => {
    expect(tokens("😀 -- ¿?! … \u{1F468}\u200D\u{1F469} ✓\uFE0F ' ’")).toEqual([]);
  });
});

describe("identifiers", () => {
  test.each([
    ["pool_max", ["pool:1", "max:2"]],
    ["src/sql/Pool.ts", ["src:1", "sql:2", "pool:3", "ts:4"]],
    ["v1.2.3", ["v1:1", "2:2", "3:3"]],
    ["foo::bar", ["foo:1", "bar:2"]],
    ["ann@mail.example.org", ["ann:1", "mail:2", "exampl:3", "org:4"]],
    ["getUserById", ["getuserbyid:1", "get:1", "user:1", "id:1"]],
    ["HTTPServer2", ["httpserver2:1", "http:1", "server2:1"]],
    ["C++ C# c♯ c F#x", ["c++:1", "c#:2", "c#:3", "c:4", "f:5", "x:6"]],
  ])("%s", (text, expected) => {
    expect(placed(text)).toEqual(expected);
  });
});

describe("scripts without spaces", () => {
  test("come in pairs, and the last character alone", () => {
    expect(tokens("東京都").map(({ lexeme, kind }) => `${lexeme} ${kind}`)).toEqual([
      "東京 pair",
      "京都 pair",
      "都 tail",
    ]);
    expect(placed("a7東京b")).toEqual(["a7:1", "東京:2", "京:3", "b:4"]);
  });

  test("characters outside the basic plane are whole", () => {
    expect(tokens("𠮷野家").map(({ lexeme }) => lexeme)).toEqual(["𠮷野", "野家", "家"]);
  });

  test.each(["ไทย", "한국어", "ﾃｽﾄ", "မြန်မာ"])("%s is cut so too", (text) => {
    expect(tokens(text)[0]?.kind).toBe("pair");
  });
});

test("any text has tokens in order, that are never empty and lie within it", async () => {
  await holds(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
      let before = 0;
      for (const { lexeme, position, text: covered } of tokens(text)) {
        expect(lexeme).not.toBe("");
        expect(covered).not.toBe("");
        expect(position).toBeGreaterThanOrEqual(before);
        before = position;
      }
    }),
    2000,
  );
});

test("the walk stops where the sink is full", () => {
  let seen = 0;
  tokenize("one two three four 東京都 getUserById", () => ++seen < 3);
  expect(seen).toBe(3);
});
