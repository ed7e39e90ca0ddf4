/** A real listener on a free port, in front of doors that each test makes. */
import { Context, Effect, Exit, Layer, Scope } from "effect";
import type { Connection, ConnectionClosed, Door } from "../../src/http/Door.ts";
import { type ListenOptions, listen } from "../../src/http/Listener.ts";
import { Access } from "../../src/services/Access.ts";
import { Drain } from "../../src/services/Drain.ts";

/** Listens until the scope closes, or `stop` is run. */
export const listening = Effect.fnUntraced(function* (
  doors: ReadonlyArray<Door>,
  options: Partial<ListenOptions> & { readonly access?: Layer.Layer<Access> } = {},
) {
  const context = yield* Layer.build(
    Layer.mergeAll(Drain.layer, options.access ?? Access.layerOpen),
  );
  const scope = yield* Scope.fork(yield* Effect.scope);
  const { port, renew } = yield* listen({
    hostname: "127.0.0.1",
    port: 0,
    doors,
    allowed: { hosts: [], origins: [] },
    shutdownTimeout: "5 seconds",
    ...options,
  }).pipe(Effect.provideContext(context), Scope.provide(scope));
  return {
    port,
    renew,
    ws: `ws://127.0.0.1:${port}`,
    http: `http://127.0.0.1:${port}`,
    drain: Context.get(context, Drain),
    stop: Scope.close(scope, Exit.void),
  };
});

/** A door that serves connections so. */
export const socketDoor = (
  serve: (connection: Connection) => Effect.Effect<unknown, ConnectionClosed>,
  more: Partial<Door> = {},
): Door => ({
  name: "test",
  paths: ["/"],
  onConnection: (connection) => Effect.ignore(serve(connection)),
  ...more,
});

/** A door that answers requests so. */
export const httpDoor = (onRequest: NonNullable<Door["onRequest"]>): Door => ({
  name: "test",
  paths: ["/"],
  onRequest,
});

/** A door that sends back what it takes. */
export const echo = socketDoor((connection) =>
  Effect.forever(
    Effect.flatMap(connection.take, (frames) =>
      Effect.forEach(frames, connection.send, { discard: true }),
    ),
  ),
);
