// How each client is made to connect to Dewey, and how it says that it did.
import { join } from "node:path";
import type { ClientName } from "./installation.ts";

/** A transport between a client and Dewey. */
export type TransportName = "ws" | "http" | "stdio";

/** Where Dewey is, for a client that is told so. */
export interface Target {
  /** `127.0.0.1:9020` and the like. */
  readonly address: string;
  readonly token?: string | undefined;
  /** Where a Dewey that the client starts keeps its data. */
  readonly dataFolder: string;
}

/** What starts a Dewey of the client's own. */
const starts = ["--cwd", join(import.meta.dir, "..", ".."), "src/main.ts", "stdio"];

/** One client over one transport. */
export interface Trial {
  readonly client: ClientName;
  readonly transport: TransportName;
  /** A file that the client reads in its folder. */
  readonly file?: (target: Target) => { readonly name: string; readonly content: unknown };
  /** What is run first. */
  readonly setUp?: (target: Target) => ReadonlyArray<string>;
  /** What connects, with what it reads, if anything. */
  readonly ask: ReadonlyArray<string>;
  readonly input?: ReadonlyArray<unknown>;
  /** Its output when it has connected. */
  readonly connected: RegExp;
  /** Its output when it has come to any end, where it does not end by itself. */
  readonly answered?: RegExp;
}

/** The variable from which Codex takes a token. */
export const tokenVariable = "DEWEY_TOKEN";

const bearer = (token: string) => `Authorization: Bearer ${token}`;

const headers = ({ token }: Target) =>
  token === undefined ? {} : { headers: { Authorization: `Bearer ${token}` } };

const headerArguments = (flag: string, { token }: Target) =>
  token === undefined ? [] : [flag, bearer(token)];

const url = ({ address }: Target) => `http://${address}/mcp`;

const claude = {
  client: "claude",
  ask: ["claude", "mcp", "list"],
  connected: /^dewey: .*✔ Connected$/m,
} as const;

const codex = {
  client: "codex",
  ask: ["codex", "app-server"],
  input: [
    { id: 1, method: "initialize", params: { clientInfo: { name: "dewey", version: "1.0.0" } } },
    { method: "initialized" },
    { id: 2, method: "mcpServerStatus/list", params: {} },
  ],
  connected: /^\{"id":2,.*"name":"dewey_search"/m,
  answered: /^\{"id":2,.*\}$/m,
} as const;

const gemini = {
  client: "gemini",
  ask: ["gemini", "mcp", "list"],
  connected: /^✓ dewey: .* - Connected$/m,
} as const;

const opencode = {
  client: "opencode",
  ask: ["opencode", "mcp", "list"],
  connected: /✓ dewey connected/,
} as const;

/** Everything that is tried. */
export const trials: ReadonlyArray<Trial> = [
  {
    ...claude,
    transport: "ws",
    setUp: (target) => {
      const entry = { type: "ws", url: `ws://${target.address}/mcp`, ...headers(target) };
      return ["claude", "mcp", "add-json", "dewey", JSON.stringify(entry)];
    },
  },
  {
    ...claude,
    transport: "http",
    setUp: (target) => [
      ...["claude", "mcp", "add", "--transport", "http", "dewey", url(target)],
      ...headerArguments("-H", target),
    ],
  },
  {
    ...claude,
    transport: "stdio",
    setUp: () => ["claude", "mcp", "add", "dewey", "--", "bun", ...starts],
  },
  {
    ...codex,
    transport: "http",
    setUp: (target) => [
      ...["codex", "mcp", "add", "dewey", "--url", url(target)],
      ...(target.token === undefined ? [] : ["--bearer-token-env-var", tokenVariable]),
    ],
  },
  {
    ...codex,
    transport: "stdio",
    setUp: () => ["codex", "mcp", "add", "dewey", "--", "bun", ...starts],
  },
  {
    ...gemini,
    transport: "http",
    setUp: (target) => [
      ...["gemini", "mcp", "add", "--scope", "user", "--transport", "http"],
      ...["dewey", url(target), ...headerArguments("-H", target)],
    ],
  },
  {
    ...gemini,
    transport: "stdio",
    setUp: () => ["gemini", "mcp", "add", "--scope", "user", "dewey", "bun", "--", ...starts],
  },
  {
    ...opencode,
    transport: "http",
    file: (target) => ({
      name: "opencode.json",
      content: { mcp: { dewey: { type: "remote", url: url(target), ...headers(target) } } },
    }),
  },
  {
    ...opencode,
    transport: "stdio",
    file: () => ({
      name: "opencode.json",
      content: { mcp: { dewey: { type: "local", command: ["bun", ...starts] } } },
    }),
  },
];
