/** A real listener with the RPC door, in front of tools that each test scripts. */
import { Context, Effect, Layer, Schema } from "effect";
import { type DeweyError, InvalidInput } from "../../src/domain/Errors.ts";
import type { CurrentPrincipal } from "../../src/domain/Principal.ts";
import { type ListenOptions, listen } from "../../src/http/Listener.ts";
import { DeweyTools, ToolBox, type ToolName } from "../../src/rpc/DeweyTools.ts";
import { makeRpcDoor, type RpcDoorOptions } from "../../src/rpc/RpcDoor.ts";
import { Access } from "../../src/services/Access.ts";
import { Drain } from "../../src/services/Drain.ts";
import { accessWith } from "../support/access.ts";

/** Plays a tool: gets its name and its decoded payload, and returns what the tool would. */
export type Script = (
  name: string,
  payload: unknown,
) => Effect.Effect<unknown, DeweyError, CurrentPrincipal>;

/** A script cannot be generic over the tools; that its results fit is seen when the door encodes them. */
function scriptedCall(script: Script): ToolBox["Service"]["call"];
function scriptedCall(script: Script): (name: ToolName, input: unknown) => ReturnType<Script> {
  return (name, input) => {
    const tool = DeweyTools.requests.get(name);
    if (tool === undefined) return Effect.die(`no tool ${name}`);
    return Schema.decodeUnknownEffect(tool.payloadSchema)(input, {
      onExcessProperty: "error",
    }).pipe(
      Effect.mapError(({ message }) => new InvalidInput({ message })),
      Effect.flatMap((payload) => script(name, payload)),
    );
  };
}

/** The token that `guarded` asks for. */
export const secret = "a-secret-of-more-than-32-characters-for-tests";

/** Listens until the scope closes, on a port of its own unless one is given. */
export const startRpc = Effect.fnUntraced(function* (
  script: Script,
  options: Partial<ListenOptions> &
    RpcDoorOptions & {
      readonly guarded?: boolean;
      readonly access?: Layer.Layer<Access>;
    } = {},
) {
  const context = yield* Layer.build(
    Layer.mergeAll(
      Drain.layer,
      Layer.succeed(ToolBox, ToolBox.of({ call: scriptedCall(script) })),
      options.access ??
        (options.guarded === true
          ? accessWith(`tester:${secret}:read+write+delete:tests`)
          : Access.layerOpen),
    ),
  );
  const { port } = yield* Effect.gen(function* () {
    const door = yield* makeRpcDoor(options);
    return yield* listen({
      hostname: "127.0.0.1",
      port: 0,
      doors: [door],
      allowed: { hosts: [], origins: [] },
      shutdownTimeout: "5 seconds",
      ...options,
    });
  }).pipe(Effect.provideContext(context));
  return {
    port,
    drain: Context.get(context, Drain),
    ws: `ws://127.0.0.1:${port}/rpc`,
    http: `http://127.0.0.1:${port}/rpc`,
  };
});
