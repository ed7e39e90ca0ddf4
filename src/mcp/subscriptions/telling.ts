/** Tells clients of changes, each no faster than it takes them: what changes meanwhile waits in the feed, coalesced. */
import { Deferred, Effect, Exit, Fiber, Stream } from "effect";
import { CurrentPrincipal, type Principal } from "../../domain/Principal.ts";
import type { Catalog } from "../Catalog.ts";
import { type Notice, noticesOf, type Wish } from "./Wish.ts";

/** Changes on their way to somebody. */
export interface Telling {
  /** Resolves once changes from now on are told. */
  readonly ready: Promise<void>;
  readonly stop: () => void;
}

/** Tells what a wish asks for until it is stopped or the scope closes; `send` resolves when there is room for more. */
export type Tell = (wish: Wish, send: (notice: Notice) => Promise<void>) => Telling;

const told: Telling = { ready: Promise.resolve(), stop: () => {} };

/** Makes what tells principals of a catalogue's changes; the feed is held only while something is being told. */
export const makeTelling = Effect.fnUntraced(function* ({ changes }: Catalog["Service"]) {
  const context = yield* Effect.context<never>();
  const scope = yield* Effect.scope;
  return (principal: Principal): Tell =>
    (wish, send) => {
      if (changes === undefined) return told;
      const ready = Deferred.makeUnsafe<void>();
      // Whoever cannot be told is gone, and the telling ends with them.
      const deliver = (notice: Notice) => Effect.promise(() => send(notice).catch(() => {}));
      const following = Effect.gen(function* () {
        const stream = yield* changes.follow;
        yield* Deferred.succeed(ready, undefined);
        yield* Stream.runForEachArray(stream, (batch) =>
          Effect.forEach(noticesOf(wish, batch), deliver, { discard: true }),
        );
      });
      const fiber = following.pipe(
        Effect.scoped,
        Effect.provideService(CurrentPrincipal, principal),
        Effect.runForkWith(context),
        Fiber.runIn(scope),
      );
      // Whoever waits for the feed learns too that it will not come.
      fiber.addObserver(() => Deferred.doneUnsafe(ready, Exit.void));
      return {
        ready: Effect.runPromiseWith(context)(Deferred.await(ready)),
        stop: () => fiber.interruptUnsafe(),
      };
    };
});
