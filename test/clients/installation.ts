// The real clients of MCP, installed from the npm registry into a folder of their own beside the project's packages.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";

const folder = join(import.meta.dir, "..", "..", "node_modules", ".clients");

/** The clients by their programs: the package of each, and the version that is tried. */
export const clients = {
  claude: { title: "Claude Code", package: "@anthropic-ai/claude-code", version: "2.1.328" },
  codex: { title: "Codex", package: "@openai/codex", version: "0.169.0" },
  gemini: { title: "Gemini CLI", package: "@google/gemini-cli", version: "0.61.0" },
  opencode: { title: "opencode", package: "opencode-ai", version: "1.18.33" },
} as const;

/** A client, by the name of its program. */
export type ClientName = keyof typeof clients;

const manifest = JSON.stringify({
  private: true,
  dependencies: Object.fromEntries(
    Object.values(clients).map((client) => [client.package, client.version]),
  ),
  // Their programs are put into place by scripts of the packages.
  trustedDependencies: [clients.claude.package, clients.opencode.package],
});

/** The folder of the clients' programs. */
export const programs = join(folder, "node_modules", ".bin");

/** Whether these very versions are there already. */
export const isInstalled = async (): Promise<boolean> => {
  const done = Bun.file(join(folder, "installed.json"));
  return (await done.exists()) && (await done.text()) === manifest;
};

/** Installs them, more than a gigabyte in all. */
export const install = async (): Promise<void> => {
  await mkdir(folder, { recursive: true });
  await Bun.write(join(folder, "package.json"), manifest);
  const child = Bun.spawn([process.execPath, "install", "--no-summary"], {
    cwd: folder,
    stdio: ["ignore", "inherit", "inherit"],
  });
  if ((await child.exited) !== 0) {
    throw new Error("The clients could not be installed. Is the npm registry reachable?");
  }
  await Bun.write(join(folder, "installed.json"), manifest);
};
