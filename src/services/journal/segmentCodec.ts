/**
 * Entries as the bytes of a segment, and back. An entry is a byte of flags, the index of its stream within the segment
 * (followed by the id itself the first time), its id, its time, and a payload with its length: text as UTF-8, or as
 * UTF-16 where UTF-8 would change it, bytes as they are, descriptions and events as JSON.
 */
import { Result, Schema } from "effect";
import { ConnectionEvent, type Entry, StreamDescription } from "../../domain/Recording.ts";

/** A segment: what is written and read as one. */
export interface Segment {
  readonly entries: number;
  /** When its first entry was captured. */
  readonly at: number;
  readonly body: Uint8Array;
}

/** How much a segment may hold; a single entry may be larger. */
export const segmentBounds = { entries: 512, bytes: 1024 * 1024 };

/** The first byte of every segment. */
const format = 1;

const kinds = { Stream: 0, Frame: 1, Event: 2 } as const;
const flag = { kind: 3, toClient: 4, bytes: 8, utf16: 16, redacted: 32 };

/** Of one entry, besides its payload: flags, index, both ids with their lengths, time, length, redactions. */
const mostOverhead = 1 + 2 + 256 + 256 + 8 + 4 + 4;
/** Texts up to this length are given the room that they may need at most; others are measured first. */
const shortText = 64 * 1024;

const jsonOf = (entry: Exclude<Entry, { readonly _tag: "Frame" }>): string =>
  JSON.stringify(entry._tag === "Stream" ? entry.description : entry.event);

/** Gathers entries into a segment, in a buffer that is used again and again. */
export class SegmentEncoder {
  #buffer = Buffer.from(new ArrayBuffer(2 * segmentBounds.bytes));
  #view = new DataView(this.#buffer.buffer);
  readonly #first = this.#buffer;
  readonly #streams = new Map<string, number>();
  #size = 1;
  #entries = 0;
  #at = 0;

  /** How many bytes and entries there are since the last `take`. */
  get bytes(): number {
    return this.#size;
  }

  get entries(): number {
    return this.#entries;
  }

  /** Adds an entry, unless the segment has to be taken first to have room for it. */
  tryAdd(entry: Entry): boolean {
    const payload = entry._tag === "Frame" ? entry.payload : jsonOf(entry);
    const isText = typeof payload === "string";
    const isUtf16 = isText && !payload.isWellFormed();
    const most = isText
      ? isUtf16
        ? payload.length * 2
        : payload.length <= shortText
          ? payload.length * 3
          : Buffer.byteLength(payload)
      : payload.length;
    const end = this.#size + mostOverhead + most;
    if (
      this.#entries > 0 &&
      (this.#entries === segmentBounds.entries || end > segmentBounds.bytes)
    ) {
      return false;
    }
    if (end > this.#buffer.length) this.#grow(end);
    const buffer = this.#buffer;
    if (this.#entries === 0) this.#at = entry.at;

    let flags: number = kinds[entry._tag];
    if (!isText) flags |= flag.bytes;
    if (isUtf16) flags |= flag.utf16;
    const redactions = entry._tag === "Frame" ? entry.redactions : 0;
    if (entry._tag === "Frame" && entry.direction === "to_client") flags |= flag.toClient;
    if (redactions > 0) flags |= flag.redacted;
    let at = this.#size;
    buffer[at++] = flags;
    at = this.#addStream(entry.stream, at);
    at = this.#addId(entry.id, at);
    this.#view.setFloat64(at, entry.at);
    at += 8;
    if (redactions > 0) {
      this.#view.setUint32(at, redactions);
      at += 4;
    }
    const length = isText
      ? buffer.write(payload, at + 4, isUtf16 ? "utf16le" : "utf8")
      : payload.length;
    if (!isText) buffer.set(payload, at + 4);
    this.#view.setUint32(at, length);
    this.#size = at + 4 + length;
    this.#entries++;
    return true;
  }

  /** What was added since the last time; there has to be something. */
  take(): Segment {
    const body = Uint8Array.prototype.slice.call(this.#buffer, 0, this.#size);
    const segment: Segment = { entries: this.#entries, at: this.#at, body };
    this.#size = 1;
    this.#entries = 0;
    this.#streams.clear();
    // What a large entry needed is given back with it.
    if (this.#buffer !== this.#first) this.#use(this.#first);
    return segment;
  }

  constructor() {
    this.#buffer[0] = format;
  }

  #addStream(id: string, at: number): number {
    const known = this.#streams.get(id);
    if (known !== undefined) {
      this.#view.setUint16(at, known);
      return at + 2;
    }
    const index = this.#streams.size;
    this.#streams.set(id, index);
    this.#view.setUint16(at, index);
    return this.#addId(id, at + 2);
  }

  #addId(id: string, at: number): number {
    const length = this.#buffer.write(id, at + 1, 255, "utf8");
    this.#buffer[at] = length;
    return at + 1 + length;
  }

  #grow(bytes: number): void {
    const larger = Buffer.from(new ArrayBuffer(bytes));
    larger.set(this.#buffer.subarray(0, this.#size));
    this.#use(larger);
  }

  #use(buffer: Buffer<ArrayBuffer>): void {
    this.#buffer = buffer;
    this.#view = new DataView(buffer.buffer);
  }
}

/** The bytes are no segment that this version has written. */
export class DamagedSegment extends Schema.TaggedError<DamagedSegment>()("DamagedSegment", {
  message: Schema.String,
}) {}

const decodeDescription = Schema.decodeUnknownResult(Schema.fromJsonString(StreamDescription));
const decodeEvent = Schema.decodeUnknownResult(Schema.fromJsonString(ConnectionEvent));

const damaged = (what: string) => new DamagedSegment({ message: what });

/** Takes values off the bytes; going past the end is an error. */
class Reader {
  readonly #buffer: Buffer;
  readonly #view: DataView;
  at = 1;

  constructor(body: Uint8Array) {
    this.#buffer = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    this.#view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  }

  get isAtEnd(): boolean {
    return this.at === this.#buffer.length;
  }

  #pass(bytes: number): number {
    const from = this.at;
    if (from + bytes > this.#buffer.length) throw damaged("it ends in the middle of an entry");
    this.at += bytes;
    return from;
  }

  uint8 = (): number => this.#view.getUint8(this.#pass(1));
  uint16 = (): number => this.#view.getUint16(this.#pass(2));
  uint32 = (): number => this.#view.getUint32(this.#pass(4));
  float64 = (): number => this.#view.getFloat64(this.#pass(8));

  text(bytes: number, encoding: "utf8" | "utf16le" = "utf8"): string {
    const from = this.#pass(bytes);
    return this.#buffer.toString(encoding, from, from + bytes);
  }

  bytes(count: number): Uint8Array {
    const from = this.#pass(count);
    return new Uint8Array(this.#buffer.subarray(from, from + count));
  }
}

const readEntry = (reader: Reader, streams: Array<string>): Entry => {
  const flags = reader.uint8();
  const index = reader.uint16();
  if (index === streams.length) streams.push(reader.text(reader.uint8()));
  const stream = streams[index];
  if (stream === undefined) throw damaged("an entry is of a stream that it does not name");
  const id = reader.text(reader.uint8());
  const at = reader.float64();
  const redactions = (flags & flag.redacted) === 0 ? 0 : reader.uint32();
  const length = reader.uint32();
  const captured = { stream, id, at };
  switch (flags & flag.kind) {
    case kinds.Frame:
      return {
        _tag: "Frame",
        ...captured,
        direction: (flags & flag.toClient) === 0 ? "to_upstream" : "to_client",
        payload:
          (flags & flag.bytes) === 0
            ? reader.text(length, (flags & flag.utf16) === 0 ? "utf8" : "utf16le")
            : reader.bytes(length),
        redactions,
      };
    case kinds.Stream: {
      const description = decodeDescription(reader.text(length));
      if (Result.isFailure(description)) throw damaged("the description of a stream is none");
      return { _tag: "Stream", ...captured, description: description.success };
    }
    case kinds.Event: {
      const event = decodeEvent(reader.text(length));
      if (Result.isFailure(event)) throw damaged("an event is none that this version knows");
      return { _tag: "Event", ...captured, event: event.success };
    }
    default:
      throw damaged("an entry is of a kind that this version does not know");
  }
};

/** The entries of a segment, or why it cannot be read. */
export const decodeSegment = ({
  entries: count,
  body,
}: Pick<Segment, "entries" | "body">): Result.Result<ReadonlyArray<Entry>, DamagedSegment> => {
  if (body[0] !== format) {
    return Result.fail(damaged("it is of a format that this version does not know"));
  }
  return Result.try({
    try: () => {
      const reader = new Reader(body);
      const streams: Array<string> = [];
      const entries: Array<Entry> = [];
      while (!reader.isAtEnd) entries.push(readEntry(reader, streams));
      if (entries.length !== count) throw damaged(`it has ${entries.length} entries, not ${count}`);
      return entries;
    },
    catch: (cause) => (cause instanceof DamagedSegment ? cause : damaged(String(cause))),
  });
};
