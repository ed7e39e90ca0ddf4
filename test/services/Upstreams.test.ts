import { describe, expect } from "bun:test";
import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Context, Effect, Fiber, Layer, Logger, Queue } from "effect";
import type { Upstream } from "../../src/domain/Upstream.ts";
import { type Replaced, Upstreams, type UpstreamsOptions } from "../../src/services/Upstreams.ts";
import { it } from "../support/it.ts";
import { replaceFile } from "../support/replaceFile.ts";

const folder = Effect.acquireRelease(
  Effect.promise(() => fs.mkdtemp(join(tmpdir(), "dewey-upstreams-"))),
  (path) => Effect.promise(() => fs.rm(path, { recursive: true })),
);

/** The service over a file that is looked at often, and every line of its log. */
const serving = Effect.fnUntraced(function* (
  file: string | undefined,
  more: Partial<UpstreamsOptions> = {},
) {
  const path = join(yield* folder, "dewey.json");
  const write = (text: string) => Effect.promise(() => replaceFile(path, text));
  if (file !== undefined) yield* write(file);
  const lines = yield* Queue.unbounded<string>();
  const log = Logger.make<unknown, void>(({ message }) => {
    Queue.offerUnsafe(lines, String(message).replaceAll(path, "FILE"));
  });
  const layer = Upstreams.layer({
    path,
    isNamed: true,
    every: "10 millis",
    variables: {},
    isOwn: () => false,
    ...more,
  }).pipe(Layer.provide(Logger.layer([log])));
  const context = yield* Layer.build(layer);
  const upstreams = Context.get(context, Upstreams);
  const names = Effect.map(upstreams.all, (all) => all.map(({ name }) => name));
  const replaced = (upstream: Upstream) =>
    Effect.callback<Replaced>((resume) => {
      const unwatch = upstreams.watch(upstream, (what) => resume(Effect.succeed(what)));
      return Effect.sync(unwatch);
    });
  return { ...upstreams, names, replaced, write, line: Queue.take(lines), path };
});

const servers = (entries: Readonly<Record<string, unknown>>) =>
  JSON.stringify({ mcpServers: entries });

const program = (command: string, more: object = {}) => ({ command, ...more });

describe("an upstream", () => {
  it.effect("is found by its name, or marked as the default; Dewey is always there", () =>
    Effect.gen(function* () {
      const { find, names } = yield* serving(
        servers({ a: program("x"), "b c": program("y", { default: true }) }),
      );
      expect(yield* names).toEqual(["dewey", "a", "b c"]);
      expect(yield* find("a")).toMatchObject({ _tag: "Stdio", command: "x" });
      expect((yield* find(undefined)).name).toBe("b c");
      expect((yield* find("dewey"))._tag).toBe("Dewey");
    }),
  );

  it.effect("that is none is answered with those that there are", () =>
    Effect.gen(function* () {
      const { find } = yield* serving(servers({ a: program("x") }));
      expect((yield* find(undefined))._tag).toBe("Dewey");
      const { message } = yield* Effect.flip(find("A"));
      expect(message).toBe('There is no upstream "A". Name one of: dewey, a.');
    }),
  );

  it.effect("that cannot be used says why, to the log, to a client and to health", () =>
    Effect.gen(function* () {
      const { find, line, report } = yield* serving(
        servers({ bad: { url: "http://a/${KEY}" }, good: program("x") }),
      );
      const why =
        'The entry "bad" uses the variable KEY, which is not set: set it for Dewey, or write ${KEY:-default}.';
      expect(yield* line).toBe(`In FILE: ${why}`);
      expect(yield* line).toBe("Read 1 upstreams from FILE; new or changed: good.");
      expect((yield* Effect.flip(find("bad"))).message).toBe(why);
      expect(yield* report).toMatchObject({
        dewey: { state: "idle" },
        good: { state: "idle", connections: 0 },
        bad: { state: "unusable", last_failure: { message: why } },
      });
    }),
  );
});

describe("a file that changes", () => {
  it.effect("replaces what is different, and touches nothing else", () =>
    Effect.gen(function* () {
      const { find, line, names, replaced, write } = yield* serving(
        servers({
          same: program("x", { env: { A: "1" } }),
          other: program("y"),
          gone: program("z"),
        }),
      );
      yield* line;
      const [same, other, gone, dewey] = yield* Effect.forEach(
        ["same", "other", "gone", "dewey"],
        (name) => find(name),
      );
      if (!same || !other || !gone || !dewey) throw new Error("One is missing.");
      const waiting = yield* Effect.forkScoped(
        Effect.all([replaced(other), replaced(gone)], { concurrency: "unbounded" }),
      );
      const untouched = yield* Effect.forkScoped(Effect.raceFirst(replaced(same), replaced(dewey)));
      yield* write(
        servers({
          added: program("n"),
          other: program("y2"),
          same: { env: { A: "1" }, command: "x" },
        }),
      );
      expect(yield* Fiber.join(waiting)).toEqual(["changed", "removed"]);
      expect(yield* line).toBe("Read 3 upstreams from FILE; new or changed: added, other.");
      expect(yield* names).toEqual(["dewey", "added", "other", "same"]);
      expect(yield* find("same")).toBe(same);
      expect(untouched.pollUnsafe()).toBeUndefined();
      // Who asks later is told at once.
      expect(yield* replaced(other)).toBe("changed");
      expect(yield* replaced(gone)).toBe("removed");
    }),
  );

  it.effect("and cannot be parsed changes nothing, and is one line of the log", () =>
    Effect.gen(function* () {
      const { find, line, names, write } = yield* serving(servers({ a: program("x") }));
      yield* line;
      const before = yield* find("a");
      yield* write('{"mcpServers": {');
      expect(yield* line).toBe(
        "The upstreams in FILE cannot be used: it is no JSON, in line 1 or before. The upstreams from before stay.",
      );
      expect(yield* find("a")).toBe(before);
      yield* write(servers({ a: program("x"), b: program("y") }));
      expect(yield* line).toBe("Read 2 upstreams from FILE; new or changed: b.");
      expect(yield* names).toEqual(["dewey", "a", "b"]);
      expect(yield* find("a")).toBe(before);
    }),
  );

  it.effect("and has an entry that cannot be used any more keeps it as it was", () =>
    Effect.gen(function* () {
      const { find, line, replaced, report, write } = yield* serving(servers({ a: program("x") }));
      yield* line;
      const before = yield* find("a");
      const waiting = yield* Effect.forkScoped(replaced(before));
      yield* write(servers({ a: { type: "stdio" }, b: program("y") }));
      expect(yield* line).toBe('In FILE: The entry "a" has no command.');
      yield* line;
      expect(yield* find("a")).toBe(before);
      expect(waiting.pollUnsafe()).toBeUndefined();
      expect(yield* report).toMatchObject({
        a: { state: "idle", last_failure: { message: 'The entry "a" has no command.' } },
      });
      // Said once.
      yield* write(servers({ a: { type: "stdio" }, b: program("z") }));
      expect(yield* line).toBe("Read 1 upstreams from FILE; new or changed: b.");
      yield* write(servers({ b: program("z") }));
      expect(yield* Fiber.join(waiting)).toBe("removed");
    }),
  );

  it.effect("that was named and is not there is missed once, and read when it appears", () =>
    Effect.gen(function* () {
      const { line, names, path, write } = yield* serving(undefined);
      expect(yield* line).toBe(
        "The upstreams in FILE cannot be used: there is no such file. It is looked at again when it changes.",
      );
      expect(yield* names).toEqual(["dewey"]);
      yield* write(servers({ a: program("x") }));
      expect(yield* line).toBe("Read 1 upstreams from FILE; new or changed: a.");
      yield* Effect.promise(() => fs.unlink(path));
      expect(yield* line).toBe(
        "The upstreams in FILE cannot be used: there is no such file. The upstreams from before stay.",
      );
      expect(yield* names).toEqual(["dewey", "a"]);
    }),
  );

  it.effect("that nobody named is not missed, and read when it appears", () =>
    Effect.gen(function* () {
      const { line, names, write } = yield* serving(undefined, { isNamed: false });
      yield* write(servers({ a: program("x") }));
      expect(yield* line).toBe("Read 1 upstreams from FILE; new or changed: a.");
      expect(yield* names).toEqual(["dewey", "a"]);
    }),
  );
});
