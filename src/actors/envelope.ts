/**
 * What of a frame the proxy reads: whether it is a request, its id, its method, and the few values of its parameters by
 * which messages refer to each other. Nothing is built from the rest, and what is replaced is replaced in place.
 */
import type { Frame } from "../domain/Frame.ts";
import { PartReader, skipSpace } from "./proxySession/jsonText.ts";

/** `other` is what is no message of JSON-RPC, or no JSON at all. */
export type FrameKind = "request" | "notification" | "response" | "batch" | "other";

/** The values by which messages refer to each other, each as JSON text. */
export interface References {
  readonly id?: string;
  /** Of a request's `_meta`, or of a progress notification. */
  readonly progressToken?: string;
  /** Of a cancellation. */
  readonly requestId?: string;
  /** In the `_meta` of what a subscription's stream brings. */
  readonly subscriptionId?: string;
}

const subscriptionIdName = "io.modelcontextprotocol/subscriptionId";

const openBrace = 0x7b;
const openBracket = 0x5b;
const quote = 0x22;

/** The end of a range that is not there. */
const absent = 0;

interface Range {
  readonly from: number;
  readonly to: number;
}

const isNumberStart = (code: number): boolean => code === 0x2d || (code >= 0x30 && code <= 0x39);

const memberOf = (text: string, object: Range | undefined, name: string): Range | undefined => {
  if (object === undefined || text.charCodeAt(object.from) !== openBrace) return undefined;
  const reader = new PartReader(text, object.from);
  let found: Range | undefined;
  // The last one counts, as it does for `JSON.parse`.
  while (reader.next()) if (reader.is(name)) found = { from: reader.from, to: reader.to };
  return found;
};

/** A text for an id (or a token that stands for one), equal for equal ids: 1 is 1.0, and is not "1". */
export const keyOf = (json: string): string | undefined => {
  const first = json.charCodeAt(0);
  if (first === quote)
    return json.includes("\\") ? `"${String(JSON.parse(json))}` : json.slice(0, -1);
  if (!isNumberStart(first)) return undefined;
  const number = Number(json);
  return Number.isFinite(number) ? String(number === 0 ? 0 : number) : json;
};

/** The envelope of one frame, read once. */
export class Envelope {
  readonly text: string;
  kind: FrameKind = "other";
  /** Undefined where there is none that could be answered: null is none. */
  key: string | undefined;
  method: string | undefined;
  isError = false;
  /** The envelopes of a batch. */
  items: ReadonlyArray<Envelope> = [];
  #idFrom = 0;
  #idTo = absent;
  #paramsFrom = 0;
  #paramsTo = absent;
  #resultFrom = 0;
  #resultTo = absent;

  constructor(text: string) {
    this.text = text;
    const start = skipSpace(text, 0);
    const first = text.charCodeAt(start);
    if (first === openBrace) this.#readMessage(start);
    else if (first === openBracket) this.#readBatch(start);
  }

  /** The id as JSON text. */
  get id(): string | undefined {
    return this.#idTo === absent ? undefined : this.text.slice(this.#idFrom, this.#idTo);
  }

  /** The result as JSON text. */
  get result(): string | undefined {
    return this.#resultTo === absent
      ? undefined
      : this.text.slice(this.#resultFrom, this.#resultTo);
  }

  /** The parameters as JSON text. */
  get params(): string | undefined {
    return this.#paramsTo === absent
      ? undefined
      : this.text.slice(this.#paramsFrom, this.#paramsTo);
  }

  /** One of the values by which messages refer to each other, as JSON text. */
  reference(name: keyof References): string | undefined {
    const range = this.#rangeOf(name);
    return range === undefined ? undefined : this.text.slice(range.from, range.to);
  }

  /** The same as a text that is equal for equal values. */
  referenceKey(name: keyof References): string | undefined {
    const json = this.reference(name);
    return json === undefined ? undefined : keyOf(json);
  }

  /** The text with other references in their places; one that the message does not have is not put in. */
  withReferences(references: References): string {
    const edits: Array<readonly [Range, string]> = [];
    const edit = (name: keyof References) => {
      const replacement = references[name];
      const range = replacement === undefined ? undefined : this.#rangeOf(name);
      if (replacement !== undefined && range !== undefined) edits.push([range, replacement]);
    };
    edit("id");
    edit("progressToken");
    edit("requestId");
    edit("subscriptionId");
    edits.sort(([one], [other]) => one.from - other.from);
    let spliced = "";
    let copied = 0;
    for (const [{ from, to }, replacement] of edits) {
      spliced += this.text.slice(copied, from) + replacement;
      copied = to;
    }
    return spliced + this.text.slice(copied);
  }

  #rangeOf(name: keyof References): Range | undefined {
    switch (name) {
      case "id":
        return this.#idTo === absent ? undefined : { from: this.#idFrom, to: this.#idTo };
      case "progressToken":
        return this.method === "notifications/progress"
          ? memberOf(this.text, this.#params, "progressToken")
          : memberOf(this.text, memberOf(this.text, this.#params, "_meta"), "progressToken");
      case "requestId":
        return this.method === "notifications/cancelled"
          ? memberOf(this.text, this.#params, "requestId")
          : undefined;
      case "subscriptionId":
        return memberOf(
          this.text,
          memberOf(this.text, this.#params ?? this.#resultRange, "_meta"),
          subscriptionIdName,
        );
    }
  }

  get #params(): Range | undefined {
    return this.#paramsTo === absent ? undefined : { from: this.#paramsFrom, to: this.#paramsTo };
  }

  get #resultRange(): Range | undefined {
    return this.#resultTo === absent ? undefined : { from: this.#resultFrom, to: this.#resultTo };
  }

  #readMessage(start: number): void {
    const { text } = this;
    const reader = new PartReader(text, start);
    let methodFrom = 0;
    let methodTo = absent;
    let errorTo = absent;
    while (reader.next()) {
      const { from, to } = reader;
      if (reader.is("id")) {
        this.#idFrom = from;
        this.#idTo = to;
      } else if (reader.is("method")) {
        methodFrom = from;
        methodTo = to;
      } else if (reader.is("params")) {
        this.#paramsFrom = from;
        this.#paramsTo = to;
      } else if (reader.is("result")) {
        this.#resultFrom = from;
        this.#resultTo = to;
      } else if (reader.is("error")) {
        errorTo = to;
      }
    }
    const isWhole = reader.end >= 0 && skipSpace(text, reader.end) === text.length;
    const hasMethod = methodTo !== absent && text.charCodeAt(methodFrom) === quote;
    const isAnswer = this.#resultTo !== absent || errorTo !== absent;
    if (!isWhole || (hasMethod ? false : methodTo !== absent || !isAnswer)) return this.#forget();
    const id = this.id;
    this.key = id === undefined ? undefined : keyOf(id);
    if (hasMethod) {
      this.method = textOf(text, methodFrom, methodTo);
      if (id === undefined) this.kind = "notification";
      else if (this.key === undefined) return this.#forget();
      else this.kind = "request";
      return;
    }
    this.kind = "response";
    this.isError = errorTo !== absent;
  }

  #readBatch(start: number): void {
    const { text } = this;
    const reader = new PartReader(text, start);
    const items: Array<Envelope> = [];
    while (reader.next()) items.push(new Envelope(text.slice(reader.from, reader.to)));
    if (reader.end < 0 || skipSpace(text, reader.end) !== text.length) return;
    this.kind = "batch";
    this.items = items;
  }

  /** What is no message refers to none. */
  #forget(): void {
    this.#idTo = absent;
    this.#paramsTo = absent;
    this.#resultTo = absent;
    this.key = undefined;
  }
}

const textOf = (text: string, from: number, to: number): string => {
  const inner = text.slice(from + 1, to - 1);
  return inner.includes("\\") ? String(JSON.parse(text.slice(from, to))) : inner;
};

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

const decoded = (bytes: Uint8Array): string => {
  try {
    return decoder.decode(bytes);
  } catch {
    return "";
  }
};

/** Reads the envelope of a frame; it never fails. */
export const readEnvelope = (frame: Frame): Envelope =>
  new Envelope(typeof frame === "string" ? frame : decoded(frame));

/** The frame with other references in their places, everything else as it was to the byte. */
export const splice = (frame: Frame, envelope: Envelope, references: References): Frame => {
  const spliced = envelope.withReferences(references);
  if (typeof frame === "string") return spliced;
  return envelope.kind === "other" ? frame : encoder.encode(spliced);
};
