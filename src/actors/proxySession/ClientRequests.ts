/** What a client has asked and its upstream has not answered, so that nobody waits for an upstream that is gone. */
import type { Envelope } from "../envelope.ts";
import { type Handshake, isRemembered } from "./Handshake.ts";

/** The unanswered requests of one session. */
export class ClientRequests {
  readonly #handshake: Handshake;
  /** By the keys of their ids: the ids as JSON text. */
  readonly #inFlight = new Map<string, string>();
  /** Requests that end only with the session or when the client wants it, which no shutdown waits for. */
  #listening: Map<string, string> | undefined;
  /** Requests in flight whose answers change the handshake. */
  #remembered: Map<string, Envelope> | undefined;

  constructor(handshake: Handshake) {
    this.#handshake = handshake;
  }

  /** How many there are. */
  get size(): number {
    return this.#inFlight.size + (this.#listening?.size ?? 0);
  }

  /** Whether somebody waits for an answer that is to come without being asked for again. */
  get areWaitedFor(): boolean {
    return this.#inFlight.size > 0;
  }

  /** A request was sent. */
  asked(request: Envelope): void {
    const { id, key, method } = request;
    if (id === undefined || key === undefined) return;
    if (method === "subscriptions/listen") {
      this.#listening ??= new Map();
      this.#listening.set(key, id);
      return;
    }
    this.#inFlight.set(key, id);
    if (!isRemembered(method)) return;
    this.#remembered ??= new Map();
    this.#remembered.set(key, request);
  }

  /** The client no longer waits for one. */
  cancelled(cancellation: Envelope): void {
    const key = cancellation.referenceKey("requestId");
    if (key === undefined) return;
    // The older versions' servers answer nothing then; the newer ones may end a listening with its result.
    this.#inFlight.delete(key);
    this.#remembered?.delete(key);
  }

  /** The upstream has answered. */
  answered(answer: Envelope): void {
    const { key } = answer;
    if (key === undefined) return;
    if (!this.#inFlight.delete(key)) this.#listening?.delete(key);
    const request = this.#remembered?.get(key);
    if (request === undefined) return;
    this.#remembered?.delete(key);
    if (!answer.isError) this.#handshake.accepted(request, answer);
  }

  /** Nobody will answer them any more: takes the ids of all. */
  takeAll(): ReadonlyArray<string> {
    const ids = [...this.#inFlight.values(), ...(this.#listening?.values() ?? [])];
    this.#inFlight.clear();
    this.#listening = undefined;
    this.#remembered = undefined;
    return ids;
  }
}
