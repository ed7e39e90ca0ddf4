/** Derives what is written of the entries of a stream, one after the other. */
import type { EventEntry, FrameEntry } from "../../domain/Recording.ts";
import { newId } from "../../domain/Text.ts";
import { type Derived, type Draft, endCall, newDraft, say, settle } from "./Derived.ts";
import { eventText, happenedOf } from "./events.ts";
import { answer, notification, request } from "./exchange.ts";
import { elementsOf } from "./jsonRpc.ts";
import { clearRequests, type RecordedEntry, type StreamState } from "./StreamState.ts";
import { endingOfLoss } from "./toolCall.ts";

const readFrame = (draft: Draft, entry: FrameEntry): void => {
  const elements = elementsOf(entry.payload);
  for (let place = 0; place < elements.length; place++) {
    const element = elements[place];
    switch (element?._tag) {
      case "Request":
        request(draft, entry, element, place);
        break;
      case "Notification":
        notification(draft, entry, element);
        break;
      case "Result":
      case "Error":
        answer(draft, entry, element);
        break;
      default:
        draft.isHandshake = false;
    }
  }
};

const sessionEnded = (reason: string): string =>
  `The session ended before the answer came: ${reason}`;

const end = (draft: Draft, why: string): void => {
  draft.stream.isOver = true;
  for (const seen of clearRequests(draft.stream)) {
    endCall(draft, seen, endingOfLoss(why));
    settle(draft, seen);
  }
};

const readEvent = (draft: Draft, { event }: EventEntry): void => {
  // Frames that are missing may have been more than a handshake.
  if (event.event === "gap") draft.isHandshake = false;
  if (event.event === "ended") return end(draft, event.reason);
  say(draft, "system", eventText(event, draft.stream.description), {
    kind: "event",
    happened: happenedOf(event),
  });
  if (event.event === "closed") end(draft, sessionEnded(event.reason));
};

/** Derives what is written of an entry, and takes what it means for the stream into the stream. */
export const derive = (stream: StreamState, entry: RecordedEntry, limit: number): Derived => {
  const draft = newDraft(stream, entry, limit);
  if (entry._tag === "Event") readEvent(draft, entry);
  else readFrame(draft, entry);
  return draft;
};

/** The frame alone, where nothing can be made of it. */
export const bare = (stream: StreamState, entry: RecordedEntry): Derived => ({
  ...newDraft(stream, entry, 0),
  isHandshake: false,
});

/** What a stream leaves whose process died before it could say that the stream is over. */
export const deriveEnd = (stream: StreamState, at: number, limit: number): Derived => {
  const reason = "Dewey ended before it did";
  const entry: EventEntry = {
    _tag: "Event",
    stream: stream.id,
    id: newId(),
    at,
    event: { event: "closed", reason },
  };
  const draft = newDraft(stream, entry, limit);
  end(draft, sessionEnded(reason));
  return { ...draft, calls: draft.calls.map((call) => ({ ...call, duration_ms: null })) };
};
