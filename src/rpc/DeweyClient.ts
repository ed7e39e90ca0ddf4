/**
 * Dewey for other Effect services: `import { DeweyClient } from "dewey/rpc"`. It connects by itself, connects again
 * when the connection breaks, and never sends a call twice.
 */
import { Context, type Effect, Layer, Redacted, type Scope } from "effect";
import { FetchHttpClient } from "effect/unstable/http";
import {
  RpcClient,
  type RpcClientError,
  type RpcGroup,
  RpcSerialization,
} from "effect/unstable/rpc";
import { Socket } from "effect/unstable/socket";
import type { DeweyError } from "../domain/Errors.ts";
import type { DeweyTools, ToolName, ToolPayload, ToolSuccess } from "./DeweyTools.ts";
import { httpProtocol } from "./httpProtocol.ts";
import { socketProtocol } from "./socketProtocol.ts";
import { UntypedTools } from "./untypedTools.ts";

/** What a call fails with: an answer of Dewey, or no answer because the connection failed. */
export type CallError = DeweyError | RpcClientError.RpcClientError;

/** Every tool as a method. Dewey checks the payloads, and answers a wrong one with `InvalidInput` or `TooLarge`. */
export type Calls = {
  readonly [Name in ToolName]: (
    payload: ToolPayload<Name>,
  ) => Effect.Effect<ToolSuccess<Name>, CallError>;
};

/** Where Dewey is, and who calls it. */
export interface ClientOptions {
  /** Such as `ws://127.0.0.1:9020/rpc` for `layer`, and `http://127.0.0.1:9020/rpc` for `layerHttp`. */
  readonly url: string;
  /** A bearer token, where Dewey asks for one. */
  readonly token?: string | Redacted.Redacted | undefined;
}

/**
 * The group with the contract's types and without its checks of payloads, which would turn a wrong payload into a
 * defect of the client. The compiler cannot follow one change through a union of tools: hence the overload.
 */
function withoutChecks(tools: typeof UntypedTools): typeof DeweyTools;
function withoutChecks(tools: RpcGroup.Any): RpcGroup.Any {
  return tools;
}

const makeCalls: Effect.Effect<Calls, never, RpcClient.Protocol | Scope.Scope> = RpcClient.make(
  withoutChecks(UntypedTools),
  { spanPrefix: "DeweyClient" },
);

const headersOf = ({ token }: ClientOptions): Record<string, string> => {
  if (token === undefined) return {};
  return { authorization: `Bearer ${typeof token === "string" ? token : Redacted.value(token)}` };
};

const webSocket = (options: ClientOptions) =>
  Socket.layerWebSocket(options.url).pipe(
    Layer.provide(
      Layer.succeed(
        Socket.WebSocketConstructor,
        (url) => new WebSocket(url, { headers: headersOf(options) }),
      ),
    ),
  );

/** Dewey's tools, called over the network. */
export class DeweyClient extends Context.Service<DeweyClient, Calls>()("dewey/rpc/DeweyClient") {
  /** Over any transport: give it a `RpcClient.Protocol`. */
  static readonly layerProtocol = Layer.effect(DeweyClient, makeCalls);

  /**
   * Over one WebSocket. While it is broken calls fail at once with `RpcClientError`, those in flight included; it is
   * opened again by itself.
   */
  static readonly layer = (options: ClientOptions): Layer.Layer<DeweyClient> =>
    DeweyClient.layerProtocol.pipe(
      Layer.provide(Layer.effect(RpcClient.Protocol, socketProtocol)),
      Layer.provide([RpcSerialization.layerJson, webSocket(options)]),
    );

  /** Over HTTP: one request a call. */
  static readonly layerHttp = (options: ClientOptions): Layer.Layer<DeweyClient> =>
    DeweyClient.layerProtocol.pipe(
      Layer.provide(
        Layer.effect(RpcClient.Protocol, httpProtocol(options.url, headersOf(options))),
      ),
      Layer.provide(FetchHttpClient.layer),
    );
}

/** The close code of a connection that carried a call larger than Dewey reads. */
const messageTooBig = 1009;

/**
 * Whether a call may succeed when it is repeated. Repeat reads freely, and writes that carry an id of yours
 * (`message_id`, `conversation_id`, `if_version`); of any other write nobody knows whether it took place.
 */
export const isRetryable = (error: CallError): boolean => {
  if (error._tag !== "RpcClientError") return error.retryable;
  const { reason } = error;
  switch (reason._tag) {
    case "HttpError":
      return reason.kind === "TransportError";
    case "SocketCloseError":
      return reason.code !== messageTooBig;
    case "RpcClientDefect":
      return false;
    default:
      return true;
  }
};
