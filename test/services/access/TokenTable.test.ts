import { describe, expect, test } from "bun:test";
import { timingSafeEqual } from "node:crypto";
import { parseAccessTokens } from "../../../src/domain/AccessToken.ts";
import { TokenTable } from "../../../src/services/access/TokenTable.ts";

const parse = (text: string) => parseAccessTokens(text).tokens;

describe("a token", () => {
  const table = new TokenTable(parse("a:one:read:x, b:two:write:y, a:three:read:x"));

  test("is found whole, and as nothing but itself", () => {
    expect(table.find("one")?.principal).toEqual({
      name: "a",
      space: "x",
      scopes: new Set(["read"]),
    });
    expect(table.find("two")?.principal.name).toBe("b");
    for (const token of ["", "on", "onee", "ONE", "one ", "a", "four"]) {
      expect(table.find(token)).toBeUndefined();
    }
  });

  // How long a comparison takes cannot be measured reliably; how often it is made can.
  test("is compared with every one there is, whichever it is", () => {
    let comparisons = 0;
    const counted = new TokenTable(parse("a:one, b:two, c:three"), (one, other) => {
      comparisons++;
      return timingSafeEqual(one, other);
    });
    for (const token of ["one", "two", "three", "four", ""]) {
      comparisons = 0;
      counted.find(token);
      expect(comparisons).toBe(3);
    }
  });

  test("shares its bounds with the others of its name in its space", () => {
    const tokens = new TokenTable(parse("a:1:read:x, a:2:write:x, a:3:read:y, b:4:read:x"));
    const keys = ["1", "2", "3", "4"].map((token) => tokens.find(token)?.key);
    expect(keys[0]).toBe(keys[1] ?? "");
    expect(new Set(keys).size).toBe(3);
  });
});

describe("when the tokens are replaced", () => {
  const ended = (before: string, after: string, token: string): boolean => {
    const table = new TokenTable(parse(before));
    let reason = "";
    table.find(token)?.watch((why) => {
      reason = why;
    });
    table.replace(parse(after));
    return reason !== "";
  };

  test("what a token granted ends with the token, or when it grants something else", () => {
    expect(ended("a:one, b:two", "b:two", "one")).toBe(true);
    expect(ended("a:one:read", "a:one:read+write", "one")).toBe(true);
    expect(ended("a:one::x", "a:one::y", "one")).toBe(true);
    expect(ended("a:one", "b:one", "one")).toBe(true);
  });

  test("what is as it was goes on, wherever it stands", () => {
    expect(ended("a:one, b:two", "b:two", "two")).toBe(false);
    expect(ended("a:one:read+write", "c:three, a:two, a:one:write+read", "one")).toBe(false);
  });

  test("a watcher hears of it once, and not at all when it has gone", () => {
    const table = new TokenTable(parse("a:one"));
    const grant = table.find("one");
    const heard: Array<string> = [];
    grant?.watch(() => heard.push("stays"));
    grant?.watch(() => heard.push("goes"))();
    table.replace(parse("b:two"));
    table.replace(parse("c:three"));
    expect(heard).toEqual(["stays"]);
    grant?.watch(() => heard.push("late"));
    expect(heard).toEqual(["stays", "late"]);
  });
});
