/** The names of the files of the journals in their folder: a journal's id, the number of the part, and what it is. */
import * as fs from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { Schema } from "effect";

/** Where what was captured comes from: a journal of traffic, or one of dead letters that were put back. */
export const JournalKind = Schema.Literals(["journal", "replay"]);
export type JournalKind = typeof JournalKind.Type;

/** The files of one journal that were found. */
export interface FoundJournal {
  readonly id: string;
  readonly kind: JournalKind;
  /** In the order of writing. */
  readonly parts: ReadonlyArray<number>;
}

/** The end of the name of a part that is done with and not freed yet. */
export const goneEnding = ".gone";

const pattern =
  /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.(?:lock|(\d+)\.(journal|replay)(-wal)?)$/;

export const journalFolder = (dataDir: string): string => join(dataDir, "journal");

export const lockPath = (folder: string, id: string): string => join(folder, `${id}.lock`);

export const partPath = (folder: string, id: string, kind: JournalKind, part: number): string =>
  join(folder, `${id}.${part}.${kind}`);

/** Frees what a process that died had done with. */
export const removeGone = async (folder: string): Promise<void> => {
  for (const name of await readdir(folder)) {
    if (name.endsWith(goneEnding)) await rm(join(folder, name), { force: true });
  }
};

/** Every journal of a folder; one that has no part left has its lock only. */
export const findJournals = (folder: string): ReadonlyArray<FoundJournal> => {
  const found = new Map<string, { kind: JournalKind; parts: Array<number> }>();
  for (const name of fs.readdirSync(folder)) {
    const [, id, part, kind, wal] = pattern.exec(name) ?? [];
    if (id === undefined) continue;
    const journal = found.get(id) ?? { kind: "journal", parts: [] };
    found.set(id, journal);
    if (part === undefined || wal !== undefined) continue;
    if (kind === "replay") journal.kind = kind;
    journal.parts.push(Number(part));
  }
  return [...found].map(([id, { kind, parts }]) => ({
    id,
    kind,
    parts: parts.toSorted((one, other) => one - other),
  }));
};
