// Data folders for tests of the journal.
import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Effect } from "effect";

/** A data folder that is gone with the scope. */
export const scopedFolder = Effect.acquireRelease(
  Effect.promise(() => fs.mkdtemp(join(tmpdir(), "dewey-journal-"))),
  (path) => Effect.promise(() => fs.rm(path, { recursive: true, force: true })),
);
