// The page about the tools says what the contract says.
import { expect, test } from "bun:test";
import { join } from "node:path";
import { toolsPage } from "../../scripts/toolsDoc.ts";

test("docs/tools.md is what `bun run docs` writes from the contract", async () => {
  const page = await Bun.file(join(import.meta.dir, "..", "..", "docs", "tools.md")).text();
  expect(page).toBe(toolsPage);
});
