/** Requests, answers and notifications: what each of them says, and what it means for the requests that wait. */
import type { Direction } from "../../domain/Frame.ts";
import type { FrameEntry } from "../../domain/Recording.ts";
import { newId } from "../../domain/Text.ts";
import { type About, type Draft, endCall, millisBetween, say, settle } from "./Derived.ts";
import {
  type Element,
  type Fields,
  fieldsOf,
  idOf,
  isFields,
  type RequestId,
  textOf,
} from "./jsonRpc.ts";
import { findRequest, putRequest, type SeenRequest, takeRequest } from "./StreamState.ts";
import { short } from "./storable.ts";
import {
  correlationOf,
  endingOfCancellation,
  endingOfError,
  endingOfLoss,
  endingOfResult,
} from "./toolCall.ts";
import {
  errorText,
  isHandshake,
  isMachinery,
  notificationText,
  requestText,
  resultText,
} from "./wording.ts";

const other: Record<Direction, Direction> = { to_upstream: "to_client", to_client: "to_upstream" };

const shortId = (id: RequestId | undefined): RequestId | undefined =>
  typeof id === "string" ? short(id) : id;

const learnClient = ({ stream }: Draft, method: string, params: Fields): void => {
  if (stream.client !== undefined) return;
  const info =
    method === "initialize"
      ? params["clientInfo"]
      : fieldsOf(params["_meta"])["io.modelcontextprotocol/clientInfo"];
  if (!isFields(info)) return;
  const [name, version] = [textOf(info, "name"), textOf(info, "version")];
  stream.client = {
    name: name === undefined ? null : short(name),
    version: version === undefined ? null : short(version),
  };
};

type Of<Tag extends Element["_tag"]> = Extract<Element, { readonly _tag: Tag }>;

/** Only a client calls tools. */
const callOf = (
  { id, direction }: FrameEntry,
  { method, params }: Of<"Request">,
  place: number,
): SeenRequest["call"] =>
  direction === "to_upstream" && method === "tools/call"
    ? {
        id: place === 0 ? id : newId(),
        tool: short(textOf(params, "name") ?? "(no name)"),
        arguments: fieldsOf(params["arguments"]),
      }
    : undefined;

/** A request waits for its answer from now on. */
export const request = (
  draft: Draft,
  entry: FrameEntry,
  element: Of<"Request">,
  place: number,
): void => {
  const { direction } = entry;
  const { id, method, params } = element;
  if (!isHandshake(method)) draft.isHandshake = false;
  if (direction === "to_upstream") learnClient(draft, method, params);
  const call = callOf(entry, element, place);
  const correlation_id = correlationOf(params) ?? entry.id;
  const givenUp = putRequest(draft.stream, {
    frame: entry.id,
    element: place,
    at: entry.at,
    direction,
    id,
    method,
    correlation_id,
    call,
    sequence: undefined,
    isKept: false,
    isEnded: false,
    next: undefined,
    last: undefined,
  });
  if (givenUp !== undefined) {
    endCall(draft, givenUp, endingOfLoss("Too many requests wait for their answers."));
    settle(draft, givenUp);
  }
  if (isMachinery(method)) return;
  say(draft, direction === "to_upstream" ? "user" : "assistant", requestText(method, params), {
    kind: "request",
    direction,
    method: short(method),
    jsonrpc_id: shortId(id),
    tool: call?.tool,
    correlation_id,
  });
};

/** What a message tells of itself and of the request that it is about. */
const aboutOf = (
  kind: About["kind"],
  entry: FrameEntry,
  id: RequestId | undefined,
  asked: SeenRequest | undefined,
  method: string | undefined,
): About => ({
  kind,
  direction: entry.direction,
  method: method === undefined ? undefined : short(method),
  jsonrpc_id: shortId(id),
  tool: asked?.call?.tool,
  correlation_id: asked?.correlation_id,
  latency_ms: asked === undefined ? undefined : millisBetween(asked.at, entry.at),
});

/** A result or an error, whose request waits no more. */
export const answer = (
  draft: Draft,
  entry: FrameEntry,
  element: Of<"Result"> | Of<"Error">,
): void => {
  const { id } = element;
  const asked =
    id === undefined ? undefined : takeRequest(draft.stream, other[entry.direction], id);
  if (asked === undefined || !isHandshake(asked.method)) draft.isHandshake = false;
  if (asked !== undefined) settle(draft, asked);
  if (element._tag === "Error") {
    const { error } = element;
    if (asked?.call !== undefined) endCall(draft, asked, endingOfError(error), error);
    return say(draft, "tool", errorText(error), aboutOf("error", entry, id, asked, asked?.method));
  }
  const { result } = element;
  if (asked?.call !== undefined) endCall(draft, asked, endingOfResult(result), result);
  if (asked !== undefined && isMachinery(asked.method)) return;
  const isError = isFields(result) && result["isError"] === true;
  say(
    draft,
    isError ? "tool" : "assistant",
    resultText(asked?.method, result),
    aboutOf(isError ? "error" : "result", entry, id, asked, asked?.method),
  );
};

/** The request that a side gives up: its own, or a stream of notifications that the server ends. */
const cancelled = (
  draft: Draft,
  entry: FrameEntry,
  id: RequestId | undefined,
): SeenRequest | undefined =>
  id === undefined
    ? undefined
    : (findRequest(draft.stream, entry.direction, id) ??
      findRequest(draft.stream, other[entry.direction], id));

const cancellation = "notifications/cancelled";

/** A notification, which may be that a request was given up. */
export const notification = (
  draft: Draft,
  entry: FrameEntry,
  { method, params }: Of<"Notification">,
): void => {
  const id = idOf(params["requestId"]);
  const given = method === cancellation ? cancelled(draft, entry, id) : undefined;
  const isOfHandshake =
    given === undefined ? method === "notifications/initialized" : isHandshake(given.method);
  if (!isOfHandshake) draft.isHandshake = false;
  if (given !== undefined) {
    if (!given.isEnded) endCall(draft, given, endingOfCancellation(textOf(params, "reason")));
    given.isEnded = true;
    settle(draft, given);
    if (isMachinery(given.method)) return;
  }
  if (entry.direction === "to_upstream") learnClient(draft, method, params);
  const text = notificationText(method, params);
  if (text === undefined) return;
  say(draft, "system", text, aboutOf("notification", entry, id, given, method));
};
