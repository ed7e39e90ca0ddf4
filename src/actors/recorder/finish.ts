/** Brings to an end what the streams of a dead process left: calls that nobody answers any more, openings without more. */
import { Effect } from "effect";
import { Database } from "../../sql/Database.ts";
import {
  dropOpenRequests,
  dropStreams,
  findUnfinishedStreams,
  putStreams,
} from "../../sql/StreamQueries.ts";
import { deriveEnd } from "./derive.ts";
import { placeAll } from "./placing.ts";
import { requestsOf, rowOf } from "./StreamState.ts";
import { loadStreams } from "./streams.ts";

/** How many streams a transaction brings to an end. */
const portion = 100;

const finishSome = Effect.fnUntraced(function* (ids: ReadonlyArray<string>, limit: number) {
  const streams = [...(yield* loadStreams(ids, limit)).values()];
  const unopened = streams.filter(({ isOpen }) => !isOpen);
  const open = streams.filter(({ isOpen }) => isOpen);
  const ends = open.map((stream) => {
    // What is known of when it ended: not before the last that was asked.
    const at = [...requestsOf(stream)].reduce((last, { at: asked }) => Math.max(last, asked), 0);
    return deriveEnd(stream, at === 0 ? stream.seenAt : at, limit);
  });
  const leaving = ends.filter(({ calls }) => calls.length > 0);
  if (leaving.length > 0) yield* placeAll(leaving, { opened: new Set(), isReplay: false });
  const settled = ends.flatMap(({ stream, settled: requests }) =>
    requests.map(({ frame, element }) => ({ stream: stream.id, frame, element })),
  );
  if (settled.length > 0) yield* dropOpenRequests(settled);
  if (open.length > 0) yield* putStreams(open.map(rowOf));
  if (unopened.length > 0) yield* dropStreams(unopened.map(({ id }) => id));
});

/** Brings all streams of a journal to an end. */
export const finishStreams = Effect.fnUntraced(function* (journal: string, limit: number) {
  const database = yield* Database;
  while (true) {
    const ids = yield* database.run(findUnfinishedStreams(journal, portion));
    if (ids.length === 0) return;
    yield* database.transaction(finishSome(ids, limit));
  }
});
