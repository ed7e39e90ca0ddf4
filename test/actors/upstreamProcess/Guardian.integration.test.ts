import { describe, expect } from "bun:test";
import { fileURLToPath } from "node:url";
import { Effect } from "effect";
import { startUpstreamProcess } from "../../../src/actors/UpstreamProcess.ts";
import { type Guardian, makeGuardian } from "../../../src/actors/upstreamProcess/Guardian.ts";
import { it } from "../../support/it.ts";
import { linesOf } from "../../support/lines.ts";
import { allGone, isAlive, opened, shell } from "./children.ts";

const parent = fileURLToPath(new URL("parent.ts", import.meta.url));

/** The children of a process. */
const childrenOf = (pid: number): ReadonlyArray<number> => {
  const found = Bun.spawnSync(["ps", "-A", "-o", "pid=,ppid="]);
  return found.stdout
    .toString()
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([child = 0, of]) => (of === pid && isAlive(child) ? [child] : []));
};

/** Whether any process has it in its command line. */
const marked = (mark: string): boolean =>
  Bun.spawnSync(["ps", "-A", "-ww", "-o", "args="]).stdout.toString().includes(mark);

/** Starts the children as a Dewey does, in a process of its own; every process that comes of it. */
const family = Effect.fnUntraced(function* (lines: ReadonlyArray<string>) {
  const head = yield* Effect.acquireRelease(
    Effect.sync(() =>
      Bun.spawn([process.execPath, parent, ...lines], { stdin: "ignore", stdout: "pipe" }),
    ),
    (child) => Effect.promise(() => (child.kill("SIGKILL"), child.exited)),
  );
  const said = linesOf(head.stdout);
  /** The processes of the next child that is confirmed. */
  const confirmed = Effect.promise(async () => {
    const line = await said.next();
    return line.done === true ? [] : line.value.split(" ").map(Number);
  });
  const named: Array<number> = [];
  for (const _ of lines) named.push(...(yield* confirmed));
  return { head, confirmed, pids: [...new Set([...named, ...childrenOf(head.pid)])] };
});

const stubborn = `trap '' TERM HUP INT; sh -c 'trap "" TERM HUP; while true; do sleep 1; done' </dev/null & echo $$ $!; while true; do sleep 1; done`;

describe("the children of a Dewey that is killed", () => {
  it.effect(
    "are gone soon, whatever they ignore, and so is the guardian",
    () =>
      Effect.gen(function* () {
        const { head, pids } = yield* family([
          "echo $$; exec cat >/dev/null",
          "echo $$; exec sleep 1000",
          stubborn,
          stubborn,
          "sleep 1000 & echo $$ $!; wait",
        ]);
        // Five children, three of their own, and the guardian.
        expect(pids.length).toBe(9);
        expect(pids.filter(isAlive)).toEqual(pids);
        head.kill("SIGKILL");
        yield* Effect.promise(() => head.exited);
        yield* allGone(pids);
      }),
    { timeout: 20_000 },
  );

  it.effect(
    "together with its guardian are the next guardian's, as long as there was time for one",
    () =>
      Effect.gen(function* () {
        const { confirmed, head, pids } = yield* family([stubborn]);
        const groups = pids.slice(0, 2);
        const [guardian = 0] = pids.slice(2);
        process.kill(guardian, "SIGKILL");
        const next = yield* Effect.gen(function* () {
          for (;;) {
            const [found] = childrenOf(head.pid).filter((pid) => !pids.includes(pid));
            if (found !== undefined) return found;
            yield* Effect.sleep("20 millis");
          }
        });
        // It has heard of a child, and so of those before.
        head.kill("SIGUSR2");
        const others = yield* confirmed;
        head.kill("SIGKILL");
        yield* allGone([...groups, ...others, next]);
      }),
    { timeout: 20_000 },
  );

  it.effect(
    "at any moment of their start are gone, or have never begun",
    () =>
      Effect.gen(function* () {
        for (let round = 1; round <= 8; round++) {
          // Stands in the command line of each, from its very beginning.
          const mark = `1000.${process.pid}${round}`;
          const lines = Array.from({ length: 20 }, () => `echo $$; exec sleep ${mark}`);
          const head = Bun.spawn([process.execPath, parent, ...lines], {
            stdin: "ignore",
            stdout: "pipe",
          });
          let named = 0;
          yield* Effect.promise(async () => {
            for await (const _line of linesOf(head.stdout)) if (++named === 2 * round) break;
          });
          expect(named).toBe(2 * round);
          head.kill("SIGKILL");
          yield* Effect.promise(() => head.exited);
          while (marked(mark)) yield* Effect.sleep("20 millis");
        }
      }),
    { timeout: 60_000 },
  );
});

describe("a guardian", () => {
  it.effect("is started with the first child alone, and ends with its scope", () =>
    Effect.gen(function* () {
      const before = childrenOf(process.pid);
      const added = () => childrenOf(process.pid).filter((pid) => !before.includes(pid));
      yield* Effect.gen(function* () {
        const guardian = yield* makeGuardian;
        expect(added()).toEqual([]);
        const start = opened((handlers) =>
          startUpstreamProcess(shell("exec cat"), handlers, {
            environment: {},
            folder: "/",
            guardian,
          }),
        );
        yield* Effect.all([start, start, start], { concurrency: "unbounded" });
        expect(added().length).toBe(4);
      }).pipe(Effect.scoped);
      yield* Effect.gen(function* () {
        while (added().length > 0) yield* Effect.sleep("20 millis");
      });
    }),
  );

  it.effect("forgets a group, and then leaves it alone", () =>
    Effect.gen(function* () {
      const spawn = () => Bun.spawn(["/bin/sleep", "1000"], { detached: true });
      const [kept, left] = [spawn(), spawn()];
      yield* Effect.addFinalizer(() => Effect.sync(() => left.kill("SIGKILL")));
      const use = (guardian: Guardian) =>
        Effect.gen(function* () {
          yield* guardian.watch(kept.pid);
          yield* guardian.watch(left.pid);
          guardian.forget(left.pid);
        });
      yield* Effect.flatMap(makeGuardian, use).pipe(Effect.scoped);
      yield* Effect.promise(() => kept.exited);
      expect(kept.signalCode).toBe("SIGTERM");
      expect(isAlive(left.pid)).toBe(true);
    }),
  );
});
