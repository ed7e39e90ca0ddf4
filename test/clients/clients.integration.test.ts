// The real clients, where they are installed, each over each of its transports, against a live Dewey.
import { afterAll, beforeAll, expect } from "bun:test";
import { skipUnless } from "../support/it.ts";
import { clients, isInstalled } from "./installation.ts";
import { runTrial } from "./runTrial.ts";
import { entrances, startServers } from "./servers.ts";
import { trials } from "./trials.ts";

const installed = await isInstalled();
const tried = skipUnless(installed, "`bun run clients` installs the clients and runs this");

let servers: Awaited<ReturnType<typeof startServers>>;

beforeAll(async () => {
  if (installed) servers = await startServers();
});

afterAll(async () => {
  if (installed) await servers[Symbol.asyncDispose]();
});

for (const trial of trials) {
  for (const entrance of entrances) {
    // Nobody asks for a token over stdio.
    if (trial.transport === "stdio" && entrance !== "without tokens") continue;
    const lets = entrance !== "with a wrong token";
    const { title } = clients[trial.client];
    tried(
      `${title} ${lets ? "connects" : "does not connect"} over ${trial.transport} ${entrance}`,
      async () => {
        const { connected, output } = await runTrial(trial, servers.targets[entrance]);
        expect({ connected, output }).toEqual({ connected: lets, output });
      },
      90_000,
    );
  }
}
