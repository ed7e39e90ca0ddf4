/** The end of the process, seen from its doors: calls in flight are counted, and once it begins new ones are refused. */
import { Context, Effect, Latch, Layer } from "effect";
import { Unavailable } from "../domain/Errors.ts";

/** What a call is answered that comes while Dewey shuts down. */
export const shuttingDown = new Unavailable({
  message: "Dewey is shutting down. Connect again and repeat the call in a few seconds.",
});

/** Counts calls in flight over all doors, so that a shutdown can wait for them. */
export class Drain extends Context.Service<
  Drain,
  {
    /** True from the first sign of the shutdown on; hot paths read it without an effect. */
    readonly isDraining: () => boolean;
    /** Refuses new calls from now on. */
    readonly begin: Effect.Effect<void>;
    /** Waits for the shutdown to begin. */
    readonly begun: Effect.Effect<void>;
    /** Waits until no call is in flight. */
    readonly idle: Effect.Effect<void>;
    /** Counts a call as in flight until what it returns is called: when its answer has left. */
    readonly enter: () => () => void;
  }
>()("dewey/services/Drain") {
  static readonly layer = Layer.sync(Drain, () => {
    const begun = Latch.makeUnsafe();
    const idle = Latch.makeUnsafe(true);
    let draining = false;
    let inFlight = 0;

    const enter = () => {
      inFlight++;
      idle.closeUnsafe();
      let left = false;
      return () => {
        if (left) return;
        left = true;
        if (--inFlight === 0) idle.openUnsafe();
      };
    };

    return Drain.of({
      isDraining: () => draining,
      begin: Effect.sync(() => {
        draining = true;
        begun.openUnsafe();
      }),
      begun: begun.await,
      idle: idle.await,
      enter,
    });
  });
}
