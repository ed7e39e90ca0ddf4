// Log files that other processes append to, kept from growing without bound.
import * as fs from "node:fs/promises";
import { Effect, Schedule } from "effect";

const largest = 1_048_576;

/**
 * Looks at a log every minute for the scope's life, moving a full one's text to `<path>.old`.
 * Truncated and not renamed: whoever writes it holds the file open.
 */
export const keepLogSmall = (path: string) =>
  Effect.tryPromise(async () => {
    const { size } = await fs.stat(path);
    if (size < largest) return;
    await fs.copyFile(path, `${path}.old`);
    await fs.truncate(path, 0);
  }).pipe(Effect.ignore, Effect.repeat(Schedule.spaced("1 minute")), Effect.forkScoped);
