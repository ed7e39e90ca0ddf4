import { describe, expect, test } from "bun:test";
import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Effect, Logger, Queue } from "effect";
import {
  makeTokensFile,
  readTokensFile,
  watchTokensFile,
} from "../../../src/services/access/tokensFile.ts";
import { it } from "../../support/it.ts";
import { replaceFile } from "../../support/replaceFile.ts";

const folder = Effect.acquireRelease(
  Effect.promise(() => fs.mkdtemp(join(tmpdir(), "dewey-tokens-"))),
  (path) => Effect.promise(() => fs.rm(path, { recursive: true })),
);

const quick = "20 millis";

/** Watches a file: what was read each time, and every line of the log. */
const watched = Effect.fnUntraced(function* (path: string) {
  const reads = yield* Queue.unbounded<ReadonlyArray<string>>();
  const lines = yield* Queue.unbounded<string>();
  const log = Logger.map(Logger.formatJson, (line) => void Queue.offerUnsafe(lines, line));
  yield* watchTokensFile(path, quick, (tokens) => {
    Queue.offerUnsafe(
      reads,
      tokens.map(({ name }) => name),
    );
  }).pipe(Effect.provide(Logger.layer([log])), Effect.forkScoped);
  return { next: Queue.take(reads), line: Queue.take(lines) };
});

const replace = (path: string, text: string) => Effect.promise(() => replaceFile(path, text));

/** Over what is there, which has the same length: nobody sees it half written. */
const writeInPlace = (path: string, text: string) =>
  Effect.promise(async () => {
    await using file = await fs.open(path, "r+");
    await file.write(text);
  });

describe("a file that changes", () => {
  it.effect("is read again when it is written in place, replaced, removed and made anew", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "tokens");
      yield* replace(path, "a:1");
      const { next, line } = yield* watched(path);
      expect(yield* next).toEqual(["a"]);
      yield* writeInPlace(path, "b:2");
      expect(yield* next).toEqual(["b"]);
      expect(yield* line).toContain("In ");
      expect(yield* line).toContain("Read 1 access tokens from ");
      yield* replace(path, "c:3\nd:4");
      expect(yield* next).toEqual(["c", "d"]);
      for (let warning = 0; warning < 2; warning++) yield* line;
      expect(yield* line).toContain("Read 2 access tokens");
      yield* Effect.promise(() => fs.unlink(path));
      expect(yield* line).toContain("cannot be used: ENOENT. Those from before stay valid.");
      yield* replace(path, "e:5");
      expect(yield* next).toEqual(["e"]);
    }),
  );

  it.effect("is followed through links, which Kubernetes puts others in the place of", () =>
    Effect.gen(function* () {
      const root = yield* folder;
      const at = (...names: ReadonlyArray<string>) => join(root, ...names);
      yield* Effect.promise(async () => {
        await fs.mkdir(at("..1"));
        await fs.writeFile(at("..1", "tokens"), "a:1");
        await fs.symlink("..1", at("..data"));
        await fs.symlink(join("..data", "tokens"), at("tokens"));
      });
      const { next } = yield* watched(at("tokens"));
      expect(yield* next).toEqual(["a"]);
      yield* Effect.promise(async () => {
        await fs.mkdir(at("..2"));
        await fs.writeFile(at("..2", "tokens"), "b:2");
        await fs.symlink("..2", at("..data_tmp"));
        await fs.rename(at("..data_tmp"), at("..data"));
        await fs.rm(at("..1"), { recursive: true });
      });
      expect(yield* next).toEqual(["b"]);
    }),
  );

  it.effect(
    "and is broken keeps the tokens from before, and is one line of the log without them",
    () =>
      Effect.gen(function* () {
        const path = join(yield* folder, "tokens");
        yield* replace(path, "a:1");
        const { next, line } = yield* watched(path);
        expect(yield* next).toEqual(["a"]);
        yield* replace(path, "a:a-secret-that-is-not-shown:fly\nb\nc:3");
        const said = yield* line;
        expect(said).toContain("Entry 1 has a scope that there is not");
        expect(said).toContain("Entry 2 has no token");
        expect(said).not.toContain("a-secret");
        yield* replace(path, "");
        expect(yield* line).toContain("There is no token in it");
        // Nothing was handed on in between.
        yield* replace(path, "z:9");
        expect(yield* next).toEqual(["z"]);
      }),
  );
});

describe("the file that Dewey makes", () => {
  it.effect("has one token for everything, which only its owner can read", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "new", "access-tokens");
      const token = yield* makeTokensFile(path);
      expect(token).toMatch(/^[\w-]{43}$/);
      const { mode } = yield* Effect.promise(() => fs.stat(path));
      expect(mode & 0o777).toBe(0o600);
      const { tokens, warnings } = yield* readTokensFile(path);
      expect(tokens.map(({ name, scopes, space }) => [name, [...scopes].join("+"), space])).toEqual(
        [["owner", "read+write+delete+proxy+admin", "default"]],
      );
      expect(warnings).toEqual([]);
      expect(yield* makeTokensFile(path)).toBeUndefined();
      const text = yield* Effect.promise(() => fs.readFile(path, "utf8"));
      expect(text).toContain(`owner:${token}:`);
      // No draft is left.
      expect(yield* Effect.promise(() => fs.readdir(join(path, "..")))).toEqual(["access-tokens"]);
    }),
  );

  it.effect("is made once by many who start at once", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "access-tokens");
      const made = yield* Effect.forEach(Array.from({ length: 20 }), () => makeTokensFile(path), {
        concurrency: "unbounded",
      });
      const [token, ...more] = made.filter((each) => each !== undefined);
      expect(more).toEqual([]);
      expect(yield* Effect.promise(() => fs.readFile(path, "utf8"))).toContain(String(token));
    }),
  );
});

test("a file larger than any list of tokens is not read", async () => {
  const path = join(tmpdir(), `dewey-large-${crypto.randomUUID()}`);
  await fs.writeFile(path, `a:1\n${"#".repeat(1024 * 1024)}`);
  const error = await Effect.runPromise(Effect.flip(readTokensFile(path)));
  expect(error.message).toContain("more than 1048576 bytes");
  await fs.unlink(path);
});
