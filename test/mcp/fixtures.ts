/** A real listener with the MCP door, in front of tools that a test can watch and hold. */
import { Context, Deferred, Effect, Exit, Layer, Queue, Schema, Scope } from "effect";
import { NotFound } from "../../src/domain/Errors.ts";
import { CurrentPrincipal } from "../../src/domain/Principal.ts";
import { type ListenOptions, listen } from "../../src/http/Listener.ts";
import { Catalog } from "../../src/mcp/Catalog.ts";
import type { HttpSessionBounds } from "../../src/mcp/httpSessions.ts";
import { makeMcpDoor } from "../../src/mcp/McpDoor.ts";
import { type McpTool, toolOf } from "../../src/mcp/McpTool.ts";
import { Access } from "../../src/services/Access.ts";
import { Drain } from "../../src/services/Drain.ts";

const decodeJson = Schema.decodeUnknownSync(Schema.Json);

/** Tools for tests, with what `wait` tells of itself. */
export const makeTools = Effect.gen(function* () {
  const waiting = yield* Queue.unbounded<void>();
  const interrupted = yield* Queue.unbounded<void>();
  const release = yield* Deferred.make<void>();
  const tool = (name: string, call: NonNullable<McpTool["callPlain"]>): [string, McpTool] => [
    name,
    toolOf({ name, inputSchema: { type: "object" } }, call),
  ];
  const tools = new Map([
    tool("echo", (input) => Effect.sync(() => ({ input: decodeJson(input) }))),
    tool("fail", () => Effect.fail(new NotFound({ message: "Nothing of that name." }))),
    tool("die", () => Effect.die(new Error("a secret"))),
    tool("whoami", () => Effect.map(CurrentPrincipal, ({ name, space }) => ({ name, space }))),
    tool("wait", () =>
      Queue.offer(waiting, undefined).pipe(
        Effect.andThen(Deferred.await(release)),
        Effect.as({ waited: true }),
        Effect.onInterrupt(() => Queue.offer(interrupted, undefined)),
      ),
    ),
  ]);
  return {
    tools,
    /** Resolves once for each call of `wait` that has begun. */
    waiting: Queue.take(waiting),
    /** Resolves once for each call of `wait` that was interrupted. */
    interrupted: Queue.take(interrupted),
    /** Lets every call of `wait` answer. */
    release: Deferred.succeed(release, undefined),
  };
});

/** Serves the tools until the scope closes, or `stop` is run. */
export const serveMcp = Effect.fnUntraced(function* (
  options: Partial<HttpSessionBounds & ListenOptions> & {
    readonly access?: Layer.Layer<Access>;
    readonly catalog?: Partial<Catalog["Service"]>;
  } = {},
) {
  const watched = yield* makeTools;
  const context = yield* Layer.build(
    Layer.mergeAll(
      Drain.layer,
      options.access ?? Access.layerOpen,
      Layer.succeed(Catalog, Catalog.of({ tools: watched.tools, ...options.catalog })),
    ),
  );
  const scope = yield* Scope.fork(yield* Effect.scope);
  const { port } = yield* Effect.gen(function* () {
    return yield* listen({
      hostname: "127.0.0.1",
      port: 0,
      doors: [yield* makeMcpDoor(options)],
      allowed: { hosts: [], origins: [] },
      shutdownTimeout: "5 seconds",
      ...options,
    });
  }).pipe(Effect.provideContext(context), Scope.provide(scope));
  return {
    ...watched,
    drain: Context.get(context, Drain),
    ws: `ws://127.0.0.1:${port}/mcp`,
    http: `http://127.0.0.1:${port}/mcp`,
    stop: Scope.close(scope, Exit.void),
  };
});
