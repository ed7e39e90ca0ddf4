// The store of dead letters, and how what is put back reaches a recorder: at least once, under the same ids.
import { describe, expect } from "bun:test";
import * as fs from "node:fs";
import { join } from "node:path";
import { Effect, Layer } from "effect";
import type { Entry } from "../../src/domain/Recording.ts";
import { DeadLetters, type RefusedEntry } from "../../src/services/DeadLetters.ts";
import { Journal } from "../../src/services/Journal.ts";
import { it } from "../support/it.ts";
import { description, frameOf } from "./journal/entries.ts";
import { scopedFolder } from "./journal/folders.ts";

const stream = Bun.randomUUIDv7();

const refused = (payload: string | Uint8Array, reason = "It is too odd."): RefusedEntry => ({
  entry: frameOf(stream, payload),
  description,
  reason,
});

const letters = (dataDir: string) => DeadLetters.layer({ dataDir });

const on = <A, E>(dataDir: string, work: (dead: DeadLetters["Service"]) => Effect.Effect<A, E>) =>
  Effect.provide(Effect.flatMap(DeadLetters, work), letters(dataDir));

/** What a recorder gets to see of the journals that nobody holds. */
const drainAbandoned = (dataDir: string) =>
  Effect.gen(function* () {
    const journal = yield* Journal;
    const found: Array<{ readonly isReplay: boolean; readonly entries: ReadonlyArray<Entry> }> = [];
    for (const source of yield* journal.abandoned) {
      const entries: Array<Entry> = [];
      let after = 0;
      while (true) {
        const batch = yield* source.read(after, { entries: 100, bytes: 1e6 });
        if (batch === undefined) break;
        entries.push(...batch.entries);
        after = batch.through;
        yield* source.release(after);
      }
      found.push({ isReplay: source.isReplay, entries });
    }
    return found;
  }).pipe(
    Effect.scoped,
    Effect.provide(Journal.layer({ dataDir, sync: "normal", limitBytes: 1e9 })),
  );

const framesOf = (entries: ReadonlyArray<Entry>) => entries.filter(({ _tag }) => _tag === "Frame");

describe("dead letters", () => {
  it.effect("are told of without their content, the oldest first, and none makes no file", () =>
    Effect.gen(function* () {
      const dataDir = yield* scopedFolder;
      yield* on(dataDir, (dead) =>
        Effect.gen(function* () {
          expect(yield* dead.list(10)).toEqual([]);
          expect(yield* dead.count).toBe(0);
          expect(yield* dead.replay("all")).toBe(0);
          expect(yield* dead.drop("all")).toBe(0);
          expect(fs.readdirSync(dataDir)).toEqual([]);

          const [text, bytes] = [refused("é secret"), refused(new Uint8Array(3), "Odd bytes.")];
          const closed: Entry = {
            _tag: "Event",
            stream,
            id: Bun.randomUUIDv7(),
            at: 5,
            event: { event: "closed", reason: "" },
          };
          yield* dead.put([text, bytes]);
          yield* dead.put([{ entry: closed, description: undefined, reason: "Nobody knows it." }]);
          const { upstream } = description;
          const rows = [
            {
              id: text.entry.id,
              at: text.entry.at,
              upstream,
              direction: "to_upstream",
              bytes: 9,
              reason: "It is too odd.",
            },
            {
              id: bytes.entry.id,
              at: bytes.entry.at,
              upstream,
              direction: "to_upstream",
              bytes: 3,
              reason: "Odd bytes.",
            },
            {
              id: closed.id,
              at: 5,
              upstream: undefined,
              direction: "event",
              bytes: 30,
              reason: "Nobody knows it.",
            },
          ] as const;
          expect(yield* dead.list(10)).toMatchObject([...rows]);
          expect(yield* dead.list(1, text.entry.id)).toMatchObject([rows[1]]);
          // Refused once more: one letter, and why it was the last time.
          yield* dead.put([{ ...bytes, reason: "Still odd." }]);
          expect(yield* dead.list(1, text.entry.id)).toMatchObject([
            { ...rows[1], reason: "Still odd." },
          ]);
          expect(yield* dead.count).toBe(3);
          expect(fs.statSync(join(dataDir, "dead-letters.sqlite")).mode & 0o777).toBe(0o600);
        }),
      );
    }),
  );

  it.effect("that are put back come once, with their stream, as a replay", () =>
    Effect.gen(function* () {
      const dataDir = yield* scopedFolder;
      const many = Array.from({ length: 250 }, (_, index) => refused(`${index}`));
      const large = Array.from({ length: 4 }, (_, index) =>
        refused(new Uint8Array(3_000_000).fill(index)),
      );
      yield* on(dataDir, (dead) =>
        Effect.gen(function* () {
          yield* dead.put([...many, ...large]);
          const [first, second] = many;
          const ids = [second?.entry.id ?? "", first?.entry.id ?? "", "nobody's"];
          expect(yield* dead.replay(ids)).toBe(2);
          expect(yield* dead.replay(ids)).toBe(0);
          expect(yield* dead.count).toBe(252);
          const some = yield* drainAbandoned(dataDir);
          expect(some.map(({ isReplay }) => isReplay)).toEqual([true]);
          expect(framesOf(some[0]?.entries ?? [])).toEqual(
            many.slice(0, 2).map(({ entry }) => entry),
          );
          expect(some[0]?.entries[0]).toMatchObject({ _tag: "Stream", stream, description });

          expect(yield* dead.replay("all")).toBe(252);
          expect(yield* dead.count).toBe(0);
          const rest = yield* drainAbandoned(dataDir);
          expect(framesOf(rest.flatMap(({ entries }) => entries))).toEqual(
            [...many.slice(2), ...large].map(({ entry }) => entry),
          );
          expect(fs.readdirSync(join(dataDir, "journal"))).toEqual([]);
        }),
      );
    }),
  );

  it.effect(
    "that a killed replay left in both places come twice under one id, and none is lost",
    () =>
      Effect.gen(function* () {
        const dataDir = yield* scopedFolder;
        const all = Array.from({ length: 450 }, (_, index) => refused(`${index}`));
        yield* on(dataDir, (dead) => dead.put(all));
        const child = Bun.spawn(
          [
            process.execPath,
            "--eval",
            `const { LetterStore } = await import(${JSON.stringify(join(import.meta.dir, "../../src/services/journal/LetterStore.ts"))});
           const { DeadLetters } = await import(${JSON.stringify(join(import.meta.dir, "../../src/services/DeadLetters.ts"))});
           const { Effect } = await import("effect");
           const { remove } = LetterStore.prototype;
           let times = 0;
           // In the journal already and here still: the worst moment, in the third batch.
           LetterStore.prototype.remove = function (which) {
             if (++times === 3) process.kill(process.pid, "SIGKILL");
             return remove.call(this, which);
           };
           await Effect.runPromise(
             Effect.flatMap(DeadLetters, (dead) => dead.replay("all")).pipe(
               Effect.provide(DeadLetters.layer({ dataDir: process.argv[1] })),
             ),
           );`,
            dataDir,
          ],
          { cwd: import.meta.dir, stdin: "ignore", stdout: "inherit", stderr: "inherit" },
        );
        yield* Effect.promise(() => child.exited);
        expect(child.signalCode).toBe("SIGKILL");
        const first = framesOf((yield* drainAbandoned(dataDir)).flatMap(({ entries }) => entries));
        const left = yield* on(dataDir, (dead) => dead.replay("all"));
        const second = framesOf((yield* drainAbandoned(dataDir)).flatMap(({ entries }) => entries));
        expect([first.length, left, second.length]).toEqual([300, 250, 250]);
        const ids = new Set([...first, ...second].map(({ id }) => id));
        expect([...ids].toSorted()).toEqual(all.map(({ entry }) => entry.id).toSorted());
      }),
  );

  it.effect("are dropped by their ids or by their age", () =>
    Effect.gen(function* () {
      const dataDir = yield* scopedFolder;
      yield* on(dataDir, (dead) =>
        Effect.gen(function* () {
          const all = ["a", "b", "c", "d"].map((payload) => refused(`marked ${payload}`));
          yield* dead.put(all);
          expect(yield* dead.drop([all[0]?.entry.id ?? "", "nobody's"])).toBe(1);
          expect(yield* dead.purge(1, 10)).toBe(0);
          expect(yield* dead.purge(-1, 2)).toBe(2);
          expect((yield* dead.list(10)).map(({ id }) => id)).toEqual([all[3]?.entry.id ?? ""]);
          expect(yield* dead.drop("all")).toBe(1);
        }),
      );
      // Nothing of what was dropped can be found in the file.
      const file = fs.readFileSync(join(dataDir, "dead-letters.sqlite"));
      expect(file.includes("marked")).toBe(false);
    }),
  );

  it.effect("can be put by many at once", () =>
    Effect.gen(function* () {
      const dataDir = yield* scopedFolder;
      // Stores of their own, as in processes of their own: each has to wait for the others' locks.
      yield* Effect.forEach(
        Array.from({ length: 8 }, (_, index) => index),
        (index) =>
          Effect.provide(
            Effect.flatMap(DeadLetters, (dead) =>
              Effect.forEach(
                Array.from({ length: 10 }, (_, number) => refused(`${index} ${number}`)),
                (each) => Effect.andThen(dead.put([each]), Effect.yieldNow),
              ),
            ),
            Layer.fresh(letters(dataDir)),
          ),
        { concurrency: "unbounded" },
      );
      expect(yield* on(dataDir, (dead) => dead.count)).toBe(80);
    }),
  );

  it.effect("that cannot be put back stay, and a sentence says why", () =>
    Effect.gen(function* () {
      const dataDir = yield* scopedFolder;
      fs.writeFileSync(join(dataDir, "journal"), "in the way");
      yield* on(dataDir, (dead) =>
        Effect.gen(function* () {
          yield* dead.put([refused("x")]);
          const failure = yield* Effect.flip(dead.replay("all"));
          expect(failure.message).toContain("something else is in the way");
          expect(yield* dead.count).toBe(1);
        }),
      );
    }),
  );

  it.effect("that cannot be kept fail with a sentence", () =>
    Effect.gen(function* () {
      const dataDir = yield* scopedFolder;
      fs.mkdirSync(join(dataDir, "dead-letters.sqlite"));
      const failure = yield* Effect.flip(on(dataDir, (dead) => dead.put([refused("x")])));
      expect(failure._tag).toBe("DeadLettersError");
      expect(failure.message).toStartWith(
        `Dewey cannot add to ${join(dataDir, "dead-letters.sqlite")}`,
      );
    }),
  );
});
