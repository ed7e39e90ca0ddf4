// The frames of the proof: each is unique by a nonce, some are large, some of odd characters. No text is like a secret.
import { randomUUID } from "node:crypto";
import { Option, Schema } from "effect";
import type { Chance } from "./chance.ts";

const oddities = [
  "e\u0301 naïve",
  "🦉👩‍👩‍👧",
  "\u2028 \u2029",
  "\u0000",
  "\ud800 alone",
  "\uFEFF",
  '"\\" \\u0041',
  "\t\r\n",
  "שלום \u202E",
  "𝒟\u0085\u00A0",
] as const;

const nonceOf = /n-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

/** What no other frame has in it. */
export const nonce = (): string => `n-${randomUUID()}`;

/** The nonce that a frame has, for what is made of it. */
export const nonceIn = (text: string): string | undefined => nonceOf.exec(text)?.[0];

/** A text as people and programs write them, with a nonce at its beginning. */
export const text = (chance: Chance): string => {
  const words = `${nonce()} ${chance.percent(20) ? chance.pick(...oddities) : "plain"}`;
  if (chance.percent(1)) return `${words} ${"large ".repeat(chance.between(12_000, 50_000))}`;
  return chance.percent(10) ? `${words} ${"longer ".repeat(chance.between(100, 600))}` : words;
};

/** A message of JSON-RPC as it goes over the wire. */
export const write = (message: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({ jsonrpc: "2.0", ...message });

const Fields = Schema.Record(Schema.String, Schema.Unknown);
const isFields = Schema.is(Fields);

const Message = Schema.Struct({
  id: Schema.optionalKey(Schema.Union([Schema.String, Schema.Number])),
  method: Schema.optionalKey(Schema.String),
  params: Schema.optionalKey(Fields),
  result: Schema.optionalKey(Fields),
  error: Schema.optionalKey(
    Schema.Struct({
      data: Schema.optionalKey(Schema.Struct({ retryable: Schema.optionalKey(Schema.Boolean) })),
    }),
  ),
});
const decode = Schema.decodeUnknownOption(Schema.fromJsonString(Message));

/** What a frame says, as far as anybody here looks at it. */
export interface Said {
  readonly kind: "request" | "notification" | "result" | "error" | "raw";
  readonly id: string | number | undefined;
  readonly method: string | undefined;
  readonly params: Readonly<Record<string, unknown>>;
  /** What its parameters say beside what is asked. */
  readonly meta: Readonly<Record<string, unknown>>;
  /** Of a result: a tool says that it failed. */
  readonly isError: boolean;
  /** Of an error: the proxy's own, in place of a server that is gone. */
  readonly isRetryable: boolean;
}

/** Reads a frame; what is no JSON-RPC is raw. */
export const read = (frame: string): Said => {
  const { error, id, method, params, result } = Option.getOrElse(decode(frame), () => ({
    id: undefined,
    method: undefined,
    params: undefined,
    result: undefined,
    error: undefined,
  }));
  const meta = params?.["_meta"];
  const common = {
    id,
    method,
    params: params ?? {},
    meta: isFields(meta) ? meta : {},
    isError: result?.["isError"] === true,
    isRetryable: error?.data?.retryable === true,
  };
  if (method !== undefined)
    return { ...common, kind: id === undefined ? "notification" : "request" };
  if (error !== undefined) return { ...common, kind: "error" };
  return { ...common, kind: result === undefined ? "raw" : "result" };
};

/** A frame as it is compared: a text as it is, bytes that are no text in hexadecimal digits. */
export const keyOf = (frame: string | Uint8Array): string => {
  if (typeof frame === "string") return frame;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(frame);
  } catch {
    return `bytes ${Buffer.from(frame).toString("hex")}`;
  }
};
