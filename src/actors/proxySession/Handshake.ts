/**
 * What a client of the older protocol versions has agreed with its server, as the frames that it sent: repeated towards
 * a server that was started anew, they bring it to where the one before it was.
 */
import { Option, Schema } from "effect";
import type { Envelope } from "../envelope.ts";
import { notification } from "./ownFrames.ts";

/** What a server may tell of without being asked for. */
const Listing = Schema.Struct({ listChanged: Schema.optionalKey(Schema.Boolean) });

const InitializeResult = Schema.Struct({
  capabilities: Schema.optionalKey(
    Schema.Struct({
      tools: Schema.optionalKey(Listing),
      prompts: Schema.optionalKey(Listing),
      resources: Schema.optionalKey(Listing),
    }),
  ),
});

const decodeResult = Schema.decodeUnknownOption(Schema.fromJsonString(InitializeResult));
const decodeUri = Schema.decodeUnknownOption(
  Schema.fromJsonString(Schema.Struct({ uri: Schema.String })),
);

const lists = ["tools", "prompts", "resources"] as const;

/** Past it the oldest subscription is not repeated any more: what is remembered is bounded. */
const mostSubscriptions = 1024;

/** Requests whose answers change what a restarted server has to be told. */
const remembered = new Set([
  "initialize",
  "logging/setLevel",
  "resources/subscribe",
  "resources/unsubscribe",
]);

/** Whether the request has to be kept until its answer comes. */
export const isRemembered = (method: string | undefined): boolean =>
  method !== undefined && remembered.has(method);

const uriOf = ({ params = "" }: Envelope): string | undefined =>
  Option.getOrUndefined(Option.map(decodeUri(params), ({ uri }) => uri));

/** One client's. */
export class Handshake {
  /** The client's `initialize`, once the server has accepted it. */
  initialize: Envelope | undefined;
  /** Its `notifications/initialized`, as text. */
  initialized: string | undefined;
  #level: Envelope | undefined;
  #subscriptions: Map<string, Envelope> | undefined;
  #changing: ReadonlyArray<string> = [];

  /** A request was answered, and not with an error. */
  accepted(request: Envelope, answer: Envelope): void {
    const { method } = request;
    if (method === "initialize") {
      this.initialize = request;
      this.initialized = undefined;
      this.#level = undefined;
      this.#subscriptions = undefined;
      this.offered(answer);
    } else if (method === "logging/setLevel") {
      this.#level = request;
    } else if (method === "resources/subscribe") {
      this.#subscribed(request);
    } else if (method === "resources/unsubscribe") {
      const uri = uriOf(request);
      if (uri !== undefined) this.#subscriptions?.delete(uri);
    }
  }

  /** What the server said in answer to `initialize`. */
  offered({ result = "" }: Envelope): void {
    const capabilities = Option.getOrUndefined(decodeResult(result))?.capabilities;
    this.#changing = lists.filter((list) => capabilities?.[list]?.listChanged === true);
  }

  /** The requests to repeat once the session is initialized anew. */
  get requests(): ReadonlyArray<Envelope> {
    return [
      ...(this.#level === undefined ? [] : [this.#level]),
      ...(this.#subscriptions?.values() ?? []),
    ];
  }

  /** What tells the client that everything may have changed. */
  get changes(): ReadonlyArray<string> {
    return this.#changing.map((list) => notification(`notifications/${list}/list_changed`));
  }

  #subscribed(request: Envelope): void {
    const uri = uriOf(request);
    if (uri === undefined) return;
    this.#subscriptions ??= new Map();
    this.#subscriptions.delete(uri);
    this.#subscriptions.set(uri, request);
    if (this.#subscriptions.size <= mostSubscriptions) return;
    const [oldest] = this.#subscriptions.keys();
    if (oldest !== undefined) this.#subscriptions.delete(oldest);
  }
}
