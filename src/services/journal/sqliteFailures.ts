/** What may go wrong with a file of SQLite, as a code and as a sentence that says what to do. */
import { Predicate } from "effect";

/** The code of a failure of SQLite (`SQLITE_FULL`) or of a system call (`ENOSPC`), if it is one. */
export const sqliteCode = (cause: unknown): string | undefined =>
  Predicate.hasProperty(cause, "code") && typeof cause.code === "string" ? cause.code : undefined;

const isAbout = (cause: unknown, ...codes: ReadonlyArray<string>): boolean => {
  const code = sqliteCode(cause);
  // SQLITE_IOERR_WRITE and its like are kinds of SQLITE_IOERR.
  return (
    code !== undefined && codes.some((known) => code === known || code.startsWith(`${known}_`))
  );
};

/** Whether there is no room for more: everything that was written is as good as before. */
export const isOutOfSpace = (cause: unknown): boolean =>
  isAbout(cause, "SQLITE_FULL", "ENOSPC", "EDQUOT");

/** Whether another process is at the file. */
export const isBusy = (cause: unknown): boolean => isAbout(cause, "SQLITE_BUSY");

/** Whether the file's content is not what SQLite has written. */
export const isDamaged = (cause: unknown): boolean =>
  isAbout(cause, "SQLITE_CORRUPT", "SQLITE_NOTADB");

/** The sentence for a failure while doing something (“write to”) to a file. */
export const failureSentence = (doing: string, path: string, cause: unknown): string => {
  const what = `Dewey cannot ${doing} ${path}`;
  if (isOutOfSpace(cause)) {
    return `${what}: the disk is full. Free some space there, or move the data to another disk and name its folder in DEWEY_DATA_DIR.`;
  }
  if (
    isAbout(cause, "SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "EACCES", "EPERM", "EROFS")
  ) {
    return `${what}: user ${process.getuid?.() ?? "?"} may not, or the file system is read-only. Give that user the folder (chown), or name another one in DEWEY_DATA_DIR.`;
  }
  if (isBusy(cause)) return `${what}: another process holds it.`;
  if (isDamaged(cause)) return `${what}: its content is damaged.`;
  if (isAbout(cause, "ENOTDIR", "EEXIST")) {
    return `${what}: something else is in the way. Move it, or name another folder in DEWEY_DATA_DIR.`;
  }
  return `${what}: ${cause instanceof Error ? cause.message : String(cause)}.`;
};
