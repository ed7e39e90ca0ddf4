/** The bridge from the SDK's promises to fibers: every call of a client runs in one, which an abort interrupts. */
import { ProtocolError, ProtocolErrorCode, type RequestId } from "@modelcontextprotocol/server";
import { Cause, Context, Effect, Exit, FiberSet } from "effect";
import { type DeweyError, RateLimited } from "../domain/Errors.ts";
import { CurrentPrincipal, type Principal } from "../domain/Principal.ts";
import { AnswerBudget, ProcessAnswers } from "../http/AnswerBudget.ts";
import type { GiveUpSignal } from "../http/giveUp.ts";
import { Drain, shuttingDown } from "../services/Drain.ts";

/** The request that a call answers. */
export interface CallRequest {
  readonly id: RequestId;
  readonly signal: GiveUpSignal;
}

/** The calls of one client that are in flight. */
export interface Calls {
  readonly principal: Principal;
  /** Why the client may not start another call now, or undefined. */
  readonly refusal: () => DeweyError | undefined;
  /**
   * Runs a call as the client's principal; only a defect or an interruption rejects. Calls that can be repeated may be
   * made to wait by a client that does not read its answers.
   */
  readonly run: <A>(
    call: Effect.Effect<A, never, CurrentPrincipal>,
    request: CallRequest,
    kind: "canRepeat" | "once",
  ) => Promise<A>;
  /** The client has taken the answer to the request, or there will be none. */
  readonly answered: (id: RequestId) => void;
  /** About how many bytes of answers the client has not taken. */
  readonly unreadBytes: () => number;
  /** The client is gone, or has taken all there is. */
  readonly close: () => void;
}

const internalError = () =>
  new ProtocolError(ProtocolErrorCode.InternalError, "Dewey failed to answer.");

/**
 * Runs calls in the current scope, which interrupts what is left of them when it closes. A client may have
 * `maxInFlight` of them at a time.
 */
export const makeCalls = Effect.fnUntraced(function* (maxInFlight: number) {
  const drain = yield* Drain;
  const all = yield* ProcessAnswers;
  const fibers = yield* FiberSet.make<unknown, unknown>();
  const context = yield* Effect.context<never>();
  const log = Effect.runForkWith(context);
  const tooMany = () =>
    new RateLimited({
      message: `At most ${maxInFlight} calls may be in flight. Wait for answers before sending more.`,
      details: { limit: maxInFlight },
    });

  return (principal: Principal): Calls => {
    const fork = Effect.runForkWith(Context.add(context, CurrentPrincipal, principal));
    const budget = new AnswerBudget(all);
    let inFlight = 0;

    const refusal = () => {
      if (drain.isDraining()) return shuttingDown;
      return inFlight >= maxInFlight ? tooMany() : undefined;
    };

    const run: Calls["run"] = (call, { id, signal }, kind) => {
      inFlight++;
      const fiber = fork(budget.counting(id, call, kind === "canRepeat"));
      const interrupt = () => fiber.interruptUnsafe();
      // A call that waited for nothing is done by now, and needs nobody who could stop it.
      const isWaiting = fiber.pollUnsafe() === undefined;
      if (isWaiting) {
        FiberSet.addUnsafe(fibers, fiber);
        if (signal.aborted) interrupt();
        else signal.addEventListener("abort", interrupt);
      }
      return new Promise((resolve, reject) => {
        fiber.addObserver((exit) => {
          if (isWaiting) signal.removeEventListener("abort", interrupt);
          inFlight--;
          // What was cancelled is not sent, even if it was done.
          if (signal.aborted) budget.answered(id);
          if (Exit.isSuccess(exit)) return resolve(exit.value);
          budget.answered(id);
          if (!Cause.hasInterruptsOnly(exit.cause))
            log(Effect.logError("A call failed.", exit.cause));
          reject(internalError());
        });
      });
    };

    return {
      principal,
      refusal,
      run,
      answered: budget.answered,
      unreadBytes: () => budget.bytes,
      close: budget.close,
    };
  };
});
