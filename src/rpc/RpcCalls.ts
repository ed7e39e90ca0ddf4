/**
 * Effect's RPC server behind Dewey's doors: who calls, what is in flight, and an answer by the contract for whatever
 * the stock server would answer with a defect, or not at all.
 */
import { Context, Deferred, Effect, Layer, Option, Queue } from "effect";
import { RpcMiddleware, RpcSerialization, RpcServer } from "effect/unstable/rpc";
import type { FromServerEncoded, ResponseExitEncoded } from "effect/unstable/rpc/RpcMessage";
import { type DeweyError, Internal, InvalidInput, RateLimited } from "../domain/Errors.ts";
import { CurrentPrincipal } from "../domain/Principal.ts";
import { newId } from "../domain/Text.ts";
import { ProcessAnswers } from "../http/AnswerBudget.ts";
import { Drain, shuttingDown } from "../services/Drain.ts";
import { DeweyTools, ToolBox, ToolInfo } from "./DeweyTools.ts";
import {
  type CallId,
  type FromClient,
  failed,
  type Request,
  readCallId,
  readMessage,
  refused,
} from "./envelope.ts";
import { type Call, Peer, type Reply } from "./Peer.ts";
import { UntypedTools } from "./untypedTools.ts";

/** A connection, or one HTTP request, as the calls see it. */
export interface Caller {
  /** Handles one message, already parsed. Returns as soon as the call runs, not when it has ended. */
  readonly receive: (message: unknown) => Effect.Effect<void>;
  /** Waits until every call has been answered. */
  readonly answered: Effect.Effect<void>;
}

/** Gives a tool the principal of the connection that the call came through. */
class Identified extends RpcMiddleware.Service<Identified, { provides: CurrentPrincipal }>()(
  "dewey/rpc/Identified",
) {}

const tools = UntypedTools.middleware(Identified);
const toolNames = Array.from(tools.requests.values(), (tool) => tool._tag);

/** Tools that change nothing, so that a call of them may be made again unasked. */
const reads: ReadonlySet<string> = new Set(
  Array.from(DeweyTools.requests.values())
    .filter(({ annotations }) => Context.getUnsafe(annotations, ToolInfo).effect === "reads")
    .map(({ _tag }) => _tag),
);

const handlers = (toolBox: ToolBox["Service"]) =>
  toolNames
    .map((name) =>
      tools.toLayerHandler(name, (payload) => Effect.suspend(() => toolBox.call(name, payload))),
    )
    .reduce((all, handler) => Layer.merge(all, handler));

const notOfTheProtocol =
  'This is not a message of the RPC protocol. Send a "Request" with "id", "tag" and "payload", an "Interrupt" with "requestId", or a "Ping".';

const unknownTool = new InvalidInput({
  message: `No tool has this name. The tools are ${toolNames.join(", ")}.`,
  details: { path: "tag" },
});

const isDefect = (exit: ResponseExitEncoded["exit"]): boolean =>
  exit._tag === "Failure" && exit.cause.some((reason) => reason._tag === "Die");

const isInterrupt = (exit: ResponseExitEncoded["exit"]): boolean =>
  exit._tag === "Failure" && exit.cause.every((reason) => reason._tag === "Interrupt");

/**
 * The tool box reports its own defects, so this is a result that its schema does not allow. What the encoder says of it
 * quotes the data, and is therefore neither logged nor sent.
 */
const unencodable = Effect.fnUntraced(function* (call: Call) {
  const errorId = newId();
  yield* Effect.logError(
    `The result of ${call.tool} does not fit its schema; it was not sent.`,
  ).pipe(Effect.annotateLogs("error_id", errorId));
  return new Internal({
    message: `Something went wrong inside Dewey. Whoever runs it finds it in the log under ${errorId}.`,
    details: { error_id: errorId },
  });
});

/** Starts the RPC server; the returned function lets a caller in for as long as its scope is open. */
export const makeRpcCalls = Effect.fn("RpcCalls.make")(function* (maxInFlight: number) {
  const drain = yield* Drain;
  const toolBox = yield* ToolBox;
  const allAnswers = yield* ProcessAnswers;
  const peers = new Map<number, Peer>();
  const disconnects = yield* Queue.unbounded<number>();
  const started = yield* Deferred.make<Parameters<RpcServer.Protocol["Service"]["run"]>[0]>();
  let lastPeer = 0;
  let lastCall = 0;

  const tooMany = new RateLimited({
    message: `${maxInFlight} calls of this connection are in flight already. Wait for some of them to be answered, then repeat this one.`,
    details: { limit: maxInFlight },
  });

  const answer = (peer: Peer, response: ResponseExitEncoded): Effect.Effect<void> => {
    const call = peer.calls.get(Number(response.requestId));
    if (call === undefined) return Effect.void;
    peer.remove(call);
    const { exit } = response;
    const message: Effect.Effect<FromServerEncoded> = isDefect(exit)
      ? Effect.map(unencodable(call), (error) => failed(call.requestId, error))
      : Effect.succeed(
          isInterrupt(exit) && !call.withdrawn
            ? failed(call.requestId, shuttingDown)
            : { _tag: "Exit", requestId: call.requestId, exit },
        );
    return Effect.ensuring(
      Effect.flatMap(message, peer.reply),
      Effect.sync(() => peer.free(call)),
    );
  };

  const protocol = RpcServer.Protocol.of({
    run: (receive) => Effect.andThen(Deferred.succeed(started, receive), Effect.never),
    disconnects,
    send: (peerId, response) => {
      const peer = peers.get(peerId);
      if (peer === undefined) return Effect.void;
      if (response._tag === "Exit") return answer(peer, response);
      // The text of a defect may hold anything.
      return peer.reply(response._tag === "Defect" ? refused("Dewey failed to answer.") : response);
    },
    end: () => Effect.void,
    clientIds: Effect.sync(() => new Set(peers.keys())),
    initialMessage: Effect.succeedNone,
    supportsAck: false,
    supportsTransferables: false,
    supportsSpanPropagation: true,
    supportsNotifications: false,
    codecFor: RpcSerialization.json.codecFor,
  });

  const identified = Identified.of((effect, { client, requestId, rpc }) => {
    const peer = peers.get(client.id);
    if (peer === undefined) return Effect.interrupt;
    const call = Effect.provideService(effect, CurrentPrincipal, peer.caller.principal);
    return peer.answers.counting(Number(requestId), call, reads.has(rpc._tag));
  });

  yield* RpcServer.make(tools, { disableFatalDefects: true, spanPrefix: "Rpc" }).pipe(
    Effect.provide(
      Layer.mergeAll(
        handlers(toolBox),
        Layer.succeed(RpcServer.Protocol, protocol),
        Layer.succeed(Identified, identified),
      ),
    ),
    Effect.forkScoped,
  );
  const server = yield* Deferred.await(started);

  /** Why a call is not even begun, or undefined. */
  const refusal = (peer: Peer, request: Request): DeweyError | undefined => {
    if (drain.isDraining()) return shuttingDown;
    if (!tools.requests.has(request.tag)) return unknownTool;
    return peer.unanswered >= maxInFlight ? tooMany : peer.caller.charge(1);
  };

  const begin = (peer: Peer, request: Request): Effect.Effect<void> => {
    if (peer.byRequestId.has(request.id)) {
      return peer.reply(refused("Two calls in flight bear the same id. Give each its own."));
    }
    const error = refusal(peer, request);
    if (error !== undefined) return peer.reply(failed(request.id, error));
    const call: Call = {
      id: ++lastCall,
      requestId: request.id,
      tool: request.tag,
      leave: drain.enter(),
      withdrawn: false,
    };
    peer.add(call);
    return server(peer.id, { payload: undefined, ...request, id: call.id, headers: [] });
  };

  const withdraw = (peer: Peer, requestId: CallId): Effect.Effect<void> => {
    const call = peer.byRequestId.get(requestId);
    if (call === undefined) return Effect.void;
    call.withdrawn = true;
    return server(peer.id, { _tag: "Interrupt", requestId: call.id });
  };

  const refuse = (peer: Peer, message: unknown): Effect.Effect<void> => {
    const id = Option.getOrUndefined(readCallId(message));
    if (id === undefined || peer.byRequestId.has(id)) return peer.reply(refused(notOfTheProtocol));
    return peer.reply(failed(id, new InvalidInput({ message: notOfTheProtocol })));
  };

  const accept = (peer: Peer, message: FromClient): Effect.Effect<void> => {
    switch (message._tag) {
      case "Request":
        return begin(peer, message);
      case "Interrupt":
        return withdraw(peer, message.requestId);
      case "Ping":
        return peer.reply({ _tag: "Pong" });
      case "Ack":
      case "Eof":
        return Effect.void;
    }
  };

  const receive = (peer: Peer, message: unknown): Effect.Effect<void> =>
    Option.match(readMessage(message), {
      onNone: () => refuse(peer, message),
      onSome: (read) => accept(peer, read),
    });

  const leave = (peer: Peer) =>
    Effect.suspend(() => {
      peers.delete(peer.id);
      for (const call of peer.calls.values()) peer.free(call);
      peer.answers.close();
      return Queue.offer(disconnects, peer.id);
    });

  return Effect.fnUntraced(function* (caller: Peer["caller"], reply: Reply) {
    const peer = new Peer(++lastPeer, caller, reply, allAnswers);
    peers.set(peer.id, peer);
    yield* Effect.addFinalizer(() => leave(peer));
    return {
      receive: (message) => receive(peer, message),
      answered: peer.answered.await,
    } satisfies Caller;
  });
});
