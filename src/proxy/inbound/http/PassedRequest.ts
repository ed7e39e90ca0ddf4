/**
 * One HTTP request of a client for an upstream that speaks HTTP too: it goes through as it is, and its answer comes back
 * as it comes, both recorded on the way. What an upstream that is away or was restarted cannot say is said here.
 *
 * A request whose answer will not come is answered with a JSON-RPC error and the status 200: clients hand that to who
 * asked and live on, while they take other statuses for a broken connection, and some end it.
 */
import type { Effect } from "effect";
import { type Envelope, readEnvelope } from "../../../actors/envelope.ts";
import { retryableError } from "../../../actors/proxySession/ownFrames.ts";
import type { Frame } from "../../../domain/Frame.ts";
import type { StreamDescription } from "../../../domain/Recording.ts";
import { type Upstream, UpstreamUnreachable } from "../../../domain/Upstream.ts";
import type { Arrival } from "../../../http/Door.ts";
import type { Capture, CapturedStream } from "../../../services/Capture.ts";
import type { Drain } from "../../../services/Drain.ts";
import type { Upstreams } from "../../../services/Upstreams.ts";
import { frameOf, messagesOf, requestsOf } from "../../frames.ts";
import { mostEventBytes } from "../../sse.ts";
import { isSessionLost } from "../../upstreams/http/sessionLoss.ts";
import { type Call, descriptionOf } from "../Inbound.ts";
import { eventStreamHeaders, jsonText, sessionUnknown, upstreamAway } from "./answers.ts";
import { wholeOf } from "./bodies.ts";
import { headersForUpstream } from "./clientHeaders.ts";
import { type Continuation, eventOf, passEvents, type StreamEnd } from "./eventPassage.ts";
import { heal, type Send } from "./healing.ts";
import type { PassedSession } from "./PassedSession.ts";
import type { makePassedSessions } from "./passedSessions.ts";
import { clientOf, type Posted, postedOf } from "./posted.ts";

/** What all requests share. */
export interface Shared {
  readonly capture: Capture["Service"];
  readonly drain: Drain["Service"];
  readonly states: Upstreams["Service"]["states"];
  readonly sessions: Effect.Success<ReturnType<typeof makePassedSessions>>;
  /** Each ends a stream that would not end by itself. */
  readonly endless: Set<() => void>;
}

/** What an answer belongs to. */
interface Place {
  readonly stream: CapturedStream;
  readonly session: PassedSession | undefined;
  /** The requests that wait for the answer. */
  readonly requests: Map<string, Envelope>;
  /** Whether the stream was opened for the session that is asked for. */
  readonly begins: boolean;
}

/** How often a stream that was cut is asked to go on behind its last event. */
const mostResumptions = 3;

/** For how long, in all, the stream of notifications is sought again; then the client may do so itself. */
const reopenMillis = [200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000];

const typeOf = ({ headers }: Response): string =>
  (headers.get("content-type") ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";

const isEventStream = (response: Response): boolean => typeOf(response) === "text/event-stream";

/** Resolves once the frames are in the journal, or are known not to be kept. */
const recorded = (
  stream: CapturedStream,
  direction: "to_upstream" | "to_client",
  frames: ReadonlyArray<Frame>,
): Promise<void> =>
  new Promise((resolve) => {
    let left = frames.length;
    if (left === 0) resolve();
    const forward = () => {
      if (--left === 0) resolve();
    };
    for (const frame of frames) stream.frame(direction, frame, forward);
  });

const isInitialize = (envelope: Envelope): boolean =>
  messagesOf(envelope).some(({ kind, method }) => kind === "request" && method === "initialize");

/** One request of a client. */
export class PassedRequest {
  readonly #shared: Shared;
  readonly #arrival: Arrival;
  readonly #call: Call;
  readonly #send: Send;
  readonly #gone: AbortController;

  constructor(shared: Shared, arrival: Arrival, call: Call, send: Send, gone: AbortController) {
    this.#shared = shared;
    this.#arrival = arrival;
    this.#call = call;
    this.#send = send;
    this.#gone = gone;
  }

  get #upstream(): Upstream {
    return this.#call.upstream;
  }

  async answer(): Promise<Response> {
    const { request } = this.#arrival;
    const posted =
      request.method === "POST" ? postedOf(new Uint8Array(await request.arrayBuffer())) : undefined;
    const place = this.#placeOf(posted?.envelope);
    if (place === undefined) return sessionUnknown();
    if (posted !== undefined && posted.bytes.length > 0) {
      place.session?.asked(posted.envelope);
      await recorded(place.stream, "to_upstream", [posted.frame]);
    }
    const answer = await this.#sendHealing(place.session, posted?.bytes);
    if (!(answer instanceof Response)) return this.#failed(place, answer.message);
    if (request.method === "DELETE" && place.session !== undefined && answer.status < 500) {
      this.#shared.sessions.end(place.session, "The client ended the session.");
    }
    return this.#pass(this.#opened(place, posted, answer), answer);
  }

  get #sessionId(): string | null {
    return this.#arrival.request.headers.get("mcp-session-id") || null;
  }

  /** Where the request belongs; undefined where its session is somebody else's. */
  #placeOf(envelope: Envelope | undefined): Place | undefined {
    const { capture, sessions } = this.#shared;
    const { principal } = this.#arrival;
    const upstream = this.#upstream.name;
    const id = this.#sessionId;
    const requests = envelope === undefined ? new Map<string, Envelope>() : requestsOf(envelope);
    if (id === null) {
      const begins = envelope !== undefined && isInitialize(envelope);
      const stream = capture.open(this.#describe(begins ? "session" : "stateless", envelope));
      if (begins) stream.event({ event: "opened" });
      return { stream, session: undefined, requests, begins };
    }
    const known = sessions.find(upstream, id, principal);
    if (known === null) return undefined;
    if (known !== undefined)
      return { stream: known.stream, session: known, requests, begins: false };
    // Begun before Dewey was started, or silent for long: the upstream may know it still.
    const stream = capture.open(this.#describe("session", envelope));
    stream.event({ event: "opened" });
    const session = sessions.add({ id, upstream, principal, stream });
    return { stream, session, requests, begins: false };
  }

  #describe(kind: StreamDescription["kind"], envelope: Envelope | undefined): StreamDescription {
    const client = clientOf(envelope, this.#arrival.request.headers);
    return descriptionOf(this.#call, "http", kind, client);
  }

  #headers(session: PassedSession | undefined): Headers {
    const headers = headersForUpstream(this.#arrival.request.headers);
    if (session === undefined) return headers;
    headers.set("mcp-session-id", session.upstreamId);
    const lastEventId = headers.get("last-event-id");
    if (lastEventId !== null && !session.canResumeAfter(lastEventId)) {
      headers.delete("last-event-id");
    }
    return headers;
  }

  /** Sends the request, and once more where a restarted upstream refused it for a session that it can be told of. */
  async #sendHealing(
    session: PassedSession | undefined,
    body: Uint8Array<ArrayBuffer> | undefined,
  ): Promise<Response | UpstreamUnreachable> {
    const { method } = this.#arrival.request;
    for (let isFirst = true; ; isFirst = false) {
      const known = session?.upstreamId;
      const headers = this.#headers(session);
      const answer = await this.#send({ method, headers, body, signal: this.#gone.signal });
      if (session === undefined || !isFirst || !(answer instanceof Response)) return answer;
      if (answer.status !== 404 && answer.status !== 400) return answer;
      const bytes = await wholeOf(answer, mostEventBytes).catch(() => undefined);
      if (bytes === undefined) {
        return new UpstreamUnreachable({ message: this.#lostMidway() });
      }
      const refusal = new Response(bytes, { status: answer.status, headers: answer.headers });
      if (!isSessionLost(answer.status, String(frameOf(bytes)))) return refusal;
      if (!(await this.#healed(session, known))) {
        if (answer.status === 404) {
          this.#shared.sessions.end(session, "The upstream ended the session.");
        }
        return refusal;
      }
    }
  }

  /** Whether the upstream knows the session again; many may ask at a time. */
  #healed(session: PassedSession, knownAs: string | undefined): Promise<boolean> {
    if (session.upstreamId !== knownAs) return Promise.resolve(true);
    if (this.#upstream.onRestart === "close") return Promise.resolve(false);
    session.healing ??= heal(session, this.#send, (frames) =>
      recorded(session.stream, "to_upstream", frames),
    ).finally(() => {
      session.healing = undefined;
    });
    return session.healing;
  }

  /** The same place with the session that the answer to an `initialize` opens. */
  #opened(place: Place, posted: Posted | undefined, answer: Response): Place {
    if (!place.begins || posted === undefined) return place;
    const id = answer.headers.get("mcp-session-id");
    if (id === null || !answer.ok) return place;
    const session = this.#shared.sessions.add({
      id,
      upstream: this.#upstream.name,
      principal: this.#arrival.principal,
      stream: place.stream,
    });
    session.initializeHeaders = headersForUpstream(this.#arrival.request.headers);
    session.asked(posted.envelope);
    return { ...place, session };
  }

  async #pass(place: Place, answer: Response): Promise<Response> {
    const { session } = place;
    const { status } = answer;
    const headers = new Headers(answer.headers);
    if (session !== undefined && headers.has("mcp-session-id")) {
      headers.set("mcp-session-id", session.id);
    }
    if (answer.body !== null && isEventStream(answer)) {
      return new Response(this.#streamOf(place, answer.body), { status, headers });
    }
    if (!typeOf(answer).endsWith("json")) {
      this.#withoutSession(place);
      return new Response(answer.body, { status, headers });
    }
    let bytes: Uint8Array<ArrayBuffer> | undefined;
    try {
      bytes = await wholeOf(answer, mostEventBytes);
    } catch {
      return this.#failed(place, this.#lostMidway());
    }
    if (bytes === undefined) {
      return this.#failed(
        place,
        `The answer of the upstream ${this.#upstream.name} is longer than ${mostEventBytes} bytes.`,
      );
    }
    await this.#recordAnswer(place, frameOf(bytes));
    return new Response(bytes, { status, headers });
  }

  #lostMidway(): string {
    return `The upstream ${this.#upstream.name} was lost in the middle of its answer.`;
  }

  async #recordAnswer(place: Place, frame: Frame): Promise<void> {
    const envelope = readEnvelope(frame);
    place.session?.answered(envelope);
    if (envelope.kind !== "other") await recorded(place.stream, "to_client", [frame]);
    this.#withoutSession(place);
  }

  /** A stream that was opened for a session which the upstream did not open ends with its answer. */
  #withoutSession({ begins, session, stream }: Place): void {
    if (begins && session === undefined)
      stream.event({ event: "closed", reason: "The upstream keeps no session." });
  }

  #streamOf(place: Place, body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
    const { drain, endless, sessions } = this.#shared;
    const { requests, session, stream } = place;
    const isEndless =
      requests.size === 0 ||
      [...requests.values()].every(({ method }) => method === "subscriptions/listen");
    const leave = isEndless ? () => {} : drain.enter();
    if (session !== undefined) {
      session.openStreams++;
      session.pending.add(requests);
    }
    let resumptions = 0;
    const passage = passEvents({
      body,
      record: (frames) => recorded(stream, "to_client", frames),
      onMessage: (envelope) => {
        for (const { key, kind } of messagesOf(envelope)) {
          if (kind === "response" && key !== undefined) requests.delete(key);
        }
        session?.answered(envelope);
      },
      onEventId: (id) => session?.sawEvent(id),
      first: () => session?.takeOwed() ?? [],
      resume: async (end) => {
        if (this.#gone.signal.aborted) return undefined;
        if (this.#arrival.request.method === "GET") return this.#reopened(session, end);
        return this.#resumed(place, end, ++resumptions);
      },
      onDone: () => {
        leave();
        endless.delete(stop);
        this.#gone.abort();
        this.#withoutSession(place);
        if (session === undefined) return;
        session.openStreams--;
        session.pending.delete(requests);
        sessions.touch(session);
      },
    });
    const { stop } = passage;
    if (isEndless) endless.add(stop);
    return passage.stream;
  }

  /** What goes on where the stream of a POST ended: the rest of it, or errors for what was not answered. */
  async #resumed(
    { requests, session }: Place,
    { isClean, isTooLong, lastEventId }: StreamEnd,
    attempt: number,
  ): Promise<Continuation | undefined> {
    if (isClean) {
      for (const [key, request] of requests) {
        // A server that gives ids may end a stream early: the client asks for the rest of it when it likes.
        if (lastEventId !== undefined) session?.unanswered.set(key, request);
        // And a subscription may end without a word.
        if (lastEventId !== undefined || request.method === "subscriptions/listen") {
          requests.delete(key);
        }
      }
    }
    if (requests.size === 0) return undefined;
    const canResume = !isClean && !isTooLong && attempt <= mostResumptions;
    if (canResume && lastEventId !== undefined && session !== undefined) {
      const body = await this.#listen(session, lastEventId);
      if (body !== undefined) return { frames: [], body };
    }
    const why = isTooLong
      ? `An event of the upstream ${this.#upstream.name} is longer than ${mostEventBytes} bytes.`
      : `The upstream ${this.#upstream.name} was lost before it answered.`;
    if (!isClean) this.#shared.states.failed(this.#upstream.name, why);
    const frames = Array.from(requests.values(), ({ id = "null" }) =>
      retryableError(id, why, this.#upstream.name),
    );
    requests.clear();
    return { frames, body: undefined };
  }

  /** Keeps the client's stream of notifications open while the upstream is away for a moment. */
  async #reopened(
    session: PassedSession | undefined,
    { isClean, isTooLong, lastEventId }: StreamEnd,
  ): Promise<Continuation | undefined> {
    if (isClean || isTooLong || session === undefined) return undefined;
    for (const millis of reopenMillis) {
      await Bun.sleep(millis);
      if (this.#gone.signal.aborted) return undefined;
      const body = await this.#listen(session, lastEventId);
      if (body !== undefined) return { frames: session.takeOwed(), body };
    }
    return undefined;
  }

  /** A stream of the session that goes on behind an event, or anew. */
  async #listen(
    session: PassedSession,
    lastEventId: string | undefined,
  ): Promise<ReadableStream<Uint8Array> | undefined> {
    for (let isFirst = true; ; isFirst = false) {
      const known = session.upstreamId;
      const headers = this.#headers(session);
      for (const name of ["content-type", "mcp-method", "mcp-name"]) headers.delete(name);
      headers.set("accept", "text/event-stream");
      headers.delete("last-event-id");
      if (lastEventId !== undefined && session.canResumeAfter(lastEventId)) {
        headers.set("last-event-id", lastEventId);
      }
      const answer = await this.#send({
        method: "GET",
        headers,
        body: undefined,
        signal: this.#gone.signal,
      });
      if (!(answer instanceof Response)) return undefined;
      if (answer.ok && answer.body !== null && isEventStream(answer)) return answer.body;
      const bytes = await wholeOf(answer, mostEventBytes).catch(() => undefined);
      const text = String(frameOf(bytes ?? new Uint8Array()));
      // Where the upstream was restarted, it has no more of a stream than that of its notifications.
      const isLost = isFirst && isSessionLost(answer.status, text);
      if (!isLost || !(await this.#healed(session, known))) return undefined;
    }
  }

  /** The answer where the upstream gave none. */
  async #failed(place: Place, message: string): Promise<Response> {
    const { requests, session, stream } = place;
    const { name } = this.#upstream;
    // Nobody is there to be answered.
    if (this.#gone.signal.aborted) {
      this.#withoutSession(place);
      return upstreamAway(message);
    }
    const isGet = this.#arrival.request.method === "GET";
    const waiting = isGet ? (session?.unanswered ?? requests) : requests;
    const frames = Array.from(waiting.values(), ({ id = "null" }) =>
      retryableError(id, message, name),
    );
    waiting.clear();
    const [only] = frames;
    if (only === undefined) return upstreamAway(message);
    if (isGet) {
      await recorded(stream, "to_client", frames);
      return new Response(Buffer.concat(frames.map(eventOf)), { headers: eventStreamHeaders });
    }
    const text = frames.length === 1 ? only : `[${frames.join(",")}]`;
    await recorded(stream, "to_client", [text]);
    this.#withoutSession(place);
    return jsonText(text);
  }
}
