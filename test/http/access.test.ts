// Who is let in, over real sockets: tokens, what a refusal tells, the bounds of each caller, and the end of a token.
import { describe, expect } from "bun:test";
import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Deferred, Effect, Layer, Logger, Queue, Schedule } from "effect";
import { makeMetadataDoor } from "../../src/http/challenge.ts";
import type { Door } from "../../src/http/Door.ts";
import { makeHealthDoor } from "../../src/http/healthDoor.ts";
import { Access } from "../../src/services/Access.ts";
import { Health } from "../../src/services/Health.ts";
import { accessWith, wideLimits } from "../support/access.ts";
import {
  claims,
  inSeconds,
  newKey,
  published,
  sign,
  startAuthority,
} from "../support/authority.ts";
import { it } from "../support/it.ts";
import { listening } from "./listening.ts";
import { handshake, openSocket, rawHead } from "./sockets.ts";

const anyNumber: unknown = expect.any(Number);

const alice = { authorization: "Bearer alice-token" };
const bob = { authorization: "Bearer bob-token" };
const tokens = "alice:alice-token:read:team-a, bob:bob-token:read+write:team-b";

/** Says who asks, over HTTP and WebSockets. */
const whoami: Door = {
  name: "whoami",
  paths: ["/mcp", "/rpc"],
  onRequest: ({ principal: { name, scopes, space } }) =>
    Effect.sync(() => Response.json([name, space, [...scopes].join("+")])),
  onConnection: (connection) =>
    Effect.forever(
      Effect.andThen(connection.take, connection.send(connection.arrival.principal.name)),
    ).pipe(Effect.ignore),
};

const get = (url: string, headers: Record<string, string> = {}, init: RequestInit = {}) =>
  Effect.promise(() => fetch(url, { headers, ...init }));

const json = (response: Response): Effect.Effect<unknown> => Effect.promise(() => response.json());

const authorization = ({ authorization: value }: { readonly authorization: string }) =>
  `Authorization: ${value}`;

describe("with tokens", () => {
  it.effect("every door asks for one, and knows its bearer by it", () =>
    Effect.gen(function* () {
      const { http, ws } = yield* listening([whoami], { access: accessWith(tokens) });
      for (const path of ["/mcp", "/rpc"]) {
        expect(yield* json(yield* get(http + path, alice))).toEqual(["alice", "team-a", "read"]);
        expect(yield* json(yield* get(http + path, bob))).toEqual(["bob", "team-b", "read+write"]);
        const socket = yield* openSocket(ws + path, { headers: bob });
        yield* socket.send("?");
        expect(yield* socket.next).toBe("bob");
      }
      const lower = yield* get(`${http}/mcp`, { authorization: "bearer   alice-token" });
      expect(lower.status).toBe(200);
    }),
  );

  const refused: ReadonlyArray<readonly [string, Record<string, string>, string, string]> = [
    ["none", {}, "Bearer", "A token is needed"],
    [
      "another scheme",
      { authorization: "Basic YTpi" },
      'Bearer error="invalid_token"',
      "A token is needed",
    ],
    [
      "an unknown one",
      { authorization: "Bearer nobody" },
      'Bearer error="invalid_token"',
      "not known",
    ],
    [
      "one with something behind it",
      { authorization: "Bearer alice-token x" },
      'Bearer error="invalid_token"',
      "A token is needed",
    ],
    [
      "the beginning of one",
      { authorization: "Bearer alice-toke" },
      'Bearer error="invalid_token"',
      "not known",
    ],
    ["a name", { authorization: "Bearer alice" }, 'Bearer error="invalid_token"', "not known"],
  ];
  for (const [what, headers, challenge, message] of refused) {
    it.effect(`${what} is answered with 401, on the upgrade too`, () =>
      Effect.gen(function* () {
        const { http, port } = yield* listening([whoami], { access: accessWith(tokens) });
        for (const path of ["/mcp", "/rpc"]) {
          const response = yield* get(http + path, headers);
          expect(response.status).toBe(401);
          expect(response.headers.get("www-authenticate")).toBe(challenge);
          const body = yield* json(response);
          expect(body).toMatchObject({ code: "UNAUTHENTICATED", retryable: false });
          expect(JSON.stringify(body)).toContain(message);
          const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
          const head = yield* rawHead(port, handshake(path, ...lines));
          expect(head).toStartWith("HTTP/1.1 401");
          expect(head).toContain(`\r\nWWW-Authenticate: ${challenge}`);
        }
      }),
    );
  }

  it.effect("none is taken from a URL", () =>
    Effect.gen(function* () {
      const { http } = yield* listening([whoami], { access: accessWith(tokens) });
      for (const query of ["access_token=alice-token", "token=alice-token"]) {
        expect((yield* get(`${http}/mcp?${query}`)).status).toBe(401);
      }
      expect((yield* get(http.replace("//", "//alice-token@") + "/mcp")).status).toBe(401);
    }),
  );

  it.effect("health shows no detail to who has none, and lives in any case", () =>
    Effect.gen(function* () {
      const report = { status: "unavailable" as const, checks: { database: false } };
      const health = yield* makeHealthDoor().pipe(
        Effect.provide(Layer.succeed(Health, Health.of({ report: Effect.succeed(report) }))),
      );
      const { http } = yield* listening([health], { access: accessWith(tokens) });
      const stranger = yield* get(`${http}/health`);
      expect([stranger.status, yield* json(stranger)]).toEqual([503, { status: "unavailable" }]);
      const known = yield* get(`${http}/health`, alice);
      expect([known.status, yield* json(known)]).toEqual([503, report]);
      expect((yield* get(`${http}/health`, { authorization: "Bearer wrong" })).status).toBe(401);
      expect((yield* get(`${http}/health/live`)).status).toBe(200);
    }),
  );

  it.effect("no line of the log shows one", () =>
    Effect.gen(function* () {
      const lines: Array<string> = [];
      const log = Logger.map(Logger.formatJson, (line) => void lines.push(line));
      const failing: Door = {
        name: "failing",
        paths: ["/mcp"],
        onRequest: () => Effect.die(new Error("a fault")),
      };
      yield* Effect.gen(function* () {
        const { http } = yield* listening([failing], { access: accessWith(tokens) });
        expect((yield* get(`${http}/mcp`, alice)).status).toBe(500);
        expect((yield* get(`${http}/mcp`, { authorization: "Bearer secret-guess" })).status).toBe(
          401,
        );
      }).pipe(Effect.provide(Logger.layer([log])));
      expect(lines.length).toBeGreaterThan(0);
      expect(lines.join()).not.toMatch(/alice-token|secret-guess/);
    }),
  );
});

describe("a door with a scope of its own", () => {
  const door: Door = { ...whoami, scope: "proxy" };
  const access = accessWith("reader:reader-token:read+write, proxied:proxied-token:proxy");

  it.effect("serves who has it, and tells the others which one they lack", () =>
    Effect.gen(function* () {
      const { http, port } = yield* listening([door], { access });
      const proxied = yield* get(`${http}/mcp`, { authorization: "Bearer proxied-token" });
      expect(yield* json(proxied)).toEqual(["proxied", "default", "proxy"]);
      const reader = { authorization: "Bearer reader-token" };
      const refused = yield* get(`${http}/mcp`, reader);
      expect(refused.status).toBe(403);
      expect(refused.headers.get("www-authenticate")).toBe('Bearer error="insufficient_scope"');
      expect(yield* json(refused)).toMatchObject({
        code: "FORBIDDEN",
        message: "The token lacks a scope. Get one with proxy.",
      });
      expect(yield* rawHead(port, handshake("/mcp", authorization(reader)))).toStartWith(
        "HTTP/1.1 403",
      );
    }),
  );
});

describe("requests a minute", () => {
  const limited = (requestsPerMinute: number) =>
    accessWith(`${tokens}, alice:second-token:read:team-a`, { requestsPerMinute });

  it.effect("are served up to the limit, and refused past it with the time to wait", () =>
    Effect.gen(function* () {
      const { http, port } = yield* listening([whoami], { access: limited(3) });
      for (let request = 0; request < 3; request++) {
        expect((yield* get(`${http}/mcp`, alice)).status).toBe(200);
      }
      const response = yield* get(`${http}/rpc`, alice);
      expect(response.status).toBe(429);
      expect(response.headers.get("retry-after")).toBe("20");
      expect(yield* json(response)).toMatchObject({
        code: "RATE_LIMITED",
        retryable: true,
        details: { limit: 3, retry_after_ms: anyNumber },
      });
      const head = yield* rawHead(port, handshake("/mcp", authorization(alice)));
      expect(head).toStartWith("HTTP/1.1 429");
      // Another token of the same name is no way around; another name is another caller.
      const second = { authorization: "Bearer second-token" };
      expect((yield* get(`${http}/mcp`, second)).status).toBe(429);
      expect((yield* get(`${http}/mcp`, bob)).status).toBe(200);
    }),
  );

  it.effect("leave a door out whose requests are not counted", () =>
    Effect.gen(function* () {
      const uncounted: Door = { ...whoami, isUncounted: true };
      const { http, ws } = yield* listening([uncounted], { access: limited(1) });
      for (let request = 0; request < 5; request++) {
        expect((yield* get(`${http}/mcp`, alice)).status).toBe(200);
        yield* openSocket(`${ws}/mcp`, { headers: alice });
      }
    }),
  );

  it.effect("are counted for each address where there are no tokens", () =>
    Effect.gen(function* () {
      const access = Access.layerAnonymous({ ...wideLimits, requestsPerMinute: 2 });
      const { http } = yield* listening([whoami], { access, trustedProxies: ["127.0.0.1"] });
      const from = (address: string) => get(`${http}/mcp`, { "x-forwarded-for": address });
      expect((yield* from("192.0.2.1")).status).toBe(200);
      expect((yield* from("192.0.2.1")).status).toBe(200);
      expect((yield* from("192.0.2.1")).status).toBe(429);
      expect((yield* from("192.0.2.2")).status).toBe(200);
    }),
  );
});

describe("connections", () => {
  const limited = (inAll: number, perToken: number) =>
    accessWith(tokens, { connections: { inAll, perToken } });

  /** Waits until a request is served again: a place is free only when the other side has noticed. */
  const servedAgain = (url: string, headers: Record<string, string>) =>
    get(url, headers).pipe(
      Effect.flatMap(({ status }) => (status === 200 ? Effect.void : Effect.fail(status))),
      Effect.retry(Schedule.spaced("5 millis")),
    );

  it.effect("of one token are bounded: WebSockets and requests alike", () =>
    Effect.gen(function* () {
      const { http, port, ws } = yield* listening([whoami], { access: limited(100, 2) });
      const first = yield* openSocket(`${ws}/mcp`, { headers: alice });
      // The request ends, so that its place is free for the next socket.
      expect((yield* get(`${http}/mcp`, alice)).status).toBe(200);
      yield* openSocket(`${ws}/rpc`, { headers: alice });
      const head = yield* rawHead(port, handshake("/mcp", authorization(alice)));
      expect(head).toStartWith("HTTP/1.1 429");
      expect(head).toContain("\r\nRetry-After: 1");
      expect((yield* get(`${http}/mcp`, alice)).status).toBe(429);
      expect((yield* get(`${http}/mcp`, bob)).status).toBe(200);
      first.socket.close();
      yield* servedAgain(`${http}/mcp`, alice);
    }),
  );

  it.effect("in all are bounded, whoever has them", () =>
    Effect.gen(function* () {
      const { http, ws } = yield* listening([whoami], { access: limited(2, 2) });
      yield* openSocket(`${ws}/mcp`, { headers: alice });
      const second = yield* openSocket(`${ws}/mcp`, { headers: alice });
      expect((yield* get(`${http}/mcp`, bob)).status).toBe(429);
      second.socket.close();
      yield* servedAgain(`${http}/mcp`, bob);
    }),
  );

  it.effect(
    "a handshake that fails, a request that fails and one that is given up leave their places",
    () =>
      Effect.gen(function* () {
        const begun = yield* Queue.unbounded<void>();
        const door: Door = {
          name: "slow",
          paths: ["/mcp"],
          onConnection: () => Effect.never,
          onRequest: ({ url }) =>
            url.search === "?die"
              ? Effect.die("a fault")
              : url.search === "?wait"
                ? Effect.andThen(Queue.offer(begun, undefined), Effect.never)
                : Effect.succeed(new Response("fine")),
        };
        const { http, port } = yield* listening([door], { access: limited(1, 1) });
        const keyless = handshake("/mcp", authorization(alice)).filter(
          (line) => !line.startsWith("Sec-WebSocket-Key"),
        );
        expect(yield* rawHead(port, keyless)).toStartWith("HTTP/1.1 400");
        expect((yield* get(`${http}/mcp?die`, alice)).status).toBe(500);
        const controller = new AbortController();
        const given = fetch(`${http}/mcp?wait`, { headers: alice, signal: controller.signal });
        yield* Queue.take(begun);
        expect((yield* get(`${http}/mcp`, alice)).status).toBe(429);
        controller.abort();
        yield* Effect.promise(() => given.catch(() => {}));
        yield* servedAgain(`${http}/mcp`, alice);
      }).pipe(Effect.provide(Logger.layer([]))),
  );

  /** An event stream that goes on until its reader goes. */
  const streaming = (onCancel: () => void): Door => ({
    name: "stream",
    paths: ["/mcp"],
    onRequest: ({ url }) =>
      Effect.sync(() => {
        const body = new ReadableStream<Uint8Array>({
          start: (controller) => {
            controller.enqueue(new TextEncoder().encode("data: 1\n\n"));
            if (url.search === "?short") controller.close();
          },
          cancel: onCancel,
        });
        return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
      }),
  });

  it.effect("an event stream has its place until it ends, or its reader goes", () =>
    Effect.gen(function* () {
      const cancelled = yield* Deferred.make<void>();
      const door = streaming(() => void Deferred.doneUnsafe(cancelled, Effect.void));
      const { http } = yield* listening([door], { access: limited(1, 1) });
      const short = yield* get(`${http}/mcp?short`, alice);
      expect(yield* Effect.promise(() => short.text())).toBe("data: 1\n\n");
      const controller = new AbortController();
      const long = yield* get(`${http}/mcp`, alice, { signal: controller.signal });
      expect(long.status).toBe(200);
      expect((yield* get(`${http}/mcp?short`, alice)).status).toBe(429);
      controller.abort();
      yield* Deferred.await(cancelled);
      yield* servedAgain(`${http}/mcp?short`, alice);
    }),
  );

  it.effect("that a token opened end with it: sockets by 1008, streams by being cut off", () =>
    Effect.gen(function* () {
      const path = join(tmpdir(), `dewey-tokens-${crypto.randomUUID()}`);
      const write = (text: string) => Effect.promise(() => fs.writeFile(path, text));
      yield* Effect.acquireRelease(write(tokens), () => Effect.promise(() => fs.unlink(path)));
      const cancelled = yield* Deferred.make<void>();
      const stream = streaming(() => void Deferred.doneUnsafe(cancelled, Effect.void));
      const { http, ws } = yield* listening([stream, { ...whoami, paths: ["/rpc"] }], {
        access: accessWith(tokens, { tokensFile: { path, every: "10 millis" } }),
      });
      const gone = yield* openSocket(`${ws}/rpc`, { headers: alice });
      const stays = yield* openSocket(`${ws}/rpc`, { headers: bob });
      const response = yield* get(`${http}/mcp`, alice);
      yield* write("alice:rotated-token:read:team-a, bob:bob-token:read+write:team-b");
      expect(yield* gone.closed).toEqual({
        code: 1008,
        reason: "The token is no longer valid. Connect with another one.",
      });
      yield* Deferred.await(cancelled);
      const rest = yield* Effect.promise(() => response.text().catch(() => "cut off"));
      expect(rest).not.toContain("data: 2");
      yield* stays.send("?");
      expect(yield* stays.next).toBe("bob");
      expect((yield* get(`${http}/rpc`, alice)).status).toBe(401);
      const rotated = yield* get(`${http}/rpc`, { authorization: "Bearer rotated-token" });
      expect(yield* json(rotated)).toEqual(["alice", "team-a", "read"]);
    }).pipe(Effect.provide(Logger.layer([]))),
  );
});

describe("with JWTs", () => {
  const serving = Effect.fnUntraced(function* (audiences: ReadonlyArray<string> = [claims.aud]) {
    const key = yield* newKey("ES256");
    const authority = yield* startAuthority(() => Response.json({ keys: [published(key)] }));
    const access = accessWith(tokens, {
      jwt: {
        jwksUrl: authority.url,
        issuer: claims.iss,
        audiences,
        scopesClaim: "scope",
        spaceClaim: undefined,
      },
    });
    const metadata = yield* makeMetadataDoor().pipe(Effect.provide(access));
    const asking: Door = {
      name: "asking",
      paths: ["/asks"],
      onRequest: ({ askForScopes }) =>
        Effect.sync(() => askForScopes?.(["read", "delete"]) ?? new Response("no")),
    };
    const served = yield* listening([whoami, asking, metadata], { access });
    return { ...served, key };
  });

  it.effect("they and tokens are taken side by side", () =>
    Effect.gen(function* () {
      const { http, key } = yield* serving();
      const jwt = { authorization: `Bearer ${yield* sign(key)}` };
      expect(yield* json(yield* get(`${http}/mcp`, jwt))).toEqual([
        "alice",
        "default",
        "read+write",
      ]);
      expect(yield* json(yield* get(`${http}/mcp`, bob))).toEqual(["bob", "team-b", "read+write"]);
    }),
  );

  it.effect("a refusal says where the metadata is, and which scopes to ask for", () =>
    Effect.gen(function* () {
      const { http, key, port } = yield* serving();
      const wellKnown = `${http}/.well-known/oauth-protected-resource`;
      const scope = 'scope="read write delete"';
      for (const [path, metadata] of [
        ["/mcp", `${wellKnown}/mcp`],
        ["/rpc", wellKnown],
      ] as const) {
        const missing = `Bearer resource_metadata="${metadata}", ${scope}`;
        expect((yield* get(http + path)).headers.get("www-authenticate")).toBe(missing);
        const head = yield* rawHead(port, handshake(path, `Host: 127.0.0.1:${port}`));
        expect(head).toContain(`\r\nWWW-Authenticate: ${missing}`);
        const expired = yield* sign(key, { exp: inSeconds(-60) });
        const response = yield* get(http + path, { authorization: `Bearer ${expired}` });
        expect(response.status).toBe(401);
        expect(response.headers.get("www-authenticate")).toBe(
          `Bearer error="invalid_token", resource_metadata="${metadata}", ${scope}`,
        );
      }
    }),
  );

  it.effect(
    "a token without any scope is 403, and a door may ask for the scopes that it misses",
    () =>
      Effect.gen(function* () {
        const { http, key } = yield* serving();
        const metadata = `${http}/.well-known/oauth-protected-resource`;
        const none = yield* get(`${http}/mcp`, {
          authorization: `Bearer ${yield* sign(key, { scope: "openid email" })}`,
        });
        expect(none.status).toBe(403);
        expect(none.headers.get("www-authenticate")).toBe(
          `Bearer error="insufficient_scope", resource_metadata="${metadata}/mcp", scope="read write delete"`,
        );
        const more = yield* get(`${http}/asks`, { authorization: `Bearer ${yield* sign(key)}` });
        expect(more.status).toBe(403);
        expect(more.headers.get("www-authenticate")).toBe(
          `Bearer error="insufficient_scope", resource_metadata="${metadata}", scope="read delete"`,
        );
        // Who has a fixed token has nobody to ask.
        expect((yield* get(`${http}/asks`, bob)).status).toBe(200);
      }),
  );

  it.effect("the metadata names the authority, for everybody", () =>
    Effect.gen(function* () {
      const { http } = yield* serving();
      const common = {
        authorization_servers: [claims.iss],
        scopes_supported: ["read", "write", "delete", "proxy"],
        bearer_methods_supported: ["header"],
        resource_name: "Dewey",
      };
      const path = "/.well-known/oauth-protected-resource";
      for (const suffix of ["", "/mcp"]) {
        const response = yield* get(http + path + suffix);
        expect(yield* json(response)).toEqual({ ...common, resource: claims.aud });
      }
      const named = yield* serving(["dewey"]);
      for (const suffix of ["", "/mcp"]) {
        const response = yield* get(named.http + path + suffix);
        expect(yield* json(response)).toEqual({ ...common, resource: named.http + suffix });
      }
      const post = yield* get(http + path, {}, { method: "POST" });
      expect([post.status, post.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
    }),
  );

  it.effect("a socket is closed when its token expires", () =>
    Effect.gen(function* () {
      const { key, ws } = yield* serving();
      // It is taken for 30 s more, for clocks that differ, and those are over in a second or two.
      const token = yield* sign(key, { exp: inSeconds(-28) });
      const socket = yield* openSocket(`${ws}/mcp`, {
        headers: { authorization: `Bearer ${token}` },
      });
      yield* socket.send("?");
      expect(yield* socket.next).toBe("alice");
      expect(yield* socket.closed).toEqual({ code: 1008, reason: "The token has expired." });
    }),
  );

  it.effect("without them there is no metadata", () =>
    Effect.gen(function* () {
      const access = accessWith(tokens);
      const metadata = yield* makeMetadataDoor().pipe(Effect.provide(access));
      const { http } = yield* listening([metadata], { access });
      const response = yield* get(`${http}/.well-known/oauth-protected-resource`);
      expect(response.status).toBe(404);
    }),
  );
});
