/** The settings of one process, out of its environment: every default and every check, all mistakes at once. */
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { isatty } from "node:tty";
import { Context, Effect, Layer, Result, Schema } from "effect";
import { type AccessSettings, readAccess, readHost } from "./Config/accessSettings.ts";
import { type DatabaseTarget, readDatabaseTarget } from "./Config/databaseTarget.ts";
import { type Environment, EnvironmentReader, shown } from "./Config/EnvironmentReader.ts";
import { type ProxySettings, readProxy } from "./Config/proxySettings.ts";
import { readTlsSettings, readTrustedProxies, type TlsSettings } from "./Config/tlsSettings.ts";

/** The settings of one process, read and checked once at its start. */
export interface Settings {
  readonly database: {
    readonly target: DatabaseTarget;
    readonly minConnections: number;
    readonly maxConnections: number;
    readonly acquireTimeoutMs: number;
    readonly queryTimeoutMs: number;
  };
  readonly mcp: { readonly host: string; readonly port: number };
  readonly proxy: ProxySettings;
  /** Where Dewey keeps files, whichever database it uses. */
  readonly dataDir: string;
  readonly access: AccessSettings;
  readonly tls: TlsSettings | undefined;
  readonly trustedProxies: ReadonlyArray<string>;
  readonly allowedHosts: ReadonlyArray<string>;
  readonly allowedOrigins: ReadonlyArray<string>;
  readonly log: { readonly level: LogLevelName; readonly format: "pretty" | "json" };
  /** Days; 0 stands for ever. */
  readonly retention: {
    readonly trashDays: number;
    readonly framesDays: number;
    readonly toolCallsDays: number;
    readonly recordedDays: number;
    readonly deadLettersDays: number;
  };
  readonly shutdownTimeoutMs: number;
  /** What is worth a line in the log although the start goes on. */
  readonly warnings: ReadonlyArray<string>;
}

const logLevels = {
  TRACE: "Trace",
  DEBUG: "Debug",
  INFO: "Info",
  WARN: "Warn",
  ERROR: "Error",
} as const;

/** A level as Effect's logger names it. */
export type LogLevelName = (typeof logLevels)[keyof typeof logLevels];

/** A start that was refused: one line for every wrong value. */
export class ConfigError extends Schema.TaggedError<ConfigError>()("ConfigError", {
  mistakes: Schema.Array(Schema.String),
}) {
  override get message(): string {
    return ["The configuration is wrong:", ...this.mistakes].join("\n  ");
  }
}

const defaultDataDir = (environment: Environment): string => {
  if (process.getuid?.() === 0) return "/var/lib/dewey";
  const data = environment.XDG_DATA_HOME;
  // A relative one is to be ignored, says its specification.
  if (data !== undefined && isAbsolute(data)) return join(data, "dewey");
  return join(environment.HOME || homedir(), ".local", "share", "dewey");
};

const readDataDir = (reader: EnvironmentReader): string => {
  const given = reader.text("DEWEY_DATA_DIR");
  if (given !== undefined && !isAbsolute(given)) {
    reader.wrong("DEWEY_DATA_DIR", given, "an absolute path");
  }
  return given ?? defaultDataDir(reader.environment);
};

const readLogLevel = (reader: EnvironmentReader): LogLevelName => {
  const text = reader.text("DEWEY_LOG_LEVEL");
  if (text === undefined) return "Info";
  const upper = text.toUpperCase().replace(/^WARNING$/, "WARN");
  const level = Object.entries(logLevels).find(([name]) => name === upper)?.[1];
  if (level !== undefined) return level;
  reader.warnings.push(
    `DEWEY_LOG_LEVEL is ${shown(text)}, which is none of ${Object.keys(logLevels).join(", ")}: INFO is used.`,
  );
  return "Info";
};

const parseHost = (item: string): string | undefined => {
  const url = URL.canParse(`http://${item}`) ? new URL(`http://${item}`) : undefined;
  const lower = item.toLowerCase();
  return url !== undefined &&
    (url.hostname === lower || `${url.hostname}:${portOf(lower)}` === lower)
    ? lower
    : undefined;
};

const portOf = (host: string): string => /:(\d{1,5})$/.exec(host)?.[1] ?? "";

const parseOrigin = (item: string): string | undefined => {
  const url = URL.canParse(item) ? new URL(item) : undefined;
  const isWeb = url !== undefined && ["http:", "https:"].includes(url.protocol);
  return isWeb && url.origin === item.toLowerCase() ? url.origin : undefined;
};

/** Reads all settings of an environment, or names every mistake in it. */
export const readSettings = (
  environment: Environment,
  terminal: boolean,
): Result.Result<Settings, ConfigError> => {
  const reader = new EnvironmentReader(environment);
  const dataDir = readDataDir(reader);
  const access = readAccess(reader);
  const maxConnections = reader.integer("DEWEY_DB_MAX_CONNECTIONS", 10, 1, 1000);
  const settings = {
    database: {
      target: readDatabaseTarget(reader, dataDir),
      minConnections: reader.integer("DEWEY_DB_MIN_CONNECTIONS", 1, 0, maxConnections),
      maxConnections,
      acquireTimeoutMs: reader.duration("DEWEY_DB_ACQUIRE_TIMEOUT", 5000, 10, 600_000),
      queryTimeoutMs: reader.duration("DEWEY_DB_QUERY_TIMEOUT", 30_000, 10, 3_600_000),
    },
    mcp: {
      host: readHost(reader, access, "DEWEY_MCP_HOST"),
      port: reader.integer("DEWEY_MCP_PORT", 9020, 0, 65_535),
    },
    proxy: readProxy(reader, access),
    dataDir,
    access,
    tls: readTlsSettings(reader),
    trustedProxies: readTrustedProxies(reader),
    allowedHosts: reader.list(
      "DEWEY_ALLOWED_HOSTS",
      [],
      parseHost,
      "names such as dewey.example.org or dewey.example.org:9020",
    ),
    allowedOrigins: reader.list(
      "DEWEY_ALLOWED_ORIGINS",
      ["https://claude.ai"],
      parseOrigin,
      "origins such as https://claude.ai",
    ),
    log: {
      level: readLogLevel(reader),
      format:
        reader.oneOf("DEWEY_LOG_FORMAT", ["pretty", "json"]) ?? (terminal ? "pretty" : "json"),
    },
    retention: {
      trashDays: reader.integer("DEWEY_RETENTION_TRASH", 30, 0, 36_500),
      framesDays: reader.integer("DEWEY_RETENTION_FRAMES", 90, 0, 36_500),
      toolCallsDays: reader.integer("DEWEY_RETENTION_TOOL_CALLS", 0, 0, 36_500),
      recordedDays: reader.integer("DEWEY_RETENTION_RECORDED", 0, 0, 36_500),
      deadLettersDays: reader.integer("DEWEY_RETENTION_DEAD_LETTERS", 30, 0, 36_500),
    },
    shutdownTimeoutMs: reader.duration("DEWEY_SHUTDOWN_TIMEOUT", 30_000, 0, 3_600_000),
  };
  reader.warnOfUnknown();
  return reader.mistakes.length === 0
    ? Result.succeed({ ...settings, warnings: reader.warnings })
    : Result.fail(new ConfigError({ mistakes: reader.mistakes }));
};

/** The settings of this process. */
export class Config extends Context.Service<Config, Settings>()("dewey/Config") {
  static readonly layer: Layer.Layer<Config, ConfigError> = Layer.effect(
    Config,
    Effect.suspend(() => Effect.fromResult(readSettings(process.env, isatty(2)))),
  );
}
