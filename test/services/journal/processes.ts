// Processes with a journal of their own, and what they print.
import { join } from "node:path";
import { linesOf } from "../../support/lines.ts";

/** A process of `journalProcess.ts`. */
export interface JournalProcess extends AsyncDisposable {
  readonly lines: AsyncGenerator<string, void>;
  /** SIGKILL; answers what it had printed and nobody had read. */
  readonly kill: () => Promise<ReadonlyArray<string>>;
}

/** Starts one on a data folder. */
export const startJournal = (
  mode: "write" | "take" | "look",
  dataDir: string,
  sync: "normal" | "full" = "normal",
): JournalProcess => {
  const child = Bun.spawn(
    [process.execPath, join(import.meta.dir, "journalProcess.ts"), mode, dataDir, sync],
    { stdin: "ignore", stdout: "pipe", stderr: "inherit" },
  );
  const lines = linesOf(child.stdout);
  const end = async () => {
    child.kill("SIGKILL");
    await child.exited;
  };
  return {
    lines,
    kill: async () => {
      await end();
      const rest: Array<string> = [];
      while (true) {
        const line = await lines.next();
        if (line.done) return rest;
        rest.push(line.value);
      }
    },
    [Symbol.asyncDispose]: end,
  };
};
