// Dewey with a fault planted in its journal: the real program, whose journal's layer is wrapped before it is composed.
// DEWEY_PLANTED_FAULT says which: an early release, frames that are dropped, doubled or swapped, or forwarded before
// they are written.
import { Effect, Layer, Schema } from "effect";
import type { Entry } from "../../../src/domain/Recording.ts";
import { newId } from "../../../src/domain/Text.ts";
import { Journal, type JournalSource } from "../../../src/services/Journal.ts";
import { plantedFaults } from "./plantedFaults.ts";

type Service = Journal["Service"];

const everySoOften = 7;

const withEntries = ({
  entries: change,
  ...source
}: JournalSource & {
  readonly entries: (all: ReadonlyArray<Entry>) => ReadonlyArray<Entry>;
}): JournalSource => ({
  ...source,
  read: (after, most) =>
    Effect.map(source.read(after, most), (batch) =>
      batch === undefined ? undefined : { ...batch, entries: change(batch.entries) },
    ),
});

/** Calls for one frame in so many. */
const nowAndThen = (then: (entry: Entry) => ReadonlyArray<Entry>) => {
  let count = 0;
  return (entries: ReadonlyArray<Entry>) =>
    entries.flatMap((entry) =>
      entry._tag === "Frame" && ++count % everySoOften === 0 ? then(entry) : [entry],
    );
};

/** Each frame after the next one of its own kind. */
const swapped = (entries: ReadonlyArray<Entry>): ReadonlyArray<Entry> => {
  const changed = [...entries];
  for (let at = 0; at + 1 < changed.length; at++) {
    const [one, other] = [changed[at], changed[at + 1]];
    if (one?._tag !== "Frame" || other?._tag !== "Frame") continue;
    if (one.stream !== other.stream || one.direction !== other.direction) continue;
    changed.splice(at, 2, other, one);
    at++;
  }
  return changed;
};

const plant: Record<(typeof plantedFaults)[number], (journal: Service) => Service> = {
  early: (journal) => ({
    ...journal,
    own: {
      ...journal.own,
      read: (after, most) =>
        Effect.tap(journal.own.read(after, most), (batch) =>
          batch === undefined ? Effect.void : journal.own.release(batch.through),
        ),
    },
  }),
  dropping: (journal) => ({
    ...journal,
    own: withEntries({ ...journal.own, entries: nowAndThen(() => []) }),
  }),
  doubling: (journal) => ({
    ...journal,
    own: withEntries({
      ...journal.own,
      entries: nowAndThen((entry) => [entry, { ...entry, id: newId() }]),
    }),
  }),
  swapping: (journal) => ({
    ...journal,
    own: withEntries({ ...journal.own, entries: swapped }),
  }),
  hasty: (journal) => ({
    ...journal,
    append: (entry, written) => {
      setImmediate(() => written?.(true));
      setTimeout(() => journal.append(entry), 50);
    },
  }),
};

const fault = Schema.decodeUnknownSync(Schema.Literals(plantedFaults))(
  process.env["DEWEY_PLANTED_FAULT"],
);
const real = Journal.layer;
const planted: typeof real = (options) =>
  Layer.effect(Journal, Effect.map(Journal, plant[fault])).pipe(Layer.provide(real(options)));
const service: object = Journal;
Object.defineProperty(service, "layer", { value: planted });

await import("../../../src/main.ts");
