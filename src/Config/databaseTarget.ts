/** Which database the settings name: a server by its URL or by its parts, or the embedded one. */
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { Redacted, Result } from "effect";
import { type EnvironmentReader, isHostName, shown } from "./EnvironmentReader.ts";

/** Where the database is, and how it is reached. */
export type DatabaseTarget =
  | { readonly _tag: "Embedded"; readonly dataDir: string }
  | {
      readonly _tag: "Server";
      /** Where it was given: for what it holds beyond the parts, which are stronger. */
      readonly url?: Redacted.Redacted;
      readonly host: string;
      readonly port: number;
      readonly name: string;
      readonly user: string;
      readonly password?: Redacted.Redacted;
      readonly tls: false | { readonly ca?: string };
    };

type Server = Omit<Extract<DatabaseTarget, { _tag: "Server" }>, "_tag" | "tls" | "password">;

const defaults = { host: "localhost", port: 5432, name: "winni", user: "dewey" };

/** Whether an address or a name is this machine's own, as others cannot reach it. */
export const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);

/** An IPv6 address as it stands alone: URLs put it in brackets. */
export const withoutBrackets = (host: string): string => host.replace(/^\[(.*)\]$/, "$1");

const isSocketFolder = (host: string): boolean => host.startsWith("/");

const parts = ["DEWEY_DB_HOST", "DEWEY_DB_PORT", "DEWEY_DB_NAME", "DEWEY_DB_USER"] as const;
const extras = ["DEWEY_DB_PASSWORD", "DEWEY_DB_SSL", "DEWEY_DB_CA"] as const;

const readAuthority = (reader: EnvironmentReader): string | undefined => {
  const given = reader.text("DEWEY_DB_CA");
  if (given === undefined) return undefined;
  const pem = Result.try(() => {
    const text = given.includes("-----BEGIN") ? given : readFileSync(given, "utf8");
    // Throws where it is none.
    void new X509Certificate(text);
    return text;
  });
  if (Result.isSuccess(pem)) return pem.success;
  reader.wrong("DEWEY_DB_CA", given, "an authority's certificate in PEM, or the path of its file");
  return undefined;
};

const readTls = (
  reader: EnvironmentReader,
  host: string,
  mode: string | null,
): false | { readonly ca?: string } => {
  const asked = reader.oneOf("DEWEY_DB_SSL", ["disable", "verify-full"]);
  const ca = readAuthority(reader);
  if (asked === "disable") {
    if (ca !== undefined) {
      reader.mistakes.push("DEWEY_DB_CA is set, but DEWEY_DB_SSL is disable: remove one of them.");
    }
    return false;
  }
  if (isSocketFolder(host)) return false;
  if (ca !== undefined) return { ca };
  if (asked === "verify-full") return {};
  return mode === "disable" || (mode === null && isLoopback(host)) ? false : {};
};

const sslModes = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

/** Why a URL cannot be used, without showing it; undefined where it can. */
const faultOf = (url: URL): string | undefined => {
  const decodes = [url.username, url.password, url.hostname, url.pathname].every((part) =>
    Result.isSuccess(Result.try(() => decodeURIComponent(part))),
  );
  if (!decodes) return "a % that begins no code. Write it as %25";
  if (url.hash !== "") return "a #. Write it as %23";
  const { searchParams } = url;
  const mode = searchParams.get("sslmode");
  if (mode !== null && !sslModes.includes(mode)) {
    return `the sslmode ${shown(mode)}. Use disable or verify-full`;
  }
  if (searchParams.has("sslrootcert")) return "sslrootcert. Name the file in DEWEY_DB_CA instead";
  if (searchParams.has("sslcert") || searchParams.has("sslkey")) {
    return "a client certificate, which Dewey does not support. Use a password";
  }
  const port = searchParams.get("port") ?? (url.port || "1");
  if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535) {
    return "a port that is none. Use one from 1 to 65535";
  }
  return /^\d*$/.test(searchParams.get("connect_timeout") ?? "")
    ? undefined
    : "a connect_timeout that is no whole number of seconds. Remove it";
};

const readUrl = (reader: EnvironmentReader, text: string): DatabaseTarget | undefined => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^postgres(ql)?:$/.test(url.protocol)) {
    const expected =
      "postgres://user:password@host:port/database, with special characters percent-encoded";
    reader.wrong("DEWEY_DATABASE_URL", text, expected);
    return undefined;
  }
  const fault = faultOf(url);
  if (fault !== undefined) {
    reader.mistakes.push(`DEWEY_DATABASE_URL has ${fault}.`);
    return undefined;
  }
  const { searchParams } = url;
  const part = (name: string, encoded: string): string | undefined =>
    searchParams.get(name) ?? (decodeURIComponent(encoded) || undefined);
  const server: Server = {
    url: Redacted.make(text),
    host: withoutBrackets(part("host", url.hostname) ?? defaults.host),
    port: Number(searchParams.get("port") ?? (url.port || defaults.port)),
    name: part("dbname", url.pathname.slice(1)) ?? defaults.name,
    user: part("user", url.username) ?? defaults.user,
  };
  const own = part("password", url.password);
  const extra = reader.text("DEWEY_DB_PASSWORD");
  if (own !== undefined && extra !== undefined) {
    reader.mistakes.push(
      "DEWEY_DATABASE_URL has a password and DEWEY_DB_PASSWORD is set: give it only once.",
    );
  }
  return complete(reader, server, own ?? extra, searchParams.get("sslmode"));
};

const complete = (
  reader: EnvironmentReader,
  server: Server,
  password: string | undefined,
  mode: string | null,
): DatabaseTarget => ({
  _tag: "Server",
  ...server,
  ...(password === undefined ? {} : { password: Redacted.make(password) }),
  tls: readTls(reader, server.host, mode),
});

const readParts = (reader: EnvironmentReader, given: string): DatabaseTarget => {
  const host = withoutBrackets(given);
  if (!isSocketFolder(host) && !isHostName(host)) {
    reader.wrong("DEWEY_DB_HOST", given, "a host name, an address, or a socket's folder");
  }
  const server: Server = {
    host,
    port: reader.integer("DEWEY_DB_PORT", defaults.port, 1, 65_535),
    name: reader.text("DEWEY_DB_NAME") ?? defaults.name,
    user: reader.text("DEWEY_DB_USER") ?? defaults.user,
  };
  return complete(reader, server, reader.text("DEWEY_DB_PASSWORD"), null);
};

/** The database that an environment names. */
export const readDatabaseTarget = (reader: EnvironmentReader, dataDir: string): DatabaseTarget => {
  const embedded: DatabaseTarget = { _tag: "Embedded", dataDir };
  const url = reader.text("DEWEY_DATABASE_URL");
  if (url !== undefined) {
    const both = parts.filter((name) => reader.isSet(name));
    if (both.length > 0) {
      reader.mistakes.push(
        `DEWEY_DATABASE_URL and ${both.join(", ")} are set: use the URL alone, or the parts alone.`,
      );
    }
    return readUrl(reader, url) ?? embedded;
  }
  const host = reader.text("DEWEY_DB_HOST");
  if (host !== undefined) return readParts(reader, host);
  const stray = [...parts, ...extras].filter((name) => reader.isSet(name));
  if (stray.length > 0 && reader.mistakes.length === 0) {
    reader.mistakes.push(
      `${stray.join(", ")} set without a database: set DEWEY_DB_HOST or DEWEY_DATABASE_URL too, or none of them for the embedded one.`,
    );
  }
  return embedded;
};
