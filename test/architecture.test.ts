// Proves the import table of ARCHITECTURE.md on every source file, and that a breach would be found.
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { breaches } from "./support/architecture.ts";
import { readSource } from "./support/imports.ts";

const root = join(import.meta.dir, "..");

const tree = async () => {
  const paths = await Promise.all(
    ["src/**/*.ts", "migrations/**/*.ts"].map((pattern) =>
      Array.fromAsync(new Bun.Glob(pattern).scan({ cwd: root })),
    ),
  );
  return Promise.all(
    paths.flat().map(async (path) => readSource(path, await Bun.file(join(root, path)).text())),
  );
};

const planted = (files: Readonly<Record<string, string>>) =>
  breaches(
    Object.entries(files).map(([path, text]) =>
      readSource(path, text.startsWith("#!") ? text : `// A planted file.\n${text}`),
    ),
  );

const declares = "export const here = 1;";

test("the sources keep the house's rules", async () => {
  const sources = await tree();
  expect(sources.length).toBeGreaterThan(0);
  expect(breaches(sources)).toEqual([]);
});

test("sources that keep the rules have no breach", () => {
  expect(
    planted({
      "src/domain/Message.ts": `import { Schema } from "effect";\n${declares}`,
      "src/rpc/DeweyTools.ts": `import { here } from "../domain/Message.ts";\nexport const tools = here;`,
      "src/mcp/tools.ts": `import { tools } from "../rpc/DeweyTools.ts";\nexport const all = tools;`,
      "src/services/journal/PartFile.ts": `import { Database } from "bun:sqlite";\n${declares}`,
      "src/sql/embedded/lock.ts": `import { Database } from "bun:sqlite";\n${declares}`,
      "src/sql/Pool.ts": `import { PgClient } from "@effect/sql-pg";\n${declares}`,
    }),
  ).toEqual([]);
});

describe("a breach is found when", () => {
  const cases: ReadonlyArray<readonly [string, Readonly<Record<string, string>>, string]> = [
    [
      "the domain imports a higher room",
      { "src/domain/A.ts": `import { b } from "../services/B.ts";\n${declares}` },
      "domain may not import from services",
    ],
    [
      "the domain uses another package than effect",
      { "src/domain/A.ts": `import { join } from "node:path";\n${declares}` },
      "domain may not use the package node:*",
    ],
    [
      "only a type is imported",
      { "src/sql/A.ts": `import type { B } from "../services/B.ts";\n${declares}` },
      "sql may not import from services",
    ],
    [
      "a type is named where it is used",
      { "src/sql/A.ts": `export const a: import("../http/B.ts").B = 1;` },
      "sql may not import from http",
    ],
    [
      "a module is imported as it runs",
      { "src/services/A.ts": `export const a = () => import("../mcp/B.ts");` },
      "services may not import from mcp",
    ],
    [
      "a module is required",
      { "src/services/A.ts": `export const a = require("../mcp/B.ts");` },
      "services may not import from mcp",
    ],
    [
      "something is exported from elsewhere",
      { "src/http/A.ts": `export { b } from "../mcp/B.ts";\n${declares}` },
      "http may not import from mcp",
    ],
    [
      "a door imports another door",
      { "src/proxy/A.ts": `import { b } from "../mcp/B.ts";\n${declares}` },
      "proxy may not import from mcp",
    ],
    [
      "a door imports more of rpc than the contract",
      { "src/mcp/A.ts": `import { b } from "../rpc/handlers.ts";\n${declares}` },
      "mcp may not import from rpc",
    ],
    [
      "anything imports main",
      { "src/cli/A.ts": `import "../main.ts";\n${declares}` },
      "cli may not import from main",
    ],
    [
      "the configuration imports a service",
      { "src/Config.ts": `import { b } from "./services/B.ts";\n${declares}` },
      "Config may not import from services",
    ],
    [
      "the sources import a test",
      { "src/sql/A.ts": `import { b } from "../../test/B.ts";\n${declares}` },
      "it is in no room",
    ],
    [
      "a file is outside of the rooms",
      { "src/utils/A.ts": declares },
      "src/utils/A.ts is in no room",
    ],
    [
      "a service uses the driver",
      { "src/services/A.ts": `import { PgClient } from "@effect/sql-pg";\n${declares}` },
      "services may not use the package @effect/sql-pg",
    ],
    [
      "another room uses the MCP packages",
      { "src/rpc/A.ts": `import { Server } from "@modelcontextprotocol/server";\n${declares}` },
      "rpc may not use the package @modelcontextprotocol/server",
    ],
    [
      "another service than the journal uses sqlite",
      { "src/services/A.ts": `import { Database } from "bun:sqlite";\n${declares}` },
      "only the journal and the embedded database may",
    ],
    [
      "the contract brings the server along",
      {
        "src/rpc/DeweyTools.ts": `import { a } from "./handlers.ts";\n${declares}`,
        "src/rpc/handlers.ts": `import { b } from "../services/B.ts";\n${declares}`,
        "src/services/B.ts": declares,
      },
      "src/rpc/DeweyTools.ts is shipped to clients and reaches src/services/B.ts",
    ],
    [
      "the client brings a package along",
      { "src/rpc/DeweyClient.ts": `import { join } from "node:path";\n${declares}` },
      "src/rpc/DeweyClient.ts is shipped to clients and reaches node:path",
    ],
    [
      "services and actors go round in a circle",
      {
        "src/services/A.ts": `import type { b } from "../actors/B.ts";\n${declares}`,
        "src/actors/B.ts": `import { c } from "../services/C.ts";\n${declares}`,
        "src/services/C.ts": `import { a } from "./A.ts";\n${declares}`,
      },
      "src/services/A.ts → src/actors/B.ts → src/services/C.ts → src/services/A.ts",
    ],
    [
      "a file only passes on exports",
      { "src/services/index.ts": `export * from "./A.ts";` },
      "only passes on what others export",
    ],
    [
      "a file passes on what it imports",
      { "src/services/index.ts": `import { a } from "./A.ts";\nexport { a };` },
      "only passes on what others export",
    ],
    ["main has 80 lines", { "src/main.ts": "void 0;\n".repeat(79) }, "src/main.ts has 80 lines"],
    [
      "a file has more than 500 lines without a reason",
      { "src/sql/A.ts": "void 0;\n".repeat(500) },
      "src/sql/A.ts has 501 lines",
    ],
    [
      "a file does not say what it is for",
      { "src/sql/A.ts": `#!/usr/bin/env bun\n${declares}` },
      "does not begin with a comment",
    ],
  ];
  for (const [name, files, breach] of cases) {
    test(name, () => {
      expect(planted(files)).toEqual([expect.stringContaining(breach)]);
    });
  }
});

test("a file of more than 500 lines may say why", () => {
  const text = `// One table, whose lines belong together.\n${"void 0;\n".repeat(600)}`;
  expect(breaches([readSource("src/sql/A.ts", text)])).toEqual([]);
});
