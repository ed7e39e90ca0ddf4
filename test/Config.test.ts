// The settings: defaults, checks, files, and that no message shows a secret.
import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redacted, Result } from "effect";
import { loadCertificate } from "../src/Config/tlsSettings.ts";
import { readSettings } from "../src/Config.ts";
import { tokenDigest } from "../src/domain/AccessToken.ts";
import { makeAuthority } from "./support/certificates.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const settings = (environment: Environment, terminal = false) =>
  Result.getOrThrow(readSettings(environment, terminal));

const mistakes = (environment: Environment): ReadonlyArray<string> =>
  Result.match(readSettings(environment, false), {
    onSuccess: () => [],
    onFailure: (error) => error.mistakes,
  });

const server = (environment: Environment) => {
  const { target } = settings(environment).database;
  if (target._tag !== "Server") throw new Error("The embedded database was chosen.");
  const { url, password, ...parts } = target;
  return {
    ...parts,
    url: url === undefined ? undefined : Redacted.value(url),
    password: password === undefined ? undefined : Redacted.value(password),
  };
};

const folder = mkdtempSync(join(tmpdir(), "dewey-config-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, content: string): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

describe("without any variable", () => {
  test("everything has its default", () => {
    const { database, ...others } = settings({ DEWEY_DATA_DIR: "/data" });
    expect(database).toEqual({
      target: { _tag: "Embedded", dataDir: "/data" },
      minConnections: 1,
      maxConnections: 10,
      acquireTimeoutMs: 5000,
      queryTimeoutMs: 30_000,
    });
    expect(others).toMatchObject({
      mcp: { host: "127.0.0.1", port: 9020 },
      dataDir: "/data",
      access: {
        authentication: { _tag: "Open" },
        requestsPerMinute: 0,
        maxConnections: 10_000,
        maxConnectionsPerToken: 1000,
      },
      tls: undefined,
      trustedProxies: [],
      allowedHosts: [],
      allowedOrigins: ["https://claude.ai"],
      log: { level: "Info", format: "json" },
      proxy: {
        host: "127.0.0.1",
        port: 9000,
        upstreamsFile: undefined,
        journal: { sync: "normal", limitBytes: 10 * 1024 ** 3 },
        recordLimitBytes: 65_536,
        redaction: { enabled: true, patterns: [] },
      },
      retention: {
        trashDays: 30,
        framesDays: 90,
        toolCallsDays: 0,
        recordedDays: 0,
        deadLettersDays: 30,
      },
      shutdownTimeoutMs: 30_000,
      warnings: [],
    });
  });

  test("the log is for a person on a terminal", () => {
    expect(settings({}, true).log.format).toBe("pretty");
    expect(settings({ DEWEY_LOG_FORMAT: "json" }, true).log.format).toBe("json");
  });

  test("an empty variable is not set", () => {
    expect(settings({ DEWEY_MCP_PORT: "", DEWEY_DB_HOST: "" })).toEqual(settings({}));
  });
});

describe("a value that is wrong", () => {
  const cases: ReadonlyArray<readonly [Environment, string]> = [
    [{ DEWEY_MCP_PORT: "http" }, 'DEWEY_MCP_PORT is "http": expected a whole number from 0 to'],
    [{ DEWEY_MCP_PORT: "65536" }, "DEWEY_MCP_PORT"],
    [{ DEWEY_MCP_PORT: "-1" }, "DEWEY_MCP_PORT"],
    [{ DEWEY_MCP_PORT: "9020 " }, "DEWEY_MCP_PORT"],
    [{ DEWEY_DB_HOST: "db", DEWEY_DB_PORT: "0" }, "DEWEY_DB_PORT"],
    [{ DEWEY_DB_MAX_CONNECTIONS: "0" }, "from 1 to 1000"],
    [{ DEWEY_DB_MAX_CONNECTIONS: "4", DEWEY_DB_MIN_CONNECTIONS: "5" }, "from 0 to 4"],
    [{ DEWEY_DB_QUERY_TIMEOUT: "soon" }, 'a time such as "5s" or "500ms", from 10 ms to 3600 s'],
    [{ DEWEY_DB_QUERY_TIMEOUT: "9 ms" }, "DEWEY_DB_QUERY_TIMEOUT"],
    [{ DEWEY_DB_ACQUIRE_TIMEOUT: "11min" }, "from 10 ms to 600 s"],
    [{ DEWEY_SHUTDOWN_TIMEOUT: "-1" }, "DEWEY_SHUTDOWN_TIMEOUT"],
    [{ DEWEY_LOG_FORMAT: "xml" }, 'DEWEY_LOG_FORMAT is "xml": expected pretty or json.'],
    [{ DEWEY_RETENTION_TRASH: "1.5" }, "DEWEY_RETENTION_TRASH"],
    [{ DEWEY_PROXY_PORT: "70000" }, "DEWEY_PROXY_PORT"],
    [{ DEWEY_PROXY_HOST: "0.0.0.0" }, "DEWEY_PROXY_HOST is"],
    [{ DEWEY_JOURNAL_SYNC: "power" }, "expected normal or full"],
    [{ DEWEY_JOURNAL_LIMIT: "1023 KiB" }, "from 1 MiB to 1024 GiB"],
    [{ DEWEY_RECORD_LIMIT: "2 MiB" }, "from 1 KiB to 1 MiB"],
    [{ DEWEY_RECORD_LIMIT: "64 bytes" }, 'a size such as "65536", "64KiB" or "10GiB"'],
    [{ DEWEY_REDACTION: "false" }, "expected on or off"],
    [{ DEWEY_REDACTION_PATTERNS: "ok\n(" }, 'DEWEY_REDACTION_PATTERNS: "(" is no regular'],
    [{ DEWEY_DATA_DIR: "~/dewey" }, "an absolute path"],
    [{ DEWEY_MCP_HOST: "http://127.0.0.1" }, "an address of this machine"],
    [{ DEWEY_ALLOWED_ORIGINS: "https://a.org,claude.ai" }, '"claude.ai": expected origins'],
    [{ DEWEY_ALLOWED_ORIGINS: "https://claude.ai/" }, "https://claude.ai/"],
    [{ DEWEY_ALLOWED_HOSTS: "https://a.org" }, "names such as dewey.example.org"],
    [{ DEWEY_DB_HOST: "db:5432" }, 'DEWEY_DB_HOST is "db:5432": expected a host name'],
    [{ DEWEY_DB_HOST: "db", DEWEY_DB_SSL: "require" }, "disable or verify-full"],
    [{ DEWEY_DB_HOST: "db", DEWEY_DB_CA: "/none" }, 'DEWEY_DB_CA is "/none": expected an auth'],
    [{ DEWEY_DB_HOST: "db", DEWEY_DB_CA: file("no.pem", "x") }, "DEWEY_DB_CA"],
    [{ DEWEY_DB_NAME: "notes" }, "DEWEY_DB_NAME set without a database: set DEWEY_DB_HOST"],
    [{ DEWEY_DB_SSL: "disable" }, "DEWEY_DB_SSL set without a database"],
    [{ DEWEY_DATABASE_URL: "postgres://db/x", DEWEY_DB_HOST: "db" }, "use the URL alone"],
    [{ DEWEY_MCP_HOST: "0.0.0.0" }, "others can reach, and there is no authentication"],
    [{ DEWEY_MCP_HOST: "::" }, "set DEWEY_AUTH=none if that is meant"],
    [{ DEWEY_MCP_HOST: "dewey.local" }, "others can reach"],
    [{ DEWEY_AUTH: "basic" }, 'DEWEY_AUTH is "basic": expected none'],
    [{ DEWEY_MCP_PORT_FILE: "/none" }, 'DEWEY_MCP_PORT_FILE is "/none": expected a file'],
    [{ DEWEY_MCP_PORT_FILE: file("empty", "\n") }, "is not empty"],
    [{ DEWEY_MCP_PORT: "1", DEWEY_MCP_PORT_FILE: "/none" }, "set only one of them"],
  ];
  for (const [environment, expected] of cases) {
    test(JSON.stringify(environment), () => {
      expect(mistakes(environment)).toEqual([expect.stringContaining(expected)]);
    });
  }

  test("stops the start with one line for every mistake", () => {
    expect(
      mistakes({
        DEWEY_MCP_PORT: "x",
        DEWEY_DB_QUERY_TIMEOUT: "y",
        DEWEY_LOG_FORMAT: "z",
        DEWEY_ALLOWED_ORIGINS: "a,b",
      }).map((line) => /^\S+/.exec(line)?.[0]),
    ).toEqual([
      "DEWEY_DB_QUERY_TIMEOUT",
      "DEWEY_MCP_PORT",
      "DEWEY_ALLOWED_ORIGINS",
      "DEWEY_ALLOWED_ORIGINS",
      "DEWEY_LOG_FORMAT",
    ]);
    for (const line of mistakes({ DEWEY_LOG_FORMAT: "a\nb" })) expect(line).not.toContain("\n");
  });
});

describe("a database URL", () => {
  const url = (text: string) => ({ DEWEY_DATABASE_URL: text });

  test("names the server, and its parts are decoded", () => {
    const text = "postgres://me%40x:p%2Fw@db.example.org:5433/my%20notes?application_name=a";
    expect(server(url(text))).toEqual({
      _tag: "Server",
      url: text,
      host: "db.example.org",
      port: 5433,
      name: "my notes",
      user: "me@x",
      password: "p/w",
      tls: {},
    });
  });

  test("has the defaults of the parts for what it leaves out", () => {
    expect(server(url("postgresql://"))).toMatchObject({
      host: "localhost",
      port: 5432,
      name: "winni",
      user: "dewey",
      password: undefined,
      tls: false,
    });
    expect(server({ ...url("postgres://db"), DEWEY_DB_PASSWORD: "p" }).password).toBe("p");
  });

  test("may hold its parts as parameters, and a socket's folder or an IPv6 address as the host", () => {
    expect(server(url("postgres:///notes?host=/run/pg&port=1&user=u&password=p"))).toMatchObject({
      host: "/run/pg",
      port: 1,
      name: "notes",
      user: "u",
      password: "p",
      tls: false,
    });
    expect(server(url("postgres://[::1]:5433/x"))).toMatchObject({ host: "::1", tls: false });
    expect(server(url("postgres://[2001:db8::1]/x"))).toMatchObject({ tls: {} });
  });

  const secret = "hunter2";
  const wrong: ReadonlyArray<readonly [string, string]> = [
    [`mysql://u:${secret}@db/x`, "expected postgres://user:password@host:port/database"],
    [secret, "expected postgres://"],
    [`postgres://u:${secret}@db:99999/x`, "expected postgres://"],
    [`postgres://u:${secret}/x@db/x`, "percent-encoded"],
    [`postgres://u:${secret}#x@db/x`, "percent-encoded"],
    [`postgres://u:${secret}@db/x#y`, "a #. Write it as %23"],
    [`postgres://u:${secret}%@db/x`, "a % that begins no code"],
    [`postgres://u:${secret}@db:0/x`, "a port that is none"],
    [`postgres://u:${secret}@db/x?port=a`, "a port that is none"],
    [`postgres://u:${secret}@db/x?sslmode=on`, 'the sslmode "on"'],
    [`postgres://u:${secret}@db/x?sslrootcert=/ca.pem`, "Name the file in DEWEY_DB_CA"],
    [`postgres://u:${secret}@db/x?sslcert=/c.pem`, "a client certificate"],
    [`postgres://u:${secret}@db/x?connect_timeout=x`, "connect_timeout"],
  ];
  for (const [text, expected] of wrong) {
    test(`that has ${text.replace(secret, "…")} is refused without being shown`, () => {
      const found = mistakes(url(text));
      expect(found).toEqual([expect.stringContaining(expected)]);
      expect(found.join()).not.toContain(secret);
    });
  }

  test("and a second password are refused", () => {
    const found = mistakes({ ...url(`postgres://u:${secret}@db/x`), DEWEY_DB_PASSWORD: secret });
    expect(found).toEqual([expect.stringContaining("only once")]);
    expect(found.join()).not.toContain(secret);
  });
});

describe("TLS to the database", () => {
  const ca = makeAuthority("Config's authority").certificate;
  const tls = (environment: Environment) => server(environment).tls;

  test("is verified for a host that is not local, and off for one that is", () => {
    expect(tls({ DEWEY_DB_HOST: "db.example.org" })).toEqual({});
    expect(tls({ DEWEY_DB_HOST: "10.0.0.5" })).toEqual({});
    for (const local of ["localhost", "127.0.0.1", "127.8.8.8", "::1", "[::1]", "/run/pg"]) {
      expect(tls({ DEWEY_DB_HOST: local })).toBe(false);
    }
  });

  test("is what DEWEY_DB_SSL says", () => {
    expect(tls({ DEWEY_DB_HOST: "localhost", DEWEY_DB_SSL: "verify-full" })).toEqual({});
    expect(tls({ DEWEY_DB_HOST: "db", DEWEY_DB_SSL: "disable" })).toBe(false);
    const url = { DEWEY_DATABASE_URL: "postgres://db/x?sslmode=disable" };
    expect(tls(url)).toBe(false);
    expect(tls({ ...url, DEWEY_DB_SSL: "verify-full" })).toEqual({});
  });

  test("is verified for every sslmode of a URL but disable", () => {
    for (const mode of ["allow", "prefer", "require", "verify-ca", "verify-full"]) {
      expect(tls({ DEWEY_DATABASE_URL: `postgres://localhost/x?sslmode=${mode}` })).toEqual({});
    }
  });

  test("trusts the authority of DEWEY_DB_CA: a path, the certificate, or a secret's file", () => {
    const path = file("ca.pem", ca);
    const host = { DEWEY_DB_HOST: "localhost" };
    expect(tls({ ...host, DEWEY_DB_CA: path })).toEqual({ ca });
    expect(tls({ ...host, DEWEY_DB_CA: ca })).toEqual({ ca });
    expect(tls({ ...host, DEWEY_DB_CA_FILE: path })).toEqual({ ca: ca.trimEnd() });
    expect(mistakes({ ...host, DEWEY_DB_CA: path, DEWEY_DB_SSL: "disable" })).toEqual([
      expect.stringContaining("remove one of them"),
    ]);
  });
});

describe("a value from a file", () => {
  test("is its content without the last line's end", () => {
    const DEWEY_DB_PASSWORD_FILE = file("password", " p w \r\n");
    expect(server({ DEWEY_DB_HOST: "db", DEWEY_DB_PASSWORD_FILE }).password).toBe(" p w ");
    expect(settings({ DEWEY_MCP_PORT_FILE: file("port", "9021\n") }).mcp.port).toBe(9021);
  });
});

describe("the address to serve on", () => {
  test("may be any loopback one", () => {
    for (const host of ["localhost", "127.0.0.2", "::1"]) {
      expect(settings({ DEWEY_MCP_HOST: host }).mcp.host).toBe(host);
    }
    expect(settings({ DEWEY_MCP_HOST: "[::1]" }).mcp.host).toBe("::1");
  });

  test("may be one that others reach, if DEWEY_AUTH says that this is meant", () => {
    const open = settings({ DEWEY_MCP_HOST: "0.0.0.0", DEWEY_AUTH: "none" });
    expect(open.mcp.host).toBe("0.0.0.0");
    expect(open.warnings).toEqual([expect.stringContaining("without authentication")]);
  });
});

describe("who is let in", () => {
  const token = "0123456789abcdef0123456789abcdef";
  const DEWEY_AUTH_TOKENS = `ci:${token}:read:team`;
  const jwt = {
    DEWEY_JWT_JWKS_URL: "https://login.example.org/keys",
    DEWEY_JWT_ISSUER: "https://login.example.org/",
    DEWEY_JWT_AUDIENCE: "https://dewey.example.org/mcp, dewey",
  };
  const everywhere = { DEWEY_MCP_HOST: "0.0.0.0" };

  test("is whoever has a token, of which nothing is kept but its hash", () => {
    const read = settings({ ...everywhere, DEWEY_AUTH_TOKENS });
    expect(read.access).toEqual({
      authentication: {
        _tag: "Tokens",
        tokens: [
          { name: "ci", space: "team", scopes: new Set(["read"]), digest: tokenDigest(token) },
        ],
        tokensFile: undefined,
        jwt: undefined,
      },
      requestsPerMinute: 600,
      maxConnections: 10_000,
      maxConnectionsPerToken: 1000,
    });
    expect(JSON.stringify(read)).not.toContain(token);
    expect(read.warnings).toEqual([]);
  });

  test("may stand in a file, which is looked at again later", () => {
    const path = file("tokens", `# comment\n${DEWEY_AUTH_TOKENS}\n`);
    expect(settings({ DEWEY_AUTH_TOKENS_FILE: path }).access.authentication).toMatchObject({
      tokens: [{ name: "ci" }],
      tokensFile: path,
    });
  });

  test("is whoever has a JWT of an authority", () => {
    expect(settings({ ...everywhere, ...jwt }).access).toMatchObject({
      authentication: {
        tokens: [],
        jwt: {
          jwksUrl: "https://login.example.org/keys",
          issuer: "https://login.example.org/",
          audiences: ["https://dewey.example.org/mcp", "dewey"],
          scopesClaim: "scope",
          spaceClaim: undefined,
        },
      },
      requestsPerMinute: 600,
    });
    const named = { ...jwt, DEWEY_JWT_SCOPES_CLAIM: "scp", DEWEY_JWT_SPACE_CLAIM: "tenant" };
    expect(settings(named).access.authentication).toMatchObject({
      jwt: { scopesClaim: "scp", spaceClaim: "tenant" },
    });
  });

  test("is whoever has the token that Dewey makes, where no other is set", () => {
    const generate = { ...everywhere, DEWEY_AUTH: "generate" };
    expect(settings(generate).access).toMatchObject({
      authentication: { _tag: "Generated" },
      requestsPerMinute: 600,
    });
    for (const more of [{ DEWEY_AUTH_TOKENS }, jwt]) {
      expect(settings({ ...generate, ...more }).access.authentication._tag).toBe("Tokens");
    }
  });

  test("has the bounds that are set", () => {
    const bounds = {
      DEWEY_RATE_LIMIT: "5",
      DEWEY_MAX_CONNECTIONS: "7",
      DEWEY_MAX_CONNECTIONS_PER_TOKEN: "3",
    };
    expect(settings(bounds).access).toMatchObject({
      requestsPerMinute: 5,
      maxConnections: 7,
      maxConnectionsPerToken: 3,
    });
    expect(settings({ DEWEY_AUTH_TOKENS, DEWEY_RATE_LIMIT: "0" }).access.requestsPerMinute).toBe(0);
  });

  test("short tokens are warned about, by their names", () => {
    expect(settings({ DEWEY_AUTH_TOKENS: "ci:short-secret" }).warnings).toEqual([
      expect.stringMatching(/^DEWEY_AUTH_TOKENS: the token of ci has fewer than 32/),
    ]);
  });

  const wrong: ReadonlyArray<readonly [Environment, ReadonlyArray<string>]> = [
    [everywhere, ['DEWEY_MCP_HOST is "0.0.0.0", which others can reach, and there is no']],
    [{ DEWEY_AUTH: "yes" }, ['DEWEY_AUTH is "yes": expected none or generate']],
    [
      { DEWEY_AUTH_TOKENS: `${token},ci:${token}:fly,ci` },
      [
        "DEWEY_AUTH_TOKENS: Entry 1 has no token",
        "DEWEY_AUTH_TOKENS: Entry 2 has a scope",
        "DEWEY_AUTH_TOKENS: Entry 3 has no token",
      ],
    ],
    [{ DEWEY_AUTH_TOKENS_FILE: "/nowhere" }, ['DEWEY_AUTH_TOKENS_FILE is "/nowhere"']],
    [{ DEWEY_AUTH: "none", DEWEY_AUTH_TOKENS }, ["DEWEY_AUTH is none, but DEWEY_AUTH_TOKENS set"]],
    [{ DEWEY_AUTH: "none", ...jwt }, ["DEWEY_AUTH is none, but DEWEY_JWT_JWKS_URL set"]],
    [
      { DEWEY_JWT_ISSUER: jwt.DEWEY_JWT_ISSUER },
      ["DEWEY_JWT_ISSUER set without DEWEY_JWT_JWKS_URL, DEWEY_JWT_AUDIENCE"],
    ],
    [{ DEWEY_JWT_SPACE_CLAIM: "x" }, ["DEWEY_JWT_SPACE_CLAIM set without"]],
    [
      { ...jwt, DEWEY_JWT_JWKS_URL: "http://login.example.org/keys", DEWEY_JWT_ISSUER: "login" },
      ["DEWEY_JWT_JWKS_URL is", 'DEWEY_JWT_ISSUER is "login"'],
    ],
    [{ DEWEY_RATE_LIMIT: "-1" }, ["DEWEY_RATE_LIMIT"]],
    [{ DEWEY_MAX_CONNECTIONS: "0" }, ["DEWEY_MAX_CONNECTIONS"]],
  ];
  test.each(wrong)("%j is wrong", (environment, lines) => {
    const found = mistakes(environment);
    expect(found).toHaveLength(lines.length);
    for (const [index, line] of lines.entries()) expect(found[index]).toContain(line);
    expect(found.join()).not.toContain(token);
  });
});

describe("TLS", () => {
  const { certificate, key } = makeAuthority("an authority").issue(["dewey.example.org"]);
  const cert = file("cert.pem", certificate);
  const keyFile = file("key.pem", key);

  test("is given by paths, by PEM, or by files of either", () => {
    const byPath = settings({ DEWEY_TLS_CERT: cert, DEWEY_TLS_KEY: keyFile }).tls;
    const byFile = settings({ DEWEY_TLS_CERT_FILE: cert, DEWEY_TLS_KEY_FILE: keyFile }).tls;
    const byPem = settings({ DEWEY_TLS_CERT: certificate, DEWEY_TLS_KEY: key }).tls;
    expect(byPath).toEqual({
      cert: { _tag: "File", path: cert },
      key: { _tag: "File", path: keyFile },
    });
    expect(byFile).toEqual(byPath);
    for (const tls of [byPath, byFile, byPem]) {
      if (tls === undefined) return expect.unreachable();
      expect(Result.getOrThrow(loadCertificate(tls))).toEqual({ cert: certificate, key });
    }
    expect(Bun.inspect(byPem, { depth: 9 }) + JSON.stringify(byPem)).not.toContain("PRIVATE");
  });

  const other = makeAuthority("another").issue(["dewey.example.org"]).key;
  const wrong: ReadonlyArray<readonly [string, Environment, string]> = [
    ["a certificate alone", { DEWEY_TLS_CERT: cert }, "belong together"],
    ["a key alone", { DEWEY_TLS_KEY: keyFile }, "belong together"],
    ["no such file", { DEWEY_TLS_CERT: "/nowhere", DEWEY_TLS_KEY: keyFile }, "DEWEY_TLS_CERT is"],
    ["no such key", { DEWEY_TLS_CERT: cert, DEWEY_TLS_KEY: "/nowhere" }, "DEWEY_TLS_KEY is wrong"],
    ["another's key", { DEWEY_TLS_CERT: cert, DEWEY_TLS_KEY: other }, "DEWEY_TLS_KEY is wrong"],
    ["two certificates", { DEWEY_TLS_CERT: cert, DEWEY_TLS_KEY: cert }, "DEWEY_TLS_KEY is wrong"],
  ];
  test.each(wrong)("with %s is wrong", (_, environment, line) => {
    expect(mistakes(environment)).toEqual([expect.stringContaining(line)]);
  });
});

describe("trusted proxies", () => {
  test("are addresses and networks", () => {
    const DEWEY_TRUSTED_PROXIES = "10.0.0.7, 10.0.0.0/8,::1,2001:db8::/32";
    expect(settings({ DEWEY_TRUSTED_PROXIES }).trustedProxies).toEqual([
      "10.0.0.7",
      "10.0.0.0/8",
      "::1",
      "2001:db8::/32",
    ]);
  });

  test.each(["proxy", "10.0.0.0/33", "::1/129", "10.0.0.0/8/8", "10.0.0.0/", "10.0.0"])(
    "%p is none",
    (item) => {
      expect(mistakes({ DEWEY_TRUSTED_PROXIES: item })).toEqual([
        expect.stringContaining("addresses and networks such as 10.0.0.7"),
      ]);
    },
  );
});

describe("what is worth a warning", () => {
  test("an unknown variable of Dewey's", () => {
    expect(settings({ DEWEY_DB_POOL: "5", DEWEY_FOO_FILE: "x", DEWEYS: "y" }).warnings).toEqual([
      "DEWEY_DB_POOL is not a setting of Dewey and is ignored.",
      "DEWEY_FOO_FILE is not a setting of Dewey and is ignored.",
    ]);
  });

  test("no variable that is known, whether it matters now or not", () => {
    expect(settings({ DEWEY_DB_MAX_CONNECTIONS: "3", DEWEY_AUTH: "none" }).warnings).toEqual([]);
  });

  test("an unknown level of the log, which is INFO", () => {
    const { log, warnings } = settings({ DEWEY_LOG_LEVEL: "loud" });
    expect(log.level).toBe("Info");
    expect(warnings).toEqual([expect.stringContaining("INFO is used")]);
  });
});

test("levels, times and lists are read as people write them", () => {
  const levels = ["trace", "Debug", "INFO", "warn", "warning", "error"] as const;
  expect(levels.map((level) => settings({ DEWEY_LOG_LEVEL: level }).log.level)).toEqual([
    "Trace",
    "Debug",
    "Info",
    "Warn",
    "Warn",
    "Error",
  ]);
  const times = ["2", "2s", "2 s", "1.5s", "250ms", "1 min", "0"];
  expect(times.map((time) => settings({ DEWEY_SHUTDOWN_TIMEOUT: time }).shutdownTimeoutMs)).toEqual(
    [2000, 2000, 2000, 1500, 250, 60_000, 0],
  );
  const names = settings({
    DEWEY_ALLOWED_HOSTS: " Dewey.example.org, dewey.example.org:9020,[2001:DB8::1] ",
    DEWEY_ALLOWED_ORIGINS: "https://A.example.org,http://b.example.org:8080",
  });
  expect(names.allowedHosts).toEqual([
    "dewey.example.org",
    "dewey.example.org:9020",
    "[2001:db8::1]",
  ]);
  expect(names.allowedOrigins).toEqual(["https://a.example.org", "http://b.example.org:8080"]);
});

describe("the proxy", () => {
  test("sizes are read as people write them", () => {
    const limit = (text: string) => settings({ DEWEY_RECORD_LIMIT: text }).proxy.recordLimitBytes;
    expect(["4096", "4k", "4 KB", "4KiB", "1m", "1 MiB"].map(limit)).toEqual([
      4096,
      4096,
      4096,
      4096,
      1024 ** 2,
      1024 ** 2,
    ]);
  });

  test("patterns are one a line, whatever stands in them", () => {
    const { patterns } = settings({
      DEWEY_REDACTION_PATTERNS: "acme-[0-9]{4},\n\n\\d+ # no comment\r\n",
    }).proxy.redaction;
    expect(patterns.map(({ source, flags }) => [source, flags])).toEqual([
      ["acme-[0-9]{4},", "g"],
      ["\\d+ # no comment", "g"],
    ]);
  });
});
