// What can go wrong with the embedded database, as sentences that say what to do.
import { Effect, Schema } from "effect";

/** The embedded database cannot be had; `message` is fit to be shown as it is. */
export class EmbeddedDatabaseError extends Schema.TaggedError<EmbeddedDatabaseError>()(
  "EmbeddedDatabaseError",
  { message: Schema.String },
) {}

const ErrnoException = Schema.Struct({ code: Schema.String, message: Schema.String });
const decodeErrno = Schema.decodeUnknownOption(ErrnoException);

/** The code of a failed system call (`ENOENT`, `EACCES`, …), if `cause` is one. */
export const errnoCode = (cause: unknown): string | undefined => {
  const decoded = decodeErrno(cause);
  return decoded._tag === "Some" ? decoded.value.code : undefined;
};

/** The sentence for a system call that failed while doing something (“create”) to a path. */
export const fileFailure = (doing: string, path: string, cause: unknown): EmbeddedDatabaseError => {
  const what = `Dewey cannot ${doing} ${path}`;
  const user = process.getuid?.() ?? "?";
  switch (errnoCode(cause)) {
    case "ENOSPC":
    case "EDQUOT":
      return new EmbeddedDatabaseError({
        message: `${what}: the disk is full. Free some space there, or move the data to another disk and name its folder in DEWEY_DATA_DIR.`,
      });
    case "EACCES":
    case "EPERM":
      return new EmbeddedDatabaseError({
        message: `${what}: user ${user} may not. Give that user the folder (chown), run Dewey as the folder's owner, or name another folder in DEWEY_DATA_DIR.`,
      });
    case "EROFS":
      return new EmbeddedDatabaseError({
        message: `${what}: the file system is read-only. Name a writable folder in DEWEY_DATA_DIR.`,
      });
    case "ENOTDIR":
    case "EEXIST":
    case "ENOTEMPTY":
      return new EmbeddedDatabaseError({
        message: `${what}: something else is in the way. Move it, or name another folder in DEWEY_DATA_DIR.`,
      });
    default:
      return new EmbeddedDatabaseError({
        message: `${what}: ${cause instanceof Error ? cause.message : String(cause)}`,
      });
  }
};

/** Runs file work that may throw; the failure becomes the sentence of `fileFailure`. */
export const attempt = <A>(
  doing: string,
  path: string,
  work: () => Promise<A>,
): Effect.Effect<A, EmbeddedDatabaseError> =>
  Effect.tryPromise({ try: work, catch: (cause) => fileFailure(doing, path, cause) });
