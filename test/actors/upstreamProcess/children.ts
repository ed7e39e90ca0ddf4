/** Programs for tests of child processes: scripts of Bun, and what the system says about processes. */
import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Effect, Queue, type Scope } from "effect";
import type { Link, LinkHandlers } from "../../../src/actors/links.ts";
import type { Frame } from "../../../src/domain/Frame.ts";
import type { StdioUpstream } from "../../../src/domain/Upstream.ts";

/** A folder that is gone at the end of the scope. */
export const folder = Effect.acquireRelease(
  Effect.promise(async () => fs.mkdtemp(join(await fs.realpath(tmpdir()), "dewey-children-"))),
  (path) => Effect.promise(() => fs.rm(path, { recursive: true, force: true })),
);

/** An upstream that is a script of Bun. */
export const script = (code: string, more: Partial<StdioUpstream> = {}): StdioUpstream => ({
  _tag: "Stdio",
  name: "child",
  onRestart: "resume",
  command: process.execPath,
  args: ["-e", code],
  env: {},
  cwd: null,
  ...more,
});

/** An upstream that is a line of shell. */
export const shell = (line: string, more: Partial<StdioUpstream> = {}): StdioUpstream =>
  script("", { command: "/bin/sh", args: ["-c", line], ...more });

/** Whether a process is there and no zombie. */
export const isAlive = (pid: number): boolean => {
  const found = Bun.spawnSync(["ps", "-o", "stat=", "-p", String(pid)]);
  const state = found.stdout.toString().trim();
  return state !== "" && !state.startsWith("Z");
};

/** Waits until none of the processes is there; nothing tells of the end of somebody else's child. */
export const allGone = (pids: ReadonlyArray<number>): Effect.Effect<void> =>
  Effect.gen(function* () {
    while (pids.some(isAlive)) yield* Effect.sleep("20 millis");
  });

/** What a link's handlers were told. */
export interface Heard {
  readonly handlers: LinkHandlers;
  readonly next: Effect.Effect<Frame>;
  readonly text: Effect.Effect<string>;
  readonly lost: Effect.Effect<string>;
  readonly frames: () => number;
  readonly losses: () => number;
}

/** Handlers that keep what they are told. */
export const listener: Effect.Effect<Heard> = Effect.gen(function* () {
  const frames = yield* Queue.unbounded<Frame>();
  const losses = yield* Queue.unbounded<string>();
  let frameCount = 0;
  let lossCount = 0;
  const next = Queue.take(frames);
  return {
    handlers: {
      onFrame: (frame) => {
        frameCount++;
        Queue.offerUnsafe(frames, frame);
      },
      onLost: (reason) => {
        lossCount++;
        Queue.offerUnsafe(losses, reason);
      },
    },
    next,
    text: Effect.map(next, String),
    lost: Queue.take(losses),
    frames: () => frameCount,
    losses: () => lossCount,
  };
});

/** Opens a link with handlers that keep what they are told. */
export const opened = <E, R>(
  open: (handlers: LinkHandlers) => Effect.Effect<Link, E, R>,
): Effect.Effect<Heard & { readonly link: Link }, E, R | Scope.Scope> =>
  Effect.gen(function* () {
    const heard = yield* listener;
    const link = yield* open(heard.handlers);
    return { ...heard, link };
  });

/** Sends it all, waiting for room as it is told to. */
export const sendAll = (link: Link, frames: Iterable<Frame>): Effect.Effect<void> =>
  Effect.promise(async () => {
    for (const frame of frames) await link.send(frame);
  });
