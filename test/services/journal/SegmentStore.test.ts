// The store against a model: whatever is written, read, forgotten and opened again, and in whatever order.
import { afterEach, beforeEach, describe, expect, setSystemTime, test } from "bun:test";
import { randomUUID } from "node:crypto";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { findJournals } from "../../../src/services/journal/partNames.ts";
import { SegmentStore, type StoreOptions } from "../../../src/services/journal/SegmentStore.ts";
import type { Segment } from "../../../src/services/journal/segmentCodec.ts";
import { holds } from "../../support/property.ts";

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), "dewey-store-"));
});
afterEach(() => {
  fs.rmSync(folder, { recursive: true });
});

const optionsOf = (id: string, more: Partial<StoreOptions> = {}): StoreOptions => ({
  folder,
  id,
  kind: "journal",
  sync: "normal",
  partBytes: 20_000,
  idleBytes: 10_000,
  ...more,
});

const partsOf = (id: string) => findJournals(folder).find((found) => found.id === id)?.parts ?? [];

const segmentOf = (bytes: number, at: number, entries = 1): Segment => ({
  entries,
  at,
  body: new Uint8Array(bytes).fill(at),
});

interface Model {
  /** What is not forgotten, by its number. */
  readonly held: Map<number, Segment>;
  next: number;
  released: number;
}

interface Real {
  store: SegmentStore;
  id: string;
  /** The store that writes; one that was opened again only reads, as that of a dead process. */
  isWriting: boolean;
}

const expected = ({ held, released }: Model, after: number) =>
  [...held].filter(([number]) => number > Math.max(after, released));

class Write implements fc.AsyncCommand<Model, Real> {
  readonly sizes: ReadonlyArray<number>;
  constructor(sizes: ReadonlyArray<number>) {
    this.sizes = sizes;
  }
  check = () => true;
  async run(model: Model, real: Real) {
    if (!real.isWriting) return;
    const segments = this.sizes.map((size, index) => segmentOf(size, model.next + index));
    real.store.write(segments);
    for (const segment of segments) model.held.set(model.next++, segment);
  }
  toString = () => `write(${this.sizes.join(", ")})`;
}

class Read implements fc.AsyncCommand<Model, Real> {
  readonly after: number;
  readonly bytes: number;
  constructor(after: number, bytes: number) {
    this.after = after;
    this.bytes = bytes;
  }
  check = () => true;
  async run(model: Model, { store }: Real) {
    const after = this.after % model.next;
    const read = store.read(after, { entries: 8, bytes: this.bytes });
    const wanted = expected(model, after);
    // As much of it as fits, from the first on, and never nothing.
    expect(read.length > 0).toBe(wanted.length > 0);
    expect(read.map(({ number, body }) => [number, body])).toEqual(
      wanted.slice(0, read.length).map(([number, { body }]) => [number, body]),
    );
    expect(read.every(({ isSound }) => isSound)).toBe(true);
    const total = read.reduce((sum, { body }) => sum + body.length, 0);
    if (read.length > 1) expect(total).toBeLessThanOrEqual(this.bytes);
    expect(read.length).toBeLessThanOrEqual(8);
  }
  toString = () => `read(${this.after}, ${this.bytes})`;
}

class Release implements fc.AsyncCommand<Model, Real> {
  readonly through: number;
  constructor(through: number) {
    this.through = through;
  }
  check = () => true;
  async run(model: Model, { isWriting, store }: Real) {
    const through = this.through % model.next;
    store.release(through);
    model.released = Math.max(model.released, through);
    const left = expected(model, 0);
    if (!isWriting) return;
    expect(store.held).toEqual({
      entries: left.length,
      bytes: left.reduce((sum, [, { body }]) => sum + body.length, 0),
      oldestAt: left[0]?.[1].at,
    });
  }
  toString = () => `release(${this.through})`;
}

class Reopen implements fc.AsyncCommand<Model, Real> {
  check = () => true;
  async run(model: Model, real: Real) {
    await real.store.close();
    real.store = new SegmentStore(optionsOf(real.id), partsOf(real.id));
    real.isWriting = false;
    // What was forgotten last may be found again, by the recorder too: it says first how far it is.
    real.store.release(model.released);
  }
  toString = () => "reopen";
}

/** What a process that is killed leaves on the disk, opened by another one. */
class Crash implements fc.AsyncCommand<Model, Real> {
  check = () => true;
  async run(model: Model, real: Real) {
    const { id, store } = real;
    real.id = randomUUID();
    const files = fs.readdirSync(folder).filter((name) => name.startsWith(id));
    for (const name of files) {
      fs.copyFileSync(join(folder, name), join(folder, name.replace(id, real.id)));
    }
    await store.close();
    for (const name of files) fs.rmSync(join(folder, name), { force: true });
    real.store = new SegmentStore(optionsOf(real.id), partsOf(real.id));
    real.isWriting = false;
    // What was forgotten may be there again, and nothing else is different.
    real.store.release(model.released);
    const found: Array<number> = [];
    while (true) {
      const some = real.store.read(found.at(-1) ?? 0, { entries: 100, bytes: 1e9 });
      if (some.length === 0) break;
      found.push(...some.map(({ number }) => number));
    }
    expect(found).toEqual(expected(model, 0).map(([number]) => number));
  }
  toString = () => "crash";
}

describe("the store of segments", () => {
  test("behaves as a list of numbered segments would", async () => {
    const size = fc.oneof(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 30_000 }));
    const commands = [
      fc.array(size, { minLength: 1, maxLength: 4 }).map((sizes) => new Write(sizes)),
      fc.array(size, { minLength: 1, maxLength: 4 }).map((sizes) => new Write(sizes)),
      fc.tuple(fc.nat(), fc.nat(40_000)).map(([after, bytes]) => new Read(after, bytes)),
      fc.nat().map((through) => new Release(through)),
      fc.constant(new Reopen()),
      fc.constant(new Crash()),
    ];
    await holds(
      fc.asyncProperty(fc.commands(commands, { maxCommands: 40 }), async (sequence) => {
        const id = randomUUID();
        const real: Real = { id, store: new SegmentStore(optionsOf(id)), isWriting: true };
        const model: Model = { held: new Map(), next: 1, released: 0 };
        try {
          await fc.asyncModelRun(() => ({ model, real }), sequence);
          // In the end everything is given back.
          real.store.release(model.next);
          expect(real.store.read(0, { entries: 1, bytes: 1 })).toEqual([]);
        } finally {
          await real.store.close();
        }
        // But for what was being freed when a crash was made up.
        expect(fs.readdirSync(folder).filter((name) => !name.endsWith(".gone"))).toEqual([]);
      }),
      60,
    );
  });

  test("gives the disk back while what is read is forgotten", async () => {
    const id = randomUUID();
    const store = new SegmentStore(optionsOf(id, { partBytes: 1_000_000 }));
    const used = () =>
      fs.readdirSync(folder).reduce((sum, name) => sum + fs.statSync(join(folder, name)).size, 0);
    for (let at = 1; at <= 100; at++) store.write([segmentOf(100_000, at)]);
    expect(used()).toBeGreaterThan(10_000_000);
    const parts = () => partsOf(id).length;
    expect(parts()).toBe(10);
    store.release(50);
    expect(parts()).toBeLessThanOrEqual(6);
    store.release(100);
    expect(parts()).toBe(0);
    store.write([segmentOf(10, 1)]);
    expect(store.read(0, { entries: 1, bytes: 1 })).toMatchObject([{ number: 101 }]);
    store.release(101);
    await store.close();
    expect(used()).toBe(0);
  });

  test("keeps to a few files and megabytes while what is written is forgotten at once", async () => {
    const id = randomUUID();
    const store = new SegmentStore(
      optionsOf(id, { partBytes: 64 * 1024 * 1024, idleBytes: 16 * 1024 * 1024 }),
    );
    for (let at = 1; at <= 3000; at++) {
      store.write([segmentOf(20_000, at)]);
      if (at % 20 === 0) store.release(at);
    }
    const files = fs.readdirSync(folder);
    expect(files.length).toBe(2);
    for (const name of files) {
      expect(fs.statSync(join(folder, name)).size).toBeLessThanOrEqual(5 * 1024 * 1024);
    }
    await store.close();
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  test("keeps nothing of what was forgotten in a file for longer than it lasts", async () => {
    const store = new SegmentStore(optionsOf(randomUUID()));
    const secret = "forget me ".repeat(50);
    const isKept = () =>
      fs
        .readdirSync(folder)
        .some((name) => fs.readFileSync(join(folder, name)).includes("forget me"));
    try {
      store.write([{ entries: 1, at: 1, body: new TextEncoder().encode(secret) }]);
      store.release(1);
      expect(isKept()).toBe(true);
      setSystemTime(Date.now() + 11 * 60_000);
      store.write([segmentOf(10, 2)]);
      store.release(2);
      // The file has another name at once, and goes a little later.
      while (fs.readdirSync(folder).length > 0) await Bun.sleep(1);
      expect(store.isEmpty).toBe(true);
    } finally {
      setSystemTime();
      await store.close();
    }
  });

  test("is nobody else's to read", async () => {
    const store = new SegmentStore(optionsOf(randomUUID()));
    store.write([segmentOf(10, 1)]);
    const modes = fs
      .readdirSync(folder)
      .map((name) => fs.statSync(join(folder, name)).mode & 0o777);
    expect(modes).toEqual([0o600, 0o600]);
    await store.close();
  });
});
