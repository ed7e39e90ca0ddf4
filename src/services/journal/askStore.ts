/** Requests to a store of segments as effects. */
import { Effect } from "effect";
import { JournalError } from "./JournalSource.ts";
import type { Reply, Request, StoreLink } from "./storeRequests.ts";

/** Asks, writes what had to be set aside into the log, and fails with the sentence of a failure. */
export const askStore = Effect.fnUntraced(function* (
  link: StoreLink,
  request: Request,
): Effect.fn.Return<Reply, JournalError> {
  const reply = yield* Effect.callback<Reply>((resume) =>
    link(request, (answer) => resume(Effect.succeed(answer))),
  );
  for (const notice of reply.notices) yield* Effect.logError(notice);
  if (reply.outcome._tag === "Failed") {
    return yield* new JournalError({ message: reply.outcome.message });
  }
  return reply;
});

/** The segments of an answer. */
export const segmentsOf = ({ outcome }: Reply) => (outcome._tag === "Done" ? outcome.segments : []);
