/** The segments of one journal in their files: numbers them, reads them, forgets them, and gives the space back. */
import * as fs from "node:fs";
import { Schema } from "effect";
import {
  type Amount,
  NewerFormat,
  PartFile,
  removePart,
  type StoredSegment,
  Sync,
} from "./PartFile.ts";
import { JournalKind, partPath } from "./partNames.ts";
import type { Segment } from "./segmentCodec.ts";
import { failureSentence, isDamaged, isOutOfSpace, sqliteCode } from "./sqliteFailures.ts";

/** Which journal, and how it is written. */
export const StoreOptions = Schema.Struct({
  folder: Schema.String,
  id: Schema.String,
  kind: JournalKind,
  sync: Sync,
  /** A part that holds more is followed by another. */
  partBytes: Schema.Int,
  /** A part that once held more is taken away when it is empty. */
  idleBytes: Schema.Int,
});
export type StoreOptions = typeof StoreOptions.Type;

/** What the store holds; of parts that it has only found, nothing is counted. */
export interface Held extends Amount {
  readonly oldestAt: number | undefined;
}

/** A file of the journal. Those that were found are opened when it is their turn. */
interface Part {
  readonly number: number;
  readonly path: string;
  file: PartFile | undefined;
  /** The number of its last segment, once it is known. */
  last: number | undefined;
  held: Amount;
  most: number;
  readonly since: number;
}

/** A part that is older is taken away when it is empty: what was erased stands in its file for as long as that lasts. */
const oldestMillis = 10 * 60 * 1000;

const nothing: Amount = { entries: 0, bytes: 0 };

/** Throws what SQLite throws where a write, a read or a release fails; what is damaged it passes over, and says so. */
export class SegmentStore {
  readonly #options: StoreOptions;
  readonly #parts: Array<Part>;
  #writing: Part | undefined;
  #nextPart: number;
  #nextNumber = 1;
  #released = 0;
  #oldestAt: number | undefined;
  #notices: Array<string> = [];
  readonly #removals = new Set<Promise<void>>();

  constructor(options: StoreOptions, found: ReadonlyArray<number> = []) {
    this.#options = options;
    this.#parts = found.map((number) => this.#part(number));
    this.#nextPart = (found.at(-1) ?? 0) + 1;
  }

  get held(): Held {
    let entries = 0;
    let bytes = 0;
    for (const { held } of this.#parts) {
      entries += held.entries;
      bytes += held.bytes;
    }
    return { entries, bytes, oldestAt: this.#oldestAt };
  }

  get isEmpty(): boolean {
    return this.#parts.every((part) => part === this.#writing && part.held.entries === 0);
  }

  /** What had to be set aside since the last time, a sentence each. */
  takeNotices(): ReadonlyArray<string> {
    const notices = this.#notices;
    this.#notices = [];
    return notices;
  }

  /** Writes all of them or none. */
  write(segments: ReadonlyArray<Segment>): void {
    const { part, file } = this.#toWrite();
    const first = this.#nextNumber;
    // Counted even where the write fails, which may be in doubt: a number never stands for two things.
    this.#nextNumber += segments.length;
    try {
      file.write(first, segments);
    } catch (cause) {
      // Whatever is wrong with this file, another one may do; what it holds can still be read, or is set aside then.
      if (!isOutOfSpace(cause)) this.#writing = undefined;
      throw cause;
    }
    this.#oldestAt ??= segments[0]?.at;
    part.last = this.#nextNumber - 1;
    let { entries, bytes } = part.held;
    for (const segment of segments) {
      entries += segment.entries;
      bytes += segment.body.length;
    }
    part.held = { entries, bytes };
    part.most = Math.max(part.most, bytes);
  }

  /** Segments after a number that are not released; none only where there are none in any part. */
  read(after: number, most: Amount): ReadonlyArray<StoredSegment> {
    const from = Math.max(after, this.#released);
    for (const part of [...this.#parts]) {
      if (part.last !== undefined && part.last <= from) continue;
      const segments = this.#using(part, (file) => file.read(from, most)) ?? [];
      if (segments.length > 0) return segments;
    }
    return [];
  }

  /** Forgets everything through a number. */
  release(through: number): void {
    const after = this.#released;
    if (through <= after) return;
    let oldestAt: number | undefined;
    for (const part of [...this.#parts]) {
      const isSpent = this.#using(part, (file) => {
        const gone = file.total(after, through);
        part.held = {
          entries: Math.max(0, part.held.entries - gone.entries),
          bytes: Math.max(0, part.held.bytes - gone.bytes),
        };
        // What is written no more goes as a whole: to take rows out of it would be work for nothing.
        if (part !== this.#writing) return (part.last ?? 0) <= through;
        file.erase(through);
        const isWorn =
          part.most > this.#options.idleBytes || Date.now() - part.since > oldestMillis;
        return part.held.entries === 0 && isWorn;
      });
      if (isSpent === true) this.#remove(part);
      else if (isSpent === false) {
        oldestAt = this.#using(part, (file) => file.oldestAt(through));
        if (oldestAt !== undefined) break;
      }
    }
    this.#released = through;
    this.#oldestAt = oldestAt;
  }

  /** Closes the files; those that are empty are taken away. Resolves when the space of all of them is given back. */
  async close(): Promise<void> {
    for (const part of [...this.#parts]) {
      if (part === this.#writing && part.held.entries === 0) this.#remove(part);
      else this.#shut(part);
    }
    await Promise.all(this.#removals);
  }

  #part(number: number): Part {
    const { folder, id, kind } = this.#options;
    const path = partPath(folder, id, kind, number);
    return {
      number,
      path,
      file: undefined,
      last: undefined,
      held: nothing,
      most: 0,
      since: Date.now(),
    };
  }

  #toWrite(): { readonly part: Part; readonly file: PartFile } {
    const current = this.#writing;
    if (current?.file !== undefined && current.held.bytes < this.#options.partBytes) {
      return { part: current, file: current.file };
    }
    if (current !== undefined) this.#shut(current);
    const part = this.#part(this.#nextPart++);
    const file = PartFile.create(part.path, this.#options.sync);
    part.file = file;
    this.#parts.push(part);
    this.#writing = part;
    return { part, file };
  }

  /** Undefined where the part cannot be used and was set aside, or was empty from its beginning. */
  #using<A>(part: Part, work: (file: PartFile) => A): A | undefined {
    try {
      part.file ??= PartFile.open(part.path, this.#options.sync);
      if (part.file !== undefined) {
        part.last ??= part.file.last();
        if (part === this.#writing || part.last > 0) return work(part.file);
      }
      this.#remove(part);
    } catch (cause) {
      if (cause instanceof NewerFormat) this.#forgetPart(part, cause.message);
      else if (isDamaged(cause) || sqliteCode(cause) === undefined) this.#setAside(part, cause);
      else throw cause;
    }
    return undefined;
  }

  #remove(part: Part): void {
    this.#shut(part);
    this.#drop(part);
    const removal = removePart(part.path).catch((cause: unknown) => {
      this.#notices.push(failureSentence("remove", part.path, cause));
    });
    this.#removals.add(removal);
    void removal.finally(() => this.#removals.delete(removal));
  }

  /** The files stay, under a name that no journal has. */
  #setAside(part: Part, cause: unknown): void {
    const aside = `${part.path}.damaged`;
    this.#forgetPart(
      part,
      `${failureSentence("read", part.path, cause)} What it held could not be recorded; it is kept as ${aside}.`,
    );
    for (const end of ["", "-wal"]) {
      if (fs.existsSync(`${part.path}${end}`))
        fs.renameSync(`${part.path}${end}`, `${aside}${end}`);
    }
  }

  #forgetPart(part: Part, notice: string): void {
    this.#notices.push(notice);
    this.#shut(part);
    this.#drop(part);
  }

  #shut(part: Part): void {
    part.file?.close();
    part.file = undefined;
  }

  #drop(part: Part): void {
    this.#parts.splice(this.#parts.indexOf(part), 1);
    if (this.#writing === part) this.#writing = undefined;
  }
}
