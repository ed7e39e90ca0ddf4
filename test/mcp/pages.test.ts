import { expect, test } from "bun:test";
import { pager } from "../../src/mcp/pages.ts";

const pagesOf = (count: number, size: number): Array<Array<number>> => {
  const page = pager(
    Array.from({ length: count }, (_, index) => index),
    size,
    (items, next) => ({ items, ...next }),
  );
  const pages: Array<Array<number>> = [];
  let cursor: string | undefined;
  do {
    const { items, nextCursor } = page(cursor);
    pages.push(items);
    cursor = nextCursor;
  } while (cursor !== undefined);
  return pages;
};

test("following the cursors gives every item once, in order", () => {
  expect(pagesOf(0, 2)).toEqual([[]]);
  expect(pagesOf(2, 2)).toEqual([[0, 1]]);
  expect(pagesOf(3, 2)).toEqual([[0, 1], [2]]);
  expect(pagesOf(5, 2)).toEqual([[0, 1], [2, 3], [4]]);
});

test("a cursor of one's own making is refused", () => {
  const page = pager([1, 2, 3], 2, (items) => items);
  expect(() => page("x")).toThrow("Unknown cursor");
  expect(() => page("")).toThrow("Unknown cursor");
});
