import { describe, expect } from "bun:test";
import { Effect } from "effect";
import { RateLimited } from "../../../src/domain/Errors.ts";
import { anonymous } from "../../../src/domain/Principal.ts";
import type { Door } from "../../../src/http/Door.ts";
import { makeDeweyKind } from "../../../src/proxy/upstreams/dewey.ts";
import { listener } from "../../actors/upstreamProcess/children.ts";
import { it } from "../../support/it.ts";
import { serveProxy } from "../inbound/proxied.ts";
import { openClient } from "../socketEnds.ts";
import { caller } from "./caller.ts";

const dewey = { _tag: "Dewey", name: "dewey", onRestart: "resume" } as const;

/** A door that says who asks, and sends back what it takes. */
const door: Door = {
  name: "mirror",
  paths: ["/mcp"],
  onConnection: (connection) =>
    connection
      .takeEach((frame) => {
        if (frame === "close") Effect.runFork(connection.close(1000, "enough"));
        else void connection.sendUnsafe(`${connection.arrival.principal.name}: ${String(frame)}`);
      })
      .pipe(Effect.ignore),
  onRequest: ({ principal, request, url }) =>
    Effect.promise(async () =>
      Response.json({
        jsonrpc: "2.0",
        id: 1,
        result: [principal.name, request.method, url.pathname, await request.text()],
      }),
    ),
};

const asked = { ...caller, principal: { ...anonymous, name: "alice" } };

describe("a connection to Dewey itself", () => {
  it.effect("is the door's, for the caller", () =>
    Effect.gen(function* () {
      const heard = yield* listener;
      const link = yield* makeDeweyKind(door).open(dewey, heard.handlers, asked);
      // Before the door takes anything.
      void link.send("a");
      void link.send("b");
      expect(yield* heard.text).toBe("alice: a");
      expect(yield* heard.text).toBe("alice: b");
    }),
  );

  it.effect("hands over nothing while it is paused, and makes the door wait", () =>
    Effect.gen(function* () {
      const heard = yield* listener;
      const link = yield* makeDeweyKind(door).open(dewey, heard.handlers, asked);
      void link.send("first");
      yield* heard.text;
      link.pause();
      for (let index = 0; index < 100; index++) void link.send(String(index));
      expect(heard.frames()).toBe(1);
      link.resume();
      for (let index = 0; index < 100; index++) {
        expect(yield* heard.text).toBe(`alice: ${index}`);
      }
    }),
  );

  it.effect("is lost when the door closes it, and ends the door's work with its scope", () =>
    Effect.gen(function* () {
      const heard = yield* listener;
      const link = yield* makeDeweyKind(door).open(dewey, heard.handlers, asked);
      void link.send("close");
      expect(yield* heard.lost).toContain("enough");
      const began = Promise.withResolvers<void>();
      const ended = Promise.withResolvers<void>();
      const waiting: Door = {
        ...door,
        onConnection: () =>
          Effect.sync(() => began.resolve()).pipe(
            Effect.andThen(Effect.never),
            Effect.onInterrupt(() => Effect.sync(() => ended.resolve())),
          ),
      };
      yield* makeDeweyKind(waiting)
        .open(dewey, heard.handlers, asked)
        .pipe(Effect.andThen(Effect.promise(() => began.promise)), Effect.scoped);
      yield* Effect.promise(() => ended.promise);
      expect(heard.losses()).toBe(1);
    }),
  );
});

describe("requests to Dewey itself", () => {
  it.effect("are answered by the door and recorded as Dewey's, over HTTP and WebSockets", () =>
    Effect.gen(function* () {
      const { http, streams, ws } = yield* serveProxy([], { dewey: door });
      const response = yield* Effect.promise(() =>
        fetch(http("dewey"), { method: "POST", body: '{"jsonrpc":"2.0","id":1,"method":"x"}' }),
      );
      expect(yield* Effect.promise(() => response.json())).toMatchObject({
        result: ["anonymous", "POST", "/mcp", '{"jsonrpc":"2.0","id":1,"method":"x"}'],
      });
      yield* Effect.promise(async () => {
        const client = await openClient(ws("dewey"));
        client.send("hello");
        expect(String(await client.received.next())).toBe("anonymous: hello");
        client.close();
      });
      expect(streams.map(({ description: { isDewey, kind } }) => [kind, isDewey])).toEqual([
        ["stateless", true],
        ["session", true],
      ]);
    }),
  );

  it.effect("count against the caller's rate", () =>
    Effect.gen(function* () {
      const counted: Array<number> = [];
      const limited = new RateLimited({
        message: "Too many.",
        details: { retry_after_ms: 1000 },
      });
      const exchange = makeDeweyKind(door).exchange;
      if (exchange === undefined) throw new Error("It takes no requests.");
      const ask = exchange(
        dewey,
        {
          method: "POST",
          headers: {},
          body: new TextEncoder().encode("{}"),
          signal: new AbortController().signal,
        },
        {
          ...asked,
          charge: (requests) => {
            counted.push(requests);
            return counted.length > 1 ? limited : undefined;
          },
        },
      );
      expect((yield* ask).status).toBe(200);
      expect((yield* ask).status).toBe(429);
      expect(counted).toEqual([1, 1]);
    }),
  );
});
