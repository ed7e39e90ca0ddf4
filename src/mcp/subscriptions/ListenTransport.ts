/**
 * `subscriptions/listen` over a wire with many requests at once. The SDK checks what is asked and acknowledges it; the
 * acknowledgement leaves when the changes from then on are followed, and they are told here.
 */
import {
  type JSONRPCMessage,
  type JSONRPCRequest,
  type MessageExtraInfo,
  type RequestId,
  SUBSCRIPTION_ID_META_KEY,
  type Transport,
  type TransportSendOptions,
} from "@modelcontextprotocol/server";
import { Option, Schema } from "effect";
import { type DeweyError, RateLimited } from "../../domain/Errors.ts";
import type { Principal } from "../../domain/Principal.ts";
import type { Catalog } from "../Catalog.ts";
import { cancelledBy, idInUse, isErrorResponse, isNotification, isRequest } from "../messages.ts";
import { mayNotRead, protocolErrorOf, withLegacyCode } from "../protocolErrors.ts";
import { mostResources, tooManyResources } from "./sessions.ts";
import type { Tell, Telling } from "./telling.ts";
import { wishOf } from "./Wish.ts";

const acknowledgedMethod = "notifications/subscriptions/acknowledged";

const Flag = Schema.optionalKey(Schema.Boolean);
const Acknowledgement = Schema.Struct({
  method: Schema.Literal(acknowledgedMethod),
  params: Schema.Struct({
    _meta: Schema.Struct({
      [SUBSCRIPTION_ID_META_KEY]: Schema.Union([Schema.String, Schema.Number]),
    }),
    notifications: Schema.Struct({
      toolsListChanged: Flag,
      promptsListChanged: Flag,
      resourcesListChanged: Flag,
      resourceSubscriptions: Schema.optionalKey(Schema.Array(Schema.String)),
    }),
  }),
});
const decodeAcknowledgement = Schema.decodeUnknownOption(Acknowledgement);

const readAcknowledgement = (message: JSONRPCMessage) =>
  isNotification(message) ? Option.getOrUndefined(decodeAcknowledgement(message)) : undefined;

const Listen = Schema.Struct({
  notifications: Schema.Struct({
    resourceSubscriptions: Schema.optionalKey(Schema.Array(Schema.Unknown)),
  }),
});
const readListen = Schema.decodeUnknownOption(Listen);

/** How many resources a listen request names; what is malformed is the SDK's to refuse. */
export const resourcesAskedFor = (params: unknown): number =>
  Option.match(readListen(params), {
    onNone: () => 0,
    onSome: ({ notifications }) => notifications.resourceSubscriptions?.length ?? 0,
  });

/** As many listen requests as one connection may have open. */
export const mostListens = 64;

const tooManyListens = new RateLimited({
  message: `At most ${mostListens} subscriptions may be open on a connection. Cancel some first.`,
  details: { limit: mostListens },
});

/** A transport between the wire's and the SDK. */
export class ListenTransport implements Transport {
  onclose?: Transport["onclose"];
  onerror?: Transport["onerror"];
  onmessage?: Transport["onmessage"];

  readonly #wire: Transport;
  readonly #catalog: Catalog["Service"];
  readonly #principal: Principal;
  readonly #tell: Tell;
  /** Open listen requests; undefined until they are acknowledged. */
  readonly #listens = new Map<RequestId, Telling | undefined>();
  /** How many resources each of them names. */
  readonly #resources = new Map<RequestId, number>();
  #isLegacy = false;

  constructor(options: {
    readonly wire: Transport;
    readonly catalog: Catalog["Service"];
    readonly principal: Principal;
    readonly tell: Tell;
  }) {
    this.#wire = options.wire;
    this.#catalog = options.catalog;
    this.#principal = options.principal;
    this.#tell = options.tell;
    this.#wire.onclose = () => {
      for (const id of [...this.#listens.keys()]) this.#end(id);
      this.onclose?.();
    };
    this.#wire.onerror = (error) => this.onerror?.(error);
    this.#wire.onmessage = (message, extra) => this.#received(message, extra);
  }

  start(): Promise<void> {
    return this.#wire.start();
  }

  close(): Promise<void> {
    return this.#wire.close();
  }

  /** The SDK calls it for the versions with sessions alone. */
  setProtocolVersion(version: string): void {
    this.#isLegacy = true;
    this.#wire.setProtocolVersion?.(version);
  }

  send(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    const acknowledged = readAcknowledgement(message);
    if (acknowledged === undefined) {
      // Refused: by the SDK, or by a version that knows no such request.
      if (isErrorResponse(message) && message.id !== undefined) this.#end(message.id);
      return this.#wire.send(this.#isLegacy ? withLegacyCode(message) : message, options);
    }
    const { _meta, notifications } = acknowledged.params;
    // Not waited for: the SDK takes no other message until this one has left.
    this.#acknowledge(_meta[SUBSCRIPTION_ID_META_KEY], notifications, message).catch(() => {});
    return Promise.resolve();
  }

  async #acknowledge(
    id: RequestId,
    filter: (typeof Acknowledgement.Type)["params"]["notifications"],
    acknowledgement: JSONRPCMessage,
  ): Promise<void> {
    // It was cancelled while it was on its way.
    if (!this.#listens.has(id)) return;
    let acknowledged: () => void = () => {};
    const first = new Promise<void>((resolve) => {
      acknowledged = resolve;
    });
    const telling = this.#tell(wishOf(this.#catalog, filter), async ({ method, params }) => {
      await first;
      const _meta = { [SUBSCRIPTION_ID_META_KEY]: id };
      await this.#wire.send({ jsonrpc: "2.0", method, params: { ...params, _meta } });
    });
    this.#listens.set(id, telling);
    await telling.ready;
    if (this.#listens.get(id) !== telling) return;
    await this.#wire.send(acknowledgement).finally(acknowledged);
  }

  #received(message: JSONRPCMessage, extra: MessageExtraInfo | undefined): void {
    if (isRequest(message) && message.method === "subscriptions/listen") {
      return this.#listen(message, extra);
    }
    const cancelled = cancelledBy(message);
    if (cancelled !== undefined) this.#end(cancelled);
    this.onmessage?.(message, extra);
  }

  #listen(request: JSONRPCRequest, extra: MessageExtraInfo | undefined): void {
    const { id, params } = request;
    if (this.#listens.has(id)) return this.#reply({ ...idInUse(id), id });
    const asked = resourcesAskedFor(params);
    const refusal = this.#refusal(asked);
    if (refusal !== undefined) {
      const { code, message, data } = protocolErrorOf(refusal);
      return this.#reply({ jsonrpc: "2.0", id, error: { code, message, data } });
    }
    this.#listens.set(id, undefined);
    this.#resources.set(id, asked);
    this.onmessage?.(request, extra);
  }

  #refusal(asked: number): DeweyError | undefined {
    if (this.#listens.size >= mostListens) return tooManyListens;
    const all = [...this.#resources.values()].reduce((sum, count) => sum + count, asked);
    return mayNotRead(this.#principal) ?? (all > mostResources ? tooManyResources : undefined);
  }

  #reply(message: JSONRPCMessage): void {
    this.#wire.send(message).catch(() => {});
  }

  #end(id: RequestId): void {
    this.#listens.get(id)?.stop();
    this.#listens.delete(id);
    this.#resources.delete(id);
  }
}
