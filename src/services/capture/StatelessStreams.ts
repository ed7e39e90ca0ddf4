/**
 * The streams of clients without sessions. Such clients number their requests as they like, several windows of one
 * alike: each exchange has a stream for itself, so that no stream ever holds two open requests of one id, and one that
 * is given back serves the next.
 */
import type { StreamDescription } from "../../domain/Recording.ts";
import type { RecordedStream } from "./RecordedStream.ts";

/** What is used of the streams that are lent. */
type Lendable = Pick<RecordedStream, "end" | "event" | "frame" | "heardAt">;

/** What an exchange asks, or what a message means that asks nothing. */
export interface Exchange {
  /** The keys of the ids that wait for answers. */
  readonly asks: Iterable<string>;
  /** The key of the id of a request that is meant: to be cancelled, say. */
  readonly about?: string | undefined;
}

/** A stream for one exchange. */
export interface LentStream extends Pick<RecordedStream, "event" | "frame"> {
  /** The request of this id has its answer. */
  readonly answered: (key: string) => void;
  /** The exchange is over: what has no answer gets none any more. */
  readonly giveBack: (reason?: string) => void;
}

/** An exchange that goes on. */
interface Lent {
  readonly stream: Lendable;
  readonly open: Set<string>;
}

/** What belongs to one key: what nobody uses, the one that was given back last at the end, and what somebody does. */
interface Shelf {
  readonly free: Array<Lendable>;
  readonly lent: Set<Lent>;
}

/** How many streams may lie free; one of the oldest is ended for one more. */
const mostFree = 10_000;
const silent = "Nothing more came for long.";

/** What a stream is lent under: the same for one conversation. */
const keyOf = ({ space, token, client, upstream, session }: StreamDescription): string =>
  JSON.stringify([space, token, client, upstream, session]);

const ignored = (): void => {};

/** Lends streams, and ends those that nothing more comes of. */
export class StatelessStreams {
  readonly #make: (description: StreamDescription) => Lendable;
  readonly #silence: number;
  readonly #shelves = new Map<string, Shelf>();
  #free = 0;

  constructor(make: (description: StreamDescription) => Lendable, silenceMillis: number) {
    this.#make = make;
    this.#silence = silenceMillis;
  }

  lend(description: StreamDescription, { about, asks }: Exchange): LentStream {
    const key = keyOf(description);
    const shelf = this.#shelves.get(key) ?? { free: [], lent: new Set() };
    this.#shelves.set(key, shelf);
    const meant = about === undefined ? undefined : this.#asking(shelf, about);
    if (meant !== undefined) {
      const { event, frame } = meant;
      return { event, frame, answered: ignored, giveBack: ignored };
    }
    const stream = this.#take(shelf) ?? this.#make(description);
    const lent: Lent = { stream, open: new Set(asks) };
    shelf.lent.add(lent);
    return {
      frame: stream.frame,
      event: stream.event,
      answered: (id) => void lent.open.delete(id),
      giveBack: (reason = "The exchange ended before the answer came.") => {
        if (!shelf.lent.delete(lent)) return;
        if (lent.open.size > 0) stream.end(reason, Date.now());
        else this.#put(shelf, stream);
        this.#tidy(key, shelf);
      },
    };
  }

  /** Ends what nobody has used for long. */
  sweep(): void {
    for (const [key, shelf] of this.#shelves) {
      while (shelf.free[0] !== undefined && this.#isSilent(shelf.free[0])) this.#endOldest(shelf);
      this.#tidy(key, shelf);
    }
  }

  #isSilent({ heardAt }: Lendable): boolean {
    return Date.now() - heardAt >= this.#silence;
  }

  #asking({ lent }: Shelf, id: string): Lendable | undefined {
    return [...lent].findLast(({ open }) => open.has(id))?.stream;
  }

  #take(shelf: Shelf): Lendable | undefined {
    const latest = shelf.free.at(-1);
    if (latest === undefined || this.#isSilent(latest)) return undefined;
    shelf.free.pop();
    this.#free--;
    return latest;
  }

  #put(shelf: Shelf, stream: Lendable): void {
    shelf.free.push(stream);
    if (++this.#free <= mostFree) return;
    for (const [key, other] of this.#shelves) {
      if (other.free.length === 0) continue;
      this.#endOldest(other);
      return this.#tidy(key, other);
    }
  }

  /** As of when something of it was heard last, so that it makes no conversation longer than it was. */
  #endOldest(shelf: Shelf): void {
    const oldest = shelf.free.shift();
    if (oldest === undefined) return;
    this.#free--;
    oldest.end(silent, oldest.heardAt);
  }

  #tidy(key: string, { free, lent }: Shelf): void {
    if (free.length === 0 && lent.size === 0) this.#shelves.delete(key);
  }
}
