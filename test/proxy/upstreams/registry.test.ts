import { describe, expect } from "bun:test";
import { Context, Effect, Layer } from "effect";
import type { HttpUpstream, Upstream } from "../../../src/domain/Upstream.ts";
import { makeUpstreamKinds } from "../../../src/proxy/upstreams/registry.ts";
import type { Exchange } from "../../../src/proxy/upstreams/UpstreamKind.ts";
import { Upstreams } from "../../../src/services/Upstreams.ts";
import { opened, shell } from "../../actors/upstreamProcess/children.ts";
import { it } from "../../support/it.ts";
import { caller } from "./caller.ts";

/** All kinds, over a Dewey that serves nothing. */
const registry = Effect.gen(function* () {
  const context = yield* Layer.build(Upstreams.layerOf([]));
  const kinds = yield* makeUpstreamKinds({
    dewey: { name: "mcp", paths: [] },
    environment: { PATH: "/usr/bin:/bin" },
    folder: "/",
  }).pipe(Effect.provideContext(context));
  return { kinds, states: Context.get(context, Upstreams).states };
});

const http = (port: number | undefined): HttpUpstream => ({
  _tag: "Http",
  name: "web",
  onRestart: "resume",
  url: `http://127.0.0.1:${port}/mcp`,
  headers: {},
});

const get = (): Exchange => ({
  method: "GET",
  headers: { accept: "text/event-stream" },
  body: undefined,
  signal: new AbortController().signal,
});

describe("the registry", () => {
  it.effect("opens an upstream as its kind does", () =>
    Effect.gen(function* () {
      const { kinds } = yield* registry;
      const { link, text } = yield* opened((handlers) =>
        kinds.open(shell("pwd; exec cat"), handlers, caller),
      );
      expect(yield* text).toBe("/");
      void link.send("back");
      expect(yield* text).toBe("back");
    }),
  );

  it.effect("knows which kinds pass requests on, and which can be checked", () =>
    Effect.gen(function* () {
      const { kinds } = yield* registry;
      const remote = { name: "r", onRestart: "resume", url: "ws://a/", headers: {} } as const;
      const upstreams: ReadonlyArray<Upstream> = [
        shell("true"),
        http(1),
        { _tag: "WebSocket", ...remote },
        { _tag: "Sse", ...remote },
        { _tag: "Dewey", name: "dewey", onRestart: "resume" },
      ];
      const can = upstreams.map((upstream) => [
        upstream._tag,
        kinds.exchangeOf(upstream) !== undefined,
        kinds.checkOf(upstream) !== undefined,
      ]);
      expect(can).toEqual([
        ["Stdio", false, false],
        ["Http", true, true],
        ["WebSocket", false, true],
        ["Sse", false, true],
        ["Dewey", true, true],
      ]);
    }),
  );

  it.effect("keeps in the upstream's state how its requests went", () =>
    Effect.gen(function* () {
      const { kinds, states } = yield* registry;
      let status = 401;
      const server = yield* Effect.acquireRelease(
        Effect.sync(() =>
          Bun.serve({
            hostname: "127.0.0.1",
            port: 0,
            fetch: () => new Response("well", { status }),
          }),
        ),
        (running) => Effect.promise(() => running.stop(true)),
      );
      const upstream = http(server.port);
      const exchange = Effect.suspend(
        () => kinds.exchangeOf(upstream)?.(get(), caller) ?? Effect.die("It passes nothing on."),
      );
      const { message } = yield* Effect.flip(exchange);
      expect(states.stateOf("web")).toMatchObject({
        state: "unreachable",
        last_failure: { message },
      });
      status = 200;
      const { body } = yield* exchange;
      expect(yield* Effect.promise(() => new Response(body).text())).toBe("well");
      expect(states.stateOf("web").state).toBe("idle");
    }),
  );
});
