// Whether another user can walk to a path: under root, Postgres runs as one.
import * as fs from "node:fs/promises";
import { dirname } from "node:path";
import { Effect } from "effect";
import type { SystemUser } from "./DataFolder.ts";
import { attempt, EmbeddedDatabaseError } from "./EmbeddedDatabaseError.ts";

/** Fails with the folder that stands in the way of `user` to `path`. */
export const mustReach = Effect.fnUntraced(function* (path: string, user: SystemUser) {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const { mode, uid, gid } = yield* attempt("look at", folder, () => fs.stat(folder));
    const searchable = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
    if ((mode & searchable) === 0) {
      return yield* new EmbeddedDatabaseError({
        message: `Postgres refuses root and runs as user ${user.uid}, which may not walk through ${folder} to ${path}. Name a folder outside of it in DEWEY_DATA_DIR (as root the default is /var/lib/dewey), or allow it: chmod o+x ${folder}`,
      });
    }
    if (folder === dirname(folder)) return;
  }
});
