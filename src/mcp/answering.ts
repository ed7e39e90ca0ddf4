/** Answers to requests that have no result for a failure: what fails becomes an error of the protocol. */
import { Effect, Result } from "effect";
import type { DeweyError } from "../domain/Errors.ts";
import type { CurrentPrincipal } from "../domain/Principal.ts";
import type { CallRequest, Calls } from "./Calls.ts";
import { mayNotRead, protocolErrorOf } from "./protocolErrors.ts";

/** Runs a call that reads; rejects with the protocol's error where it fails, is refused or is not allowed. */
export type Answer = <A>(
  call: Effect.Effect<A, DeweyError, CurrentPrincipal>,
  request: CallRequest,
  errorOf?: (error: DeweyError) => Error,
) => Promise<A>;

/** Makes what answers the requests of one client. */
export const answering =
  (calls: Calls): Answer =>
  async (call, request, errorOf = protocolErrorOf) => {
    const refusal = mayNotRead(calls.principal) ?? calls.refusal();
    if (refusal !== undefined) throw errorOf(refusal);
    const outcome = await calls.run(Effect.result(call), request, "canRepeat");
    if (Result.isFailure(outcome)) throw errorOf(outcome.failure);
    return outcome.success;
  };
