/** Files and folders that only the user who runs Dewey may read: they hold what passes between clients and servers. */
import * as fs from "node:fs";
import { dirname } from "node:path";
import { sqliteCode } from "./sqliteFailures.ts";

/**
 * Makes an empty file unless there is one. One that is there is not even opened: to close it again would give back
 * every lock that this process has on it.
 */
export const makePrivateFile = (path: string): void => {
  try {
    fs.closeSync(fs.openSync(path, "wx", 0o600));
  } catch (cause) {
    if (sqliteCode(cause) !== "EEXIST") throw cause;
  }
};

/**
 * Makes a folder unless there is one, and takes it away from everybody else. Of a data folder that root makes, the
 * embedded Postgres, which runs as another user, can still walk through.
 */
export const makePrivateFolder = (path: string): void => {
  fs.mkdirSync(dirname(path), { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 });
  fs.mkdirSync(path, { recursive: true, mode: 0o700 });
  fs.chmodSync(path, 0o700);
};

/** Makes what was made and removed in a folder survive a loss of power. */
export const syncFolder = (path: string): void => {
  const folder = fs.openSync(path, "r");
  try {
    fs.fsyncSync(folder);
  } finally {
    fs.closeSync(folder);
  }
};
