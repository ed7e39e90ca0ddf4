// The journal of one process: its order, its bounds, what it does with a full disk and with damage, and its end.
import { Database } from "bun:sqlite";
import { describe, expect } from "bun:test";
import * as fs from "node:fs";
import { join } from "node:path";
import { Effect, Exit, Fiber, Scope } from "effect";
import type { Entry } from "../../src/domain/Recording.ts";
import { Journal, type JournalOptions, type JournalSource } from "../../src/services/Journal.ts";
import { it } from "../support/it.ts";
import { frameOf } from "./journal/entries.ts";
import { scopedFolder } from "./journal/folders.ts";

const stream = Bun.randomUUIDv7();
const most = { entries: 10_000, bytes: 10_000_000 };

const layerOf = (dataDir: string, options: Partial<JournalOptions> = {}) =>
  Journal.layer({ dataDir, sync: "normal", limitBytes: 1e9, ...options });

const on = <A, E, R>(
  dataDir: string,
  options: Partial<JournalOptions>,
  work: (journal: Journal["Service"]) => Effect.Effect<A, E, R>,
) => Effect.scoped(Effect.provide(Effect.flatMap(Journal, work), layerOf(dataDir, options)));

const textsOf = (entries: ReadonlyArray<Entry>) =>
  entries.map((entry) => (entry._tag === "Frame" ? entry.payload : undefined));

/** Appends texts one after the other and answers which were kept, in the order of the answers. */
const appendAll = (journal: Journal["Service"], texts: ReadonlyArray<string>) =>
  Effect.callback<ReadonlyArray<readonly [string, boolean]>>((resume) => {
    const answers: Array<readonly [string, boolean]> = [];
    for (const text of texts) {
      journal.append(frameOf(stream, text), (kept) => {
        answers.push([text, kept]);
        if (answers.length === texts.length) resume(Effect.succeed(answers));
      });
    }
  });

const readAll = Effect.fnUntraced(function* (source: JournalSource) {
  const texts: Array<unknown> = [];
  let after = 0;
  while (true) {
    const batch = yield* source.read(after, most);
    if (batch === undefined) {
      yield* source.release(after);
      return texts;
    }
    texts.push(...textsOf(batch.entries));
    after = batch.through;
    yield* source.release(after);
  }
});

const filesOf = (dataDir: string) => fs.readdirSync(join(dataDir, "journal")).toSorted();

const numbered = (count: number, text = "") =>
  Array.from({ length: count }, (_, index) => `${index} ${text}`);

for (const sync of ["normal", "full"] as const) {
  describe(`a journal (${sync})`, () => {
    it.effect("answers in the order of the calls, after the entry can be read", () =>
      Effect.gen(function* () {
        const dataDir = yield* scopedFolder;
        yield* on(dataDir, { sync }, (journal) =>
          Effect.gen(function* () {
            const texts = numbered(3000, "x".repeat(700));
            const answers = yield* appendAll(journal, texts);
            expect(answers).toEqual(texts.map((text) => [text, true]));
            const read: Array<unknown> = [];
            let after = 0;
            while (read.length < texts.length) {
              const batch = yield* journal.own.read(after, { entries: 600, bytes: 500_000 });
              read.push(...textsOf(batch?.entries ?? []));
              after = batch?.through ?? 0;
            }
            expect(read).toEqual(texts);
            expect(journal.state()).toMatchObject({ entries: 3000, kept: 3000, lost: 0 });
            yield* journal.own.release(after);
            expect(journal.state()).toMatchObject({ entries: 0, bytes: 0, oldestAt: undefined });
          }),
        );
        expect(filesOf(dataDir)).toEqual([]);
      }),
    );

    it.effect("lets the reader wait for the next segment", () =>
      Effect.gen(function* () {
        const dataDir = yield* scopedFolder;
        yield* on(dataDir, { sync }, (journal) =>
          Effect.gen(function* () {
            const reading = yield* Effect.forkChild(journal.own.read(0, most));
            yield* appendAll(journal, ["first"]);
            const batch = yield* Fiber.join(reading);
            expect(textsOf(batch?.entries ?? [])).toEqual(["first"]);
            // What is read is not read again, although it is not released.
            const next = yield* Effect.forkChild(journal.own.read(batch?.through ?? 0, most));
            yield* appendAll(journal, ["second"]);
            expect(textsOf((yield* Fiber.join(next))?.entries ?? [])).toEqual(["second"]);
          }),
        );
      }),
    );

    it.effect("has written everything that was appended when it ends", () =>
      Effect.gen(function* () {
        const dataDir = yield* scopedFolder;
        const kept: Array<boolean> = [];
        yield* on(dataDir, { sync }, (journal) =>
          Effect.sync(() => {
            for (const text of numbered(100)) {
              journal.append(frameOf(stream, text), (isKept) => kept.push(isKept));
            }
          }),
        );
        expect(kept).toEqual(Array.from({ length: 100 }, () => true));
        yield* on(dataDir, {}, (journal) =>
          Effect.gen(function* () {
            const [left] = yield* journal.abandoned;
            if (left === undefined) throw new Error("The journal is gone.");
            expect(yield* readAll(left)).toEqual(numbered(100));
            expect(yield* journal.abandoned).toEqual([]);
          }),
        );
        expect(filesOf(dataDir)).toEqual([]);
      }),
    );

    it.effect("past its limit lets entries go, and takes them again when there is room", () =>
      Effect.gen(function* () {
        const dataDir = yield* scopedFolder;
        yield* on(dataDir, { sync, limitBytes: 100_000 }, (journal) =>
          Effect.gen(function* () {
            const text = "x".repeat(1000);
            const answers: Array<boolean> = [];
            // In several commits, as traffic comes.
            for (let turn = 0; turn < 15; turn++) {
              const some = yield* appendAll(journal, numbered(10, text));
              answers.push(...some.map(([, kept]) => kept));
            }
            const kept = answers.filter(Boolean).length;
            expect(answers).toEqual([
              ...Array.from({ length: kept }, () => true),
              ...Array.from({ length: 150 - kept }, () => false),
            ]);
            expect(kept).toBeGreaterThan(80);
            const full = journal.state();
            expect(full).toMatchObject({ entries: kept, kept, lost: 150 - kept });
            expect(full.bytes).toBeLessThanOrEqual(100_000);
            expect(full.fault).toContain("DEWEY_JOURNAL_LIMIT");
            expect(journal.isTaking()).toBe(false);

            const batch = yield* journal.own.read(0, { entries: 20, bytes: 1e6 });
            yield* journal.own.release(batch?.through ?? 0);
            expect(journal.isTaking()).toBe(true);
            expect(yield* appendAll(journal, ["again"])).toEqual([["again", true]]);
            expect(journal.state()).toMatchObject({ fault: undefined, lost: 150 - kept });
          }),
        );
      }),
    );

    it.effect("does not call itself full because of one entry that is larger than its limit", () =>
      Effect.gen(function* () {
        const dataDir = yield* scopedFolder;
        yield* on(dataDir, { sync, limitBytes: 100_000 }, (journal) =>
          Effect.gen(function* () {
            const huge = "x".repeat(200_000);
            expect(yield* appendAll(journal, [huge])).toEqual([[huge, false]]);
            expect(yield* appendAll(journal, ["small"])).toEqual([["small", true]]);
          }),
        );
      }),
    );
  });
}

describe("the folder of journals", () => {
  it.effect("is for its owner only", () =>
    Effect.gen(function* () {
      const dataDir = yield* scopedFolder;
      yield* on(dataDir, {}, (journal) =>
        Effect.gen(function* () {
          yield* appendAll(journal, ["secret"]);
          const folder = join(dataDir, "journal");
          const modeOf = (path: string) => fs.statSync(path).mode & 0o777;
          expect(modeOf(folder)).toBe(0o700);
          const files = filesOf(dataDir);
          expect(files.length).toBe(3);
          for (const name of files) expect(modeOf(join(folder, name))).toBe(0o600);
        }),
      );
    }),
  );

  it.effect("that cannot be made stops the start with a sentence", () =>
    Effect.gen(function* () {
      const dataDir = yield* scopedFolder;
      fs.writeFileSync(join(dataDir, "journal"), "a file");
      const failure = yield* Effect.flip(on(dataDir, {}, () => Effect.void));
      expect(failure.message).toBe(
        `Dewey cannot keep its journal in ${join(dataDir, "journal")}: something else is in the way. Move it, or name another folder in DEWEY_DATA_DIR.`,
      );
    }),
  );

  it.effect("may be used by two processes' journals at once", () =>
    Effect.gen(function* () {
      const dataDir = yield* scopedFolder;
      yield* on(dataDir, {}, (one) =>
        on(dataDir, {}, (other) =>
          Effect.gen(function* () {
            yield* appendAll(one, ["of one"]);
            yield* appendAll(other, ["of the other"]);
            expect(yield* one.abandoned).toEqual([]);
            expect(yield* other.abandoned).toEqual([]);
            expect(textsOf((yield* one.own.read(0, most))?.entries ?? [])).toEqual(["of one"]);
            expect(textsOf((yield* other.own.read(0, most))?.entries ?? [])).toEqual([
              "of the other",
            ]);
          }),
        ),
      );
    }),
  );
});

/** A journal that nobody holds any more. */
const leaveBehind = (dataDir: string, texts: ReadonlyArray<string>) =>
  on(dataDir, {}, (journal) =>
    Effect.gen(function* () {
      // A commit each, so that there are as many segments.
      for (const text of texts) yield* appendAll(journal, [text]);
      return journal.own.id;
    }),
  );

describe("an abandoned journal", () => {
  it.effect("is given back with the scope it was taken in, and taken again", () =>
    Effect.gen(function* () {
      const dataDir = yield* scopedFolder;
      const id = yield* leaveBehind(dataDir, ["left"]);
      yield* on(dataDir, {}, (journal) =>
        Effect.gen(function* () {
          const scope = yield* Scope.make();
          const [first] = yield* Scope.provide(journal.abandoned, scope);
          expect(first?.id).toBe(id);
          expect(yield* journal.abandoned).toEqual([]);
          yield* Scope.close(scope, Exit.void);
          const failure = yield* Effect.flip(first?.read(0, most) ?? Effect.never);
          expect(failure.message).toContain("given back");
          const [again] = yield* journal.abandoned;
          if (again === undefined) throw new Error("It was not taken again.");
          expect(yield* readAll(again)).toEqual(["left"]);
        }),
      );
      expect(filesOf(dataDir)).toEqual([]);
    }),
  );

  it.effect("that holds nothing more is found until whoever has read that says so", () =>
    Effect.gen(function* () {
      const dataDir = yield* scopedFolder;
      const id = yield* leaveBehind(dataDir, ["recorded"]);
      const database = new Database(join(dataDir, "journal", `${id}.1.journal`));
      database.run("DELETE FROM segments");
      database.close();
      yield* on(dataDir, {}, (journal) =>
        Effect.gen(function* () {
          // The second has nothing but the lock any more.
          for (let time = 0; time < 3; time++) {
            const scope = yield* Scope.make();
            const [found] = yield* Scope.provide(journal.abandoned, scope);
            expect(found?.id).toBe(id);
            expect(yield* found?.read(0, most) ?? Effect.die("There is none.")).toBeUndefined();
            yield* Scope.close(scope, Exit.void);
          }
          const scope = yield* Scope.make();
          const [found] = yield* Scope.provide(journal.abandoned, scope);
          yield* found?.release(0) ?? Effect.void;
          yield* Scope.close(scope, Exit.void);
          expect(yield* journal.abandoned).toEqual([]);
        }),
      );
      expect(filesOf(dataDir)).toEqual([]);
    }),
  );

  it.effect("with a damaged segment gives all others, and the damaged bytes are kept", () =>
    Effect.gen(function* () {
      const dataDir = yield* scopedFolder;
      const id = yield* leaveBehind(dataDir, ["one", "two", "three"]);
      const database = new Database(join(dataDir, "journal", `${id}.1.journal`));
      // One letter of a frame, which only the checksum can tell.
      database.run(
        "UPDATE segments SET body = CAST(replace(body, 'two', 'tow') AS BLOB) WHERE number = 2",
      );
      database.close();
      yield* on(dataDir, {}, (journal) =>
        Effect.gen(function* () {
          const [left] = yield* journal.abandoned;
          if (left === undefined) throw new Error("The journal is gone.");
          expect(yield* readAll(left)).toEqual(["one", "three"]);
        }),
      );
      expect(filesOf(dataDir)).toEqual([`${id}.2.segment.damaged`]);
    }),
  );

  it.effect("that is no database is set aside, and stops neither the start nor the others", () =>
    Effect.gen(function* () {
      const dataDir = yield* scopedFolder;
      const broken = yield* leaveBehind(dataDir, ["lost"]);
      const whole = yield* leaveBehind(dataDir, ["whole"]);
      fs.writeFileSync(join(dataDir, "journal", `${broken}.1.journal`), "x".repeat(10_000));
      yield* on(dataDir, {}, (journal) =>
        Effect.gen(function* () {
          const sources = yield* journal.abandoned;
          expect(sources.map(({ id }) => id).toSorted()).toEqual([broken, whole].toSorted());
          const texts = yield* Effect.forEach(sources, readAll);
          expect(texts.flat()).toEqual(["whole"]);
          expect(yield* journal.abandoned).toEqual([]);
        }),
      );
      expect(filesOf(dataDir)).toEqual([`${broken}.1.journal.damaged`]);
    }),
  );

  it.effect("of a newer version is left as it is", () =>
    Effect.gen(function* () {
      const dataDir = yield* scopedFolder;
      const id = yield* leaveBehind(dataDir, ["newer"]);
      const path = join(dataDir, "journal", `${id}.1.journal`);
      const database = new Database(path);
      database.run("PRAGMA user_version = 2");
      database.close();
      const before = fs.readFileSync(path);
      yield* on(dataDir, {}, (journal) =>
        Effect.gen(function* () {
          const [left] = yield* journal.abandoned;
          expect(yield* left?.read(0, most) ?? Effect.void).toBeUndefined();
          // Not again and again.
          expect(yield* journal.abandoned).toEqual([]);
        }),
      );
      expect(filesOf(dataDir)).toContain(`${id}.1.journal`);
      expect(fs.readFileSync(path).equals(before)).toBe(true);
    }),
  );

  it.effect("whose making was never finished is taken away", () =>
    Effect.gen(function* () {
      const dataDir = yield* scopedFolder;
      fs.mkdirSync(join(dataDir, "journal"));
      const id = Bun.randomUUIDv7();
      fs.writeFileSync(join(dataDir, "journal", `${id}.1.journal`), "");
      const other = Bun.randomUUIDv7();
      fs.writeFileSync(join(dataDir, "journal", `${other}.lock`), "");
      yield* on(dataDir, {}, (journal) =>
        Effect.gen(function* () {
          const left = yield* journal.abandoned;
          // One that has nothing at all too: what the database knows of it is to be forgotten.
          expect(new Set(left.map((source) => source.id))).toEqual(new Set([id, other]));
          for (const source of left) expect(yield* readAll(source)).toEqual([]);
        }),
      );
      expect(filesOf(dataDir)).toEqual([]);
    }),
  );
});
