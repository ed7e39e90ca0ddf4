/** The client's way over a WebSocket: Effect's own, with a backoff that starts anew after a connection that worked. */
import { Effect, Schedule } from "effect";
import { RpcClient } from "effect/unstable/rpc";

const firstDelayMs = 100;
const lastDelayMs = 5000;

/** Connects again for ever: soon after a connection that worked, ever later while none does. */
export const socketProtocol = Effect.suspend(() => {
  let failures = 0;
  const backoff = Effect.sync(() => Math.min(firstDelayMs * 2 ** failures++, lastDelayMs));
  return RpcClient.makeProtocolSocket({
    retryPolicy: Schedule.forever.pipe(
      Schedule.modifyDelay(() => backoff),
      Schedule.jittered,
    ),
  }).pipe(
    Effect.provideService(RpcClient.ConnectionHooks, {
      onConnect: Effect.sync(() => {
        failures = 0;
      }),
      onDisconnect: Effect.void,
    }),
  );
});
