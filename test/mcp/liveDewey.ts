/** Dewey behind its MCP door in this process, on a database of its own, and a second process of it without doors. */
import { Effect, Exit, Layer, ManagedRuntime, Scope } from "effect";
import { MessageWriter } from "../../src/actors/MessageWriter.ts";
import { listen } from "../../src/http/Listener.ts";
import { Catalog } from "../../src/mcp/Catalog.ts";
import { makeMcpDoor } from "../../src/mcp/McpDoor.ts";
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
import { Database } from "../../src/sql/Database.ts";
import type { ServerAddress } from "../../src/sql/server.ts";
import { openDatabase, openProcess } from "../support/tools.ts";

const services = Layer.mergeAll(
  Conversations.layer({ trashDays: 30 }),
  Search.layer,
  StartupContexts.layer,
  SharedContext.layer,
  ToolCalls.layer,
  Directory.layer,
);

const limits = {
  minConnections: 1,
  maxConnections: 10,
  acquireTimeoutMs: 5000,
  queryTimeoutMs: 30_000,
};

/** What a door of Dewey needs, over a database. */
export const catalogOver = (
  address: ServerAddress,
  access: Layer.Layer<Access> = Access.layerOpen,
) =>
  Catalog.layer.pipe(
    Layer.provide(ToolBoxLive),
    Layer.provide(services),
    Layer.provide(MessageWriter.layer),
    Layer.provide(Changes.layer),
    Layer.provide(Database.layer(address, limits)),
    Layer.provideMerge(Layer.mergeAll(Drain.layer, access)),
  );

/** Serves until it is closed. `other` is the second process. */
export const startLiveDewey = async (access: Layer.Layer<Access> = Access.layerOpen) => {
  const db = await openDatabase();
  const other = await openProcess(db.address);
  const runtime = ManagedRuntime.make(catalogOver(db.address, access));
  const scope = Scope.makeUnsafe();
  const serve = Effect.gen(function* () {
    return yield* listen({
      hostname: "127.0.0.1",
      port: 0,
      doors: [yield* makeMcpDoor()],
      allowed: { hosts: [], origins: [] },
      shutdownTimeout: "5 seconds",
    });
  });
  const { port } = await runtime.runPromise(Scope.provide(serve, scope));
  return {
    db,
    other,
    ws: `ws://127.0.0.1:${port}/mcp`,
    http: `http://127.0.0.1:${port}/mcp`,
    close: async () => {
      await Effect.runPromise(Scope.close(scope, Exit.void));
      await runtime.dispose();
      await other.close();
      await db.drop();
    },
  };
};

export type LiveDewey = Awaited<ReturnType<typeof startLiveDewey>>;
