/**
 * What was said on the streams of a session, kept for a while so that a client whose stream broke can have the rest of
 * it by `Last-Event-ID`. Bounded for each session and for all; the oldest goes first.
 */

const MiB = 1024 * 1024;

/** How much is kept. */
export interface LogBounds {
  readonly events: number;
  readonly bytes: number;
  readonly allBytes: number;
}

/** Enough for a client that comes back after a moment. */
export const defaultLogBounds: LogBounds = { events: 256, bytes: 8 * MiB, allBytes: 64 * MiB };

/** Something that was said. */
export interface LoggedEvent {
  readonly id: string;
  /** Its place among all of the session. */
  readonly number: number;
  readonly text: string;
}

interface Entry extends LoggedEvent {
  readonly log: EventLog;
  readonly channel: number;
}

/** The logs of all sessions. */
export class EventLogs {
  readonly bounds: LogBounds;
  /** The oldest first. */
  readonly #all = new Set<Entry>();
  #bytes = 0;

  constructor(bounds: LogBounds = defaultLogBounds) {
    this.bounds = bounds;
  }

  add(entry: Entry): void {
    this.#all.add(entry);
    this.#bytes += entry.text.length;
    for (const oldest of this.#all) {
      if (this.#bytes <= this.bounds.allBytes) break;
      oldest.log.forget(oldest);
    }
  }

  remove(entry: Entry): void {
    if (this.#all.delete(entry)) this.#bytes -= entry.text.length;
  }
}

/** The id of an event, by which a client names it. */
export const idOf = (channel: number, number: number): string => `${channel}-${number}`;

const idPattern = /^(\d{1,15})-(\d{1,15})$/;

/** The channel of an event, and its place among all of the session. */
export const placeOf = (
  id: string,
): { readonly channel: number; readonly number: number } | undefined => {
  const [, channel, number] = idPattern.exec(id) ?? [];
  return channel === undefined ? undefined : { channel: Number(channel), number: Number(number) };
};

/** One session's. */
export class EventLog {
  readonly #logs: EventLogs;
  /** The oldest first. */
  readonly #entries = new Set<Entry>();
  #bytes = 0;
  #last = 0;

  constructor(logs: EventLogs) {
    this.#logs = logs;
  }

  /** An id for an event that has nothing to be kept. */
  mark(channel: number): string {
    return idOf(channel, ++this.#last);
  }

  /** Keeps what is said on a channel, and gives it its id. */
  add(channel: number, text: string): LoggedEvent {
    const id = this.mark(channel);
    const entry: Entry = { log: this, channel, number: this.#last, id, text };
    this.#entries.add(entry);
    this.#bytes += text.length;
    this.#logs.add(entry);
    const { bytes, events } = this.#logs.bounds;
    for (const oldest of this.#entries) {
      if (this.#entries.size <= events && this.#bytes <= bytes) break;
      this.forget(oldest);
    }
    return entry;
  }

  /** What was said on a channel behind an event. */
  after(channel: number, number: number): ReadonlyArray<LoggedEvent> {
    return [...this.#entries].filter((entry) => entry.channel === channel && entry.number > number);
  }

  forget(entry: Entry): void {
    if (!this.#entries.delete(entry)) return;
    this.#bytes -= entry.text.length;
    this.#logs.remove(entry);
  }

  /** Forgets everything. */
  clear(): void {
    for (const entry of this.#entries) this.forget(entry);
  }
}
