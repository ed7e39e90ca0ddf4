// `dewey stdio NAME` as clients start it: a program between their pipes and the server's.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { Redacted } from "effect";
import { temporaryFolder } from "../cli/program.ts";
import { linesOf } from "../support/lines.ts";
import { openDatabase, type TestDatabase } from "../support/tools.ts";
import { Inbox } from "./Inbox.ts";
import { messageOf, pidIn } from "./message.ts";
import { startUpstream } from "./socketEnds.ts";

const main = join(import.meta.dir, "../../src/main.ts");
const program = join(import.meta.dir, "stagedProgram.ts");

let db: TestDatabase;
let home: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  db = await openDatabase();
  home = await temporaryFolder();
}, 60_000);

afterAll(async () => {
  await db.drop();
  await home[Symbol.asyncDispose]();
}, 60_000);

const databaseOf = ({ address }: TestDatabase): Record<string, string> => {
  const { host = "", port = 5432, database, username = "", password } = address;
  return {
    DEWEY_DB_HOST: host,
    DEWEY_DB_PORT: String(port),
    DEWEY_DB_NAME: database,
    DEWEY_DB_USER: username,
    DEWEY_DB_SSL: "disable",
    ...(password === undefined ? {} : { DEWEY_DB_PASSWORD: Redacted.value(password) }),
  };
};

const surroundings = (): Record<string, string> => {
  const { PATH = "", TMPDIR = "/tmp" } = process.env;
  return { PATH, TMPDIR, HOME: home.path, DEWEY_DATA_DIR: join(home.path, "data") };
};

/** Starts it in a folder of its own with these upstreams. */
const start = async (
  name: string,
  servers: Readonly<Record<string, unknown>>,
  more: Readonly<Record<string, string>> = {},
  before: ReadonlyArray<string> = [],
  database: Readonly<Record<string, string>> = databaseOf(db),
) => {
  const folder = join(home.path, crypto.randomUUID());
  await mkdir(folder);
  await Bun.write(join(folder, "dewey.json"), JSON.stringify({ mcpServers: servers }));
  const child = Bun.spawn([...before, process.execPath, main, "stdio", name], {
    cwd: folder,
    env: { ...surroundings(), ...database, ...more },
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
  });
  const lines = new Inbox<string>();
  const read = (async () => {
    for await (const line of linesOf(child.stdout)) lines.put(line);
    lines.end("Its output has ended.");
  })();
  const stderr = new Response(child.stderr).text();
  const write = async (text: string | Uint8Array) => {
    await child.stdin.write(text);
    await child.stdin.flush();
  };
  return {
    child,
    folder,
    lines,
    read,
    stderr,
    write,
    say: (message: object) => write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`),
    message: async () => messageOf(await lines.next()),
    end: async () => {
      await child.stdin.end();
      return await child.exited;
    },
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
};

const kid = { kid: { command: process.execPath, args: [program] } };

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe("dewey stdio with an upstream", () => {
  test("runs it in the client's folder and environment, and ends it with its client", async () => {
    await using dewey = await start("kid", kid, { MARK: "of the client" });
    await dewey.say({ id: 1, method: "who" });
    const answer = await dewey.message();
    const pid = pidIn(answer);
    expect(answer.result).toEqual({ pid, folder: dewey.folder, mark: "of the client" });
    expect(await dewey.end()).toBe(0);
    expect(isAlive(pid)).toBe(false);
  });

  test("ends the program's input with its own, and hands on what it says to that", async () => {
    await using dewey = await start("kid", kid);
    // All of it before there is a program that could read it.
    await dewey.say({ id: 1, method: "who" });
    await dewey.say({ id: 2, method: "silence" });
    const started = performance.now();
    expect(await dewey.end()).toBe(0);
    await dewey.read;
    expect(dewey.lines.rest.map((line) => messageOf(line))).toMatchObject([
      { id: 1, result: {} },
      { method: "notifications/farewell" },
      { id: 2, error: { code: -32_000 } },
    ]);
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  test("waits no longer than for a shutdown for a server that never answers", async () => {
    await using upstream = await startUpstream();
    await using dewey = await start(
      "one",
      { one: { type: "ws", url: upstream.url } },
      { DEWEY_SHUTDOWN_TIMEOUT: "500ms" },
    );
    const server = await upstream.connections.next();
    await dewey.say({ id: 1, method: "silence" });
    await server.message();
    expect(await dewey.end()).toBe(0);
    expect(await server.closed).toBe(1000);
  });

  test("passes every line as the bytes that came", async () => {
    await using echo = await startUpstream((frame, connection) => connection.send(frame));
    await using dewey = await start("echo", { echo: { type: "ws", url: echo.url } });
    const lines = [
      '{ "jsonrpc" : "2.0","id":1.0,"big":12345678901234567890,"text":"\\u0041 ü 😀 \u2028" }',
      "not JSON at all",
      JSON.stringify({ jsonrpc: "2.0", method: "large", params: "ü".repeat(500_000) }),
    ];
    for (const line of lines) await dewey.write(`${line}\n`);
    for (const line of lines) expect(await dewey.lines.next()).toBe(line);
    expect(await dewey.end()).toBe(0);
  });

  test("answers what is in flight when its input ends", async () => {
    await using upstream = await startUpstream();
    await using dewey = await start("one", { one: { type: "ws", url: upstream.url } });
    const server = await upstream.connections.next();
    await dewey.say({ id: 1, method: "slow" });
    await server.message();
    await dewey.child.stdin.end();
    await Bun.sleep(100);
    server.send('{"jsonrpc":"2.0","id":1,"result":{}}');
    expect(await dewey.message()).toEqual({ jsonrpc: "2.0", id: 1, result: {} });
    expect(await dewey.child.exited).toBe(0);
    await server.closed;
  });

  test("answers what is in flight when it is told to stop", async () => {
    await using upstream = await startUpstream();
    await using dewey = await start("one", { one: { type: "ws", url: upstream.url } });
    const server = await upstream.connections.next();
    await dewey.say({ id: 1, method: "slow" });
    await server.message();
    dewey.child.kill("SIGTERM");
    const late = (async () => {
      const answer = dewey.message();
      for (let id = 2; ; id++) {
        await dewey.say({ id, method: "late" });
        const first = await Promise.race([answer, server.message()]);
        if ("error" in first) return first;
      }
    })();
    expect(await late).toMatchObject({ error: { code: -32_000, data: { retryable: true } } });
    server.send('{"jsonrpc":"2.0","id":1,"result":{}}');
    for (let id = 2; id < 100; id++) server.send(`{"jsonrpc":"2.0","id":${id},"result":{}}`);
    expect(await dewey.message()).toMatchObject({ result: {} });
    expect(await dewey.child.exited).toBe(0);
  });

  test("ends when its client reads no more", async () => {
    await using upstream = await startUpstream();
    // Whoever is at the other end of its output leaves after the first line.
    const oneLine = ["/bin/sh", "-c", '"$@" | head -n 1', "sh"];
    const servers = { one: { type: "ws", url: upstream.url } };
    await using dewey = await start("one", servers, {}, oneLine);
    const server = await upstream.connections.next();
    const talk = setInterval(() => server.send('{"jsonrpc":"2.0","method":"told"}'), 10);
    expect(await dewey.message()).toMatchObject({ method: "told" });
    // Its input stays open: it has noticed by what it could not say.
    await server.closed;
    clearInterval(talk);
    expect(await dewey.child.exited).toBe(0);
  });

  test("says what is wrong on the error output alone", async () => {
    await using dewey = await start("nobody", kid);
    expect(await dewey.child.exited).toBe(1);
    await dewey.read;
    expect(dewey.lines.rest).toEqual([]);
    expect(await dewey.stderr).toContain(
      'Dewey stops: There is no upstream "nobody". Name one of: dewey, kid.',
    );
  });

  test("records what passes", async () => {
    await using dewey = await start("kid", kid);
    await dewey.say({ id: 1, method: "tools/call", params: { name: "stdio-marker" } });
    await dewey.message();
    const recorded = () =>
      db.rows(
        `SELECT direction FROM frames WHERE conversation_id = (
           SELECT conversation_id FROM frames
           WHERE position(convert_to('stdio-marker', 'UTF8') IN payload) > 0)
         ORDER BY sequence`,
      );
    while ((await recorded()).length < 2) await Bun.sleep(20);
    expect((await recorded()).map(({ direction }) => direction)).toEqual([
      "to_upstream",
      "to_client",
    ]);
    expect(await dewey.end()).toBe(0);
  });

  test("waits for no database: what it could not record is recorded by another process", async () => {
    await using dewey = await start("kid", kid, { DEWEY_DB_PORT: "1" });
    await dewey.say({ id: 1, method: "tools/call", params: { name: "later-marker" } });
    expect(await dewey.message()).toMatchObject({ id: 1, result: {} });
    expect(await dewey.end()).toBe(0);

    await using next = await start("kid", kid);
    await next.say({ id: 1, method: "who" });
    await next.message();
    const isThere = async () => {
      const rows = await db.rows(
        `SELECT 1 FROM frames WHERE position(convert_to('later-marker', 'UTF8') IN payload) > 0`,
      );
      return rows.length > 0;
    };
    while (!(await isThere())) await Bun.sleep(50);
    await next.end();
  });

  test("starts the database of a machine that has none yet, and keeps nobody waiting", async () => {
    await using fresh = await temporaryFolder();
    const dataDir = join(fresh.path, "data");
    const bare = { DEWEY_DATA_DIR: dataDir };
    const journals = async () => {
      const names = await readdir(join(dataDir, "journal")).catch(() => []);
      return names.filter((name) => name.endsWith(".journal"));
    };
    {
      await using dewey = await start("kid", kid, bare, [], {});
      await dewey.say({ id: 1, method: "tools/call", params: { name: "first" } });
      expect(await dewey.message()).toMatchObject({ id: 1 });
      expect(await journals()).not.toEqual([]);
      expect(await dewey.end()).toBe(0);
    }
    // Whatever the first was too short for, one that lives longer records.
    await using longer = await start("kid", kid, bare, [], {});
    await longer.say({ id: 1, method: "ping" });
    await longer.message();
    while ((await journals()).length > 1) await Bun.sleep(50);
    expect(await longer.end()).toBe(0);
    expect(await journals()).toEqual([]);
  }, 60_000);

  test("serves Dewey itself too, once it is ready", async () => {
    await using dewey = await start("dewey", {});
    await dewey.say({
      id: 1,
      method: "initialize",
      params: {
        protocolVersion: "2025-11-25",
        capabilities: {},
        clientInfo: { name: "t", version: "1" },
      },
    });
    expect(await dewey.message()).toMatchObject({
      id: 1,
      result: { serverInfo: { name: "dewey" } },
    });
    expect(await dewey.end()).toBe(0);
  });
});
