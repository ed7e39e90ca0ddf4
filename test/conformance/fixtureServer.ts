// Dewey with the conformance suite's fixtures beside its own tools, prompts and resources: the product's listener, door,
// sessions, transports and dispatch, over a database.
import { Effect, Layer, PubSub, Stream } from "effect";
import { listen } from "../../src/http/Listener.ts";
import { Catalog } from "../../src/mcp/Catalog.ts";
import type { CatalogChange, ListName } from "../../src/mcp/CatalogChange.ts";
import { makeMcpDoor } from "../../src/mcp/McpDoor.ts";
import type { ServerAddress } from "../../src/sql/server.ts";
import { catalogOver } from "../mcp/liveDewey.ts";
import { fixturePrompts } from "./fixturePrompts.ts";
import { fixtureResources } from "./fixtureResources.ts";
import { fixtureTools } from "./fixtureTools.ts";

/** Dewey's catalogue and the fixtures in one. */
const withFixtures = Layer.effect(
  Catalog,
  Effect.gen(function* () {
    const own = yield* Catalog;
    const changed = yield* PubSub.unbounded<CatalogChange>();
    const change = (list: ListName) =>
      Effect.asVoid(PubSub.publish(changed, { _tag: "List", list }));
    const tools = fixtureTools(change).map((tool) => [tool.definition.name, tool] as const);
    const prompts = fixturePrompts.map((prompt) => [prompt.definition.name, prompt] as const);
    const fixtureChanges = Effect.map(PubSub.subscribe(changed), Stream.fromSubscription);
    return Catalog.of({
      tools: new Map([...own.tools, ...tools]),
      prompts: new Map([...(own.prompts ?? []), ...prompts]),
      resources: [fixtureResources, ...(own.resources ?? [])],
      changes: {
        lists: new Set<ListName>([...(own.changes?.lists ?? []), "tools", "prompts", "resources"]),
        follow:
          own.changes === undefined
            ? fixtureChanges
            : Effect.zipWith(own.changes.follow, fixtureChanges, (a, b) => Stream.merge(a, b)),
      },
    });
  }),
);

/** Serves until the scope closes; the address of its MCP door. */
export const serveFixtures = Effect.fnUntraced(function* (address: ServerAddress) {
  const layer = withFixtures.pipe(Layer.provideMerge(catalogOver(address)));
  const context = yield* Layer.build(layer);
  const { port } = yield* Effect.gen(function* () {
    return yield* listen({
      hostname: "127.0.0.1",
      port: 0,
      doors: [yield* makeMcpDoor()],
      allowed: { hosts: [], origins: [] },
      shutdownTimeout: "5 seconds",
    });
  }).pipe(Effect.provideContext(context));
  return `http://127.0.0.1:${port}/mcp`;
});
