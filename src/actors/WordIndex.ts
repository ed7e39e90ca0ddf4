/** Keeps the index of words sorted while messages are stored, so that no store has to: that would take all of its batch long. */
import { Cause, Context, Effect, Layer } from "effect";
import { sortInWords } from "../sql/AppendQueries.ts";
import { Database } from "../sql/Database.ts";

/**
 * After so many characters of search documents, which take nearly twice as many bytes of the sixteen million that the list
 * has room for: fewer at a time cost more each, more would leave no room for what is stored while they are sorted.
 */
const often = 5_000_000;

/** Is told of stored messages by all who store them, and has the index sorted in the background when there are enough. */
export class WordIndex extends Context.Service<
  WordIndex,
  {
    /** Of the search documents of what was stored, the length together. */
    readonly stored: (length: number) => Effect.Effect<void>;
  }
>()("dewey/actors/WordIndex") {
  static readonly layer: Layer.Layer<WordIndex, never, Database> = Layer.effect(
    WordIndex,
    Effect.suspend(() => make()),
  );
}

const make = Effect.fnUntraced(function* () {
  const database = yield* Database;
  const scope = yield* Effect.scope;
  let unsorted = 0;
  let isSorting = false;

  const sort = database.run(sortInWords).pipe(
    // Nothing is lost: a later time sorts them, or the server does.
    Effect.catchCause((cause) =>
      Effect.logDebug("The index of words was not sorted", Cause.squash(cause)),
    ),
    Effect.ensuring(
      Effect.sync(() => {
        isSorting = false;
      }),
    ),
  );

  return WordIndex.of({
    stored: (length) =>
      Effect.suspend(() => {
        unsorted += length;
        if (isSorting || unsorted < often) return Effect.void;
        unsorted = 0;
        isSorting = true;
        return Effect.asVoid(Effect.forkIn(sort, scope));
      }),
  });
});
