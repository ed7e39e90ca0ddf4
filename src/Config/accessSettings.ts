/** Who is let in and how much they may ask for: tokens, JWTs and bounds, and whether the address needs any of it. */
import type { AccessToken } from "../domain/AccessToken.ts";
import { parseAccessTokens } from "../domain/AccessToken.ts";
import { isLoopback, withoutBrackets } from "./databaseTarget.ts";
import { type EnvironmentReader, isHostName, shown } from "./EnvironmentReader.ts";

/** Whose JWTs are taken. */
export interface JwtSettings {
  readonly jwksUrl: string;
  readonly issuer: string;
  readonly audiences: ReadonlyArray<string>;
  readonly scopesClaim: string;
  readonly spaceClaim: string | undefined;
}

/** How callers are told apart. */
export type Authentication =
  /** They are not. */
  | { readonly _tag: "Open" }
  /** By a token that Dewey makes by itself at its first start. */
  | { readonly _tag: "Generated" }
  | {
      readonly _tag: "Tokens";
      readonly tokens: ReadonlyArray<AccessToken>;
      /** Where they were read from, if that was a file. */
      readonly tokensFile: string | undefined;
      readonly jwt: JwtSettings | undefined;
    };

/** The settings of access. */
export interface AccessSettings {
  readonly authentication: Authentication;
  /** 0: no limit. */
  readonly requestsPerMinute: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerToken: number;
}

const readTokens = (reader: EnvironmentReader): ReadonlyArray<AccessToken> | undefined => {
  const text = reader.text("DEWEY_AUTH_TOKENS");
  if (text === undefined) return undefined;
  const { tokens, mistakes, warnings } = parseAccessTokens(text);
  reader.mistakes.push(...mistakes.map((mistake) => `DEWEY_AUTH_TOKENS: ${mistake}`));
  reader.warnings.push(...warnings.map((warning) => `DEWEY_AUTH_TOKENS: ${warning}`));
  return tokens;
};

/** A URL that nobody on the way can forge the answers of. */
const isSafeUrl = (text: string): boolean => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) return false;
  return (
    url.protocol === "https:" ||
    (url.protocol === "http:" && isLoopback(withoutBrackets(url.hostname)))
  );
};

const safeUrl = "a URL that begins with https:// (http:// for a loopback address alone)";

const needed = ["DEWEY_JWT_JWKS_URL", "DEWEY_JWT_ISSUER", "DEWEY_JWT_AUDIENCE"] as const;
const claims = ["DEWEY_JWT_SCOPES_CLAIM", "DEWEY_JWT_SPACE_CLAIM"] as const;

const readJwt = (reader: EnvironmentReader): JwtSettings | undefined => {
  const given = [...needed, ...claims].filter((name) => reader.isSet(name));
  if (given.length === 0) return undefined;
  const missing = needed.filter((name) => !reader.isSet(name));
  if (missing.length > 0) {
    reader.mistakes.push(
      `${given.join(", ")} set without ${missing.join(", ")}: JWTs need all of ${needed.join(", ")}.`,
    );
  }
  const jwksUrl = reader.text("DEWEY_JWT_JWKS_URL") ?? "";
  const issuer = reader.text("DEWEY_JWT_ISSUER") ?? "";
  if (jwksUrl !== "" && !isSafeUrl(jwksUrl)) reader.wrong("DEWEY_JWT_JWKS_URL", jwksUrl, safeUrl);
  if (issuer !== "" && !isSafeUrl(issuer)) reader.wrong("DEWEY_JWT_ISSUER", issuer, safeUrl);
  return {
    jwksUrl,
    issuer,
    audiences: reader.list("DEWEY_JWT_AUDIENCE", [], (item) => item, "names or URLs"),
    scopesClaim: reader.text("DEWEY_JWT_SCOPES_CLAIM") ?? "scope",
    spaceClaim: reader.text("DEWEY_JWT_SPACE_CLAIM"),
  };
};

const readAuthentication = (reader: EnvironmentReader): Authentication => {
  const auth = reader.oneOf("DEWEY_AUTH", ["none", "generate"]);
  const tokens = readTokens(reader);
  const jwt = readJwt(reader);
  if (tokens === undefined && jwt === undefined) {
    return auth === "generate" ? { _tag: "Generated" } : { _tag: "Open" };
  }
  if (auth === "none") {
    const set = [
      ...(tokens === undefined ? [] : ["DEWEY_AUTH_TOKENS"]),
      ...(jwt === undefined ? [] : ["DEWEY_JWT_JWKS_URL"]),
    ];
    reader.mistakes.push(
      `DEWEY_AUTH is none, but ${set.join(" and ")} set: remove DEWEY_AUTH to ask for tokens, or the others to serve everybody.`,
    );
  }
  return {
    _tag: "Tokens",
    tokens: tokens ?? [],
    tokensFile: tokens === undefined ? undefined : reader.fileOf("DEWEY_AUTH_TOKENS"),
    jwt,
  };
};

/** Reads who is let in, and by which bounds. */
export const readAccess = (reader: EnvironmentReader): AccessSettings => {
  const authentication = readAuthentication(reader);
  const isOpen = authentication._tag === "Open";
  return {
    authentication,
    requestsPerMinute: reader.integer("DEWEY_RATE_LIMIT", isOpen ? 0 : 600, 0, 1_000_000_000),
    maxConnections: reader.integer("DEWEY_MAX_CONNECTIONS", 10_000, 1, 1_000_000),
    maxConnectionsPerToken: reader.integer("DEWEY_MAX_CONNECTIONS_PER_TOKEN", 1000, 1, 1_000_000),
  };
};

/** Reads the address to serve on, which others may reach only where callers are told apart or nobody is meant to be. */
export const readHost = (
  reader: EnvironmentReader,
  { authentication }: AccessSettings,
  name: "DEWEY_MCP_HOST" | "DEWEY_PROXY_HOST",
): string => {
  const given = reader.text(name) ?? "127.0.0.1";
  const host = withoutBrackets(given);
  if (!isHostName(host)) {
    reader.wrong(name, given, "an address of this machine, or a name of one");
    return host;
  }
  if (isLoopback(host) || authentication._tag !== "Open") return host;
  if (reader.text("DEWEY_AUTH") === "none") {
    reader.warnings.push(
      `Serving on ${host} without authentication, as DEWEY_AUTH=none says: whoever reaches the port can read and change everything.`,
    );
    return host;
  }
  reader.mistakes.push(
    `${name} is ${shown(given)}, which others can reach, and there is no authentication: set DEWEY_AUTH_TOKENS, or bind to 127.0.0.1, or set DEWEY_AUTH=none if that is meant.`,
  );
  return host;
};
