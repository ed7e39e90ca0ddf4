// What the page about upstreams shows is read by the program, and says what the program says.
import { describe, expect, test } from "bun:test";
import { Result } from "effect";
import { safeEnvironment } from "../../src/actors/upstreamProcess/environment.ts";
import type { UpstreamCondition } from "../../src/services/upstreams/UpstreamStates.ts";
import { parseUpstreams } from "../../src/services/upstreams/upstreamsFile.ts";
import { blocks } from "./pages.ts";

const page = "docs/upstreams.md";

const files = (await blocks()).filter(
  (block) => block.page === page && block.language === "json" && block.text.includes("mcpServers"),
);

describe("every file on the page", () => {
  test("is found", () => {
    expect(files.length).toBe(2);
  });
  for (const [index, { text }] of files.entries()) {
    test(`number ${index + 1} can be used`, () => {
      const variables = { HOME: "/home/you", GITHUB_TOKEN: "token", SEARCH_KEY: "key" };
      const read = Result.getOrThrow(parseUpstreams(text, { variables, isOwn: () => false }));
      expect([...read.unusable.values(), ...read.warnings]).toEqual([]);
      expect(read.upstreams.size).toBeGreaterThan(0);
    });
  }
});

const text = await Bun.file(new URL(`../../${page}`, import.meta.url)).text();

test("the page explains every state", () => {
  const states: Readonly<Record<UpstreamCondition, true>> = {
    connected: true,
    idle: true,
    unreachable: true,
    "given up": true,
    unusable: true,
  };
  const section = text.slice(text.indexOf("| state |"));
  const explained = Array.from(section.matchAll(/^\| `([a-z ]+)` \|/gm), ([, state]) => state);
  expect(explained).toEqual(Object.keys(states));
});

test("the page names every variable that a program is given", () => {
  const section = text.slice(text.indexOf("A program gets"), text.indexOf("What it writes"));
  const named = Array.from(section.matchAll(/`([A-Z]{2,})`/g), ([, name = ""]) => name);
  expect(named.length).toBe(9);
  const environment = Object.fromEntries(named.map((name) => [name, "x"]));
  expect(safeEnvironment({ ...environment, SECRET: "y" })).toEqual(environment);
});
