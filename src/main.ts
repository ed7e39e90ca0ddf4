#!/usr/bin/env bun
/** The composition root: the layers of Dewey put together, its command line, and one launch. */
import { Console, Effect, Layer } from "effect";
import { Argument, Command } from "effect/unstable/cli";
import { MessageWriter } from "./actors/MessageWriter.ts";
import { Config } from "./Config.ts";
import { commandLineLayer } from "./cli/commandLine.ts";
import { databaseLayer, migratedDatabaseLayer } from "./cli/database.ts";
import { deadLetters } from "./cli/deadLetters.ts";
import { launch } from "./cli/launch.ts";
import { loggingLayer } from "./cli/logging.ts";
import { servingLayer } from "./cli/serve.ts";
import { serveStarter } from "./cli/stdio.ts";
import { version } from "./domain/Version.ts";
import { Catalog } from "./mcp/Catalog.ts";
import { ToolBoxLive } from "./rpc/handlers.ts";
import { Changes } from "./services/Changes.ts";
import { Conversations } from "./services/Conversations.ts";
import { Directory } from "./services/Directory.ts";
import { Drain } from "./services/Drain.ts";
import { Search } from "./services/Search.ts";
import { SharedContext } from "./services/SharedContext.ts";
import { StartupContexts } from "./services/StartupContexts.ts";
import { ToolCalls } from "./services/ToolCalls.ts";
import { migrate } from "./sql/Migrator.ts";

const settled = loggingLayer.pipe(Layer.provideMerge(Config.layer));

const conversations = Layer.unwrap(
  Effect.map(Config, ({ retention }) => Conversations.layer(retention)),
).pipe(Layer.provide(MessageWriter.layer));

const services = Layer.mergeAll(
  conversations,
  Search.layer,
  StartupContexts.layer,
  SharedContext.layer,
  ToolCalls.layer,
  Directory.layer,
);

const tools = Catalog.layer.pipe(Layer.provideMerge(ToolBoxLive), Layer.provide(services));

const dewey = tools.pipe(
  Layer.provideMerge(Drain.layer),
  Layer.provideMerge(Changes.layer),
  Layer.provideMerge(migratedDatabaseLayer),
);

const start = Command.make("start", {}, () =>
  Layer.launch(servingLayer.pipe(Layer.provide(dewey), Layer.provide(settled))),
).pipe(Command.withDescription("Serve MCP and RPC until told to stop"));

const upstream = Argument.String("UPSTREAM").pipe(
  Argument.withDescription("Stand between the client and this server of the upstreams file"),
  Argument.optional,
);

const stdio = Command.make("stdio", { upstream }, (given) =>
  serveStarter(given.upstream, dewey).pipe(Effect.provide(settled)),
).pipe(
  Command.withDescription("Serve MCP over standard input and output to the client that started it"),
);

const migrateOnly = Command.make("migrate", {}, () =>
  migrate().pipe(
    Effect.tap((count) => Console.log(`Migrations applied: ${count}. The schema is up to date.`)),
    Effect.provide(databaseLayer.pipe(Layer.provideMerge(settled))),
  ),
).pipe(Command.withDescription("Bring the database's schema up to date, and stop"));

const root = Command.make("dewey").pipe(
  Command.withDescription("The librarian of AI agents: keeps conversations and finds them again"),
  Command.withSubcommands([start, stdio, migrateOnly, deadLetters]),
);

launch(Command.run(root, { version }).pipe(Effect.provide(commandLineLayer)));
