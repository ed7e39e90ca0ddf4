/** Writes entries into their conversations: at their numbers and turns, within a transaction that is there already. */
import { Effect } from "effect";
import {
  advanceConversations,
  beginRecorded,
  type FrameRow,
  findRecorded,
  insertFrames,
  insertRecordedMessages,
  insertToolCalls,
  type RecordedConversation,
  type RecordedMessageRow,
  type ToolCallRow,
} from "../../sql/RecordingQueries.ts";
import { holdSpans, putSpans } from "../../sql/StatelessQueries.ts";
import type { CallDraft, Derived } from "./Derived.ts";
import type { StreamState } from "./StreamState.ts";
import { keyOfStream, makeSpans, silenceMillis } from "./stateless.ts";
import { short } from "./storable.ts";

/** Where a frame was written. */
export interface Place {
  readonly conversation_id: string;
  readonly sequence: number;
}

/** What was written. */
export interface Placed {
  readonly begun: ReadonlyArray<{ readonly id: string; readonly space: string }>;
  readonly grown: ReadonlyArray<{ readonly id: string; readonly space: string }>;
  /** Every frame by its id. */
  readonly places: Map<string, Place>;
  /** How many entries belonged to conversations that were deleted. */
  readonly dropped: number;
}

interface Group {
  readonly id: string;
  readonly stream: StreamState;
  readonly isNew: boolean;
  readonly at: number;
  lastAt: number;
  frames: number;
  messages: number;
}

/** An entry and the conversation that it goes to. */
interface Assigned {
  readonly group: Group;
  readonly one: Derived;
}

/** The last frame and the last turn of a conversation, as they grow. */
interface Counter {
  last_frame: number;
  last_turn: number;
}

const conversationOf = ({ id, stream, at }: Group): RecordedConversation => {
  const { description, client } = stream;
  return {
    id,
    space: description.space,
    session_id: description.session === null ? null : short(description.session),
    metadata: {
      source: "proxy",
      upstream: short(description.upstream),
      client: client ?? (description.client === null ? null : { name: short(description.client) }),
      token: short(description.token),
      transport: description.transport,
    },
    at,
  };
};

const spansFor = Effect.fnUntraced(function* (all: ReadonlyArray<Derived>) {
  const keys = new Map<StreamState, { readonly space: string; readonly key: string }>();
  let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { stream, entry } of all) {
    if (stream.description.kind !== "stateless") continue;
    from = Math.min(from, entry.at);
    to = Math.max(to, entry.at);
    if (keys.has(stream)) continue;
    keys.set(stream, { space: stream.description.space, key: keyOfStream(stream.description) });
  }
  if (keys.size === 0) return undefined;
  const known = yield* holdSpans([...keys.values()], {
    from: from - silenceMillis,
    to: to + silenceMillis,
  });
  return { keys, spans: makeSpans(known) };
});

const leavesSomething = ({ calls, messages, payload }: Derived): boolean =>
  payload !== null || messages.length > 0 || calls.length > 0;

/** Entries with their conversations, and how much each of these is going to grow. */
const assign = Effect.fnUntraced(function* (
  all: ReadonlyArray<Derived>,
  opened: ReadonlySet<StreamState>,
) {
  const stateless = yield* spansFor(all);
  const groups = new Map<string, Group>();
  const assigned = all.map((one): Assigned => {
    const { stream, entry } = one;
    const key = stateless?.keys.get(stream);
    const { id, isNew } =
      stateless === undefined || key === undefined
        ? { id: stream.id, isNew: opened.has(stream) }
        : stateless.spans.place(key.space, key.key, entry.at);
    let group = groups.get(id);
    if (group === undefined) {
      group = { id, stream, isNew, at: entry.at, lastAt: entry.at, frames: 0, messages: 0 };
      groups.set(id, group);
    }
    return { group, one };
  });
  return { assigned, groups, spans: stateless?.spans };
});

/** How much goes into one statement: what is encoded for it delays everybody else meanwhile. */
const portion = { rows: 512, bytes: 512 * 1024 };

const portionsOf = function* (all: ReadonlyArray<Assigned>): Generator<ReadonlyArray<Assigned>> {
  let part: Array<Assigned> = [];
  let bytes = 0;
  for (const each of all) {
    part.push(each);
    bytes += each.one.payload?.length ?? 0;
    if (part.length < portion.rows && bytes < portion.bytes) continue;
    yield part;
    part = [];
    bytes = 0;
  }
  if (part.length > 0) yield part;
};

/** The call's own time is that of its request. */
const callRow = (
  call: CallDraft,
  { group }: Assigned,
  places: ReadonlyMap<string, Place>,
  result_frame: number | undefined,
): ToolCallRow => {
  const { request, ...ended } = call;
  return {
    ...ended,
    id: request.call?.id ?? request.frame,
    space: group.stream.description.space,
    conversation_id: group.id,
    correlation_id: request.correlation_id,
    upstream: short(group.stream.description.upstream),
    metadata: JSON.stringify({
      jsonrpc_id: typeof request.id === "string" ? short(request.id) : request.id,
      request_frame: places.get(request.frame)?.sequence ?? request.sequence,
      result_frame,
    }),
    at: request.at,
  };
};

const grow = (groups: ReadonlyMap<string, Group>, assigned: ReadonlyArray<Assigned>) => {
  for (const { group, one } of assigned) {
    if (one.payload !== null) group.frames += 1;
    group.messages += one.messages.length;
    group.lastAt = Math.max(group.lastAt, one.entry.at);
  }
  return [...groups.values()].map(({ id, isNew, frames, messages, lastAt }) => ({
    id,
    // One that begins without a frame, by frames that are missing, is known to be recorded by a number that none has.
    frames: isNew ? Math.max(1, frames) : frames,
    messages,
    at: lastAt,
  }));
};

/** Those that are not in the database yet. */
const withoutRecorded = Effect.fnUntraced(function* (
  assigned: ReadonlyArray<Assigned>,
  groups: ReadonlyMap<string, Group>,
) {
  const recorded = new Set(
    yield* findRecorded(
      [...groups.keys()],
      assigned.map(({ one }) => one.entry.id),
    ),
  );
  return assigned.filter(({ one }) => !recorded.has(one.entry.id));
});

/** What is known of the batch that the entries are of. */
export interface PlacingOptions {
  readonly opened: ReadonlySet<StreamState>;
  readonly isReplay: boolean;
}

/** Writes entries in their order. Those of deleted conversations are left out, and counted. */
export const placeAll = Effect.fnUntraced(function* (
  all: ReadonlyArray<Derived>,
  { opened, isReplay }: PlacingOptions,
) {
  const places = new Map<string, Place>();
  const { assigned, groups, spans } = yield* assign(all.filter(leavesSomething), opened);
  const fresh = isReplay ? yield* withoutRecorded(assigned, groups) : assigned;
  const begin = [...groups.values()].filter(({ isNew }) => isNew);
  const begun = new Set(begin.length === 0 ? [] : yield* beginRecorded(begin.map(conversationOf)));
  const counters = new Map<string, Counter>(
    (yield* advanceConversations(grow(groups, fresh))).map(({ id, ...row }) => [id, row]),
  );
  let dropped = 0;
  for (const part of portionsOf(fresh)) {
    const frames: Array<FrameRow> = [];
    const messages: Array<RecordedMessageRow> = [];
    const calls: Array<ToolCallRow> = [];
    for (const each of part) {
      const { group, one } = each;
      const counter = counters.get(group.id);
      if (counter === undefined) {
        dropped += 1;
        continue;
      }
      const { entry, payload } = one;
      const { space } = group.stream.description;
      const at = Math.round(entry.at);
      let sequence: number | undefined;
      if (entry._tag === "Frame" && payload !== null) {
        sequence = counter.last_frame + 1;
        counter.last_frame = sequence;
        places.set(entry.id, { conversation_id: group.id, sequence });
        frames.push({
          conversation_id: group.id,
          sequence,
          id: entry.id,
          space,
          direction: entry.direction,
          payload,
          redactions: entry.redactions,
          at,
        });
      }
      for (const message of one.messages) {
        counter.last_turn += 1;
        messages.push({
          id: message.id,
          role: message.role,
          content: message.content,
          vector: message.vector,
          length: message.length,
          metadata: `${message.metadata}${sequence === undefined ? "" : `,"frame":${sequence}`}}`,
          conversation_id: group.id,
          space,
          turn: counter.last_turn,
          at,
        });
      }
      for (const call of one.calls) calls.push(callRow(call, each, places, sequence));
    }
    if (frames.length > 0) yield* insertFrames(frames);
    if (messages.length > 0) yield* insertRecordedMessages(messages);
    if (calls.length > 0) yield* insertToolCalls(calls);
  }
  const changed = spans?.changed().filter((span) => counters.has(span.conversation_id)) ?? [];
  if (changed.length > 0) yield* putSpans(changed);
  const named = [...groups.values()].map(({ id, stream }) => ({
    id,
    space: stream.description.space,
  }));
  const placed: Placed = {
    begun: named.filter(({ id }) => begun.has(id)),
    grown: named.filter(({ id }) => counters.has(id) && !begun.has(id)),
    places,
    dropped,
  };
  return placed;
});
