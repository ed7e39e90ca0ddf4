/** The body of a request as text. One over the listener's bound does not get here: Bun answers it with 413. */
import { Effect } from "effect";
import { InvalidInput } from "../domain/Errors.ts";

const decoder = new TextDecoder("utf-8", { fatal: true });

/** Reads the whole body; bytes that are no UTF-8 are refused, never replaced. */
export const readText = Effect.fnUntraced(function* (request: Request) {
  const bytes = yield* Effect.tryPromise({
    try: () => request.arrayBuffer(),
    catch: () => new InvalidInput({ message: "The body of the request did not arrive whole." }),
  });
  return yield* Effect.try({
    try: () => decoder.decode(bytes),
    catch: () => new InvalidInput({ message: "The body of the request is not UTF-8 text." }),
  });
});
