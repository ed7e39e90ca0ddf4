/** Looks at remote upstreams on a schedule, so that health knows of trouble before a client does. */
import { Duration, Effect } from "effect";
import type { Upstream } from "../../domain/Upstream.ts";
import { Upstreams } from "../../services/Upstreams.ts";
import type { UpstreamKinds } from "./registry.ts";

/** How often, and how long an answer may take. */
export interface CheckOptions {
  readonly every?: Duration.Input;
  readonly timeout?: Duration.Input;
}

/** So many are asked at a time. */
const concurrency = 8;

/** Checks each upstream that can be checked without starting anything, again and again; never returns. */
export const checkUpstreams = Effect.fnUntraced(function* (
  kinds: Pick<UpstreamKinds, "checkOf">,
  options: CheckOptions = {},
): Effect.fn.Return<never, never, Upstreams> {
  const { every = "30 seconds", timeout = "5 seconds" } = options;
  const { all, states } = yield* Upstreams;

  const checkOne = (upstream: Upstream) => {
    const check = kinds.checkOf(upstream);
    if (check === undefined) return Effect.void;
    return check.pipe(
      Effect.timeoutOrElse({
        duration: timeout,
        orElse: () =>
          Effect.succeed(
            `It has not answered within ${Duration.format(Duration.fromInputUnsafe(timeout))}.`,
          ),
      }),
      Effect.catchTag("UpstreamUnreachable", ({ message }) => Effect.succeed(message)),
      Effect.map((failure) => states.checked(upstream.name, failure ?? undefined)),
    );
  };

  const round = Effect.flatMap(all, (upstreams) =>
    Effect.forEach(upstreams, checkOne, { concurrency, discard: true }),
  ).pipe(Effect.withSpan("checks.round", { root: true }));

  return yield* Effect.forever(Effect.andThen(round, Effect.sleep(every)));
});
