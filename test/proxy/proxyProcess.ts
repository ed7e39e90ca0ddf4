// Dewey as a program between a client and a reference server: its proxy's addresses, and the way through `dewey stdio`.
import { join } from "node:path";
import { Redacted } from "effect";
import { temporaryFolder } from "../cli/program.ts";
import type { TestDatabase } from "../support/tools.ts";

const main = join(import.meta.dir, "../../src/main.ts");

/** An entry of the upstreams file. */
export type UpstreamEntry =
  | {
      readonly type: "http" | "ws" | "sse";
      readonly url: string;
      readonly headers?: Readonly<Record<string, string>>;
      readonly onRestart?: "close";
    }
  | {
      readonly command: string;
      readonly args: ReadonlyArray<string>;
      readonly onRestart?: "close";
    };

/** A running proxy. */
export interface ProxyProcess extends AsyncDisposable {
  readonly http: (upstream: string) => string;
  readonly ws: (upstream: string) => string;
  /** What runs `dewey stdio` for an upstream, and the environment that it needs. */
  readonly stdio: (upstream: string) => {
    readonly command: ReadonlyArray<string>;
    readonly environment: Readonly<Record<string, string>>;
  };
}

/** Starts Dewey with these upstreams on ports of its own. */
export const startProxy = async (
  { address }: TestDatabase,
  upstreams: Readonly<Record<string, UpstreamEntry>>,
): Promise<ProxyProcess> => {
  const folder = await temporaryFolder();
  const file = join(folder.path, "upstreams.json");
  await Bun.write(file, JSON.stringify({ mcpServers: upstreams }));
  const { host = "", port = 5432, database, username = "", password } = address;
  const { HOME = "", PATH = "", TMPDIR = "/tmp" } = process.env;
  const environment = {
    PATH,
    HOME,
    TMPDIR,
    DEWEY_MCP_PORT: "0",
    DEWEY_PROXY_PORT: "0",
    DEWEY_UPSTREAMS: file,
    DEWEY_DATA_DIR: join(folder.path, "data"),
    DEWEY_LOG_LEVEL: "WARN",
    DEWEY_DB_HOST: host,
    DEWEY_DB_PORT: String(port),
    DEWEY_DB_NAME: database,
    DEWEY_DB_USER: username,
    DEWEY_DB_SSL: "disable",
    ...(password === undefined ? {} : { DEWEY_DB_PASSWORD: Redacted.value(password) }),
  };
  const child = Bun.spawn([process.execPath, main, "start"], {
    cwd: folder.path,
    env: environment,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  const decoder = new TextDecoder();
  let said = "";
  for await (const chunk of child.stdout) {
    said += decoder.decode(chunk, { stream: true });
    const [, proxy] = /Proxy +ws:\/\/([^/\s]+)\/mcp\/NAME/.exec(said) ?? [];
    if (proxy === undefined) continue;
    return {
      http: (upstream) => `http://${proxy}/mcp/${upstream}`,
      ws: (upstream) => `ws://${proxy}/mcp/${upstream}`,
      stdio: (upstream) => ({
        command: [process.execPath, main, "stdio", upstream],
        environment,
      }),
      [Symbol.asyncDispose]: async () => {
        child.kill("SIGTERM");
        await child.exited;
        await folder[Symbol.asyncDispose]();
      },
    };
  }
  throw new Error(`Dewey ended with ${await child.exited} before it served: ${said}`);
};
