import { describe, expect, test } from "bun:test";
import { Effect } from "effect";
import type { Door } from "../../src/http/Door.ts";
import { refusalOf } from "../../src/http/guards.ts";
import { it } from "../support/it.ts";
import { listening } from "./listening.ts";
import { handshake, rawHead, run } from "./sockets.ts";

const allowed = { hosts: ["dewey.example.org", "10.0.0.5:9020"], origins: ["https://claude.ai"] };

const isRefused = (headers: Record<string, string>) =>
  refusalOf(new Headers(headers), allowed) !== undefined;

describe("Host", () => {
  test.each([
    "localhost",
    "localhost:9020",
    "LOCALHOST",
    "127.0.0.1:9020",
    "127.1.2.3",
    "[::1]:9020",
    "dewey.example.org",
    "dewey.example.org:8443",
    "10.0.0.5:9020",
  ])("%s is let in", (host) => {
    expect(isRefused({ host })).toBe(false);
  });

  test.each([
    "",
    "evil.example.com",
    "localhost.evil.example.com",
    "127.0.0.1.evil.example.com",
    "10.0.0.5",
    "10.0.0.5:9021",
    "0.0.0.0",
    "localhost@evil.example.com",
    "localhost/evil",
    "a b",
  ])("%j is refused", (host) => {
    expect(isRefused({ host })).toBe(true);
  });

  test("a request without one is refused", () => {
    expect(isRefused({})).toBe(true);
  });
});

describe("Origin", () => {
  test.each([
    "http://localhost:6274",
    "https://127.0.0.1",
    "http://[::1]:3000",
    "https://claude.ai",
  ])("%s is let in", (origin) => {
    expect(isRefused({ host: "localhost", origin })).toBe(false);
  });

  test.each([
    "",
    "null",
    "https://evil.example.com",
    "http://claude.ai",
    "https://claude.ai:444",
    "https://claude.ai.evil.example.com",
    "http://localhost.evil.example.com",
    "http://localhost/",
    "localhost",
  ])("%j is refused", (origin) => {
    expect(isRefused({ host: "localhost", origin })).toBe(true);
  });
});

const door: Door = {
  name: "test",
  paths: ["/"],
  onConnection: () => Effect.never,
  onRequest: () => Effect.succeed(new Response("hello")),
};

const request = (...lines: ReadonlyArray<string>) => ["GET / HTTP/1.1", ...lines];

describe("a listener", () => {
  test.each([
    ["a foreign host", ["Host: evil.example.com"]],
    ["a foreign origin", ["Host: localhost", "Origin: https://evil.example.com"]],
  ])("refuses %s with 403, on the upgrade too", (_, lines) =>
    run(
      Effect.gen(function* () {
        const { port } = yield* listening([door]);
        expect(yield* rawHead(port, request(...lines))).toStartWith("HTTP/1.1 403");
        expect(yield* rawHead(port, handshake("/", ...lines))).toStartWith("HTTP/1.1 403");
      }),
    ),
  );

  test.each([
    ["without a host", ["GET / HTTP/1.0"]],
    ["with two words for a host", request("Host: a b[")],
    ["with a port that is none", request("Host: localhost:99999")],
  ])("refuses a request %s with 403", (_, lines) =>
    run(
      Effect.gen(function* () {
        const { port } = yield* listening([door]);
        expect(yield* rawHead(port, lines)).toStartWith("HTTP/1.1 403");
      }),
    ),
  );

  it.effect("lets pages of allowed origins read its answers, and no others", () =>
    Effect.gen(function* () {
      const { http } = yield* listening([door], { allowed });
      const ask = (method: string, headers: Record<string, string>) =>
        Effect.promise(() => fetch(http, { method, headers }));
      const origin = "https://claude.ai";

      const answer = yield* ask("GET", { origin });
      expect(answer.headers.get("access-control-allow-origin")).toBe(origin);
      expect(answer.headers.get("access-control-expose-headers")).toContain("Mcp-Session-Id");

      const wanted = { "access-control-request-method": "POST" };
      const preflight = yield* ask("OPTIONS", {
        origin,
        ...wanted,
        "access-control-request-headers": "authorization, mcp-protocol-version",
      });
      expect(preflight.status).toBe(204);
      expect(preflight.headers.get("access-control-allow-origin")).toBe(origin);
      expect(preflight.headers.get("access-control-allow-headers")).toBe(
        "authorization, mcp-protocol-version",
      );

      const refused = yield* ask("OPTIONS", { origin: "https://evil.example.com", ...wanted });
      expect(refused.status).toBe(403);
      expect(refused.headers.has("access-control-allow-origin")).toBe(false);

      const plain = yield* ask("GET", {});
      expect(plain.headers.has("access-control-allow-origin")).toBe(false);
    }),
  );
});
