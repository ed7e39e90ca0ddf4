// A session over the pipes of a process: `dewey stdio NAME`, started for it, and gone with it.
import { wholeLinesOf } from "../../support/lines.ts";
import type { Line, LineOptions } from "./Client.ts";
import { keyOf } from "./frames.ts";

/** What is started. */
export interface StdioProgram {
  readonly command: ReadonlyArray<string>;
  readonly environment: Readonly<Record<string, string>>;
}

/** What a client that has closed its end leaves the process for what it has to do. */
const graceMillis = 1000;

/** Starts one. */
export const openStdioLine = (
  { command, environment }: StdioProgram,
  { closed, log, opened, received }: LineOptions,
): Line => {
  const { HOME = "", PATH = "", TMPDIR = "/tmp" } = process.env;
  const child = Bun.spawn([...command], {
    env: { HOME, PATH, TMPDIR, ...environment },
    stdin: "pipe",
    stdout: "pipe",
    stderr: "ignore",
  });
  const stream: Array<string> = [];
  log.received.push(stream);
  const reading = (async () => {
    for await (const frame of wholeLinesOf(child.stdout)) received(frame, stream);
  })();
  let isClosed = false;
  let timer: Timer | undefined;
  void Promise.all([child.exited, reading]).then(() => {
    isClosed = true;
    clearTimeout(timer);
    closed();
  });
  const ignoringItsEnd = async (written: () => unknown) => {
    try {
      await written();
    } catch {
      // What it does not read any more is nobody's loss.
    }
  };
  setImmediate(opened);
  return {
    close: () => {
      if (isClosed) return;
      isClosed = true;
      void ignoringItsEnd(() => child.stdin.end());
      timer = setTimeout(() => child.kill("SIGKILL"), graceMillis);
    },
    send: (frame) => {
      if (isClosed) return;
      log.sent.push(keyOf(frame));
      void ignoringItsEnd(() => {
        void child.stdin.write(frame);
        void child.stdin.write("\n");
        return child.stdin.flush();
      });
    },
    signal: (signal) => child.kill(signal),
  };
};
