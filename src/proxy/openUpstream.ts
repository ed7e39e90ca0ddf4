/** A client session's way to its upstream, whatever its kind and as often as it is needed. */
import { Effect } from "effect";
import type { OpenLink } from "../actors/links.ts";
import { UpstreamUnreachable } from "../domain/Upstream.ts";
import { Upstreams } from "../services/Upstreams.ts";
import type { Call } from "./inbound/Inbound.ts";
import type { UpstreamKinds } from "./upstreams/registry.ts";

/** Opens connections to the definition that the upstream has at the time. */
export const makeOpen = Effect.fnUntraced(function* (
  kinds: UpstreamKinds,
  { caller, upstream }: Call,
) {
  const upstreams = yield* Upstreams;
  const open: OpenLink = (handlers) =>
    upstreams.find(upstream.name).pipe(
      Effect.mapError(({ message }) => new UpstreamUnreachable({ message })),
      Effect.flatMap((current) => kinds.open(current, handlers, caller)),
      Effect.provideService(Upstreams, upstreams),
    );
  return open;
});
