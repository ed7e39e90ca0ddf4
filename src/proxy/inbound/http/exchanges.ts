/** HTTP in front of upstreams that speak it too: their sessions, and the streams that are open. */
import { Effect } from "effect";
import type { UpstreamUnreachable } from "../../../domain/Upstream.ts";
import type { Arrival } from "../../../http/Door.ts";
import { Capture } from "../../../services/Capture.ts";
import { Drain } from "../../../services/Drain.ts";
import { Upstreams } from "../../../services/Upstreams.ts";
import type { Exchange, ExchangeAnswer, UpstreamCaller } from "../../upstreams/UpstreamKind.ts";
import type { Call } from "../Inbound.ts";
import type { Send } from "./healing.ts";
import type { KeptPlaces } from "./KeptPlaces.ts";
import { PassedQuestion } from "./PassedQuestion.ts";
import { PassedRequest } from "./PassedRequest.ts";
import { makePassedSessions, type SessionBounds } from "./passedSessions.ts";
import type { Shared } from "./passing.ts";

/** How an upstream takes HTTP requests as they are. */
export type PassOn = (
  request: Exchange,
  caller: UpstreamCaller,
) => Effect.Effect<ExchangeAnswer, UpstreamUnreachable>;

/** Makes what answers the requests for upstreams that speak HTTP; it keeps their sessions for as long as its scope. */
export const makeExchanges = Effect.fnUntraced(function* (
  places: KeptPlaces,
  bounds: SessionBounds,
) {
  const sessions = yield* makePassedSessions(places, bounds);
  const { states } = yield* Upstreams;
  const run = Effect.runPromiseWith(yield* Effect.context<never>());
  const shared: Shared = {
    capture: yield* Capture,
    drain: yield* Drain,
    states,
    sessions,
    endless: new Set(),
  };

  const onRequest = (arrival: Arrival, call: Call, exchange: PassOn): Effect.Effect<Response> =>
    Effect.callback<Response>((resume) => {
      const send: Send = (request) =>
        run(
          exchange(request, call.caller).pipe(
            Effect.catch((unreachable) => Effect.succeed(unreachable)),
          ),
        );
      const question = new PassedQuestion(sessions, arrival.request, call.upstream, send);
      new PassedRequest(shared, arrival, call, question).answer().then(
        (response) => resume(Effect.succeed(response)),
        (defect: unknown) => resume(Effect.die(defect)),
      );
      return Effect.sync(() => question.giveUp());
    });

  const endStreams = Effect.sync(() => {
    for (const stop of [...shared.endless]) stop();
  });
  return { onRequest, endStreams };
});
