/** What a frame says, as far as a recording needs it: the messages of JSON-RPC in it, or that it holds none. */
import { Predicate } from "effect";
import type { Frame } from "../../domain/Frame.ts";
import { isDeeper } from "./storable.ts";

/** The id of a request. */
export type RequestId = string | number;

/** A JSON object whose values nobody has looked at. */
export type Fields = Readonly<Record<string, unknown>>;

/** One message of JSON-RPC. */
export type Element =
  | {
      readonly _tag: "Request";
      readonly id: RequestId;
      readonly method: string;
      readonly params: Fields;
    }
  | { readonly _tag: "Notification"; readonly method: string; readonly params: Fields }
  | { readonly _tag: "Result"; readonly id: RequestId; readonly result: unknown }
  | { readonly _tag: "Error"; readonly id: RequestId | undefined; readonly error: Fields };

const none: Fields = {};

/** Whether it is an object of JSON, not an array. */
export const isFields = (value: unknown): value is Fields =>
  Predicate.isObject(value) && !Array.isArray(value);

/** The object, or one without fields where it is anything else. */
export const fieldsOf = (value: unknown): Fields => (isFields(value) ? value : none);

/** The text of a field, undefined where it is none. */
export const textOf = (fields: Fields, name: string): string | undefined => {
  const value = fields[name];
  return typeof value === "string" ? value : undefined;
};

/** Ids of different types never equal each other, as on the wire. */
export const keyOfId = (id: RequestId): string => (typeof id === "string" ? `"${id}` : `${id}`);

/** An id of a request as a message has it, undefined where it is none. */
export const idOf = (id: unknown): RequestId | undefined =>
  typeof id === "string" || typeof id === "number" ? id : undefined;

const elementOf = (value: unknown): Element | undefined => {
  if (!isFields(value)) return undefined;
  const id = idOf(value["id"]);
  const method = value["method"];
  if (typeof method === "string") {
    const params = fieldsOf(value["params"]);
    return id === undefined
      ? { _tag: "Notification", method, params }
      : { _tag: "Request", id, method, params };
  }
  if (isFields(value["error"])) return { _tag: "Error", id, error: value["error"] };
  return id !== undefined && Object.hasOwn(value, "result")
    ? { _tag: "Result", id, result: value["result"] }
    : undefined;
};

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What is nested more deeply cannot be written as text again, and to fail at it takes a second. */
const deepest = 10_000;

/** A batch of more is no client's: to say all of it would hold everybody up. */
const mostElements = 1000;

/** JSON, undefined where it is none (that nothing is there is not JSON either), null where it is not to be read. */
const parse = (frame: Frame): unknown => {
  try {
    const text = typeof frame === "string" ? frame : decoder.decode(frame);
    return isDeeper(text, deepest) ? null : JSON.parse(text);
  } catch {
    return undefined;
  }
};

/**
 * The messages of a frame in their order, each at its place in a batch; undefined in place of what is none. What is no
 * JSON at all says nothing.
 */
export const elementsOf = (frame: Frame): ReadonlyArray<Element | undefined> => {
  const value = parse(frame);
  if (value === undefined) return [];
  if (!Array.isArray(value)) return [elementOf(value)];
  return value.length > mostElements ? [undefined] : value.map(elementOf);
};
