/**
 * `subscriptions/listen` over HTTP: an event stream for each request. The SDK checks the request, acknowledges it and
 * writes the events; each stream has a bus of its own, since what may be told depends on who listens.
 */
import {
  createMcpHandler,
  isJSONRPCRequest,
  type JSONRPCRequest,
  type McpHttpHandler,
  type McpServerFactory,
  type ServerEvent,
} from "@modelcontextprotocol/server";
import { Effect, Option, Schema } from "effect";
import { Unavailable } from "../../domain/Errors.ts";
import type { Arrival } from "../../http/Door.ts";
import { pacedBody } from "../../http/pacedBody.ts";
import type { Catalog } from "../Catalog.ts";
import { errorReply, jsonRpcResponse } from "../messages.ts";
import { mayNotRead, protocolErrorOf } from "../protocolErrors.ts";
import { resourcesAskedFor } from "./ListenTransport.ts";
import { mostResources, tooManyResources } from "./sessions.ts";
import { makeTelling } from "./telling.ts";
import { eventOf, wishOf } from "./Wish.ts";

/** As many streams as a process keeps open; the connections of each token have a bound of their own. */
const mostStreams = 10_000;

const tooManyStreams = new Unavailable({
  message: "Too many subscriptions are open. Try again later.",
});

const Flag = Schema.optionalKey(Schema.Boolean);
const Asked = Schema.Struct({
  notifications: Schema.Struct({
    toolsListChanged: Flag,
    promptsListChanged: Flag,
    resourcesListChanged: Flag,
    resourceSubscriptions: Schema.optionalKey(Schema.Array(Schema.String)),
  }),
});
const readAsked = Schema.decodeUnknownOption(Asked);

/** Tells whether a body asks for a subscription. */
export const isListen = (body: unknown): body is JSONRPCRequest =>
  isJSONRPCRequest(body) && body.method === "subscriptions/listen";

/** Makes what answers requests to listen until the scope closes, and what ends all streams. */
export const makeListenStreams = Effect.fnUntraced(function* (
  catalog: Catalog["Service"],
  factory: McpServerFactory,
) {
  const tellTo = yield* makeTelling(catalog);
  const open = new Set<McpHttpHandler>();

  const refusalOf = ({ principal }: Arrival, asked: number) => {
    if (open.size >= mostStreams) return tooManyStreams;
    return mayNotRead(principal) ?? (asked > mostResources ? tooManyResources : undefined);
  };

  /** Follows the changes first, so that none after the acknowledgement is missed. */
  const answer = async (
    { principal, request }: Arrival,
    body: JSONRPCRequest,
  ): Promise<Response> => {
    const filter = Option.match(readAsked(body.params), {
      onNone: () => ({}),
      onSome: ({ notifications }) => notifications,
    });
    let listener: ((event: ServerEvent) => void) | undefined;
    let room: () => Promise<void> = () => Promise.resolve();
    const telling = tellTo(principal)(wishOf(catalog, filter), async (notice) => {
      await room();
      listener?.(eventOf(notice));
    });
    const finish = () => {
      telling.stop();
      open.delete(handler);
    };
    const handler = createMcpHandler(factory, {
      legacy: "reject",
      bus: {
        publish: () => {},
        subscribe: (heard) => {
          listener = heard;
          return finish;
        },
      },
    });
    open.add(handler);
    await telling.ready;
    const response = await handler.fetch(request, { parsedBody: body });
    if (listener === undefined) finish();
    const paced = pacedBody(response, request.signal);
    room = paced.room;
    return paced.response;
  };

  const listen = (arrival: Arrival, body: JSONRPCRequest): Effect.Effect<Response> => {
    const refusal = refusalOf(arrival, resourcesAskedFor(body.params));
    if (refusal !== undefined) {
      const { code, message, data } = protocolErrorOf(refusal);
      return Effect.succeed(jsonRpcResponse(200, errorReply(body.id, code, message, data)));
    }
    return Effect.promise(() => answer(arrival, body));
  };

  const endAll = Effect.promise(() => Promise.all([...open].map((handler) => handler.close())));
  return { listen, endAll };
});
