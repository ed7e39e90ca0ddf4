// The program with tokens, as its users run it: spaces apart, names in the history, rotation, and the token that it makes.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmod, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Schema } from "effect";
import { makeAuthority } from "../support/certificates.ts";
import { replaceFile } from "../support/replaceFile.ts";
import { testCluster } from "../support/testCluster.ts";
import { connect } from "./caller.ts";
import { runDewey, temporaryFolder } from "./program.ts";

let environment: Record<string, string>;
let drop: () => Promise<void>;

beforeAll(async () => {
  const cluster = await testCluster();
  const name = await cluster.createDatabase();
  drop = () => cluster.dropDatabase(name);
  environment = {
    DEWEY_DB_HOST: cluster.host,
    DEWEY_DB_PORT: String(cluster.port),
    DEWEY_DB_NAME: name,
    DEWEY_DB_USER: cluster.user,
    DEWEY_DB_SSL: "disable",
    ...(cluster.password === undefined ? {} : { DEWEY_DB_PASSWORD: cluster.password }),
  };
}, 60_000);
afterAll(() => drop());

const alice = "alice-0123456789abcdef0123456789abcdef";
const alicesNext = "alice-fedcba9876543210fedcba9876543210";
const bob = "bob-0123456789abcdef0123456789abcdef";
const reader = "reader-0123456789abcdef0123456789abcdef";

const tokens = [
  `alice:${alice}:read+write+delete:team-a`,
  `alice:${alicesNext}:read+write+delete:team-a`,
  `bob:${bob}:read+write+delete:team-b`,
  `reader:${reader}:read:team-a`,
].join("\n");

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

const History = Schema.Struct({
  entries: Schema.Array(Schema.Struct({ version: Schema.Int, changed_by: Schema.String })),
});
const decodeBegun = Schema.decodeUnknownSync(Schema.Struct({ conversation_id: Schema.String }));
const decodeHistory = Schema.decodeUnknownSync(History);

describe("two tokens of two spaces", () => {
  test("see nothing of each other, over every door", async () => {
    await using program = runDewey(["start"], {
      ...environment,
      DEWEY_AUTH_TOKENS: tokens,
      DEWEY_LOG_LEVEL: "trace",
    });
    const at = await program.serving();
    using ours = await connect(at, bearer(alice));
    using theirs = await connect(at, bearer(bob));
    const { conversation_id } = decodeBegun(
      await ours.call("dewey_begin_conversation", { session_id: "s" }),
    );
    await ours.call("dewey_store_message", { conversation_id, role: "user", content: "zebra" });
    await ours.call("write_context", { key: "plan", content: "ours" });

    expect(await theirs.call("dewey_get_conversation", { conversation_id })).toBe("NOT_FOUND");
    const message = { conversation_id, role: "user", content: "mine?" };
    expect(await theirs.call("dewey_store_message", message)).toBe("NOT_FOUND");
    expect(await theirs.call("dewey_search", { query: "zebra" })).toMatchObject({ total: 0 });
    expect(await theirs.call("dewey_list_conversations", {})).toMatchObject({ total: 0 });
    expect(await theirs.call("read_context", { key: "plan" })).toBe("NOT_FOUND");
    expect(await theirs.call("write_context", { key: "plan", content: "theirs" })).toMatchObject({
      version: 1,
    });
    expect(await ours.call("read_context", { key: "plan" })).toMatchObject({ content: "ours" });
    expect(await ours.call("dewey_search", { query: "zebra" })).toMatchObject({ total: 1 });

    // The same over HTTP, and over the other door.
    const ask = async (token: string) => {
      const response = await fetch(`http://${at}/rpc`, {
        method: "POST",
        headers: { "content-type": "application/json", ...bearer(token) },
        body: JSON.stringify({
          _tag: "Request",
          id: 1,
          tag: "dewey_get_conversation",
          payload: { conversation_id },
          headers: [],
        }),
      });
      return await response.text();
    };
    expect(await ask(alice)).toContain("zebra");
    expect(await ask(bob)).toContain("NOT_FOUND");
    expect(await ask("nobody")).toContain("UNAUTHENTICATED");

    // A token that may only read.
    using readers = await connect(at, bearer(reader));
    expect(await readers.call("read_context", { key: "plan" })).toMatchObject({ content: "ours" });
    expect(await readers.call("write_context", { key: "plan", content: "x" })).toBe("FORBIDDEN");
    expect(await readers.call("delete_context", { key: "plan" })).toBe("FORBIDDEN");

    // The history has the name, whichever of its tokens was used.
    using rotated = await connect(at, bearer(alicesNext));
    await rotated.call("write_context", { key: "plan", content: "ours again" });
    const history = decodeHistory(await ours.call("context_history", { key: "plan" }));
    expect(history.entries.map(({ changed_by }) => changed_by)).toEqual(["alice", "alice"]);

    expect(await (await fetch(`http://${at}/health`)).json()).toEqual({ status: "ok" });
    expect(program.out.text).toContain('"headers":{"Authorization":"Bearer YOUR-TOKEN"}');
    program.kill("SIGTERM");
    expect(await program.exited).toBe(0);
    for (const token of [alice, alicesNext, bob, reader]) {
      expect(program.out.text + program.err.text).not.toContain(token);
    }
  }, 60_000);
});

describe("the bound of connections for each token", () => {
  test("holds for the sessions that the proxy keeps too", async () => {
    await using program = runDewey(["start"], {
      ...environment,
      DEWEY_AUTH_TOKENS: `agent:${alice}:read+proxy`,
      DEWEY_MAX_CONNECTIONS_PER_TOKEN: "2",
      DEWEY_PROXY_PORT: "0",
    });
    const [, at = ""] = await program.out.find(/http:\/\/(\S+)\/mcp\/NAME/);
    const post = async (message: object, headers: Readonly<Record<string, string>> = {}) => {
      const response = await fetch(`http://${at}/mcp/dewey`, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          accept: "application/json, text/event-stream",
          ...bearer(alice),
          ...headers,
        },
        body: JSON.stringify({ jsonrpc: "2.0", id: 1, ...message }),
      });
      await response.text();
      return response;
    };
    const open = async () => {
      const params = {
        protocolVersion: "2025-11-25",
        capabilities: {},
        clientInfo: { name: "tester", version: "1" },
      };
      const { headers } = await post({ method: "initialize", params });
      return { "mcp-session-id": headers.get("mcp-session-id") ?? "" };
    };
    const sessions = [await open(), await open(), await open()];
    const statuses: Array<number> = [];
    for (const session of sessions) {
      statuses.push((await post({ method: "ping" }, session)).status);
    }
    expect(statuses).toEqual([404, 200, 200]);
    program.kill("SIGTERM");
    expect(await program.exited).toBe(0);
  }, 60_000);
});

describe("a file of tokens", () => {
  test("is read again while Dewey serves, and a broken one changes nothing", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "tokens");
    await writeFile(path, `alice:${alice}\n`);
    await using program = runDewey(["start"], { ...environment, DEWEY_AUTH_TOKENS_FILE: path });
    const at = await program.serving();
    const status = async (token: string) =>
      (await fetch(`http://${at}/health`, { headers: bearer(token) })).status;
    expect([await status(alice), await status(bob)]).toEqual([200, 401]);
    using caller = await connect(at, bearer(alice));

    await writeFile(path, `alice:${bob}:fly\n`);
    await program.err.find(/Entry 1 has a scope that there is not.*stay valid/);
    expect(await status(alice)).toBe(200);
    expect(await caller.call("dewey_list_conversations", {})).toMatchObject({ conversations: [] });

    await replaceFile(path, `bob:${bob}\n`);
    expect(await caller.closed).toBe(1008);
    expect([await status(alice), await status(bob)]).toEqual([401, 200]);
    expect(program.err.text).not.toContain(bob);
  }, 60_000);
});

describe("beyond loopback", () => {
  test("nothing is served without tokens, and the sentence says what to set", async () => {
    await using program = runDewey(["start"], { ...environment, DEWEY_MCP_HOST: "0.0.0.0" });
    expect(await program.exited).toBe(1);
    expect(program.err.text).toMatch(/there is no authentication: set DEWEY_AUTH_TOKENS/);
  }, 30_000);

  test("with DEWEY_AUTH=generate a token is made at the first start, printed once, and kept", async () => {
    await using folder = await temporaryFolder();
    await chmod(folder.path, 0o755);
    const settings = {
      ...environment,
      DEWEY_AUTH: "generate",
      DEWEY_DATA_DIR: folder.path,
      DEWEY_MCP_HOST: "0.0.0.0",
    };
    const path = join(folder.path, "access-tokens");
    await using first = runDewey(["start"], settings);
    const at = await first.serving();
    const [, token = ""] = await first.out.find(/^ {2}([\w-]{43})$/);
    expect(first.out.text).toContain(`It is kept in ${path}.`);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readFile(path, "utf8")).toContain(`owner:${token}:`);
    expect(first.err.text).not.toContain(token);

    // Another process on the folder, and the next start, take the same and print nothing.
    await using second = runDewey(["start"], settings);
    const other = await second.serving();
    expect(second.out.text + second.err.text).not.toContain(token);
    for (const address of [at, other]) {
      expect((await fetch(`http://${address}/mcp`, { method: "POST" })).status).toBe(401);
      using caller = await connect(address, bearer(token));
      expect(await caller.call("dewey_list_conversations", {})).toMatchObject({ total: 0 });
    }
  }, 60_000);
});

test("with a certificate every door is served over TLS, and a newer one is taken", async () => {
  await using folder = await temporaryFolder();
  const [one, two] = [makeAuthority("one"), makeAuthority("two")];
  const at = (name: string) => join(folder.path, name);
  const install = async (authority: typeof one) => {
    const { certificate, key } = authority.issue(["127.0.0.1"]);
    await writeFile(at("key.pem"), key);
    await writeFile(at("cert.pem"), certificate);
  };
  await install(one);
  await using program = runDewey(["start"], {
    ...environment,
    DEWEY_TLS_CERT: at("cert.pem"),
    DEWEY_TLS_KEY: at("key.pem"),
  });
  const [, address = ""] = await program.out.find(/MCP +wss:\/\/(\S+)\/mcp +https:/);
  const get = (authority: typeof one) =>
    fetch(`https://${address}/health/live`, {
      tls: { ca: authority.certificate },
      keepalive: false,
    }).then(
      ({ status }) => status,
      () => "refused",
    );
  expect([await get(one), await get(two)]).toEqual([200, "refused"]);
  await writeFile(at("cert.pem"), "half a certificate");
  await program.err.find(/DEWEY_TLS_CERT is wrong now/);
  expect(await get(one)).toBe(200);
  await install(two);
  await program.err.find(/Serving with a new certificate/);
  expect([await get(one), await get(two)]).toEqual(["refused", 200]);
  program.kill("SIGTERM");
  expect(await program.exited).toBe(0);
}, 60_000);
