/** The environment variables by name: what the start knows, and what docs/configuration.md lists. */

/** One variable as the documentation shows it. */
export interface Variable {
  /** What it is when it is not set. */
  readonly fallback: string;
  readonly about: string;
  /** Its value never appears in a message. */
  readonly secret?: true;
}

/** Every setting of Dewey; each may be given as `<name>_FILE` too, the path of a file with the value. */
export const variables = {
  DEWEY_DATABASE_URL: {
    fallback: "none: the embedded database",
    about:
      "A Postgres from version 15 on, as `postgres://user:password@host:port/database`; what it leaves out has the defaults of the `DEWEY_DB_*` variables.",
    secret: true,
  },
  DEWEY_DB_HOST: {
    fallback: "none: the embedded database",
    about:
      "Instead of the URL: a host name, an address, or the folder of a unix socket. The next four go with it.",
  },
  DEWEY_DB_PORT: { fallback: "5432", about: "The server's port." },
  DEWEY_DB_NAME: { fallback: "winni", about: "The database." },
  DEWEY_DB_USER: { fallback: "dewey", about: "The role." },
  DEWEY_DB_PASSWORD: {
    fallback: "none",
    about: "The role's password; also for a URL without one.",
    secret: true,
  },
  DEWEY_DB_SSL: {
    fallback: "`verify-full`; `disable` for a host that is local",
    about:
      "`verify-full`: TLS, with the server's certificate and name checked. `disable`: no TLS. It is stronger than the URL's `sslmode`, of which all but `disable` means `verify-full`.",
  },
  DEWEY_DB_CA: {
    fallback: "the authorities that Bun knows",
    about: "A private authority: its certificate in PEM, or the path of the file.",
  },
  DEWEY_DB_MIN_CONNECTIONS: {
    fallback: "1",
    about: "Connections that are kept open.",
  },
  DEWEY_DB_MAX_CONNECTIONS: {
    fallback: "10",
    about: "The most connections of one process.",
  },
  DEWEY_DB_ACQUIRE_TIMEOUT: {
    fallback: "5 s",
    about: "How long a call waits for a connection; then it is answered with `UNAVAILABLE`.",
  },
  DEWEY_DB_QUERY_TIMEOUT: {
    fallback: "30 s",
    about: "How long a statement may take; then the call is answered with `TIMEOUT`.",
  },
  DEWEY_DATA_DIR: {
    fallback: "`$XDG_DATA_HOME/dewey` or `~/.local/share/dewey`; as root `/var/lib/dewey`",
    about: "Where the embedded database is.",
  },
  DEWEY_MCP_HOST: {
    fallback: "127.0.0.1",
    about: "The address to serve MCP, RPC and health on; beyond loopback see `DEWEY_AUTH`.",
  },
  DEWEY_MCP_PORT: { fallback: "9020", about: "Their port; 0 takes a free one." },
  DEWEY_PROXY_HOST: {
    fallback: "127.0.0.1",
    about: "The address of the recording proxy; beyond loopback see `DEWEY_AUTH`.",
  },
  DEWEY_PROXY_PORT: { fallback: "9000", about: "Its port; 0 takes a free one." },
  DEWEY_UPSTREAMS: {
    fallback: "`dewey.json` in the current folder, where it is there",
    about:
      "The file of the MCP servers behind the proxy, see [upstreams](upstreams.md); it is read again when it changes.",
  },
  DEWEY_JOURNAL_SYNC: {
    fallback: "normal",
    about:
      "What a recorded message outlives before it is forwarded: `normal`, the death of the process; `full`, the loss of power too, which costs a write to the disk each time.",
  },
  DEWEY_JOURNAL_LIMIT: {
    fallback: "10 GiB",
    about:
      "How much may wait for the database in the journal of one process. Past it the proxy forwards without recording, and keeps how much is missing.",
  },
  DEWEY_RECORD_LIMIT: {
    fallback: "64 KiB",
    about:
      "The longest content of a recorded message, at most 1 MiB; a longer one is cut and marked, and its frame is kept whole.",
  },
  DEWEY_REDACTION: {
    fallback: "on",
    about:
      "`off` records tokens, keys and passwords as they are; see [security](security.md). What is forwarded is never changed.",
  },
  DEWEY_REDACTION_PATTERNS: {
    fallback: "none",
    about: "Further things to take out: regular expressions of JavaScript, one a line.",
  },
  DEWEY_AUTH: {
    fallback: "not set: a bind beyond loopback needs tokens or JWTs",
    about:
      "`none` says that serving beyond loopback without authentication is meant: whoever reaches the port can read and change everything. `generate` makes a token at the first start where neither tokens nor JWTs are set, keeps it in `access-tokens` in the data folder, and prints it once.",
  },
  DEWEY_AUTH_TOKENS: {
    fallback: "none",
    about:
      "The access tokens: `name:token:scopes:space`, one a line or separated by commas; see [security](security.md). With it every door asks for one. A file is read again when it changes.",
    secret: true,
  },
  DEWEY_JWT_JWKS_URL: {
    fallback: "none",
    about:
      "Where the public keys of an OAuth authority are (its `jwks_uri`). With it JWTs of that authority are taken as tokens; the next two are then needed.",
  },
  DEWEY_JWT_ISSUER: { fallback: "none", about: "The authority, as it stands in `iss`." },
  DEWEY_JWT_AUDIENCE: {
    fallback: "none",
    about:
      "What `aud` must hold: the URL that clients reach Dewey by, such as `https://dewey.example.org/mcp`, or a name; several are separated by commas.",
  },
  DEWEY_JWT_SCOPES_CLAIM: {
    fallback: "scope",
    about: "The claim with the scopes: a text with spaces in between, or an array.",
  },
  DEWEY_JWT_SPACE_CLAIM: {
    fallback: "`space`, and the space `default` for tokens without it",
    about: "The claim with the space; when this is set, a token without the claim is refused.",
  },
  DEWEY_RATE_LIMIT: {
    fallback: "600 with tokens or JWTs; none without",
    about: "Requests a minute for each name (without tokens: for each address). 0: no limit.",
  },
  DEWEY_MAX_CONNECTIONS: {
    fallback: "10000",
    about:
      "Connections in all: WebSockets, and HTTP requests until their answers or streams have ended. As many sessions may be kept over HTTP by the proxy.",
  },
  DEWEY_MAX_CONNECTIONS_PER_TOKEN: {
    fallback: "1000",
    about:
      "The same for each name, where there are tokens or JWTs: connections, and sessions of the proxy.",
  },
  DEWEY_TLS_CERT: {
    fallback: "none: no TLS",
    about:
      "The certificate with its chain, in PEM or as the path of its file, which is read again when it changes.",
  },
  DEWEY_TLS_KEY: {
    fallback: "none",
    about: "The certificate's private key, in PEM or as the path of its file.",
    secret: true,
  },
  DEWEY_TRUSTED_PROXIES: {
    fallback: "none",
    about:
      "Addresses and networks (`10.0.0.0/8`) of proxies, separated by commas, whose `X-Forwarded-For`, `-Proto` and `-Host` are believed.",
  },
  DEWEY_ALLOWED_HOSTS: {
    fallback: "none: loopback names only",
    about:
      "Further names that clients reach Dewey by, with or without a port, separated by commas. Loopback names are always let in.",
  },
  DEWEY_ALLOWED_ORIGINS: {
    fallback: "https://claude.ai",
    about:
      "Web origins whose pages may call Dewey, separated by commas. Loopback origins are always let in.",
  },
  DEWEY_LOG_LEVEL: {
    fallback: "INFO",
    about: "`TRACE`, `DEBUG`, `INFO`, `WARN` or `ERROR`; another one is INFO, with a warning.",
  },
  DEWEY_LOG_FORMAT: {
    fallback: "`pretty` on a terminal, else `json`",
    about: "How log lines look; they are written to standard error.",
  },
  DEWEY_RETENTION_TRASH: {
    fallback: "30",
    about: "Days that deleted conversations can be restored; then they are erased. 0: for ever.",
  },
  DEWEY_RETENTION_FRAMES: {
    fallback: "90",
    about: "Days that the frames of recorded conversations are kept. 0: for ever.",
  },
  DEWEY_RETENTION_TOOL_CALLS: {
    fallback: "0",
    about: "Days that recorded tool calls are kept. 0: for ever.",
  },
  DEWEY_RETENTION_RECORDED: {
    fallback: "0",
    about: "Days that recorded conversations are kept after their last message. 0: for ever.",
  },
  DEWEY_RETENTION_DEAD_LETTERS: {
    fallback: "30",
    about: "Days that dead letters can be replayed. 0: for ever.",
  },
  DEWEY_SHUTDOWN_TIMEOUT: {
    fallback: "30 s",
    about: "How long calls in flight may take to finish at the end.",
  },
} as const satisfies Record<`DEWEY_${string}`, Variable>;

/** The name of a setting. */
export type VariableName = keyof typeof variables;

/** Whether an environment variable is a setting, or the file of one. */
export const isSetting = (name: string): boolean =>
  Object.hasOwn(variables, name.replace(/_FILE$/, ""));
