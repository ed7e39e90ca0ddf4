/**
 * The SDK's transport over a wire that carries one JSON-RPC message at a time: a WebSocket's frames, the lines of
 * stdio. What is no message is answered here by the protocol's own errors, and never reaches the SDK.
 */
import type {
  JSONRPCMessage,
  JSONRPCRequest,
  RequestId,
  Transport,
} from "@modelcontextprotocol/server";
import { GiveUp, type GiveUpSignal } from "../http/giveUp.ts";
import {
  answeredBy,
  cancelledBy,
  type ErrorReply,
  hasBatches,
  idInUse,
  isMessage,
  isRequest,
  noBatches,
  notAMessage,
  notJson,
  parseJson,
} from "./messages.ts";

/** Whatever may go out: the SDK's messages, errors for what could not be read, and what interceptors answer. */
export type Reply =
  | JSONRPCMessage
  | ErrorReply
  | { readonly jsonrpc: "2.0"; readonly id: RequestId; readonly result: unknown };

/**
 * Answers a request that is not the SDK's to answer, or leaves it to the SDK. The version is known once a handshake has
 * agreed on it; the newest era has none.
 */
export type Interceptor = (
  request: JSONRPCRequest,
  protocolVersion: string | undefined,
) => ((signal: GiveUpSignal) => Promise<Reply>) | undefined;

const ignore = () => {};

/** What a wire has to offer. */
export interface Wire {
  /** Resolves when the other side has room for more, undefined where it has already; rejects when it is gone. */
  readonly write: (text: string) => Promise<void> | undefined;
  readonly close: () => void;
  /** Counts a request as in flight until what it returns is called. */
  readonly enter: () => () => void;
  readonly intercept?: Interceptor;
  /** The answer to the request has left, or there will be none. */
  readonly answered: (id: RequestId) => void;
}

/** The answers to a batch, which leave together. */
interface Batch {
  readonly open: Set<RequestId>;
  readonly replies: Array<Reply>;
}

const maxBatch = 100;

/** A subscription stays open until its client ends it: nobody waits for its answer. */
const neverAnswered = "subscriptions/listen";

const sent = Promise.resolve();

/** One client's end of the wire, from the first message to the last. */
export class WireTransport implements Transport {
  onclose?: Transport["onclose"];
  onerror?: Transport["onerror"];
  onmessage?: Transport["onmessage"];

  readonly #wire: Wire;
  /** Requests that wait for an answer, with what to call when it has left. */
  readonly #open = new Map<RequestId, () => void>();
  readonly #intercepted = new Map<RequestId, GiveUp>();
  readonly #batches = new Map<RequestId, Batch>();
  #protocolVersion: string | undefined;
  #whenAnswered: () => void = ignore;
  #closed = false;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  async start(): Promise<void> {}

  setProtocolVersion(version: string): void {
    this.#protocolVersion = version;
  }

  /** Takes what came over the wire as text. */
  receive(text: string): void {
    const value = parseJson(text);
    if (value === undefined) this.refuse(notJson);
    else if (Array.isArray(value)) this.#receiveBatch(value);
    else this.#receiveOne(value, undefined);
  }

  /** Answers what cannot be read, or not be served. */
  refuse(reply: ErrorReply, batch?: Batch): void {
    if (batch === undefined) this.#write(reply)?.catch(ignore);
    else batch.replies.push(reply);
  }

  send(message: JSONRPCMessage): Promise<void> {
    const id = answeredBy(message);
    return (id === undefined ? this.#write(message) : this.#answer(id, message)) ?? sent;
  }

  async close(): Promise<void> {
    this.#wire.close();
    this.disconnected();
  }

  /** The wire is gone: what is still in flight has nobody to answer to. */
  disconnected(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const id of [...this.#open.keys()]) this.#settle(id);
    this.onclose?.();
  }

  /** Resolves when every request that was received has been answered. */
  answered(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#open.size === 0) resolve();
      else this.#whenAnswered = resolve;
    });
  }

  #receiveBatch(values: ReadonlyArray<unknown>): void {
    if (!hasBatches(this.#protocolVersion) || values.length === 0 || values.length > maxBatch) {
      return this.refuse(noBatches);
    }
    const batch: Batch = { open: new Set(), replies: [] };
    // All before the first is handed on: an answer may come at once, and must wait for the others.
    for (const value of values) {
      if (isMessage(value) && isRequest(value) && !this.#open.has(value.id)) {
        batch.open.add(value.id);
      }
    }
    for (const value of values) this.#receiveOne(value, batch);
    this.#flush(batch)?.catch(ignore);
  }

  #receiveOne(value: unknown, batch: Batch | undefined): void {
    if (!isMessage(value)) {
      const reply = notAMessage(value);
      if (reply !== undefined) this.refuse(reply, batch);
      return;
    }
    if (isRequest(value)) return this.#request(value, batch);
    const cancelled = cancelledBy(value);
    if (cancelled !== undefined) this.#cancelled(cancelled);
    this.onmessage?.(value);
  }

  #request(request: JSONRPCRequest, batch: Batch | undefined): void {
    const { id, method } = request;
    if (this.#open.has(id)) return this.refuse(idInUse(id), batch);
    if (method !== neverAnswered) this.#open.set(id, this.#wire.enter());
    if (batch !== undefined) this.#batches.set(id, batch);
    const answer = this.#wire.intercept?.(request, this.#protocolVersion);
    if (answer === undefined) {
      this.onmessage?.(request);
      return;
    }
    const cancellation = new GiveUp();
    this.#intercepted.set(id, cancellation);
    // It rejects when it was cancelled or the wire is gone: either way nobody waits for an answer.
    answer(cancellation)
      .then((reply) => this.#answer(id, reply))
      .catch(ignore);
  }

  #cancelled(id: RequestId): void {
    this.#intercepted.get(id)?.abort();
    const batch = this.#batches.get(id);
    this.#settle(id);
    if (batch !== undefined) this.#flush(batch)?.catch(ignore);
  }

  #answer(id: RequestId, reply: Reply): Promise<void> | undefined {
    const batch = this.#batches.get(id);
    batch?.replies.push(reply);
    batch?.open.delete(id);
    const writing = batch === undefined ? this.#write(reply) : this.#flush(batch);
    if (writing !== undefined) return writing.finally(() => this.#settle(id));
    this.#settle(id);
    return undefined;
  }

  #flush(batch: Batch): Promise<void> | undefined {
    if (batch.open.size > 0 || batch.replies.length === 0) return undefined;
    return this.#write(batch.replies.splice(0));
  }

  #settle(id: RequestId): void {
    this.#wire.answered(id);
    this.#intercepted.delete(id);
    this.#batches.get(id)?.open.delete(id);
    this.#batches.delete(id);
    const leave = this.#open.get(id);
    if (leave === undefined) return;
    this.#open.delete(id);
    leave();
    if (this.#open.size === 0) this.#whenAnswered();
  }

  #write(message: Reply | ReadonlyArray<Reply>): Promise<void> | undefined {
    return this.#wire.write(JSON.stringify(message));
  }
}
