// Postgres's own folder: made from the template in one step, or checked to be of our major version.
import * as fs from "node:fs/promises";
import { join } from "node:path";
import { Effect, Option } from "effect";
import type { DataFolder } from "./DataFolder.ts";
import { attempt, EmbeddedDatabaseError, errnoCode } from "./EmbeddedDatabaseError.ts";
import { type PostgresInstall, syncCluster } from "./postgresInstall.ts";

const majorOf = (cluster: string) => {
  const path = join(cluster, "PG_VERSION");
  return attempt("read", path, () =>
    fs.readFile(path, "utf8").then(
      (text) => Option.some(text.trim()),
      (cause: unknown) => {
        if (errnoCode(cause) === "ENOENT") return Option.none<string>();
        throw cause;
      },
    ),
  );
};

/** Makes the cluster if there is none. The caller holds the keeper's lock. */
export const ensureCluster = Effect.fn("cluster.ensure")(function* (
  folder: DataFolder,
  install: PostgresInstall,
  options: { readonly durable: boolean },
) {
  const ours = yield* majorOf(install.template);
  const theirs = yield* majorOf(folder.cluster);
  if (Option.isSome(theirs)) {
    if (Option.isSome(ours) && ours.value === theirs.value) return;
    return yield* new EmbeddedDatabaseError({
      message: `The data in ${folder.root} is of Postgres ${theirs.value}, and this Dewey brings Postgres ${Option.getOrElse(ours, () => "?")}, which does not touch it. Run \`dewey export\` with the Dewey that wrote it, then \`dewey import\` with this one into another DEWEY_DATA_DIR.`,
    });
  }
  // A start that was killed leaves its draft, never a half cluster: only a whole one is renamed.
  const draft = `${folder.cluster}.draft`;
  yield* attempt("remove", draft, () => fs.rm(draft, { recursive: true, force: true }));
  yield* attempt("create", folder.cluster, () => copyTree(install.template, draft, folder));
  if (options.durable) {
    yield* syncCluster(install, draft, folder.asRoot ? folder.postgresUser : undefined);
  }
  yield* attempt("create", folder.cluster, async () => {
    await fs.rename(draft, folder.cluster);
    const handle = await fs.open(folder.root);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  });
  yield* Effect.logInfo(`Created the database in ${folder.cluster}`);
});

const copyTree = async (from: string, to: string, folder: DataFolder): Promise<void> => {
  const { uid, gid } = folder.postgresUser;
  await fs.mkdir(to, { mode: 0o700 });
  for (const entry of await fs.readdir(from, { withFileTypes: true })) {
    const source = join(from, entry.name);
    const target = join(to, entry.name);
    if (entry.isDirectory()) {
      await copyTree(source, target, folder);
      continue;
    }
    await fs.copyFile(source, target, fs.constants.COPYFILE_FICLONE);
    await fs.chmod(target, 0o600);
    if (folder.asRoot) await fs.chown(target, uid, gid);
  }
  if (folder.asRoot) await fs.chown(to, uid, gid);
};
