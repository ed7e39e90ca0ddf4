import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseQuery } from "../../../src/services/search/query.ts";
import { snippet, snippetLength } from "../../../src/services/search/snippet.ts";
import { holds } from "../../support/property.ts";

const shown = (content: string, text: string): string => {
  const query = parseQuery(text);
  if (query === undefined) throw new Error(`${text} asks for nothing`);
  return snippet(content, query);
};

const filler = "Nothing of note was said here. ".repeat(40);

describe("a snippet", () => {
  test("of a short message is all of it, on one line", () => {
    expect(shown("A fox,\n\tand a hen. ", "fox")).toBe("A fox, and a hen.");
  });

  test("shows where most of the words stand together", () => {
    const passage = shown(
      `A fox. ${filler} The fox met the hen by the river. ${filler}`,
      "fox hen river",
    );
    expect(passage).toContain("The fox met the hen by the river.");
    expect(passage.startsWith("… ")).toBe(true);
    expect(passage.endsWith(" …")).toBe(true);
  });

  test("finds other forms of a word, and text without spaces", () => {
    expect(shown(`${filler} She was adopting a cat.`, "adoption")).toContain("adopting");
    expect(shown(`${"あ".repeat(1000)}東京都${"い".repeat(1000)}`, "京都")).toContain("東京都");
    expect(shown(`${"あ".repeat(1000)}京${"い".repeat(1000)}`, "京")).toContain("京");
  });

  test("begins with the message where nothing of it matches", () => {
    expect(shown(`Start. ${filler}`, "unicorn").startsWith("Start.")).toBe(true);
  });

  test("of one word longer than itself shows the word", () => {
    expect(shown(`${filler}${"x".repeat(500)} ${filler}`, "x".repeat(500))).toContain("xxxx");
  });

  test("cuts no character in two, and keeps its length", async () => {
    await holds(
      fc.property(
        fc.array(fc.constantFrom("😀", "fox ", "𠮷", "a", " ", "\n", "é", "東"), {
          maxLength: 600,
        }),
        (parts) => {
          const passage = shown(parts.join(""), "fox 東");
          expect(passage.isWellFormed()).toBe(true);
          expect(passage.length).toBeLessThanOrEqual(snippetLength + 4);
        },
      ),
      500,
    );
  });
});
