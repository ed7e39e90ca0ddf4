import { describe, expect, test } from "bun:test";
import { Result } from "effect";
import { parseUpstreams } from "../../../src/services/upstreams/upstreamsFile.ts";

const variables = { TOKEN: "a-secret", PORT: "8931" };

const isOwn = (url: URL) => url.port === "9000";

const parse = (text: string) => Result.getOrThrow(parseUpstreams(text, { variables, isOwn }));

const one = (entry: unknown) => {
  const { unusable, upstreams } = parse(JSON.stringify({ mcpServers: { it: entry } }));
  return upstreams.get("it") ?? unusable.get("it");
};

const stdio = (more: object) => ({
  _tag: "Stdio",
  name: "it",
  onRestart: "resume",
  args: [],
  env: {},
  cwd: null,
  ...more,
});

const remote = (_tag: string, url: string, headers: object = {}) => ({
  _tag,
  name: "it",
  onRestart: "resume",
  url,
  headers,
});

describe("an entry", () => {
  for (const [what, entry, upstream] of [
    [
      "with a command",
      { command: "npx", args: ["-y", "server"] },
      stdio({ command: "npx", args: ["-y", "server"] }),
    ],
    [
      "with everything that a program can have, numbers and switches without quotes",
      {
        type: "stdio",
        command: "node",
        args: [1, true],
        env: { PORT: 80, KEY: "${TOKEN}" },
        cwd: "/tmp",
        onRestart: "close",
      },
      stdio({
        command: "node",
        args: ["1", "true"],
        env: { PORT: "80", KEY: "a-secret" },
        cwd: "/tmp",
        onRestart: "close",
      }),
    ],
    [
      "with a url alone",
      { url: "https://example.org/mcp" },
      remote("Http", "https://example.org/mcp"),
    ],
    [
      "with a ws url alone",
      { url: "ws://127.0.0.1:1/x" },
      remote("WebSocket", "ws://127.0.0.1:1/x"),
    ],
    [
      "of the type http",
      { type: "http", url: "http://127.0.0.1:${PORT}/mcp" },
      remote("Http", "http://127.0.0.1:8931/mcp"),
    ],
    [
      "of the type streamable-http",
      { type: "streamable-http", url: "http://a/" },
      remote("Http", "http://a/"),
    ],
    [
      "of the type streamableHttp",
      { type: "streamableHttp", url: "http://a/" },
      remote("Http", "http://a/"),
    ],
    [
      "of the type websocket",
      { type: "websocket", url: "wss://a/" },
      remote("WebSocket", "wss://a/"),
    ],
    ["of the type sse", { type: "sse", url: "http://a/sse" }, remote("Sse", "http://a/sse")],
    ["as Gemini writes it", { httpUrl: "http://a/" }, remote("Http", "http://a/")],
    ["as Windsurf writes it", { serverUrl: "http://a/" }, remote("Http", "http://a/")],
    [
      "with headers",
      { url: "http://a/", headers: { Authorization: "Bearer ${TOKEN}", "X-N": 1 } },
      remote("Http", "http://a/", { Authorization: "Bearer a-secret", "X-N": "1" }),
    ],
    [
      "with credentials in its url, which become a header",
      { url: "wss://me:p%40ss@a/x#y" },
      remote("WebSocket", "wss://a/x", { Authorization: "Basic bWU6cEBzcw==" }),
    ],
    [
      "with members of some client's own",
      {
        url: "http://a/",
        timeout: 3,
        trust: true,
        alwaysAllow: ["x"],
        headersHelper: "/bin/x",
        tools: null,
      },
      remote("Http", "http://a/"),
    ],
    ["that is switched off", { url: "http://a/", disabled: true }, undefined],
  ] as const) {
    test(what, () => {
      expect<unknown>(one(entry)).toEqual(upstream);
    });
  }

  for (const [entry, why] of [
    ["text", "is not an object"],
    [[], "is not an object"],
    [{}, "has neither a command nor a url"],
    [
      { type: "carrier-pigeon", url: "http://a/" },
      'has a type that there is not: use "stdio", "http", "ws" or "sse"',
    ],
    [
      { type: "constructor", url: "http://a/" },
      'has a type that there is not: use "stdio", "http", "ws" or "sse"',
    ],
    [{ type: "http" }, "has no url"],
    [{ type: "stdio" }, "has no command"],
    [{ command: " " }, "has no command"],
    [{ command: "a", args: "b" }, 'has a wrong "args": it has to be a list of texts'],
    [{ command: "a", env: { B: null } }, 'has a wrong "env": it has to be an object of texts'],
    [
      { command: "a", onRestart: "explode" },
      'has a wrong "onRestart": it has to be "close" or "resume"',
    ],
    [{ command: "a\0b" }, "has a NUL character, which no program can be given"],
    [{ url: "a" }, "has a url that cannot be used: it has to begin with http:// or https://"],
    [
      { url: "file:///etc/passwd" },
      "has a url that cannot be used: it has to begin with http:// or https://",
    ],
    [
      { type: "ws", url: "http://a/" },
      "has a url that cannot be used: it has to begin with ws:// or wss://",
    ],
    [
      { url: "http://a/", headers: { "a b": "c" } },
      "has headers with characters that no header can carry",
    ],
    [
      { url: "http://a/${MISSING}" },
      "uses the variable MISSING, which is not set: set it for Dewey, or write ${MISSING:-default}",
    ],
    [
      { url: "ws://localhost:9000/mcp/it" },
      "leads back to this proxy: write the address of the server itself (Dewey itself is the upstream dewey)",
    ],
  ] as const) {
    test(`${JSON.stringify(entry)} cannot be used`, () => {
      expect(one(entry)).toBe(`The entry "it" ${why}.`);
    });
  }

  test("that cannot be used does not keep the others from it, and its sentence shows no value", () => {
    const { unusable, upstreams } = parse(`{"mcpServers": {
      "bad": {"url": "htp://a-secret/", "headers": {"A": "\${TOKEN}"}},
      "good": {"command": "a"}
    }}`);
    expect([...upstreams.keys()]).toEqual(["good"]);
    expect([...unusable.keys()]).toEqual(["bad"]);
    expect(unusable.get("bad")).not.toContain("a-secret");
  });
});

describe("names", () => {
  test("are what a path can carry", () => {
    const names = ["a", "with space", "ünï/slash?#%", "..", "", "x".repeat(129), "line\nend"];
    const { upstreams, warnings } = parse(
      JSON.stringify({
        mcpServers: Object.fromEntries(names.map((name) => [name, { command: "a" }])),
      }),
    );
    expect([...upstreams.keys()]).toEqual(["a", "with space", "ünï/slash?#%"]);
    expect(warnings.length).toBe(4);
    for (const name of upstreams.keys()) {
      const { pathname } = new URL(`http://a/mcp/${encodeURIComponent(name)}`);
      expect(decodeURIComponent(pathname.slice("/mcp/".length))).toBe(name);
    }
  });

  test("are not Dewey's own", () => {
    const { upstreams, warnings } = parse('{"mcpServers": {"dewey": {"command": "a"}}}');
    expect(upstreams.size).toBe(0);
    expect(warnings).toEqual([
      'The entry "dewey" is left out: that name is always this Dewey itself. Give another server another name.',
    ]);
  });

  test("of which one is the default, the first that says so", () => {
    const { default: byDefault, warnings } = parse(`{"mcpServers": {
      "a": {"command": "x"}, "b": {"command": "x", "default": true}, "c": {"command": "x", "default": true}
    }}`);
    expect(byDefault).toBe("b");
    expect(warnings.length).toBe(1);
  });
});

describe("a file", () => {
  test("may have comments, trailing commas, a byte order mark, and a client's other settings", () => {
    const { upstreams } = parse(`\uFEFF// mine
    {
      "theme": "dark", /* not ours */
      "mcpServers": { "a": { "command": "x", "args": ["http://no/comment",], }, },
    }`);
    expect(upstreams.get("a")).toMatchObject({ args: ["http://no/comment"] });
  });

  test("may be that of Visual Studio Code", () => {
    const { upstreams } = parse(
      '{"inputs": [], "servers": {"a": {"type": "http", "url": "http://a/"}}}',
    );
    expect([...upstreams.keys()]).toEqual(["a"]);
  });

  for (const [text, why] of [
    ["", "it is no JSON, in line 1 or before"],
    ['{\n"mcpServers": {\n"a": a-secret\n}\n}', "it is no JSON, in line 3 or before"],
    ["[]", 'its "mcpServers" is not an object'],
    ["{}", 'it has no "mcpServers"'],
    ['{"mcpServers": []}', 'its "mcpServers" is not an object'],
  ] as const) {
    test(`${JSON.stringify(text)} cannot be used`, () => {
      expect(Result.getOrThrow(Result.flip(parseUpstreams(text, { variables, isOwn })))).toBe(why);
    });
  }
});
