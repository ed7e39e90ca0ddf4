// A process that starts children as Dewey does, names them, starts one more at each SIGUSR2, and waits to be killed.
import { Effect, Queue } from "effect";
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
  const asked = yield* Queue.unbounded<void>();
  process.on("SIGUSR2", () => Queue.offerUnsafe(asked, undefined));
  const start = (line: string) =>
    startUpstreamProcess(
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
  for (const line of process.argv.slice(2)) yield* start(line);
  const another = start("echo $$; exec sleep 1000");
  return yield* Effect.forever(Effect.andThen(Queue.take(asked), another));
}).pipe(Effect.scoped, Effect.runPromise);
