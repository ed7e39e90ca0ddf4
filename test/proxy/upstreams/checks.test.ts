import { describe, expect } from "bun:test";
import { Context, Effect, Layer } from "effect";
import { type Upstream, UpstreamUnreachable } from "../../../src/domain/Upstream.ts";
import { checkUpstreams } from "../../../src/proxy/upstreams/checks.ts";
import { makeWebSocketKind } from "../../../src/proxy/upstreams/webSocket.ts";
import { Upstreams } from "../../../src/services/Upstreams.ts";
import { it } from "../../support/it.ts";
import { pong } from "./caller.ts";

const remote = (name: string, port: number | undefined) => ({
  _tag: "WebSocket" as const,
  name,
  onRestart: "resume" as const,
  url: `ws://127.0.0.1:${port}/`,
  headers: {},
});

/** A server that answers every request, and can be stopped and started again on its port. */
const answering = (port = 0) =>
  Bun.serve({
    hostname: "127.0.0.1",
    port,
    fetch: (request, self) =>
      self.upgrade(request) ? undefined : new Response("", { status: 400 }),
    websocket: {
      message: (peer, message) => {
        peer.send(pong(message));
      },
    },
  });

/** Checks them often, as the kinds do, and waits for states. */
const checking = Effect.fnUntraced(function* (
  upstreams: ReadonlyArray<Upstream>,
  checkOf: (upstream: Upstream) => Effect.Effect<void, UpstreamUnreachable> | undefined,
) {
  const context = yield* Layer.build(Upstreams.layerOf(upstreams));
  yield* checkUpstreams({ checkOf }, { every: "10 millis", timeout: "50 millis" }).pipe(
    Effect.provideContext(context),
    Effect.forkScoped,
  );
  const { states } = Context.get(context, Upstreams);
  const until = Effect.fnUntraced(function* (name: string, state: string) {
    while (states.stateOf(name).state !== state) yield* Effect.sleep("5 millis");
    return states.stateOf(name);
  });
  return { states, until };
});

const checkSocket = (upstream: Upstream) =>
  upstream._tag === "WebSocket" ? makeWebSocketKind().check?.(upstream) : undefined;

describe("checks", () => {
  it.effect("find an upstream that goes away, and that it is back", () =>
    Effect.gen(function* () {
      let server = answering();
      const { port } = server;
      yield* Effect.addFinalizer(() => Effect.promise(() => server.stop(true)));
      const { states, until } = yield* checking([remote("a", port)], checkSocket);
      yield* Effect.promise(() => server.stop(true));
      const { last_failure } = yield* until("a", "unreachable");
      expect(last_failure?.message).toStartWith(`ws://127.0.0.1:${port}/ `);
      server = answering(port);
      yield* until("a", "idle");
      expect(states.stateOf("a").connections).toBe(0);
    }),
  );

  it.effect("give up waiting for one, and are not kept by it from the others", () =>
    Effect.gen(function* () {
      const server = answering();
      yield* Effect.addFinalizer(() => Effect.promise(() => server.stop(true)));
      const { states, until } = yield* checking(
        [remote("stuck", 1), remote("b", server.port)],
        (upstream) => (upstream.name === "stuck" ? Effect.never : checkSocket(upstream)),
      );
      states.checked("b", "it was down before");
      yield* until("b", "idle");
      const { last_failure } = yield* until("stuck", "unreachable");
      expect(last_failure?.message).toBe("It has not answered within 50ms.");
    }),
  );

  it.effect("leave alone what cannot be looked at without starting it", () =>
    Effect.gen(function* () {
      const program: Upstream = {
        _tag: "Stdio",
        name: "program",
        onRestart: "resume",
        command: "no-such-program",
        args: [],
        env: {},
        cwd: null,
      };
      const { states, until } = yield* checking([program, remote("c", 1)], (upstream) =>
        upstream.name === "c"
          ? Effect.fail(new UpstreamUnreachable({ message: "It is gone." }))
          : checkSocket(upstream),
      );
      yield* until("c", "unreachable");
      expect(states.stateOf("program").state).toBe("idle");
    }),
  );
});
