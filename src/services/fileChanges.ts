/** Notices that files have changed, by looking at them: not every file system tells, and not every editor keeps the file. */
import * as fs from "node:fs/promises";
import { type Duration, Effect } from "effect";

/** What tells one state of a file from another without reading it; links are followed, and no file is a state too. */
const stampOf = (path: string) =>
  Effect.promise(() =>
    fs.stat(path, { bigint: true }).then(
      ({ dev, ino, size, mtimeNs, ctimeNs }) => [dev, ino, size, mtimeNs, ctimeNs].join(),
      () => "none",
    ),
  );

/**
 * Runs an effect each time that one of the files has changed and is not being written any more; never returns. It also
 * runs at the beginning, for changes since the files were read.
 */
export const onFileChange = Effect.fnUntraced(function* (
  paths: ReadonlyArray<string>,
  every: Duration.Input,
  changed: Effect.Effect<void>,
) {
  const look = Effect.map(Effect.forEach(paths, stampOf), (stamps) => stamps.join(";"));
  let taken = yield* look;
  let seen = taken;
  yield* changed;
  return yield* Effect.forever(
    Effect.gen(function* () {
      yield* Effect.sleep(every);
      const now = yield* look;
      // Twice the same: nobody is in the middle of writing.
      if (now !== taken && now === seen) {
        taken = now;
        yield* changed;
      }
      seen = now;
    }),
  );
});
