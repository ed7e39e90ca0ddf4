// A process that starts children as Dewey does, names them, and waits to be killed.
import { Effect } from "effect";
import { startUpstreamProcess } from "../../../src/actors/UpstreamProcess.ts";
import { makeGuardian } from "../../../src/actors/upstreamProcess/Guardian.ts";
import type { Frame } from "../../../src/domain/Frame.ts";

// Who reads may have heard enough.
process.stdout.on("error", () => {});

const write = (frame: Frame) => {
  process.stdout.write(`${String(frame)}\n`);
};

await Effect.gen(function* () {
  const guardian = yield* makeGuardian;
  for (const line of process.argv.slice(2)) {
    yield* startUpstreamProcess(
      {
        _tag: "Stdio",
        name: "child",
        onRestart: "resume",
        command: "/bin/sh",
        args: ["-c", line],
        env: {},
        cwd: null,
      },
      { onFrame: write, onLost: write },
      { environment: { PATH: "/usr/bin:/bin" }, folder: "/", guardian },
    );
  }
  return yield* Effect.never;
}).pipe(Effect.scoped, Effect.runPromise);
