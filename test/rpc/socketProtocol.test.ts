// When the client connects again, on a clock of the test's own.
import { expect } from "bun:test";
import { Clock, Effect } from "effect";
import { TestClock } from "effect/testing";
import { RpcSerialization } from "effect/unstable/rpc";
import { Socket } from "effect/unstable/socket";
import { socketProtocol } from "../../src/rpc/socketProtocol.ts";
import { it } from "../support/it.ts";

const refused = new Socket.SocketError({
  reason: new Socket.SocketOpenError({ kind: "Unknown", cause: "refused" }),
});
const broken = new Socket.SocketError({ reason: new Socket.SocketCloseError({ code: 1006 }) });

/** The attempt that connects, to lose its connection at once. */
const connecting = 9;
const delays = [100, 200, 400, 800, 1600, 3200, 5000, 5000, 100, 200];

it.effect("it waits ever longer, up to 5 s, and begins anew after a connection that worked", () =>
  Effect.gen(function* () {
    const attempts: Array<number> = [];
    const socket = Socket.make({
      reader: Effect.gen(function* () {
        attempts.push(yield* Clock.currentTimeMillis);
        if (attempts.length !== connecting) return yield* refused;
        return { pull: Effect.fail(broken), upgrade: Socket.SocketUpgradeError.unsupported };
      }),
      writer: Effect.succeed({ write: () => Effect.void, writeAll: () => Effect.void }),
    });
    yield* socketProtocol.pipe(
      Effect.provideService(Socket.Socket, socket),
      Effect.provide(RpcSerialization.layerJson),
    );
    yield* TestClock.adjust("1 minute");
    for (const [index, expected] of delays.entries()) {
      const delay = Number(attempts[index + 1]) - Number(attempts[index]);
      expect(delay).toBeGreaterThanOrEqual(expected * 0.8);
      expect(delay).toBeLessThanOrEqual(expected * 1.2);
    }
  }).pipe(Effect.provide(TestClock.layer())),
);
