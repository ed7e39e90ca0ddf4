/**
 * A session of the older protocol versions between a client and an upstream that both speak HTTP: what is recorded of
 * it, and what a restarted upstream has to be told so that the client can go on with the session that it knows.
 */
import { type Envelope, keyOf } from "../../../actors/envelope.ts";
import { Handshake, isRemembered } from "../../../actors/proxySession/Handshake.ts";
import { retryableError } from "../../../actors/proxySession/ownFrames.ts";
import { isSamePrincipal, type Principal } from "../../../domain/Principal.ts";
import type { CapturedStream } from "../../../services/Capture.ts";
import { agreedVersion, messagesOf } from "../../frames.ts";

/** Events whose ids are known to be the present upstream's; of older ones a client hardly asks any more. */
const mostEventIds = 1024;

/** What a session is made of. */
export interface PassedSessionOptions {
  readonly id: string;
  readonly upstream: string;
  readonly principal: Principal;
  readonly stream: CapturedStream;
}

/** One client's. */
export class PassedSession {
  /** What the client calls it, for as long as it lives. */
  readonly id: string;
  /** The name of the upstream. */
  readonly upstream: string;
  readonly stream: CapturedStream;
  readonly handshake = new Handshake();
  /** What the upstream calls it since it was started last. */
  upstreamId: string;
  /** The headers that the client's `initialize` came with, to repeat it. */
  initializeHeaders: Readonly<Record<string, string>> = {};
  /** The version that both have agreed on. */
  version: string | undefined;
  usedAt = 0;
  openStreams = 0;
  /** The attempt to bring a restarted upstream to where the one before was. */
  healing: Promise<boolean> | undefined;
  /** What the client has to be told on its next stream. */
  owed: ReadonlyArray<string> = [];
  /** Requests whose streams ended without an answer, which can still come on a stream that goes on with them. */
  readonly unanswered = new Map<string, Envelope>();
  /** The requests of each stream that is open. */
  readonly pending = new Set<Map<string, Envelope>>();
  readonly #principal: Principal;
  readonly #remembered = new Map<string, Envelope>();
  #eventIds = new Set<string>();
  #isFirstUpstream = true;
  #isClosed = false;

  constructor({ id, principal, stream, upstream }: PassedSessionOptions) {
    this.id = id;
    this.upstreamId = id;
    this.upstream = upstream;
    this.stream = stream;
    this.#principal = principal;
  }

  belongsTo(principal: Principal): boolean {
    return isSamePrincipal(this.#principal, principal);
  }

  /** A frame of the client is on its way. */
  asked(envelope: Envelope): void {
    for (const message of messagesOf(envelope)) {
      const { key, kind, method } = message;
      if (method === "notifications/cancelled") this.#cancelled(message);
      if (kind === "request" && key !== undefined && isRemembered(method)) {
        this.#remembered.set(key, message);
      } else if (method === "notifications/initialized") {
        this.handshake.initialized = message.text;
      }
    }
  }

  /** A frame of the upstream passes. */
  answered(envelope: Envelope): void {
    for (const message of messagesOf(envelope)) {
      const { isError, key, kind } = message;
      if (kind !== "response" || key === undefined) continue;
      this.unanswered.delete(key);
      const request = this.#remembered.get(key);
      this.#remembered.delete(key);
      if (request === undefined || isError) continue;
      if (request.method === "initialize") this.version = agreedVersion(message);
      this.handshake.accepted(request, message);
    }
  }

  sawEvent(id: string): void {
    this.#eventIds.add(id);
    if (this.#eventIds.size <= mostEventIds) return;
    const [oldest] = this.#eventIds;
    if (oldest !== undefined) this.#eventIds.delete(oldest);
  }

  /** Whether the upstream of now can go on behind the event. */
  canResumeAfter(eventId: string): boolean {
    return this.#isFirstUpstream || this.#eventIds.has(eventId);
  }

  /** The upstream knows the session by another name from now on. */
  renamed(upstreamId: string): void {
    this.upstreamId = upstreamId;
    this.#isFirstUpstream = false;
    this.#eventIds = new Set();
    const lost = Array.from(this.unanswered.values(), ({ id = "null" }) =>
      retryableError(id, `The upstream ${this.upstream} was restarted.`, this.upstream),
    );
    this.unanswered.clear();
    this.owed = [...lost, ...this.handshake.changes];
  }

  /** What is owed to the client, for whoever tells it. */
  takeOwed(): ReadonlyArray<string> {
    const { owed } = this;
    this.owed = [];
    return owed;
  }

  /** Nobody waits for its answer any more, and none may come. */
  #cancelled(message: Envelope): void {
    const requestId = message.reference("requestId");
    const key = requestId === undefined ? undefined : keyOf(requestId);
    if (key === undefined) return;
    this.unanswered.delete(key);
    for (const requests of this.pending) requests.delete(key);
  }

  close(reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.stream.event({ event: "closed", reason });
  }
}
