import { describe, expect, test } from "bun:test";
import { Effect } from "effect";
import type { Door } from "../../src/http/Door.ts";
import { originReader } from "../../src/http/forwarded.ts";
import { it } from "../support/it.ts";
import { listening } from "./listening.ts";

const read = (
  trusted: ReadonlyArray<string>,
  from: string,
  headers: Record<string, string> = {},
) => {
  const request = new Request("http://dewey:9020/mcp?x=1", {
    headers: { host: "dewey:9020", ...headers },
  });
  const { host, remoteAddress, url } = originReader(trusted)(request, from);
  return { remoteAddress, host, url: url.href };
};

const forwarded = {
  "x-forwarded-for": "198.51.100.7",
  "x-forwarded-proto": "https",
  "x-forwarded-host": "dewey.example.org",
};

const asSent = { host: "dewey:9020", url: "http://dewey:9020/mcp?x=1" };

describe("who is not trusted is not believed", () => {
  test.each([
    [[], "10.0.0.1"],
    [["10.0.0.2"], "10.0.0.1"],
    [["10.0.0.0/24"], "10.0.1.1"],
    [["2001:db8::/32"], "2001:db9::1"],
    [["10.0.0.1"], ""],
  ] as const)("%j, %p", (trusted, from) => {
    expect(read(trusted, from, forwarded)).toEqual({ remoteAddress: from, ...asSent });
  });
});

describe("a trusted proxy", () => {
  test.each([
    [["10.0.0.1"], "10.0.0.1"],
    [["10.0.0.0/8"], "10.200.3.4"],
    [["10.0.0.1"], "::ffff:10.0.0.1"],
    [["2001:db8::/32"], "2001:db8::1"],
    [["10.0.0.9", "::1"], "::1"],
  ] as const)("is believed: %j, %p", (trusted, from) => {
    expect(read(trusted, from, forwarded)).toEqual({
      remoteAddress: "198.51.100.7",
      host: "dewey.example.org",
      url: "https://dewey.example.org/mcp?x=1",
    });
  });

  test("may say nothing", () => {
    expect(read(["10.0.0.1"], "10.0.0.1")).toEqual({ remoteAddress: "10.0.0.1", ...asSent });
  });

  const chains: ReadonlyArray<readonly [string, string]> = [
    // What the client wrote itself stands before what the proxies added.
    ["1.1.1.1, 198.51.100.7", "198.51.100.7"],
    ["1.1.1.1, 198.51.100.7, 10.0.0.2, 10.0.0.3", "198.51.100.7"],
    ["10.0.0.2, 10.0.0.3", "10.0.0.2"],
    ["198.51.100.7:4711", "198.51.100.7"],
    ["[2001:db8::1]:4711", "2001:db8::1"],
    ["::ffff:198.51.100.7", "198.51.100.7"],
    ["1.1.1.1, unknown", "10.0.0.1"],
    ["nonsense", "10.0.0.1"],
    [" , ", "10.0.0.1"],
  ];
  test.each(chains)("of a chain %j tells the caller %p", (chain, caller) => {
    const headers = { "x-forwarded-for": chain };
    expect(read(["10.0.0.0/8"], "10.0.0.1", headers).remoteAddress).toBe(caller);
  });

  test("adds its words behind those of others, and no other protocol counts", () => {
    const headers = {
      "x-forwarded-host": "evil.example.com, dewey.example.org:8443",
      "x-forwarded-proto": "http, https",
    };
    expect(read(["10.0.0.1"], "10.0.0.1", headers).url).toBe(
      "https://dewey.example.org:8443/mcp?x=1",
    );
    const odd = { "x-forwarded-proto": "javascript", "x-forwarded-host": "a b" };
    expect(read(["10.0.0.1"], "10.0.0.1", odd)).toMatchObject({
      host: "a b",
      url: "http://dewey:9020/mcp?x=1",
    });
  });
});

const where: Door = {
  name: "where",
  paths: ["/mcp"],
  onRequest: ({ remoteAddress, url }) =>
    Effect.sync(() => new Response(`${remoteAddress} ${url.origin}`)),
};

describe("a listener", () => {
  const ask = (http: string, headers: Record<string, string>) =>
    Effect.promise(async () => {
      const response = await fetch(`${http}/mcp`, { headers });
      return [response.status, response.ok ? await response.text() : ""] as const;
    });

  it.effect("checks the name that the client used, by the word of its proxy alone", () =>
    Effect.gen(function* () {
      const allowed = { hosts: ["dewey.example.org"], origins: [] };
      const behind = yield* listening([where], { allowed, trustedProxies: ["127.0.0.0/8"] });
      expect(yield* ask(behind.http, { ...forwarded, host: "inside:80" })).toEqual([
        200,
        "198.51.100.7 https://dewey.example.org",
      ]);
      const foreign = { ...forwarded, "x-forwarded-host": "evil.example.com" };
      expect((yield* ask(behind.http, foreign))[0]).toBe(403);
      const bare = yield* listening([where], { allowed });
      expect((yield* ask(bare.http, { ...forwarded, host: "inside:80" }))[0]).toBe(403);
      expect(yield* ask(bare.http, forwarded)).toEqual([
        200,
        `127.0.0.1 http://127.0.0.1:${bare.port}`,
      ]);
    }),
  );
});
