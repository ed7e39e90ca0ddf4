/** What is asked of a store of segments and what it answers, so that it can live in this thread or in one of its own. */
import { Schema } from "effect";
import { type Held, SegmentStore, type StoreOptions } from "./SegmentStore.ts";
import { failureSentence } from "./sqliteFailures.ts";

const Bytes = Schema.Uint8Array;
const Segments = Schema.Array(
  Schema.Struct({ entries: Schema.Int, at: Schema.Number, body: Bytes }),
);
const StoredSegments = Schema.Array(
  Schema.Struct({
    number: Schema.Int,
    entries: Schema.Int,
    at: Schema.Number,
    body: Bytes,
    isSound: Schema.Boolean,
  }),
);

export const Request = Schema.Union([
  Schema.TaggedStruct("Write", { segments: Segments }),
  Schema.TaggedStruct("Read", {
    after: Schema.Int,
    most: Schema.Struct({ entries: Schema.Int, bytes: Schema.Int }),
  }),
  Schema.TaggedStruct("Release", { through: Schema.Int }),
  /** Nothing can be asked after it. */
  Schema.TaggedStruct("Close", {}),
]);
export type Request = typeof Request.Type;

export const Outcome = Schema.Union([
  Schema.TaggedStruct("Done", { segments: StoredSegments }),
  Schema.TaggedStruct("Failed", { message: Schema.String }),
]);
export type Outcome = typeof Outcome.Type;

export const Reply = Schema.Struct({
  outcome: Outcome,
  held: Schema.Struct({
    entries: Schema.Int,
    bytes: Schema.Int,
    oldestAt: Schema.UndefinedOr(Schema.Number),
  }),
  /** What had to be set aside, a sentence each. */
  notices: Schema.Array(Schema.String),
  isEmpty: Schema.Boolean,
});
export type Reply = typeof Reply.Type;

/** A way to the store: answers come in the order of the requests; in this thread at once, but for that of the end. */
export type StoreLink = (request: Request, answered: (reply: Reply) => void) => void;

const nothing: Held = { entries: 0, bytes: 0, oldestAt: undefined };

/** The answer where there is no store to ask. */
export const failedReply = (message: string): Reply => ({
  outcome: { _tag: "Failed", message },
  held: nothing,
  notices: [],
  isEmpty: false,
});

const doings = { Write: "write to", Read: "read", Release: "take entries off", Close: "close" };

const done: Outcome = { _tag: "Done", segments: [] };

const perform = (store: SegmentStore, request: Exclude<Request, { _tag: "Close" }>): Outcome => {
  switch (request._tag) {
    case "Write":
      store.write(request.segments);
      return done;
    case "Read":
      return { _tag: "Done", segments: store.read(request.after, request.most) };
    case "Release":
      store.release(request.through);
      return done;
  }
};

/** A store in this thread. */
export const directLink = (options: StoreOptions, found?: ReadonlyArray<number>): StoreLink => {
  const store = new SegmentStore(options, found);
  return (request, answered) => {
    const answer = (outcome: Outcome) =>
      answered({ outcome, held: store.held, notices: store.takeNotices(), isEmpty: store.isEmpty });
    const fail = (cause: unknown) =>
      answer({
        _tag: "Failed",
        message: failureSentence(doings[request._tag], `the journal in ${options.folder}`, cause),
      });
    if (request._tag === "Close") {
      void store.close().then(() => answer(done), fail);
      return;
    }
    let outcome: Outcome;
    try {
      outcome = perform(store, request);
    } catch (cause) {
      return fail(cause);
    }
    answer(outcome);
  };
};
