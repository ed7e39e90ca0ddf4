import { expect, test } from "bun:test";
import { dialogues } from "../../../bench/search-quality/dialogues.ts";

test("the same seed tells the same dialogues, and one more leaves the others as they are", () => {
  expect(dialogues(3, 1).slice(0, 2)).toEqual([...dialogues(2, 1)]);
  expect(dialogues(1, 2)).not.toEqual(dialogues(1, 1));
});

test("every dialogue has 400 to 700 turns, every question an answer among them", () => {
  for (const { turns, questions } of dialogues(8, 1)) {
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
