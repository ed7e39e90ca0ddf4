/** MCP over HTTP: stateless requests of the newest version, and the sessions of the older ones. */
import {
  createMcpHandler,
  isJsonContentType,
  isLegacyRequest,
  type McpServerFactory,
} from "@modelcontextprotocol/server";
import { Effect } from "effect";
import { smallAnswerBytes } from "../http/AnswerBudget.ts";
import { readText } from "../http/body.ts";
import type { Arrival } from "../http/Door.ts";
import { errorResponse } from "../http/responses.ts";
import { whenTaken } from "../http/takenBody.ts";
import { Drain } from "../services/Drain.ts";
import { type Calls, makeCalls } from "./Calls.ts";
import { Catalog } from "./Catalog.ts";
import { type HttpSessionBounds, makeHttpSessions } from "./httpSessions.ts";
import {
  errorReply,
  isMessage,
  jsonRpcResponse,
  methodNotAllowed,
  notAMessage,
  notJson,
  parseJson,
} from "./messages.ts";
import { serverMaker } from "./server.ts";
import { lackingScope } from "./stepUp.ts";
import { isListen, makeListenStreams } from "./subscriptions/listenStreams.ts";

const otherType = () =>
  jsonRpcResponse(415, errorReply(null, -32000, "Send the content type application/json."));

/** Whether nothing will be added to the answer any more. */
const isWhole = (response: Response) =>
  response.headers.get("content-type") !== "text/event-stream";

/** Makes what answers one HTTP request, and what ends all streams. */
export const makeStreamableHttp = Effect.fnUntraced(function* (bounds: HttpSessionBounds) {
  const drain = yield* Drain;
  const sessions = yield* makeHttpSessions(bounds);
  const callsOf = yield* makeCalls(bounds.maxInFlight);
  const catalog = yield* Catalog;
  const makeServer = serverMaker(catalog);
  const log = Effect.runForkWith(yield* Effect.context<never>());

  const callsFor = new WeakMap<Request, Calls>();
  const serverFor: McpServerFactory = ({ requestInfo }) => {
    const calls = requestInfo && callsFor.get(requestInfo);
    if (calls === undefined) throw new Error("A request came past the listener.");
    return makeServer(calls);
  };
  const stateless = createMcpHandler(serverFor, {
    legacy: "reject",
    onerror: (error) => log(Effect.logDebug("MCP over HTTP reports:", error.message)),
  });
  const listenStreams = yield* makeListenStreams(catalog, serverFor);

  /** Checks every message before a session sees any of them. */
  const toSession = (arrival: Arrival, body: unknown): Effect.Effect<Response> => {
    const isBatch = Array.isArray(body);
    const values: ReadonlyArray<unknown> = isBatch ? body : [body];
    const messages = values.filter(isMessage);
    if (messages.length === values.length && messages.length > 0) {
      // The listener has counted one.
      const tooSoon = arrival.charge(messages.length - 1);
      if (tooSoon !== undefined) return Effect.succeed(errorResponse(tooSoon));
      return sessions.post(arrival, messages, isBatch);
    }
    const wrong = values.find((value) => !isMessage(value));
    return Effect.succeed(jsonRpcResponse(400, notAMessage(wrong) ?? notJson));
  };

  const post = Effect.fnUntraced(function* (arrival: Arrival) {
    const { request } = arrival;
    if (!isJsonContentType(request.headers.get("content-type"))) return otherType();
    const parsedBody = yield* readText(request).pipe(
      Effect.map(parseJson),
      Effect.orElseSucceed(() => undefined),
    );
    if (parsedBody === undefined) return jsonRpcResponse(400, notJson);
    const { askForScopes, principal } = arrival;
    if (askForScopes !== undefined) {
      const lacking = lackingScope(parsedBody, principal.scopes);
      if (lacking !== undefined) return askForScopes([...principal.scopes, lacking]);
    }
    if (yield* Effect.promise(() => isLegacyRequest(request, parsedBody))) {
      return yield* toSession(arrival, parsedBody);
    }
    const calls = callsOf(principal);
    callsFor.set(request, calls);
    if (isListen(parsedBody)) return yield* listenStreams.listen(arrival, parsedBody);
    // A call goes on behind the head of its stream: it is in flight until the answer has left.
    const leave = drain.enter();
    const done = () => {
      calls.close();
      leave();
    };
    const response = yield* Effect.onError(
      Effect.promise(() => stateless.fetch(request, { parsedBody })),
      () => Effect.sync(done),
    );
    if (isWhole(response) && calls.unreadBytes() <= smallAnswerBytes) {
      done();
      return response;
    }
    return whenTaken(response, done);
  });

  const onRequest = (arrival: Arrival): Effect.Effect<Response> => {
    switch (arrival.request.method) {
      case "POST":
        return post(arrival);
      case "GET":
      case "DELETE":
        return sessions.handle(arrival);
      default:
        return Effect.sync(methodNotAllowed);
    }
  };

  const endStreams = sessions.closeAll.pipe(
    Effect.andThen(listenStreams.endAll),
    Effect.andThen(Effect.promise(() => stateless.close())),
  );
  return { onRequest, endStreams };
});
