/** Asks an upstream for a sign of life over a connection of its own. */
import { Deferred, Effect, Schema } from "effect";
import type { OpenLink } from "../../actors/links.ts";
import { UpstreamUnreachable } from "../../domain/Upstream.ts";

const id = "dewey-check";

/** The one request that is allowed before a handshake; a server that does not know it says so, which will do. */
const ping = JSON.stringify({ jsonrpc: "2.0", id, method: "ping" });

const isAnswer = Schema.is(
  Schema.Struct({
    id: Schema.Literal(id),
    method: Schema.optionalKey(Schema.Never),
  }),
);
const decode = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Unknown));

/** Succeeds once the upstream has answered; how long that may take is the caller's. */
export const answersPing = (open: OpenLink): Effect.Effect<void, UpstreamUnreachable> =>
  Effect.gen(function* () {
    const answered = yield* Deferred.make<void, UpstreamUnreachable>();
    const link = yield* open({
      onFrame: (frame) => {
        if (typeof frame !== "string") return;
        const message = decode(frame);
        if (message._tag === "Some" && isAnswer(message.value)) {
          Deferred.doneUnsafe(answered, Effect.void);
        }
      },
      onLost: (message) =>
        Deferred.doneUnsafe(answered, Effect.fail(new UpstreamUnreachable({ message }))),
    });
    void link.send(ping);
    yield* Deferred.await(answered);
  }).pipe(Effect.scoped);
