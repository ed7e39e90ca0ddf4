/**
 * What goes into the journal: gathers the entries of one turn of the event loop, writes them as one commit, and tells
 * each caller in order. While they cannot be written they are let go, and everything else goes on.
 */
import type { Entry } from "../../domain/Recording.ts";
import { type Segment, SegmentEncoder } from "./segmentCodec.ts";
import type { Reply, StoreLink } from "./storeRequests.ts";

/** What an appender works with. */
export interface AppenderOptions {
  readonly link: StoreLink;
  /** How many bytes the store may hold. */
  readonly limitBytes: number;
  /** Called after each commit. */
  readonly committed: () => void;
  /** The journal has begun to lose entries; why, as a sentence. */
  readonly losing: (sentence: string) => void;
  /** It keeps them again, after so many were lost. */
  readonly keeping: (lost: number) => void;
  /** A caller's own fault, thrown by what it gave to be called. */
  readonly fault: (cause: unknown) => void;
}

type Written = ((kept: boolean) => void) | undefined;

/** Entries that are kept or lost together; without a segment they are lost already. */
interface Group {
  segment: Segment | undefined;
  readonly written: Array<Written>;
}

/** After a failure nothing is tried for so long. */
const pauseMillis = 250;
/** A journal that was full takes entries again when it holds no more than this part of its limit. */
const lowWater = 0.9;
/** How much may wait for the disk; callers hold their traffic back long before. */
const mostWaiting = 64 * 1024 * 1024;

/** Plain, since every frame comes through it. */
export class Appender {
  readonly #options: AppenderOptions;
  readonly #encoder = new SegmentEncoder();
  #groups: Array<Group> = [];
  /** The callers of what is in the encoder. */
  #open: Array<Written> = [];
  #groupBytes = 0;
  #isScheduled = false;
  #isWriting = false;
  #isClosed = false;
  #isFull = false;
  #retryAt = 0;
  #fault: string | undefined;
  #lostSinceFault = 0;
  #held: Reply["held"] = { entries: 0, bytes: 0, oldestAt: undefined };
  #appended = 0;
  #kept = 0;
  #lost = 0;
  #waiters: Array<{ readonly through: number; readonly resume: () => void }> = [];

  constructor(options: AppenderOptions) {
    this.#options = options;
  }

  get state() {
    return {
      entries: this.#held.entries + this.#appended - this.#kept - this.#lost,
      bytes: this.#held.bytes + this.#waitingBytes,
      oldestAt: this.#held.oldestAt,
      kept: this.#kept,
      lost: this.#lost,
      fault: this.#fault,
    };
  }

  isTaking = (): boolean =>
    !this.#isFull && !this.#isClosed && (this.#retryAt === 0 || Date.now() >= this.#retryAt);

  append = (entry: Entry, written: Written): void => {
    this.#appended++;
    if (this.isTaking() && this.#waitingBytes < mostWaiting) {
      if (!this.#encoder.tryAdd(entry)) {
        this.#seal();
        this.#encoder.tryAdd(entry);
      }
      this.#open.push(written);
    } else {
      this.#addLost(written);
    }
    this.#schedule();
  };

  pass = (passed: () => void): void => {
    this.#appended++;
    this.#addLost(passed);
    this.#schedule();
  };

  /** Calls back once everything appended so far has come to its end. */
  flushed = (resume: () => void): void => {
    if (this.#kept + this.#lost === this.#appended) return resume();
    this.#waiters.push({ through: this.#appended, resume });
  };

  /** What the store says of itself with every answer. */
  heard = (held: Reply["held"]): void => {
    this.#held = held;
    if (this.#isFull && held.bytes <= lowWater * this.#options.limitBytes) this.#isFull = false;
  };

  /** Takes nothing more. */
  close = (): void => {
    this.#isClosed = true;
  };

  get #waitingBytes(): number {
    return this.#groupBytes + (this.#encoder.entries === 0 ? 0 : this.#encoder.bytes);
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isWriting) return;
    this.#isScheduled = true;
    setImmediate(this.#flush);
  }

  #addLost(written: Written): void {
    this.#seal();
    const last = this.#groups.at(-1);
    if (last !== undefined && last.segment === undefined) last.written.push(written);
    else this.#groups.push({ segment: undefined, written: [written] });
  }

  #seal(): void {
    if (this.#encoder.entries === 0) return;
    const segment = this.#encoder.take();
    this.#groupBytes += segment.body.length;
    this.#groups.push({ segment, written: this.#open });
    this.#open = [];
  }

  readonly #flush = (): void => {
    this.#isScheduled = false;
    this.#seal();
    const groups = this.#groups;
    this.#groups = [];
    this.#groupBytes = 0;
    const segments = this.#withinLimit(groups);
    if (segments.length === 0) return this.#settle(groups, 0);
    this.#isWriting = true;
    this.#options.link({ _tag: "Write", segments }, ({ outcome, held }) => {
      this.#isWriting = false;
      this.heard(held);
      if (outcome._tag === "Failed") {
        this.#retryAt = Date.now() + pauseMillis;
        this.#lose(outcome.message);
        this.#settle(groups, 0);
        return;
      }
      this.#retryAt = 0;
      if (segments.length === groups.length) this.#recover();
      this.#options.committed();
      this.#settle(groups, segments.length);
    });
  };

  /** The segments of the first groups. Once one is lost so is what follows: it may be of no use without it. */
  #withinLimit(groups: ReadonlyArray<Group>): Array<Segment> {
    const { limitBytes } = this.#options;
    const segments: Array<Segment> = [];
    let { bytes } = this.#held;
    for (const { segment } of groups) {
      if (segment === undefined) break;
      if (bytes + segment.body.length > limitBytes) {
        this.#isFull = bytes > lowWater * limitBytes;
        this.#lose(
          `The journal holds ${bytes} bytes, and with ${segment.body.length} more it would be past the ${limitBytes} that it may hold. Bring the database back if it is away, or raise DEWEY_JOURNAL_LIMIT.`,
        );
        break;
      }
      bytes += segment.body.length;
      segments.push(segment);
    }
    return segments;
  }

  #lose(sentence: string): void {
    const isNew = this.#fault === undefined;
    this.#fault = sentence;
    if (isNew) this.#options.losing(sentence);
  }

  #recover(): void {
    if (this.#fault === undefined) return;
    this.#fault = undefined;
    this.#options.keeping(this.#lostSinceFault);
    this.#lostSinceFault = 0;
  }

  /** Tells the callers, those of the first groups that what they gave was kept. */
  #settle(groups: ReadonlyArray<Group>, kept: number): void {
    if (kept < groups.length) {
      // What was appended before anybody could know of the loss may be of no use either.
      this.#seal();
      for (const group of this.#groups) group.segment = undefined;
      this.#groupBytes = 0;
    }
    for (const [index, { written }] of groups.entries()) {
      const isKept = index < kept;
      if (isKept) this.#kept += written.length;
      else {
        this.#lost += written.length;
        this.#lostSinceFault += written.length;
      }
      for (const tell of written) {
        if (tell === undefined) continue;
        try {
          tell(isKept);
        } catch (cause) {
          this.#options.fault(cause);
        }
      }
    }
    if (this.#waiters.length > 0) this.#wake();
    if (this.#groups.length > 0 || this.#encoder.entries > 0) this.#schedule();
  }

  #wake(): void {
    const settled = this.#kept + this.#lost;
    const woken = this.#waiters.filter(({ through }) => through <= settled);
    this.#waiters = this.#waiters.filter(({ through }) => through > settled);
    for (const { resume } of woken) resume();
  }
}
