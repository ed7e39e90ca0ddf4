// What a killed process leaves behind, with real processes.
import { describe, expect } from "bun:test";
import * as fs from "node:fs/promises";
import { join } from "node:path";
import { Effect, Layer } from "effect";
import { Journal, type JournalSource } from "../../../src/services/Journal.ts";
import { it } from "../../support/it.ts";
import { scopedFolder } from "./folders.ts";
import { startJournal } from "./processes.ts";

const numberOf = (payload: string | Uint8Array) => Number(String(payload).split(" ", 1)[0]);

/** Every number that a source holds, in its order, released as it is read. */
const drain = Effect.fnUntraced(function* (source: JournalSource) {
  const numbers: Array<number> = [];
  let after = 0;
  while (true) {
    const batch = yield* source.read(after, { entries: 700, bytes: 500_000 });
    if (batch === undefined) return numbers;
    for (const entry of batch.entries) {
      if (entry._tag === "Frame") numbers.push(numberOf(entry.payload));
    }
    after = batch.through;
    yield* source.release(after);
  }
});

const openHere = (dataDir: string) => Journal.layer({ dataDir, sync: "normal", limitBytes: 1e9 });

describe("after kill -9 in the middle of appends", () => {
  for (const sync of ["normal", "full"] as const) {
    it.effect(
      `everything that was said to be kept is there, in order (${sync})`,
      () =>
        Effect.gen(function* () {
          const dataDir = yield* scopedFolder;
          for (let round = 0; round < 3; round++) {
            const wanted = 200 + round * 333;
            const acknowledged = yield* Effect.promise(async () => {
              await using writer = startJournal("write", dataDir, sync);
              let last = 0;
              // Not a loop over the lines, whose end would throw away what is printed until the kill.
              while (last < wanted) {
                const line = await writer.lines.next();
                if (line.done) throw new Error("The writer ended by itself.");
                if (!line.value.startsWith("journal")) last = Number(line.value);
              }
              return Number((await writer.kill()).at(-1) ?? last);
            });
            const numbers = yield* Effect.gen(function* () {
              const journal = yield* Journal;
              const [source, ...others] = yield* journal.abandoned;
              expect(others).toEqual([]);
              if (source === undefined) throw new Error("No journal was left behind.");
              expect(source.isReplay).toBe(false);
              return yield* drain(source);
            }).pipe(Effect.scoped, Effect.provide(openHere(dataDir)));
            expect(numbers.length).toBeGreaterThanOrEqual(acknowledged);
            expect(numbers).toEqual(numbers.map((_, index) => index + 1));
          }
          // Nothing is left of them, nor of the journals of the readers.
          expect(yield* Effect.promise(() => fs.readdir(join(dataDir, "journal")))).toEqual([]);
        }),
      { timeout: 60_000 },
    );
  }
});

describe("the lease on a journal", () => {
  it.effect(
    "a living process keeps its own; that of a dead one is got by exactly one of those that look",
    () =>
      Effect.gen(function* () {
        const dataDir = yield* scopedFolder;
        yield* Effect.promise(async () => {
          await using living = startJournal("write", dataDir);
          await using dying = startJournal("write", dataDir);
          const idOf = async ({ lines }: typeof living) => {
            const first = await lines.next();
            // The first number: there is something in it.
            await lines.next();
            return first.done ? "" : first.value.replace("journal ", "");
          };
          const [, lost] = [await idOf(living), await idOf(dying)];
          await dying.kill();
          await using stack = new AsyncDisposableStack();
          const takers = Array.from({ length: 4 }, () => stack.use(startJournal("take", dataDir)));
          const taken = await Promise.all(
            takers.map(async ({ lines }) => {
              const line = await lines.next();
              return line.done ? [] : line.value.split(" ").slice(1).filter(Boolean);
            }),
          );
          expect(taken.flat()).toEqual([lost]);
          // The holder dies too, without having read anything: the next one gets it.
          for (const taker of takers) await taker.kill();
          const heir = stack.use(startJournal("take", dataDir));
          const line = await heir.lines.next();
          // With those of the takers, in which nothing is.
          const inherited = line.done ? [] : line.value.split(" ").slice(1);
          expect(inherited.filter((id) => id === lost)).toHaveLength(1);
          expect(inherited).toHaveLength(1 + takers.length);
        });
      }),
    { timeout: 30_000 },
  );

  it.effect(
    "nobody gets that of a process which is about to begin",
    () =>
      Effect.gen(function* () {
        const dataDir = yield* scopedFolder;
        const looker = yield* Effect.acquireRelease(
          Effect.sync(() => startJournal("look", dataDir)),
          (process) => Effect.promise(() => process.kill()),
        );
        yield* Effect.promise(() => looker.lines.next());
        // Where it can be got, it is in some of a hundred.
        for (let time = 0; time < 500; time++) {
          yield* Effect.scoped(Layer.build(openHere(dataDir)));
        }
      }),
    { timeout: 30_000 },
  );
});
