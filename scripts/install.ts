// Installs the locked dependencies when they are missing or another lockfile's, and the git hooks.
// It runs before anything is installed: nothing but Bun may be imported here.
import { Database } from "bun:sqlite";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dir, "..");
const modules = join(root, "node_modules");
const stampFile = join(modules, ".dewey-installed");

/** What the installed packages depend on: the lockfile, and what Bun took from it here. */
const wanted = async () => {
  const lockfile = Bun.hash(await Bun.file(join(root, "bun.lock")).text()).toString(16);
  return `${lockfile} ${process.platform}-${process.arch} bun-${Bun.version}\n`;
};

const isInstalled = async () => {
  // A handle of its own each time: one remembers that the file was not there.
  const stamp = Bun.file(stampFile);
  return (await stamp.exists()) && (await stamp.text()) === (await wanted());
};

const install = async () => {
  process.stderr.write("Installing the dependencies that bun.lock names...\n");
  const started = performance.now();
  const result = Bun.spawn([process.execPath, "install", "--frozen-lockfile", "--no-progress"], {
    cwd: root,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err, code] = await Promise.all([
    result.stdout.text(),
    result.stderr.text(),
    result.exited,
  ]);
  if (code !== 0) {
    process.stderr.write(
      `${out}${err}The dependencies could not be installed: check the network and the disk, then run the command again.\n`,
    );
    process.exit(1);
  }
  await Bun.write(stampFile, await wanted());
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stderr.write(`Installed the dependencies in ${seconds} s.\n`);
};

/** Several commands may start at once on a fresh checkout: the first installs, the others wait. */
const installOnce = async () => {
  mkdirSync(modules, { recursive: true });
  // The lock of a database is the one that goes with its process on every platform.
  const lock = new Database(join(modules, ".dewey-install.sqlite"));
  try {
    lock.run("PRAGMA busy_timeout = 600000");
    lock.run("BEGIN EXCLUSIVE");
    if (!(await isInstalled())) await install();
  } finally {
    lock.close();
  }
};

const git = (...args: ReadonlyArray<string>) =>
  Bun.spawnSync(["git", "-C", root, ...args], { stdin: "ignore", stderr: "ignore" });

/** Turns on the hooks of the repository, unless this is no checkout or its owner chose others. */
const installHooks = () => {
  if (Bun.which("git") === null) return;
  const top = git("rev-parse", "--show-prefix");
  if (!top.success || top.stdout.toString().trim() !== "") return;
  if (git("config", "core.hooksPath").success) return;
  git("config", "core.hooksPath", ".githooks");
};

if (!(await isInstalled())) {
  await installOnce();
  installHooks();
}
