/** The entries of stored segments; what is damaged is set aside, and does not stop the rest. */
import * as fs from "node:fs/promises";
import { join } from "node:path";
import { Effect, Result } from "effect";
import type { JournalBatch } from "./JournalSource.ts";
import type { StoredSegment } from "./PartFile.ts";
import { decodeSegment } from "./segmentCodec.ts";

const setAside = Effect.fnUntraced(function* (
  folder: string,
  id: string,
  { body, entries, number }: StoredSegment,
  why: string,
) {
  const path = join(folder, `${id}.${number}.segment.damaged`);
  const kept = yield* Effect.promise(() =>
    fs.writeFile(path, body, { mode: 0o600 }).then(
      () => `Its bytes are kept as ${path}.`,
      (cause: unknown) => `Its bytes could not be kept either: ${String(cause)}.`,
    ),
  );
  yield* Effect.logError(
    `Segment ${number} of the journal ${id} is damaged (${why}): its ${entries} entries cannot be recorded. ${kept}`,
  );
});

/** Reads what was stored; undefined where there is nothing. */
export const readSegments = Effect.fnUntraced(function* (
  folder: string,
  id: string,
  segments: ReadonlyArray<StoredSegment>,
): Effect.fn.Return<JournalBatch | undefined> {
  const last = segments.at(-1);
  if (last === undefined) return undefined;
  const batch: Array<JournalBatch["entries"]> = [];
  for (const segment of segments) {
    const entries = segment.isSound ? decodeSegment(segment) : undefined;
    if (entries !== undefined && Result.isSuccess(entries)) batch.push(entries.success);
    else {
      const why = entries?.failure.message ?? "its checksum is wrong";
      yield* setAside(folder, id, segment, why);
    }
  }
  return { through: last.number, entries: batch.flat() };
});
