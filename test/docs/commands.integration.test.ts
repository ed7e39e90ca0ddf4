// What the pages tell a person to run is run, against a real Dewey; what cannot be run here is named with its reason.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { Effect, Option, Result, Schema } from "effect";
import { readSettings } from "../../src/Config.ts";
import { type Program, runCommand, runDewey, temporaryFolder } from "../cli/program.ts";
import { isInstalled } from "../clients/installation.ts";
import { runTrial } from "../clients/runTrial.ts";
import { trials as clientTrials } from "../clients/trials.ts";
import { openSocket, run } from "../http/sockets.ts";
import { testCluster } from "../support/testCluster.ts";
import { blocks, commands } from "./pages.ts";

const root = join(import.meta.dir, "..", "..");

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let dewey: Program;
let address: string;
/** Where the first Dewey's proxy is; behind it is the server of the README. */
let proxyAddress: string;
/** Asks for the token that the pages write. */
let guarded: Program;
let guardedAddress: string;

const token = "YOUR-TOKEN";

beforeAll(async () => {
  folder = await temporaryFolder();
  const upstreams = join(folder.path, "dewey.json");
  const reference = join(root, "test", "fixtures", "referenceServer.ts");
  await Bun.write(
    upstreams,
    JSON.stringify({
      mcpServers: {
        files: { command: process.execPath, args: [reference, "--transport", "stdio"] },
      },
    }),
  );
  dewey = runDewey(["start"], { ...(await ownDatabase()), DEWEY_UPSTREAMS: upstreams });
  guarded = runDewey(["start"], {
    ...(await ownDatabase()),
    DEWEY_AUTH_TOKENS: `docs:${token}`,
  });
  address = await dewey.serving();
  proxyAddress = (await dewey.out.find(/ws:\/\/(\S+)\/mcp\/NAME/))[1] ?? "";
  guardedAddress = await guarded.serving();
});

afterAll(async () => {
  await guarded[Symbol.asyncDispose]();
  await dewey[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const ownDatabase = async () => {
  const cluster = await testCluster();
  const name = await cluster.createDatabase();
  return {
    DEWEY_DB_HOST: cluster.host,
    DEWEY_DB_PORT: String(cluster.port),
    DEWEY_DB_NAME: name,
    DEWEY_DB_USER: cluster.user,
    DEWEY_DB_PASSWORD: cluster.password ?? "unused",
  };
};

const asksForToken = (text: string): boolean => /YOUR-TOKEN|DEWEY_TOKEN/.test(text);

/** What shows a token is for the Dewey that asks for one, all else for the other. */
const here = (text: string): string =>
  text
    .replaceAll("127.0.0.1:9020", asksForToken(text) ? guardedAddress : address)
    .replaceAll("127.0.0.1:9000", proxyAddress);

const lists = async (transport: Transport) => {
  const client = new Client({ name: "docs", version: "1.0.0" });
  await client.connect(transport);
  const { tools } = await client.listTools();
  await client.close();
  expect(tools.length).toBeGreaterThan(0);
};

const SocketEntry = Schema.Struct({
  type: Schema.Literal("ws"),
  url: Schema.String,
  headers: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
});
const decodeSocketEntry = Schema.decodeUnknownSync(Schema.fromJsonString(SocketEntry));

/** Calls a method over a WebSocket that is opened with the headers. */
const answersOver = ({ url, headers = {} }: typeof SocketEntry.Type) =>
  run(
    Effect.gen(function* () {
      const socket = yield* openSocket(url, { protocols: ["mcp"], headers });
      yield* socket.send('{"jsonrpc":"2.0","id":1,"method":"list_context","params":{}}');
      expect(yield* socket.next).toContain('"entries":[]');
    }),
  );

const initialize = JSON.stringify({
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: {
    protocolVersion: "2025-11-25",
    capabilities: {},
    clientInfo: { name: "docs", version: "1.0.0" },
  },
});

/** Opens a session with the server behind the proxy. */
const reachesThrough = ({ url }: typeof SocketEntry.Type) =>
  run(
    Effect.gen(function* () {
      const socket = yield* openSocket(url, { protocols: ["mcp"] });
      yield* socket.send(initialize);
      expect(yield* socket.next).toContain('"protocolVersion":"2025-11-25"');
    }),
  );

/** Runs the line with the real client, which then has to say that it is connected. */
const connects = async (line: string) => {
  const trial = clientTrials.find(({ client }) => line.startsWith(`${client} `));
  if (trial === undefined) throw new Error("No client of this name is installed.");
  const target = {
    address: asksForToken(line) ? guardedAddress : address,
    dataFolder: join(folder.path, "data"),
    token: asksForToken(line) ? token : undefined,
  };
  const { connected, output } = await runTrial(trial, target, ["sh", "-c", here(line)]);
  expect({ connected, output }).toEqual({ connected: true, output });
};

const hasClients = await isInstalled();

const serves = async (command: string, environment: Readonly<Record<string, string>>) => {
  await using program = runCommand(["sh", "-c", `exec ${command}`], {
    DEWEY_MCP_PORT: "0",
    DEWEY_PROXY_PORT: "0",
    DEWEY_DATA_DIR: join(folder.path, "data"),
    ...environment,
  });
  await program.serving();
  program.kill("SIGTERM");
  expect(await program.exited).toBe(0);
};

/** How a command is tried, by what it looks like. */
const trials: ReadonlyArray<readonly [RegExp, (command: string, page: string) => Promise<void>]> = [
  [
    /^npx -y bun@1\.4\.4 run start$/,
    (command) => serves(command.replace("npx -y bun@1.4.4", process.execPath), {}),
  ],
  [
    /^DEWEY_DATABASE_URL=\S+ bun run start$/,
    async (command) =>
      serves(
        `${process.execPath} ${command.slice(command.indexOf("run start"))}`,
        await ownDatabase(),
      ),
  ],
  [
    /^claude mcp add-json files '/,
    (command) => reachesThrough(decodeSocketEntry(here(/'(.*)'/.exec(command)?.[1] ?? ""))),
  ],
  [
    /^bun run dewey /,
    async (command) => {
      const words = command.split(" ").slice(2);
      await using program = runCommand([process.execPath, "src/main.ts", ...words.slice(1)], {
        DEWEY_DATA_DIR: join(folder.path, "data"),
      });
      expect(await program.exited).toBe(0);
    },
  ],
  [
    /^claude mcp add-json dewey '/,
    async (command) => {
      await answersOver(decodeSocketEntry(here(/'(.*)'/.exec(command)?.[1] ?? "")));
      if (hasClients) await connects(command);
    },
  ],
  [/^(claude|codex|gemini) mcp add /, connects],
  [
    /^npx -y @modelcontextprotocol\/inspector@\S+ --cli /,
    async (command) => {
      const inspector = join(root, "node_modules", ".bin", "mcp-inspector");
      const args = Array.from(
        here(command).matchAll(/"([^"]*)"|(\S+)/g),
        ([, quoted, plain]) => quoted ?? plain ?? "",
      ).slice(3);
      await using program = runCommand([process.execPath, inspector, ...args], {
        HOME: folder.path,
      });
      expect(await program.exited).toBe(0);
      expect(program.out.text).toContain("dewey_search");
    },
  ],
  [
    /^export DEWEY_[A-Z_]+=\S+$/,
    // Some settings stand only together: all that the page sets are read at once.
    async (_command, page) => {
      const settings = (await commands())
        .filter((other) => other.page === page)
        .map(({ command }) => /^export (DEWEY_[A-Z_]+)=(.*)$/.exec(command))
        .map((match): readonly [string, string] => [match?.[1] ?? "", match?.[2] ?? ""])
        .filter(([name]) => name !== "");
      const read = readSettings(Object.fromEntries(settings), false);
      expect(Result.isFailure(read) ? read.failure.mistakes : []).toEqual([]);
    },
  ],
];

/** Why a command is not run here. */
const notHere: ReadonlyArray<readonly [RegExp, string]> = [
  [/^npx -y bun@1\.4\.4 run test$/, "this is that run"],
  ...(hasClients
    ? []
    : [
        [
          /^(claude|codex|gemini) mcp add /,
          "`bun run clients` installs the client; without it the tests of the doors have to do",
        ] as const,
      ]),
  [/^docker /, "test/container tries the image where there is an engine"],
];

const all = await commands();

describe("every command", () => {
  for (const { page, command } of all) {
    const reason = notHere.find(([pattern]) => pattern.test(command))?.[1];
    if (reason !== undefined) {
      test.skip(`${page}: ${command} [skipped: ${reason}]`, () => undefined);
      continue;
    }
    test(`${page}: ${command}`, async () => {
      const trial = trials.find(([pattern]) => pattern.test(command))?.[1];
      if (trial === undefined)
        throw new Error("Nobody has said how this command is tried: add it to the trials.");
      await trial(command, page);
    }, 60_000);
  }
});

const programs = (await blocks()).filter(({ language }) => language === "ts");

describe("every program", () => {
  for (const [index, { page, text }] of programs.entries()) {
    test(`${page}, number ${index + 1}`, async () => {
      // Inside the project, where its packages and its own name resolve.
      const own = await mkdtemp(join(root, "node_modules", ".docs-"));
      try {
        const file = join(own, "program.ts");
        const ends = text.includes("client.connect") ? "\nawait client.close();\n" : "";
        await writeFile(file, here(text) + ends);
        await using program = runCommand([process.execPath, file], {});
        expect({ code: await program.exited, err: program.err.text }).toEqual({ code: 0, err: "" });
      } finally {
        await rm(own, { recursive: true });
      }
    }, 30_000);
  }
});

const Entry = Schema.Union([
  Schema.Struct({
    url: Schema.String,
    headers: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
  }),
  Schema.Struct({ command: Schema.String, args: Schema.Array(Schema.String) }),
  Schema.Struct({ command: Schema.NonEmptyArray(Schema.String) }),
]);
const Servers = Schema.Struct({ dewey: Entry });
const Configuration = Schema.Union([
  Schema.Struct({ mcp: Servers }),
  Schema.Struct({ servers: Servers }),
  Schema.Struct({ mcpServers: Servers }),
]);
const readConfiguration = Schema.decodeUnknownOption(Schema.fromJsonString(Configuration));

const transportOf = (entry: typeof Entry.Type): Transport => {
  if ("url" in entry) {
    const { url, headers = {} } = entry;
    return new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } });
  }
  const [command, ...args] = "args" in entry ? [entry.command, ...entry.args] : entry.command;
  return new StdioClientTransport({
    command: command === "bun" ? process.execPath : command,
    args: args.map((argument) => argument.replace("/home/you/dewey", root)),
    env: { PATH: process.env["PATH"] ?? "", DEWEY_DATA_DIR: join(folder.path, "data") },
  });
};

const configurations = (await blocks()).filter(
  ({ language, text }) => language === "json" && Option.isSome(readConfiguration(text)),
);

describe("every configuration of a client", () => {
  test("is found", () => {
    expect(configurations.length).toBeGreaterThan(9);
  });
  for (const [index, { page, text }] of configurations.entries()) {
    test(`${page}, number ${index + 1}`, async () => {
      const read = Option.getOrThrow(readConfiguration(here(text)));
      for (const servers of Object.values(read)) await lists(transportOf(servers.dewey));
    }, 30_000);
  }
});

test("every example of JSON is JSON", async () => {
  for (const { language, text } of await blocks()) {
    if (language === "json") expect(() => void JSON.parse(text)).not.toThrow();
  }
});
