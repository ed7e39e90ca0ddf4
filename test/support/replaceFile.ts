// Files that somebody watches.
import { rename, writeFile } from "node:fs/promises";

/** Puts a file in the place of the one before, all of it at once: what is half written would be looked at, too. */
export const replaceFile = async (path: string, text: string): Promise<void> => {
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
};
