/** The proxies of the npm registry that Dewey is compared with, installed beside the project's packages. */
import { mkdir, realpath } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { freePort } from "../../test/support/freePort.ts";

const folder = join(import.meta.dir, "..", "..", "node_modules", ".proxies");

/** Their packages and the versions that are tried. */
const versions = { supergateway: "4.0.0", "mcp-proxy": "6.7.19" } as const;

const manifest = JSON.stringify({ private: true, dependencies: versions });

/** Installs them where they are not there yet. */
export const installProxies = async (): Promise<void> => {
  const done = Bun.file(join(folder, "installed.json"));
  if ((await done.exists()) && (await done.text()) === manifest) return;
  await mkdir(folder, { recursive: true });
  await Bun.write(join(folder, "package.json"), manifest);
  const child = Bun.spawn([process.execPath, "install", "--no-summary"], {
    cwd: folder,
    stdio: ["ignore", "inherit", "inherit"],
  });
  if ((await child.exited) !== 0) {
    throw new Error("The proxies could not be installed. Is the npm registry reachable?");
  }
  await Bun.write(join(folder, "installed.json"), manifest);
};

/** A running proxy. */
export interface NpmProxy extends AsyncDisposable {
  readonly port: number;
}

const isListening = async (port: number): Promise<boolean> => {
  try {
    const socket = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } });
    socket.end();
    return true;
  } catch {
    return false;
  }
};

/** The Node of this machine: `bun run` puts itself before it under the same name. */
const findNode = async (): Promise<string> => {
  const bun = await realpath(process.execPath);
  for (const path of (process.env["PATH"] ?? "").split(delimiter)) {
    const node = Bun.which("node", { PATH: path });
    if (node !== null && (await realpath(node)) !== bun) return node;
  }
  throw new Error(
    "The proxies of npm run under Node. Install it, or leave them out with --without-npm.",
  );
};

/** Runs one under Node, as its users do, and waits until it listens. */
export const startNpmProxy = async (
  name: keyof typeof versions,
  args: (port: number) => ReadonlyArray<string>,
): Promise<NpmProxy> => {
  const port = freePort();
  const program = join(folder, "node_modules", ".bin", name);
  const child = Bun.spawn([await findNode(), program, ...args(port)], {
    stdio: ["ignore", "ignore", "ignore"],
  });
  const until = performance.now() + 30_000;
  while (!(await isListening(port))) {
    if (child.exitCode !== null || performance.now() > until) {
      throw new Error(`${name} does not listen (exit code ${child.exitCode}).`);
    }
    await Bun.sleep(50);
  }
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGTERM");
      const killed = setTimeout(() => child.kill("SIGKILL"), 3000);
      await child.exited;
      clearTimeout(killed);
    },
  };
};
