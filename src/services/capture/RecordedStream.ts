/** One stream on its way into the journal: introduces itself, and remembers what could not be kept until it can be told. */
import type { Direction, Frame } from "../../domain/Frame.ts";
import type { ConnectionEvent, StreamDescription } from "../../domain/Recording.ts";
import { newId, utf8Bytes } from "../../domain/Text.ts";
import type { Journal } from "../Journal.ts";
import type { Redaction } from "../Redaction.ts";

/** What all streams of a process share. */
export interface StreamSurroundings {
  readonly journal: Journal["Service"];
  readonly redact: Redaction["Service"]["redact"];
  /** Told of a redaction that failed. */
  readonly fault: (cause: unknown) => void;
  /** Called when a stream has something to tell that could not be kept. */
  readonly owes: (stream: RecordedStream) => void;
}

interface TimedEvent {
  readonly event: ConnectionEvent;
  readonly at: number;
}

/** What was not kept: frames as a sum, the latest events as they were. */
interface Debt {
  frames: number;
  bytes: number;
  from: number;
  to: number;
  events: ReadonlyArray<TimedEvent>;
}

/** How many events of one stream are remembered; the last ones say how it ended. */
const mostEvents = 8;

const sizeOf = (frame: Frame): number =>
  typeof frame === "string" ? utf8Bytes(frame) : frame.length;

const noDebt = (): Debt => ({
  frames: 0,
  bytes: 0,
  from: Number.POSITIVE_INFINITY,
  to: Number.NEGATIVE_INFINITY,
  events: [],
});

/** Plain, since every frame comes through it. */
export class RecordedStream {
  readonly #surroundings: StreamSurroundings;
  readonly #description: StreamDescription;
  readonly #id = newId();
  #isIntroduced = false;
  #debt: Debt | undefined;
  /** When something of it was last heard of. */
  heardAt = Date.now();

  constructor(surroundings: StreamSurroundings, description: StreamDescription) {
    this.#surroundings = surroundings;
    this.#description = description;
  }

  readonly frame = (direction: Direction, frame: Frame, forward: () => void): void => {
    const { journal, redact } = this.#surroundings;
    const at = Date.now();
    this.heardAt = at;
    const missed = () => {
      this.#owe({ frames: 1, bytes: sizeOf(frame), from: at, to: at, events: [] });
      forward();
    };
    if (!this.#isReady()) return journal.pass(missed);
    let redacted: ReturnType<typeof redact>;
    try {
      redacted = redact(frame);
    } catch (cause) {
      // What may hold a secret is not kept; it goes on all the same.
      this.#surroundings.fault(cause);
      return journal.pass(missed);
    }
    const { count, frame: payload } = redacted;
    journal.append(
      {
        _tag: "Frame",
        stream: this.#id,
        id: newId(),
        at,
        direction,
        payload,
        redactions: count,
      },
      (kept) => (kept ? forward() : missed()),
    );
  };

  readonly event = (event: ConnectionEvent): void => {
    const at = Date.now();
    this.heardAt = at;
    this.#happened({ event, at });
  };

  /** Nothing more comes of it. One that never said anything leaves nothing. */
  end(reason: string, at: number): void {
    if (!this.#isIntroduced && this.#debt === undefined) return;
    this.#happened({ event: { event: "ended", reason }, at });
  }

  /** Tells what it owes if the journal takes entries; false while it does not. */
  readonly settle = (): boolean => this.#isReady();

  #happened(each: TimedEvent): void {
    if (this.#isReady()) this.#append(each);
    else this.#surroundings.journal.pass(() => this.#owe({ ...noDebt(), events: [each] }));
  }

  /** Whether what is appended next may be kept, everything that belongs before it being in the journal already. */
  #isReady(): boolean {
    if (this.#isIntroduced && this.#debt === undefined) return true;
    if (!this.#surroundings.journal.isTaking()) return false;
    if (!this.#isIntroduced) this.#introduce();
    const debt = this.#debt;
    if (debt === undefined) return true;
    this.#debt = undefined;
    const { events, ...gap } = debt;
    if (gap.frames > 0) {
      this.#appendEvent({ event: { event: "gap", ...gap }, at: gap.to }, () =>
        this.#owe({ ...gap, events: [] }),
      );
    }
    for (const each of events) this.#append(each);
    return true;
  }

  #introduce(): void {
    this.#isIntroduced = true;
    this.#surroundings.journal.append(
      {
        _tag: "Stream",
        stream: this.#id,
        id: newId(),
        at: Date.now(),
        description: this.#description,
      },
      (kept) => {
        this.#isIntroduced = kept;
      },
    );
  }

  #append(each: TimedEvent): void {
    this.#appendEvent(each, () => this.#owe({ ...noDebt(), events: [each] }));
  }

  #appendEvent({ event, at }: TimedEvent, lost: () => void): void {
    this.#surroundings.journal.append(
      { _tag: "Event", stream: this.#id, id: newId(), at, event },
      (kept) => {
        if (!kept) lost();
      },
    );
  }

  #owe(more: Debt): void {
    const { frames, bytes, from, to, events } = this.#debt ?? noDebt();
    this.#debt = {
      frames: frames + more.frames,
      bytes: bytes + more.bytes,
      from: Math.min(from, more.from),
      to: Math.max(to, more.to),
      events: [...events, ...more.events].slice(-mostEvents),
    };
    this.#surroundings.owes(this);
  }
}
