/**
 * What was sent to the sessions over HTTP, kept for a while so that a client whose stream broke can have the rest of it
 * by `Last-Event-ID`. Bounded for each session and for all; the oldest goes first.
 */
import type { EventStore, JSONRPCMessage } from "@modelcontextprotocol/server";
import { roughBytes } from "../http/roughBytes.ts";

/** How much is kept. */
export interface EventBounds {
  readonly sessionEvents: number;
  readonly sessionBytes: number;
  readonly allBytes: number;
}

const MiB = 1024 * 1024;

/** Enough for a client that comes back after a moment. */
export const defaultEventBounds: EventBounds = {
  sessionEvents: 256,
  sessionBytes: 8 * MiB,
  allBytes: 64 * MiB,
};

interface SentEvent {
  readonly session: SessionEvents;
  readonly id: string;
  readonly streamId: string;
  readonly message: JSONRPCMessage;
  readonly bytes: number;
}

/** The events of all sessions. */
export class SentEvents {
  readonly bounds: EventBounds;
  /** The oldest first. */
  readonly #all = new Set<SentEvent>();
  #bytes = 0;

  constructor(bounds: EventBounds) {
    this.bounds = bounds;
  }

  ofSession(): SessionEvents {
    return new SessionEvents(this);
  }

  add(event: SentEvent): void {
    this.#all.add(event);
    this.#bytes += event.bytes;
    for (const oldest of this.#all) {
      if (this.#bytes <= this.bounds.allBytes) break;
      oldest.session.forget(oldest);
    }
  }

  remove(event: SentEvent): void {
    if (this.#all.delete(event)) this.#bytes -= event.bytes;
  }
}

/**
 * The events of one session, as the SDK's transport stores and replays them. By `getStreamIdForEventId`, which is left
 * out, it would refuse who comes back while the stream before counts as open: where a route was cut, that is for long.
 */
export class SessionEvents implements EventStore {
  readonly #all: SentEvents;
  /** The oldest first. */
  readonly #events = new Map<string, SentEvent>();
  #bytes = 0;
  #lastId = 0;

  constructor(all: SentEvents) {
    this.#all = all;
  }

  /** The stream that the event was sent on; undefined where the rest of it is not here any more. */
  streamOf(eventId: string): string | undefined {
    return this.#events.get(eventId)?.streamId;
  }

  async storeEvent(streamId: string, message: JSONRPCMessage): Promise<string> {
    const id = String(++this.#lastId);
    const bytes = roughBytes(message);
    const { sessionBytes, sessionEvents } = this.#all.bounds;
    if (bytes > sessionBytes) {
      // A stream with a hole in it must not be resumed: what came before is forgotten with it.
      for (const event of this.#events.values()) {
        if (event.streamId === streamId) this.forget(event);
      }
      return id;
    }
    const event: SentEvent = { session: this, id, streamId, message, bytes };
    this.#events.set(id, event);
    this.#bytes += bytes;
    this.#all.add(event);
    for (const oldest of this.#events.values()) {
      if (this.#events.size <= sessionEvents && this.#bytes <= sessionBytes) break;
      this.forget(oldest);
    }
    return id;
  }

  async replayEventsAfter(
    lastEventId: string,
    { send }: { readonly send: (eventId: string, message: JSONRPCMessage) => Promise<void> },
  ): Promise<string> {
    const last = this.#events.get(lastEventId);
    if (last === undefined) throw new Error(`The event ${lastEventId} is no longer kept.`);
    let isLater = false;
    for (const event of [...this.#events.values()]) {
      if (isLater && event.streamId === last.streamId) await send(event.id, event.message);
      if (event === last) isLater = true;
    }
    return last.streamId;
  }

  forget(event: SentEvent): void {
    if (!this.#events.delete(event.id)) return;
    this.#bytes -= event.bytes;
    this.#all.remove(event);
  }

  /** Forgets everything. */
  clear(): void {
    for (const event of this.#events.values()) this.forget(event);
  }
}
