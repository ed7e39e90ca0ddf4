/** Dewey's own listener, door, session and tools, over services that answer from memory. */
import { BunRuntime } from "@effect/platform-bun";
import { Effect, Layer } from "effect";
import { listen } from "../../src/http/Listener.ts";
import { Catalog } from "../../src/mcp/Catalog.ts";
import { makeMcpDoor } from "../../src/mcp/McpDoor.ts";
import { toolOf } from "../../src/mcp/McpTool.ts";
import { ToolBoxLive } from "../../src/rpc/handlers.ts";
import { Access } from "../../src/services/Access.ts";
import { Changes } from "../../src/services/Changes.ts";
import { Conversations } from "../../src/services/Conversations.ts";
import { Directory } from "../../src/services/Directory.ts";
import { Drain } from "../../src/services/Drain.ts";
import { Search } from "../../src/services/Search.ts";
import { SharedContext } from "../../src/services/SharedContext.ts";
import { StartupContexts } from "../../src/services/StartupContexts.ts";
import { ToolCalls } from "../../src/services/ToolCalls.ts";
import { ready } from "../support/serverProcess.ts";
import { answer, plainTool } from "./call.ts";

const services = Layer.mergeAll(
  Layer.mock(SharedContext)({ read: () => Effect.succeed(answer) }),
  Layer.mock(Conversations)({}),
  Layer.mock(Search)({}),
  Layer.mock(StartupContexts)({}),
  Layer.mock(ToolCalls)({}),
  Layer.mock(Directory)({}),
  Layer.mock(Changes)({ publish: () => {} }),
);

const own = Catalog.layer.pipe(Layer.provide(ToolBoxLive), Layer.provide(services));

/** Dewey's tools, and one that has neither schemas nor a service. */
const catalog = Layer.effect(
  Catalog,
  Effect.map(Catalog, ({ tools, ...rest }) =>
    Catalog.of({
      ...rest,
      tools: new Map([...tools, [plainTool.name, toolOf(plainTool, () => Effect.succeed(answer))]]),
    }),
  ),
).pipe(Layer.provide(own));

const serving = Effect.gen(function* () {
  const { port } = yield* listen({
    hostname: "127.0.0.1",
    port: 0,
    doors: [yield* makeMcpDoor()],
    allowed: { hosts: [], origins: [] },
    shutdownTimeout: "5 seconds",
  });
  ready(`ws://127.0.0.1:${port}/mcp`);
});

BunRuntime.runMain(
  Layer.launch(Layer.effectDiscard(serving)).pipe(
    Effect.provide(Layer.mergeAll(catalog, Drain.layer, Access.layerOpen)),
  ),
);
