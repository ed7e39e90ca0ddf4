import { describe, expect, test } from "bun:test";
import { dialogues } from "../../../bench/search-quality/dialogues.ts";
import { english } from "../../../bench/search-quality/english/storybook.ts";
import { german } from "../../../bench/search-quality/german/storybook.ts";
import { russian } from "../../../bench/search-quality/russian/storybook.ts";
import { spanish } from "../../../bench/search-quality/spanish/storybook.ts";

test("the same seed tells the same dialogues, and one more leaves the others as they are", () => {
  expect(dialogues(english, 3, 1).slice(0, 2)).toEqual([...dialogues(english, 2, 1)]);
  expect(dialogues(english, 1, 2)).not.toEqual(dialogues(english, 1, 1));
});

describe.each([english, german, spanish, russian])("dialogues in $name", (book) => {
  test("have 400 to 700 turns each, and every question an answer among them", () => {
    for (const { turns, questions } of dialogues(book, 8, 1)) {
      expect(turns.length).toBeGreaterThanOrEqual(400);
      expect(turns.length).toBeLessThanOrEqual(700);
      expect(questions.length).toBeGreaterThan(50);
      for (const { text, answers } of questions) {
        expect(text).toEndWith("?");
        expect(answers.length).toBeGreaterThan(0);
        expect(answers.every((answer) => turns[answer] !== undefined)).toBe(true);
      }
      const told = [...turns, ...questions].map(({ text }) => text).join("\n");
      expect(told).not.toMatch(/[{}[\]|]|undefined/);
    }
  });
});
