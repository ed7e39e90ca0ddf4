/** A journal of dead letters that are put back: whoever looks for abandoned journals next finds it. */
import { Effect } from "effect";
import type { Entry } from "../../domain/Recording.ts";
import { newId } from "../../domain/Text.ts";
import { JournalError } from "./JournalSource.ts";
import { newLease } from "./lease.ts";
import { journalFolder, lockPath } from "./partNames.ts";
import { makePrivateFolder } from "./privateFiles.ts";
import { SegmentStore } from "./SegmentStore.ts";
import { type Segment, SegmentEncoder } from "./segmentCodec.ts";
import { failureSentence } from "./sqliteFailures.ts";

const partBytes = 64 * 1024 * 1024;

const segmentsOf = (entries: ReadonlyArray<Entry>): ReadonlyArray<Segment> => {
  const encoder = new SegmentEncoder();
  const segments: Array<Segment> = [];
  for (const entry of entries) {
    if (encoder.tryAdd(entry)) continue;
    segments.push(encoder.take());
    encoder.tryAdd(entry);
  }
  if (encoder.entries > 0) segments.push(encoder.take());
  return segments;
};

const open = (dataDir: string) => {
  const folder = journalFolder(dataDir);
  makePrivateFolder(folder);
  const id = newId();
  const lease = newLease(lockPath(folder, id));
  const store = new SegmentStore({
    folder,
    id,
    kind: "replay",
    sync: "full",
    partBytes,
    idleBytes: partBytes,
  });
  return { lease, store };
};

/** Opens one, held until the scope closes; what it writes is on the disk once it has returned, and throws otherwise. */
export const openReplayJournal = (dataDir: string) =>
  Effect.acquireRelease(
    Effect.try({
      try: () => open(dataDir),
      catch: (cause) =>
        new JournalError({ message: failureSentence("use", journalFolder(dataDir), cause) }),
    }),
    ({ lease, store }) =>
      Effect.promise(async () => {
        const { isEmpty } = store;
        await store.close();
        if (isEmpty) lease.end();
        else lease.release();
      }),
  ).pipe(
    Effect.map(
      ({ store }) =>
        (entries: ReadonlyArray<Entry>) =>
          store.write(segmentsOf(entries)),
    ),
  );
