// The page about the configuration says what the program knows.
import { expect, test } from "bun:test";
import { join } from "node:path";
import { Result } from "effect";
import { variables } from "../../src/Config/variables.ts";
import { readSettings } from "../../src/Config.ts";

const read = (name: string) => Bun.file(join(import.meta.dir, "..", "..", name)).text();

test("docs/configuration.md has a row for every variable, in the words of the program", async () => {
  const page = await read("docs/configuration.md");
  const rows = page.split("\n").filter((line) => line.startsWith("| `DEWEY_"));
  expect(rows).toEqual(
    Object.entries(variables).map(
      ([name, { about, fallback }]) => `| \`${name}\` | ${fallback} | ${about} |`,
    ),
  );
});

test("the defaults in the table are those of the program", () => {
  const seconds = (millis: number) => `${millis / 1000} s`;
  const { allowedOrigins, database, log, mcp, retention, shutdownTimeoutMs } = Result.getOrThrow(
    readSettings({}, false),
  );
  const { target } = Result.getOrThrow(readSettings({ DEWEY_DB_HOST: "db" }, false)).database;
  if (target._tag !== "Server") throw new Error("A host names a server.");
  const actual = {
    DEWEY_DB_PORT: String(target.port),
    DEWEY_DB_NAME: target.name,
    DEWEY_DB_USER: target.user,
    DEWEY_DB_MIN_CONNECTIONS: String(database.minConnections),
    DEWEY_DB_MAX_CONNECTIONS: String(database.maxConnections),
    DEWEY_DB_ACQUIRE_TIMEOUT: seconds(database.acquireTimeoutMs),
    DEWEY_DB_QUERY_TIMEOUT: seconds(database.queryTimeoutMs),
    DEWEY_MCP_HOST: mcp.host,
    DEWEY_MCP_PORT: String(mcp.port),
    DEWEY_ALLOWED_ORIGINS: allowedOrigins.join(),
    DEWEY_LOG_LEVEL: log.level.toUpperCase(),
    DEWEY_RETENTION_TRASH: String(retention.trashDays),
    DEWEY_SHUTDOWN_TIMEOUT: seconds(shutdownTimeoutMs),
  };
  const stated = Object.fromEntries(
    Object.entries(variables).map(([name, { fallback }]) => [name, fallback]),
  );
  expect(stated).toMatchObject(actual);
});

test("every variable that the documents name is one", async () => {
  const pages = ["README.md", "docs/configuration.md", "docs/operations.md", "Dockerfile"];
  const texts = await Promise.all(pages.map(read));
  const named = texts.flatMap((text) => text.match(/\bDEWEY_[A-Z_]*[A-Z]\b/g) ?? []);
  const known = Object.keys(variables).flatMap((name) => [name, `${name}_FILE`]);
  // `DEWEY_DB_*` stands for several.
  const unknown = named.filter(
    (name) => !known.includes(name) && !known.some((other) => other.startsWith(`${name}_`)),
  );
  expect(unknown).toEqual([]);
});
