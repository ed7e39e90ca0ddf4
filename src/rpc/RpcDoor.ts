/** The typed door for other Effect services: the tools over Effect's RPC protocol, on WebSockets and on HTTP. */
import { Effect, Result } from "effect";
import { RpcSerialization } from "effect/unstable/rpc";
import type { FromServerEncoded } from "effect/unstable/rpc/RpcMessage";
import { InvalidInput, RateLimited, TooLarge } from "../domain/Errors.ts";
import {
  AnswerBudget,
  clientAnswerBytes,
  ProcessAnswers,
  smallAnswerBytes,
} from "../http/AnswerBudget.ts";
import { readText } from "../http/body.ts";
import type { Arrival, Connection, Door, Frame } from "../http/Door.ts";
import { errorResponse } from "../http/responses.ts";
import { roughBytes } from "../http/roughBytes.ts";
import { whenTaken } from "../http/takenBody.ts";
import { failed, refused } from "./envelope.ts";
import { makeRpcCalls } from "./RpcCalls.ts";

/** The bounds of one connection, and of one HTTP request. */
export interface RpcDoorOptions {
  /** Calls that may wait for their answers; one more is `RATE_LIMITED`. */
  readonly maxInFlight?: number;
}

const notJson = "This is not JSON. Send one message of the RPC protocol as UTF-8 text.";

const parseFrame = (frame: Frame): Result.Result<unknown, string> => {
  if (typeof frame !== "string") return Result.fail("Send text frames: bytes are not read here.");
  return Result.try({ try: (): unknown => JSON.parse(frame), catch: () => notJson });
};

/** Bodies are one JSON document (a message, or an array of them), or one message a line. */
const serializations = new Map([
  ["application/json", RpcSerialization.json],
  ["application/ndjson", RpcSerialization.makeNdjson({ maxBufferSize: "unbounded" })],
]);

const serializationOf = (
  request: Request,
): RpcSerialization.RpcSerialization["Service"] | undefined =>
  serializations.get(
    request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase() ?? "",
  );

const readMessages = Effect.fnUntraced(function* (
  request: Request,
  parser: RpcSerialization.Parser,
) {
  const text = yield* readText(request);
  return yield* Effect.try({
    // A last line that does not end is a line all the same.
    try: () => parser.decode(text.endsWith("\n") ? text : `${text}\n`),
    catch: () => new InvalidInput({ message: notJson }),
  });
});

const onlyPost = () => {
  const response = errorResponse(
    new InvalidInput({
      message: "Send messages of the RPC protocol by POST, or open a WebSocket.",
    }),
    405,
  );
  response.headers.set("Allow", "POST");
  return response;
};

const otherType = () =>
  errorResponse(
    new InvalidInput({ message: "Send the content type application/json or application/ndjson." }),
    415,
  );

/** Makes the door of `/rpc`; it serves for as long as its scope is open. */
export const makeRpcDoor = Effect.fn("RpcDoor.make")(function* (options: RpcDoorOptions = {}) {
  const maxInFlight = options.maxInFlight ?? 64;
  const connect = yield* makeRpcCalls(maxInFlight);
  const allAnswers = yield* ProcessAnswers;

  const onConnection = Effect.fnUntraced(
    function* (connection: Connection) {
      const reply = (message: FromServerEncoded) =>
        Effect.ignore(connection.send(JSON.stringify(message)));
      const caller = yield* connect(connection.arrival, reply);
      while (true) {
        for (const frame of yield* connection.take) {
          yield* Result.match(parseFrame(frame), {
            onFailure: (reason) => reply(refused(reason)),
            onSuccess: caller.receive,
          });
        }
      }
    },
    Effect.catchTag("ConnectionClosed", () => Effect.void),
  );

  const tooMany = new RateLimited({
    message: `A request holds at most ${maxInFlight} messages. Send the rest in another one.`,
    details: { limit: maxInFlight },
  });

  const tooMuch = new TooLarge({
    message: "The answers of this request are too large to be sent together. Send this call alone.",
    details: { limit: clientAnswerBytes },
  });

  const onRequest = Effect.fnUntraced(
    function* ({ request, principal, charge }: Arrival) {
      if (request.method !== "POST") return onlyPost();
      const serialization = serializationOf(request);
      if (serialization === undefined) return otherType();
      const parser = serialization.makeUnsafe();
      const messages = yield* readMessages(request, parser);
      if (messages.length > maxInFlight) return errorResponse(tooMany);
      // The listener has counted one.
      const tooSoon = charge(messages.length - 1);
      if (tooSoon !== undefined) return errorResponse(tooSoon);
      const replies: Array<FromServerEncoded> = [];
      let bytes = 0;
      const caller = yield* connect({ principal, charge: () => undefined }, (reply) =>
        Effect.sync(() => {
          const more = roughBytes(reply);
          const fits = more <= smallAnswerBytes || bytes === 0 || bytes + more <= clientAnswerBytes;
          if (fits) bytes += more;
          replies.push(fits || reply._tag !== "Exit" ? reply : failed(reply.requestId, tooMuch));
        }),
      );
      yield* Effect.forEach(messages, caller.receive, { discard: true });
      yield* caller.answered;
      const response = new Response(parser.encode(replies), {
        headers: { "Content-Type": serialization.contentType },
      });
      if (bytes <= smallAnswerBytes) return response;
      const waiting = new AnswerBudget(allAnswers);
      waiting.hold(0, bytes);
      return whenTaken(response, waiting.close);
    },
    Effect.scoped,
    Effect.catchTag("InvalidInput", (error) => Effect.succeed(errorResponse(error))),
  );

  return {
    name: "rpc",
    // Effect's own HTTP client puts a slash behind the URL that it is given.
    paths: ["/rpc", "/rpc/"],
    onConnection,
    onRequest,
  } satisfies Door;
});
