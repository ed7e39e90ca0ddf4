import { describe, expect, test } from "bun:test";
import { parseAccessTokens, tokenDigest } from "../../src/domain/AccessToken.ts";

const long = "0123456789abcdef0123456789abcdef";
const other = "fedcba9876543210fedcba9876543210";

const read = (text: string) =>
  parseAccessTokens(text).tokens.map(({ digest, name, scopes, space }) => [
    name,
    digest,
    [...scopes].join("+"),
    space,
  ]);

const mistakes = (text: string) => parseAccessTokens(text).mistakes;

describe("entries", () => {
  test("have a name, a token, scopes and a space", () => {
    expect(read(`ci:${long}:read+write:team-a`)).toEqual([
      ["ci", tokenDigest(long), "read+write", "team-a"],
    ]);
  });

  test("may leave out the last two: then everything but admin, in the space default", () => {
    const all = "read+write+delete+proxy";
    for (const entry of [`ci:${long}`, `ci:${long}:`, `ci:${long}::`]) {
      expect(read(entry)).toEqual([["ci", tokenDigest(long), all, "default"]]);
    }
    expect(read(`ci:${long}:admin`)).toEqual([["ci", tokenDigest(long), "admin", "default"]]);
    expect(read(`ci:${long}::team`)).toEqual([["ci", tokenDigest(long), all, "team"]]);
  });

  test("stand on lines or between commas, with comments and empty lines", () => {
    const text = `\uFEFF# one, two: a comment\r\n a : ${long} , b:${other}:read,\r\n\n  # c:hidden\n`;
    expect(read(text).map(([name]) => name)).toEqual(["a", "b"]);
  });

  test("may bear one name several times, so that a token can be rotated", () => {
    expect(read(`ci:${long}\nci:${other}`).map(([name, token]) => [name, token])).toEqual([
      ["ci", tokenDigest(long)],
      ["ci", tokenDigest(other)],
    ]);
  });

  test("may have every character that a header can carry", () => {
    const token = "abcXYZ012-._~+/===";
    expect(read(`ci:${token}`)[0]?.[1]).toEqual(tokenDigest(token));
  });
});

describe("a mistake", () => {
  const cases: ReadonlyArray<readonly [string, string]> = [
    [long, "Entry 1 has no token"],
    ["ci:", "Entry 1 has no token"],
    [`:${long}`, "Entry 1 has no name"],
    [`a b:${long}`, "Entry 1 has no name"],
    [`${"n".repeat(65)}:${long}`, "Entry 1 has no name of 1 to 64"],
    ["ci:töken", "Entry 1 has a token that no client can send"],
    ["ci:a=b", "Entry 1 has a token that no client can send"],
    [`ci:${long}:read+fly`, "Entry 1 has a scope that there is not"],
    [`ci:${long}:read+`, "Entry 1 has a scope that there is not"],
    [`ci:${long}:read:a b`, "Entry 1 has no space of 1 to 255"],
    [`ci:${long}:read:a:b`, "Entry 1 has more than four parts"],
    [`a:${long},b:${long}`, "Entries 1 and 2 have the same token"],
    ["", "There is no token in it"],
    ["# only a comment", "There is no token in it"],
  ];
  test.each(cases)("%j", (text, mistake) => {
    expect(mistakes(text)).toEqual([expect.stringContaining(mistake)]);
  });

  test("is one of several, each with a line, and the rest is read", () => {
    expect(mistakes(`a:${long}:fly,b,c:${other}`)).toHaveLength(2);
    expect(read(`a:${long}:fly,b,c:${other}`).map(([name]) => name)).toEqual(["c"]);
  });
});

describe("a token that may be guessed", () => {
  test("is warned about by its name: 31 characters are too few, 32 are enough", () => {
    const { warnings } = parseAccessTokens(`short:${long.slice(1)},fine:${long}`);
    expect(warnings).toEqual([expect.stringMatching(/^the token of short has fewer than 32/)]);
  });

  test("that stands where the name belongs is not shown", () => {
    const { warnings } = parseAccessTokens(`${long}:ci`);
    expect(warnings).toEqual([expect.stringMatching(/^the token of entry 1 has/)]);
  });
});

test("a token's digest is its SHA-256", () => {
  expect(Buffer.from(tokenDigest("abc")).toString("hex")).toBe(
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
});

test("nothing that is said shows a token, and nothing that is kept holds one", () => {
  const secret = "hunter2-hunter2";
  for (const text of [
    secret,
    `ci:${secret}`,
    `ci:${secret}:fly`,
    `:${secret}`,
    `a:${secret},b:${secret}`,
    `${secret}${secret}${secret}:ci`,
  ]) {
    const { mistakes: wrong, tokens, warnings } = parseAccessTokens(text);
    expect(JSON.stringify([wrong, warnings])).not.toContain(secret);
    if (!text.startsWith(secret)) {
      expect(Bun.inspect(tokens, { depth: 9 }) + JSON.stringify(tokens)).not.toContain(secret);
    }
  }
});
