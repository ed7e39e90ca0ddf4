import { describe, expect } from "bun:test";
import { readFileSync } from "node:fs";
import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Deferred, type Duration, Effect, Exit, Schema, Scope } from "effect";
import {
  type ProcessSurroundings,
  startUpstreamProcess,
} from "../../src/actors/UpstreamProcess.ts";
import { makeGuardian } from "../../src/actors/upstreamProcess/Guardian.ts";
import type { StdioUpstream } from "../../src/domain/Upstream.ts";
import { it } from "../support/it.ts";
import {
  allGone,
  folder,
  isAlive,
  opened,
  script,
  sendAll,
  shell,
} from "./upstreamProcess/children.ts";

const MiB = 1024 * 1024;

const PATH = process.env["PATH"] ?? "";

const decodeSurroundings = Schema.decodeUnknownSync(
  Schema.fromJsonString(Schema.Tuple([Schema.Record(Schema.String, Schema.String), Schema.String])),
);

/** Starts a program of the test. */
const start = Effect.fnUntraced(function* (
  upstream: StdioUpstream,
  more: Partial<ProcessSurroundings> = {},
) {
  const guardian = yield* makeGuardian;
  return yield* opened((handlers) =>
    startUpstreamProcess(upstream, handlers, {
      environment: { PATH, HOME: tmpdir() },
      folder: "/",
      guardian,
      grace: "300 millis",
      ...more,
    }),
  );
});

/** Sends back each line as it came. */
const echo = shell("exec cat");

describe("frames", () => {
  it.effect(
    "come back in order, in both directions at once, large ones and many",
    () =>
      Effect.gen(function* () {
        const { link, text } = yield* start(echo);
        const frames = Array.from({ length: 5000 }, (_, index) => `{"id":${index}}`);
        frames[2000] = JSON.stringify({ text: "ö😀\u2028".repeat(MiB / 8) });
        yield* Effect.forkScoped(sendAll(link, frames));
        for (const frame of frames) expect(yield* text).toBe(frame);
      }),
    { timeout: 20_000 },
  );

  it.effect("go in on one line, and what is no UTF-8 comes out as bytes", () =>
    Effect.gen(function* () {
      const { link, next, text } = yield* start(echo);
      yield* sendAll(link, ['{\n  "a": "b"\r\n}', Uint8Array.of(0x22, 0xff, 0x22)]);
      expect(yield* text).toBe('{   "a": "b"  }');
      expect(yield* next).toEqual(Uint8Array.of(0x22, 0xff, 0x22));
    }),
  );

  it.effect(
    "wait while nobody takes them, in the pipe and not in memory",
    () =>
      Effect.gen(function* () {
        const line = "x".repeat(64 * 1024 - 1);
        const { frames, link, text } = yield* start(
          script(
            `const line = "${line}\\n"; for (let n = 0; n < 1600; n++) await Bun.write(Bun.stdout, line);`,
          ),
        );
        yield* text;
        link.pause();
        // What had been read already comes.
        yield* Effect.sleep("300 millis");
        const whilePaused = frames();
        const before = process.memoryUsage.rss();
        yield* Effect.sleep("500 millis");
        expect(frames()).toBe(whilePaused);
        expect(whilePaused).toBeLessThan(64);
        expect(process.memoryUsage.rss() - before).toBeLessThan(16 * MiB);
        link.resume();
        for (let rest = frames(); rest > 1; rest--) yield* text;
      }),
    { timeout: 20_000 },
  );

  it.effect("make whoever sends wait when the program does not read", () =>
    Effect.gen(function* () {
      const at = join(yield* folder, "go");
      const { link } = yield* start(shell(`while ! [ -e ${at} ]; do sleep 0.05; done; exec wc -c`));
      const frame = "x".repeat(64 * 1024);
      let sent = 0;
      let room: Promise<void> | undefined;
      while (room === undefined && sent < 1000) {
        room = link.send(frame);
        sent++;
      }
      expect(sent * frame.length).toBeLessThan(2 * MiB);
      const waited = room ?? Promise.resolve();
      expect(
        yield* Effect.promise(() => Promise.race([waited.then(() => "room"), Bun.sleep(100)])),
      ).toBe(undefined);
      yield* Effect.promise(() => fs.writeFile(at, ""));
      yield* Effect.promise(() => waited);
    }),
  );

  it.effect("let go of who waits when the program ends instead", () =>
    Effect.gen(function* () {
      const { link, lost } = yield* start(shell("sleep 0.2; exit 5"));
      let room: Promise<void> | undefined;
      while (room === undefined) room = link.send("x".repeat(64 * 1024));
      const waited = room;
      yield* Effect.promise(() => waited);
      expect(yield* lost).toBe("The program ended with code 5.");
    }),
  );
});

describe("surroundings", () => {
  it.effect("are the environment it is given with the entry's own, and its folder", () =>
    Effect.gen(function* () {
      const cwd = yield* folder;
      const { text } = yield* start(
        script("console.log(JSON.stringify([process.env, process.cwd()]))", {
          env: { OWN: "1", HOME: "/elsewhere" },
          cwd,
        }),
      );
      const [environment, at] = decodeSurroundings(yield* text);
      const { PWD: _pwd, OLDPWD: _oldpwd, SHLVL: _level, _: _last, ...rest } = environment;
      expect(rest).toEqual({ PATH, HOME: "/elsewhere", OWN: "1" });
      expect(at).toBe(cwd);
    }),
  );

  it.effect("a command with a path is looked for in its folder", () =>
    Effect.gen(function* () {
      const cwd = yield* folder;
      yield* Effect.promise(() =>
        fs.writeFile(join(cwd, "server"), "#!/bin/sh\necho here\n", { mode: 0o755 }),
      );
      const { text } = yield* start(script("", { command: "./server", args: [], cwd }));
      expect(yield* text).toBe("here");
    }),
  );

  for (const [what, upstream, why] of [
    [
      "a program",
      script("", { command: "no-such-program" }),
      "no-such-program is not there, or is no program",
    ],
    ["a folder", script("", { cwd: "/no/such/folder" }), "its folder /no/such/folder is not there"],
  ] as const) {
    it.effect(`without ${what} nothing is started`, () =>
      Effect.gen(function* () {
        const { message } = yield* Effect.flip(start(upstream));
        expect(message).toBe(`The program cannot be started: ${why}.`);
      }),
    );
  }
});

describe("a program that ends by itself", () => {
  for (const [how, line, reason] of [
    [
      "with a code",
      "echo one; echo oh no >&2; exit 7",
      "The program ended with code 7. Its last words: oh no",
    ],
    ["by a signal", "echo one; kill -9 $$", "The program was ended by SIGKILL."],
    ["by closing its output", "echo one; exec >&-; sleep 10", "The program closed its output."],
  ] as const) {
    it.effect(`${how} is lost after its last frame, once, with the reason`, () =>
      Effect.gen(function* () {
        const { losses, lost, text } = yield* start(shell(line));
        expect(yield* text).toBe("one");
        expect(yield* lost).toBe(reason);
        yield* Effect.sleep("50 millis");
        expect(losses()).toBe(1);
      }),
    );
  }

  it.effect("is lost without the key that it complains about", () =>
    Effect.gen(function* () {
      const key = `ghp_${"a1B2c3D4".repeat(5).slice(0, 36)}`;
      const { lost } = yield* start(shell(`echo "bad key ${key}" >&2; exit 1`));
      const reason = yield* lost;
      expect(reason).toStartWith(
        "The program ended with code 1. Its last words: bad key [REDACTED:",
      );
      expect(reason).not.toContain(key);
    }),
  );

  it.effect("is lost even where what it started holds its pipe open", () =>
    Effect.gen(function* () {
      const { lost, text } = yield* start(shell("sleep 20 & echo $!; exit 3"));
      const pid = Number(yield* text);
      expect(yield* lost).toBe("The program ended with code 3.");
      expect(isAlive(pid)).toBe(true);
    }),
  );

  it.effect(
    "is lost only after all that it printed was taken, however slowly",
    () =>
      Effect.gen(function* () {
        const { frames, link, lost, losses } = yield* start(
          script(
            `for (let n = 0; n < 3000; n++) await Bun.write(Bun.stdout, "x".repeat(1000) + "\\n")`,
          ),
        );
        const slow = Effect.gen(function* () {
          while (losses() === 0) {
            link.pause();
            yield* Effect.sleep("20 millis");
            link.resume();
            yield* Effect.sleep("1 millis");
          }
        });
        yield* Effect.forkScoped(slow);
        expect(yield* lost).toBe("The program ended with code 0.");
        expect(frames()).toBe(3000);
      }),
    { timeout: 20_000 },
  );

  it.effect("and one that prints a line without end are lost", () =>
    Effect.gen(function* () {
      const { lost } = yield* start(shell("cat /dev/zero"), { frameBytes: MiB });
      expect(yield* lost).toBe("The program printed a line of more than 1048576 bytes.");
    }),
  );
});

describe("at the end of the scope", () => {
  /** Starts it in a scope of its own; the processes that it names in its first frame, and how long the end takes. */
  const ending = Effect.fnUntraced(function* (
    upstream: StdioUpstream,
    { endsItself = false, ...more }: { endsItself?: boolean; grace?: Duration.Input } = {},
  ) {
    const scope = yield* Scope.make();
    const { losses, text } = yield* start(upstream, more).pipe(Scope.provide(scope));
    const pids = (yield* text).split(" ").map(Number);
    expect(pids.filter(isAlive)).toEqual(pids);
    const before = performance.now();
    yield* Scope.close(scope, Exit.void);
    yield* allGone(pids);
    if (!endsItself) expect(losses()).toBe(0);
    return performance.now() - before;
  });

  it.effect("a program that looks at its input has its time to end", () =>
    Effect.gen(function* () {
      const at = join(yield* folder, "ended");
      yield* ending(shell(`echo $$; cat >/dev/null; echo too late; echo well > ${at}`), {
        grace: "1 minute",
      });
      expect(readFileSync(at, "utf8")).toBe("well\n");
    }),
  );

  it.effect("one that does not is told to", () =>
    Effect.gen(function* () {
      const at = join(yield* folder, "ended");
      yield* ending(
        shell(`trap 'echo told > ${at}; exit' TERM; echo $$; while true; do sleep 0.05; done`),
        { grace: "2 seconds" },
      );
      expect(readFileSync(at, "utf8")).toBe("told\n");
    }),
  );

  it.effect("one that ignores that is killed, with what it started", () =>
    Effect.gen(function* () {
      const millis = yield* ending(
        shell(
          `trap '' TERM; sh -c 'trap "" TERM; while true; do sleep 1; done' & echo $$ $!; while true; do sleep 1; done`,
        ),
      );
      expect(millis).toBeGreaterThan(550);
    }),
  );

  it.effect("what a program left behind ends too", () =>
    ending(shell("sleep 60 >/dev/null 2>&1 & echo $!"), { endsItself: true }),
  );

  it.effect("an interruption while it starts leaves nothing", () =>
    Effect.gen(function* () {
      const at = join(yield* folder, "started");
      const watching = yield* Deferred.make<number>();
      const guardian = {
        watch: (group: number) => Effect.andThen(Deferred.succeed(watching, group), Effect.never),
        forget: () => {},
      };
      const scope = yield* Scope.make();
      yield* start(shell(`touch ${at}`), { guardian }).pipe(
        Scope.provide(scope),
        Effect.forkIn(scope),
      );
      const pid = yield* Deferred.await(watching);
      yield* Scope.close(scope, Exit.void);
      yield* allGone([pid]);
      expect(yield* Effect.promise(() => fs.exists(at))).toBe(false);
    }),
  );
});
