/** What is written of an entry: its frame as it is, and the messages and tool calls that a person reads of it. */
import type { Direction } from "../../domain/Frame.ts";
import type { Role } from "../../domain/Message.ts";
import { newId } from "../../domain/Text.ts";
import { searchDocument } from "../../services/search/vector.ts";
import type { MessageRow } from "../../sql/MessageQueries.ts";
import type { RequestId } from "./jsonRpc.ts";
import type { RecordedEntry, SeenRequest, StreamState } from "./StreamState.ts";
import { contentOf, jsonOf, short } from "./storable.ts";
import { type Ending, type Usage, usageOf } from "./toolCall.ts";

/** A message but for its turn; `metadata` is JSON without its closing brace, since the frame's number is to come. */
export type MessageDraft = MessageRow;

/** A tool call that has ended. */
export interface CallDraft extends Ending, Usage {
  readonly request: SeenRequest;
  readonly tool: string;
  readonly arguments: string | null;
  readonly duration_ms: number | null;
}

/** All that is written of an entry. */
export interface Derived {
  readonly stream: StreamState;
  readonly entry: RecordedEntry;
  /** The bytes of a frame; null where the entry is none. */
  readonly payload: Uint8Array | null;
  readonly messages: ReadonlyArray<MessageDraft>;
  readonly calls: ReadonlyArray<CallDraft>;
  /** Requests that wait no more, of those that the database keeps. */
  readonly settled: ReadonlyArray<SeenRequest>;
  /** It may come before there is a conversation. */
  readonly isHandshake: boolean;
}

/** The same while it is made. */
export interface Draft extends Derived {
  /** The most bytes of a message's content. */
  readonly limit: number;
  readonly messages: Array<MessageDraft>;
  readonly calls: Array<CallDraft>;
  readonly settled: Array<SeenRequest>;
  isHandshake: boolean;
}

const payloadOf = (entry: RecordedEntry): Uint8Array | null => {
  if (entry._tag === "Event") return null;
  return typeof entry.payload === "string" ? Buffer.from(entry.payload, "utf8") : entry.payload;
};

/** The entry alone. */
export const newDraft = (stream: StreamState, entry: RecordedEntry, limit: number): Draft => ({
  stream,
  entry,
  payload: payloadOf(entry),
  limit,
  messages: [],
  calls: [],
  settled: [],
  isHandshake: true,
});

/** What a message's metadata tells of what it is. */
export interface About {
  readonly kind: "request" | "result" | "error" | "notification" | "event";
  readonly direction?: Direction;
  readonly method?: string | undefined;
  readonly jsonrpc_id?: RequestId | undefined;
  readonly tool?: string | undefined;
  readonly correlation_id?: string | undefined;
  readonly latency_ms?: number | undefined;
  /** What happened to a connection, in words of its own. */
  readonly happened?: Readonly<Record<string, string | number | undefined>>;
}

/** Adds a message. */
export const say = (draft: Draft, role: Role, text: string, about: About): void => {
  const { entry, stream, messages, payload } = draft;
  const { text: content, cut } = contentOf(text, draft.limit);
  const metadata = JSON.stringify({
    direction: about.direction,
    kind: about.kind,
    ...about.happened,
    method: about.method,
    jsonrpc_id: about.jsonrpc_id,
    upstream: short(stream.description.upstream),
    tool: about.tool,
    correlation_id: about.correlation_id,
    bytes: payload?.length,
    truncated: cut !== undefined,
    content_bytes: cut?.bytes,
    content_sha256: cut?.sha256,
    latency_ms: about.latency_ms,
    redactions: entry._tag === "Frame" ? entry.redactions : undefined,
  });
  const document = stream.description.isDewey ? undefined : searchDocument(content);
  messages.push({
    id: messages.length === 0 ? entry.id : newId(),
    role,
    content,
    metadata: metadata.slice(0, -1),
    vector: document?.vector ?? null,
    length: document?.length ?? 0,
  });
};

/** The time between, in milliseconds to the microsecond; clocks may go back. */
export const millisBetween = (from: number, to: number): number =>
  Math.max(0, Math.round((to - from) * 1000) / 1000);

/** Adds the call of a request that has ended now, where it is one and did not end before. */
export const endCall = (
  draft: Draft,
  request: SeenRequest,
  ending: Ending,
  answer?: unknown,
): void => {
  const { call } = request;
  if (call === undefined || request.isEnded) return;
  const usage = usageOf(call.arguments, answer);
  draft.calls.push({
    request,
    tool: call.tool,
    arguments: jsonOf(call.arguments),
    duration_ms: millisBetween(request.at, draft.entry.at),
    status: ending.status,
    error_message: ending.error_message,
    result: ending.result,
    model: usage.model,
    tokens_prompt: usage.tokens_prompt,
    tokens_completion: usage.tokens_completion,
  });
};

/** A request waits no more. */
export const settle = (draft: Draft, request: SeenRequest): void => {
  if (!request.isKept) return;
  request.isKept = false;
  draft.settled.push(request);
};
