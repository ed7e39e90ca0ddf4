/**
 * An HTTP upstream as the duplex end of a session: each frame of the client is posted, and what comes in answer, on the
 * streams of the posts and on that of the session, are the frames of the upstream.
 */
import { type Envelope, keyOf, readEnvelope } from "../../../actors/envelope.ts";
import type { Link, LinkHandlers } from "../../../actors/links.ts";
import type { ConnectBounds } from "../../../actors/proxySession/connectBounds.ts";
import { retryableError } from "../../../actors/proxySession/ownFrames.ts";
import type { Frame } from "../../../domain/Frame.ts";
import type { HttpUpstream } from "../../../domain/Upstream.ts";
import { isEventStream } from "../../contentType.ts";
import { agreedVersion, frameOf, messagesOf, requestsOf, statedVersion } from "../../frames.ts";
import { EventStreamParser, mostEventBytes } from "../../sse.ts";
import { RequestFailed, sendRequest, type UpstreamAnswer, type UpstreamBody } from "./client.ts";
import { headersFor, refusedCredentials, sendPatiently, unreachable } from "./exchange.ts";
import { type Departure, type OrderBounds, type PostKind, PostOrder } from "./PostOrder.ts";
import { RequestHeaders } from "./requestHeaders.ts";
import { isSessionLost } from "./sessionLoss.ts";

/** The times and bounds of one link. */
export interface LinkBounds extends OrderBounds {
  readonly connect: ConnectBounds;
  /** When a stream is asked for again, unless the upstream says so itself. */
  readonly retryMillis: number;
  /** Streams asked for in a row that brought nothing. */
  readonly retries: number;
}

interface Post {
  readonly frame: Frame;
  readonly envelope: Envelope;
  readonly requests: Map<string, Envelope>;
  readonly abort: AbortController;
}

/** How a stream ended. */
interface StreamEnd {
  readonly lastEventId: string | undefined;
  readonly retry: number | undefined;
  /** Whether any event came. */
  readonly isFruitful: boolean;
}

const nothingCame: StreamEnd = { lastEventId: undefined, retry: undefined, isFruitful: false };

/** Whatever the upstream says of when to ask again. */
const longestPauseMillis = 30_000;

const nothing = (): void => {};

const isOk = (status: number): boolean => status >= 200 && status < 300;

const isInitialize = (envelope: Envelope): boolean =>
  messagesOf(envelope).some(({ kind, method }) => kind === "request" && method === "initialize");

const kindOf = ({ envelope, requests }: Post): PostKind => {
  if (isInitialize(envelope)) return "initialize";
  return requests.size > 0 ? "request" : "other";
};

/** One client session's. */
export class HttpLink implements Link {
  readonly #upstream: HttpUpstream;
  readonly #handlers: LinkHandlers;
  readonly #bounds: LinkBounds;
  readonly #requestHeaders = new RequestHeaders();
  readonly #order: PostOrder;
  /** Everything that is open at the upstream. */
  readonly #open = new Set<AbortController>();
  /** Requests of the newest version, which are cancelled by their connections. */
  readonly #cancellable = new Map<string, AbortController>();
  #reading: PromiseWithResolvers<void> | undefined;
  #session: string | undefined;
  /** The version that was agreed on, or that the newest request stated. */
  #version: string | undefined;
  #listens = false;
  #isOver = false;

  constructor(upstream: HttpUpstream, handlers: LinkHandlers, bounds: LinkBounds) {
    this.#upstream = upstream;
    this.#handlers = handlers;
    this.#bounds = bounds;
    this.#order = new PostOrder(bounds);
  }

  send(frame: Frame): Promise<void> | undefined {
    if (this.#isOver) return undefined;
    const envelope = readEnvelope(frame);
    if (this.#cancelled(envelope)) return undefined;
    const post = { frame, envelope, requests: requestsOf(envelope), abort: new AbortController() };
    const stated = statedVersion(envelope);
    if (stated !== undefined && envelope.key !== undefined) {
      this.#version = stated;
      this.#cancellable.set(envelope.key, post.abort);
    }
    return this.#order.add(kindOf(post), () => this.#depart(post));
  }

  pause(): void {
    this.#reading ??= Promise.withResolvers();
  }

  resume(): void {
    this.#reading?.resolve();
    this.#reading = undefined;
  }

  /** Resolves when everything that was sent is on its way. */
  async left(): Promise<void> {
    await this.#order.departed;
  }

  /** Gives up what is open, and tells the upstream that its session is over; resolves when it has heard. */
  async close(timeoutMillis: number): Promise<void> {
    const session = this.#isOver ? undefined : this.#session;
    this.#end();
    if (session === undefined) return;
    const headers = this.#headers();
    const request = { url: this.#upstream.url, method: "DELETE", headers, body: undefined };
    // Nobody is left who could be told of a failure, and the upstream forgets its sessions by itself.
    await sendRequest({ ...request, signal: AbortSignal.timeout(timeoutMillis) }).then(
      ({ body }) => body.cancel(),
      nothing,
    );
  }

  #end(): void {
    this.#isOver = true;
    for (const abort of [...this.#open]) abort.abort();
    this.#order.end();
    this.resume();
  }

  #lost(reason: string): void {
    if (this.#isOver) return;
    this.#end();
    this.#handlers.onLost(reason);
  }

  /** Whether the message cancels a request of the newest version: the connection's end says it. */
  #cancelled(envelope: Envelope): boolean {
    if (envelope.method !== "notifications/cancelled") return false;
    const requestId = envelope.reference("requestId");
    const key = requestId === undefined ? undefined : keyOf(requestId);
    const abort = key === undefined ? undefined : this.#cancellable.get(key);
    abort?.abort();
    return abort !== undefined;
  }

  #headers(): Record<string, string> {
    const headers = headersFor(this.#upstream);
    if (this.#session !== undefined) headers["mcp-session-id"] = this.#session;
    if (this.#version !== undefined) headers["mcp-protocol-version"] = this.#version;
    return headers;
  }

  #depart(post: Post): Departure | undefined {
    if (this.#isOver || post.abort.signal.aborted) return undefined;
    const sent = Promise.withResolvers<void>();
    const taken = Promise.withResolvers<void>();
    void this.#post(post, sent.resolve, taken.resolve);
    return { sent: sent.promise, taken: taken.promise };
  }

  async #post(post: Post, sent: () => void, taken: () => void): Promise<void> {
    const { abort, envelope, frame } = post;
    this.#open.add(abort);
    const headers = {
      ...this.#headers(),
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...this.#requestHeaders.of(envelope),
    };
    const answer = await this.#ask("POST", headers, frame, abort, sent);
    if (!(answer instanceof RequestFailed) && isInitialize(envelope)) {
      this.#session = answer.headers.get("mcp-session-id") ?? undefined;
    }
    sent();
    taken();
    if (answer instanceof RequestFailed) {
      if (!abort.signal.aborted) await this.#failed(post, answer);
    } else {
      await this.#answered(post, answer);
    }
    this.#open.delete(abort);
    if (envelope.key !== undefined && this.#cancellable.get(envelope.key) === abort) {
      this.#cancellable.delete(envelope.key);
    }
  }

  #ask(
    method: string,
    headers: Readonly<Record<string, string>>,
    body: Frame | undefined,
    { signal }: AbortController,
    onSent: () => void = nothing,
  ): Promise<UpstreamAnswer | RequestFailed> {
    const request = { url: this.#upstream.url, method, headers, body, signal, onSent };
    return sendPatiently(request, this.#bounds.connect);
  }

  /** No answer came. */
  async #failed({ requests }: Post, failed: RequestFailed): Promise<void> {
    const { message } = unreachable(this.#upstream, failed);
    // What cannot be reached, for as long as was tried, is gone for all that will be sent.
    if (!failed.wasSent) return this.#lost(message);
    await this.#refuse(requests, message);
  }

  async #refuse(requests: Map<string, Envelope>, message: string): Promise<void> {
    for (const { id = "null" } of requests.values()) {
      await this.#deliver(retryableError(id, message, this.#upstream.name));
    }
    requests.clear();
  }

  async #deliver(frame: Frame): Promise<void> {
    while (this.#reading !== undefined) await this.#reading.promise;
    if (!this.#isOver) this.#handlers.onFrame(frame);
  }

  async #answered(post: Post, answer: UpstreamAnswer): Promise<void> {
    const { body, status } = answer;
    if (isOk(status) && isEventStream(answer.headers)) return this.#stream(post, body);
    let text: Frame | undefined;
    try {
      const bytes = await body.whole(mostEventBytes);
      text = bytes === undefined ? undefined : frameOf(bytes);
    } catch {
      if (post.abort.signal.aborted) return;
      text = undefined;
    }
    if (text === undefined) {
      const why = `The answer of the upstream ${this.#upstream.name} did not come whole, or is longer than ${mostEventBytes} bytes.`;
      return this.#refuse(post.requests, why);
    }
    if (isOk(status)) return this.#whole(post, text);
    await this.#refused(post, status, text);
  }

  /** An answer that is no stream. */
  async #whole({ envelope, requests }: Post, text: Frame): Promise<void> {
    if (text.length > 0 && readEnvelope(text).kind !== "other") {
      this.#came(text, requests);
      await this.#deliver(text);
    }
    await this.#unanswered(requests);
    this.#accepted(envelope);
  }

  /** The upstream has taken a message up. */
  #accepted({ method }: Envelope): void {
    if (method !== "notifications/initialized" || this.#listens || this.#isOver) return;
    this.#listens = true;
    void this.#listen();
  }

  /** Looks at a frame of the upstream on its way. */
  #came(frame: Frame, requests: Map<string, Envelope>): void {
    for (const message of messagesOf(readEnvelope(frame))) {
      const { key, kind } = message;
      if (kind !== "response" || key === undefined) continue;
      const request = requests.get(key);
      requests.delete(key);
      if (request?.method === "initialize") this.#version = agreedVersion(message);
      if (request?.method === "tools/list") this.#requestHeaders.learn(message);
    }
  }

  async #unanswered(requests: Map<string, Envelope>): Promise<void> {
    const { name } = this.#upstream;
    await this.#refuse(requests, `The upstream ${name} ended its answer before it had answered.`);
  }

  /** An error of HTTP: of a session that is gone, or one that a request has to be answered with. */
  async #refused({ envelope: posted, requests }: Post, status: number, text: Frame): Promise<void> {
    const words = typeof text === "string" ? text : "";
    if (this.#session !== undefined && isSessionLost(status, words)) {
      return this.#lost(`The upstream ${this.#upstream.name} does not know its session any more.`);
    }
    const envelope = readEnvelope(text);
    if (envelope.kind === "response" && envelope.isError) {
      const [request, ...others] = requests.values();
      const isNamed = envelope.key !== undefined;
      // Servers that did not read as far as the id answer without: it is the only one that it can be.
      const id = isNamed || others.length > 0 ? undefined : request?.id;
      // What was no message has no id either, and is answered as over any other transport.
      if (request !== undefined || posted.kind === "other") {
        await this.#deliver(id === undefined ? text : envelope.withReferences({ id }));
        if (request?.key !== undefined && others.length === 0) requests.delete(request.key);
      }
    }
    const why =
      status === 401
        ? refusedCredentials(this.#upstream).message
        : `The upstream ${this.#upstream.name} refused the request with the HTTP status ${status}: ${words.slice(0, 300)}`;
    await this.#refuse(requests, why);
  }

  /** The stream that answers a post, and what goes on where it was cut. */
  async #stream({ abort, envelope, requests }: Post, first: UpstreamBody): Promise<void> {
    let end = await this.#read(first, requests, undefined);
    for (let tries = 0; requests.size > 0; tries++) {
      if (abort.signal.aborted || this.#isOver) return;
      const { isFruitful, lastEventId, retry } = end;
      if (isFruitful) tries = 0;
      if (lastEventId === undefined || tries >= this.#bounds.retries) break;
      await Bun.sleep(Math.min(retry ?? this.#bounds.retryMillis, longestPauseMillis));
      const body = await this.#resumed(abort, lastEventId);
      if (body === "none") break;
      if (body !== "cut") end = await this.#read(body, requests, lastEventId);
      else end = { ...end, isFruitful: false };
    }
    if (!abort.signal.aborted) await this.#unanswered(requests);
    this.#accepted(envelope);
  }

  /** Asks for a stream; `none` where there is none for good, `cut` where it can be asked for again. */
  async #resumed(
    abort: AbortController,
    lastEventId: string | undefined,
  ): Promise<UpstreamBody | "none" | "cut"> {
    const headers = this.#headers();
    headers["accept"] = "text/event-stream";
    if (lastEventId !== undefined) headers["last-event-id"] = lastEventId;
    const answer = await this.#ask("GET", headers, undefined, abort);
    if (answer instanceof RequestFailed) {
      if (abort.signal.aborted) return "none";
      if (answer.wasSent) return "cut";
      this.#lost(unreachable(this.#upstream, answer).message);
      return "none";
    }
    const { body, status } = answer;
    if (isOk(status) && isEventStream(answer.headers)) return body;
    const bytes = await body.whole(mostEventBytes).catch(nothing);
    const words = bytes === undefined ? "" : String(frameOf(bytes));
    if (this.#session !== undefined && isSessionLost(status, words)) {
      this.#lost(`The upstream ${this.#upstream.name} does not know its session any more.`);
    }
    return status >= 500 ? "cut" : "none";
  }

  /** Reads a stream to its end, or to where it was cut. */
  async #read(
    body: UpstreamBody,
    requests: Map<string, Envelope>,
    resumedAfter: string | undefined,
  ): Promise<StreamEnd> {
    const parser = new EventStreamParser();
    let lastEventId = resumedAfter;
    let retry: number | undefined;
    let isFruitful = false;
    const end = () => ({ lastEventId, retry, isFruitful });
    for (;;) {
      while (this.#reading !== undefined) await this.#reading.promise;
      const chunk = await body.read().catch(nothing);
      if (chunk === undefined || this.#isOver) return end();
      for (const piece of parser.push(chunk)) {
        if (piece.id !== undefined) lastEventId = piece.id;
        if (piece.retry !== undefined) ({ retry } = piece);
        if (piece.data === undefined || piece.data.length === 0) continue;
        isFruitful = true;
        this.#came(piece.data, requests);
        await this.#deliver(piece.data);
      }
      if (parser.isTooLong) {
        body.cancel();
        return { ...end(), lastEventId: undefined };
      }
    }
  }

  /** The stream of what belongs to no request, for as long as the upstream has one. */
  async #listen(): Promise<void> {
    const abort = new AbortController();
    this.#open.add(abort);
    const none = new Map<string, Envelope>();
    let lastEventId: string | undefined;
    let fruitless = 0;
    for (;;) {
      const body = await this.#resumed(abort, lastEventId);
      if (body === "none" || this.#isOver) return;
      const end = body === "cut" ? nothingCame : await this.#read(body, none, lastEventId);
      if (this.#isOver) return;
      lastEventId = end.lastEventId ?? lastEventId;
      fruitless = end.isFruitful ? 0 : fruitless + 1;
      // One that ends at once, again and again, is not asked for all the time.
      const pause = (end.retry ?? this.#bounds.retryMillis) * 2 ** Math.max(fruitless - 1, 0);
      await Bun.sleep(Math.min(pause, longestPauseMillis));
      if (this.#isOver) return;
    }
  }
}
