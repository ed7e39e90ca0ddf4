/** Dead letters: what the database refuses for good is kept beside it, to be looked at, put back or dropped. */
import * as fs from "node:fs";
import { join } from "node:path";
import { Clock, Context, Duration, Effect, Layer, Result, Schedule, Schema } from "effect";
import { type Entry, StreamDescription } from "../domain/Recording.ts";
import { newId, utf8Bytes } from "../domain/Text.ts";
import {
  type Letter,
  type LetterBody,
  LetterStore,
  type Selection,
} from "./journal/LetterStore.ts";
import { openReplayJournal } from "./journal/replayJournal.ts";
import { decodeSegment, SegmentEncoder } from "./journal/segmentCodec.ts";
import { failureSentence, isBusy } from "./journal/sqliteFailures.ts";

/** The store of dead letters cannot be read or written; a sentence says why and what to do. */
export class DeadLettersError extends Schema.TaggedError<DeadLettersError>()("DeadLettersError", {
  message: Schema.String,
}) {}

/** An entry that the database refused, with what a replay needs. */
export interface RefusedEntry {
  readonly entry: Entry;
  /** That of its stream, where it is known. */
  readonly description: StreamDescription | undefined;
  /** Why, as a sentence for a person. */
  readonly reason: string;
  /** The conversation that it was to be part of, where that has begun. */
  readonly conversation?: string | undefined;
}

/** What is told of a dead letter; never its content. */
export interface DeadLetter {
  /** That of the entry. */
  readonly id: string;
  /** When it was captured and when it was put here, in milliseconds. */
  readonly at: number;
  readonly putAt: number;
  readonly upstream: string | undefined;
  /** Which way a frame went, or that it is none. */
  readonly direction: "to_upstream" | "to_client" | "event" | "stream";
  readonly bytes: number;
  readonly reason: string;
}

/** One store a data folder, shared by its processes and the command line. */
export class DeadLetters extends Context.Service<
  DeadLetters,
  {
    /** On the disk when it succeeds. Those that are there already stay, with the newer reason. */
    readonly put: (refused: ReadonlyArray<RefusedEntry>) => Effect.Effect<void, DeadLettersError>;
    /** The oldest first, from the one after a letter's id on. */
    readonly list: (
      most: number,
      after?: string,
    ) => Effect.Effect<ReadonlyArray<DeadLetter>, DeadLettersError>;
    readonly count: Effect.Effect<number, DeadLettersError>;
    /**
     * Puts letters back, into a journal of their own that the next recorder drains (`JournalSource.isReplay`), and says
     * how many. If it dies in between, some are here still and may be replayed again: their ids stay the same.
     */
    readonly replay: (which: Selection) => Effect.Effect<number, DeadLettersError>;
    /** The conversations that letters were to be part of. */
    readonly conversations: Effect.Effect<ReadonlyArray<string>, DeadLettersError>;
    /** Drops the letters of conversations, and says how many it were. */
    readonly forget: (
      conversations: ReadonlyArray<string>,
    ) => Effect.Effect<number, DeadLettersError>;
    readonly drop: (which: Selection) => Effect.Effect<number, DeadLettersError>;
    /** Drops at most so many of those that were put here more than so many days ago, and says how many it were. */
    readonly purge: (days: number, most: number) => Effect.Effect<number, DeadLettersError>;
  }
>()("dewey/services/DeadLetters") {
  static readonly layer = (options: { readonly dataDir: string }): Layer.Layer<DeadLetters> =>
    Layer.effect(DeadLetters, make(options));
}

/** Another process is at it for milliseconds; one that is for longer is stuck. */
const whileBusy = Schedule.max([Schedule.spaced(Duration.millis(20)), Schedule.recurs(250)]);
const Description = Schema.fromJsonString(StreamDescription);
const encodeDescription = Schema.encodeSync(Description);
const decodeDescription = Schema.decodeUnknownResult(Description);

const payloadBytes = (entry: Entry): number => {
  switch (entry._tag) {
    case "Frame":
      return typeof entry.payload === "string" ? utf8Bytes(entry.payload) : entry.payload.length;
    case "Stream":
      return utf8Bytes(JSON.stringify(entry.description));
    case "Event":
      return utf8Bytes(JSON.stringify(entry.event));
  }
};

const told = ({ put_at, upstream, ...letter }: Letter): DeadLetter => ({
  ...letter,
  putAt: put_at,
  upstream: upstream ?? undefined,
});

const directionOf = (entry: Entry): DeadLetter["direction"] =>
  entry._tag === "Frame" ? entry.direction : entry._tag === "Event" ? "event" : "stream";

/** What is kept of a refused entry; of an entry of a stream, its own description. */
const letterOf =
  (encoder: SegmentEncoder, now: number) =>
  ({ entry, reason, ...refused }: RefusedEntry) => {
    const description = entry._tag === "Stream" ? entry.description : refused.description;
    encoder.tryAdd(entry);
    return {
      id: entry.id,
      at: entry.at,
      put_at: now,
      upstream: description?.upstream ?? null,
      direction: directionOf(entry),
      bytes: payloadBytes(entry),
      reason,
      description: description === undefined ? null : encodeDescription(description),
      body: encoder.take().body,
      conversation: refused.conversation ?? null,
    };
  };

/** The entries that put a letter back: its stream may have been forgotten meanwhile. */
const entriesOf = ({ body, description }: LetterBody): Result.Result<ReadonlyArray<Entry>, Error> =>
  Result.gen(function* () {
    const entries = yield* decodeSegment({ entries: 1, body });
    if (description === null) return entries;
    const stream = yield* decodeDescription(description);
    return entries.flatMap((entry): ReadonlyArray<Entry> => {
      if (entry._tag === "Stream") return [entry];
      const { at, stream: id } = entry;
      return [{ _tag: "Stream", stream: id, id: newId(), at, description: stream }, entry];
    });
  });

const make = Effect.fnUntraced(function* ({ dataDir }: { readonly dataDir: string }) {
  const path = join(dataDir, "dead-letters.sqlite");
  let opened: LetterStore | undefined;
  yield* Effect.addFinalizer(() => Effect.sync(() => opened?.close()));

  const failed = (doing: string) => (cause: unknown) =>
    new DeadLettersError({ message: failureSentence(doing, path, cause) });

  const using = <A>(doing: string, work: (store: LetterStore) => A) =>
    Effect.try({
      try: () => {
        opened ??= new LetterStore(path);
        return work(opened);
      },
      catch: (cause) => ({ isBusy: isBusy(cause), error: failed(doing)(cause) }),
    }).pipe(
      Effect.retry({ while: (failure) => failure.isBusy, schedule: whileBusy }),
      Effect.mapError(({ error }) => error),
    );

  /** The same, without making a store where there is none. */
  const looking = <A>(doing: string, none: A, work: (store: LetterStore) => A) =>
    Effect.suspend(() =>
      opened === undefined && !fs.existsSync(path) ? Effect.succeed(none) : using(doing, work),
    );

  const replay = Effect.fn("DeadLetters.replay")(function* (which: Selection) {
    const last = yield* looking("read", 0, (store) => store.last());
    if (last === 0) return 0;
    const write = yield* Effect.mapError(
      openReplayJournal(dataDir),
      ({ message }) => new DeadLettersError({ message }),
    );
    let count = 0;
    let after = 0;
    while (true) {
      const from = after;
      const bodies = yield* using("read", (store) => store.bodies(which, from, last));
      const newest = bodies.at(-1);
      if (newest === undefined) return count;
      after = newest.position;
      const ids: Array<string> = [];
      const entries: Array<Entry> = [];
      for (const letter of bodies) {
        const read = entriesOf(letter);
        if (Result.isSuccess(read)) {
          ids.push(letter.id);
          entries.push(...read.success);
        } else {
          yield* Effect.logError(
            `The dead letter ${letter.id} cannot be put back: ${read.failure.message}. Drop it, or keep it for a newer version.`,
          );
        }
      }
      if (ids.length === 0) continue;
      // In this order: what is in both is recorded once, what is in neither would be lost.
      yield* Effect.try({ try: () => write(entries), catch: failed("put back what is in") });
      count += yield* using("take what was put back off", (store) => store.remove(ids));
    }
  }, Effect.scoped);

  return DeadLetters.of({
    put: (refused) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const letters = refused.map(letterOf(new SegmentEncoder(), now));
        return using("add to", (store) => store.put(letters));
      }),
    list: (most, after) => looking("read", [], (store) => store.list(most, after).map(told)),
    count: looking("read", 0, (store) => store.count()),
    replay,
    conversations: looking("read", [], (store) => store.conversations()),
    forget: (conversations) =>
      conversations.length === 0
        ? Effect.succeed(0)
        : looking("remove from", 0, (store) => store.removeOf(conversations)),
    drop: (which) => looking("remove from", 0, (store) => store.remove(which)),
    purge: (days, most) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        looking("remove from", 0, (store) =>
          store.purge(now - Duration.toMillis(Duration.days(days)), most),
        ),
      ),
  });
});
