/**
 * One HTTP request of a client for an upstream that speaks HTTP too: it goes through as it is, and its answer comes back
 * as it comes, both recorded on the way. What an upstream that is away or was restarted cannot say is said here.
 *
 * A request whose answer will not come is answered with a JSON-RPC error and the status 200: clients hand that to who
 * asked and live on, while they take other statuses for a broken connection, and some end it.
 */
import { type Envelope, readEnvelope } from "../../../actors/envelope.ts";
import { retryableError } from "../../../actors/proxySession/ownFrames.ts";
import type { Frame } from "../../../domain/Frame.ts";
import { isAnonymous } from "../../../domain/Principal.ts";
import type { StreamDescription } from "../../../domain/Recording.ts";
import { type Upstream, UpstreamUnreachable } from "../../../domain/Upstream.ts";
import type { Arrival } from "../../../http/Door.ts";
import { contentTypeOf, isEventStream } from "../../contentType.ts";
import { frameOf, messagesOf, requestsOf } from "../../frames.ts";
import { mostEventBytes } from "../../sse.ts";
import { lostMidway, tooLong } from "../../upstreams/http/exchange.ts";
import type { ExchangeAnswer } from "../../upstreams/UpstreamKind.ts";
import { type Call, descriptionOf } from "../Inbound.ts";
import { eventStreamHeaders, jsonText, noPlace, sessionUnknown, upstreamAway } from "./answers.ts";
import { wholeOf } from "./bodies.ts";
import { headersForUpstream } from "./clientHeaders.ts";
import { eventOf } from "./eventPassage.ts";
import { isOk } from "./healing.ts";
import { NoPlace } from "./KeptPlaces.ts";
import type { PassedQuestion } from "./PassedQuestion.ts";
import { PassedSession } from "./PassedSession.ts";
import { PassedStream } from "./PassedStream.ts";
import type { Reservation } from "./passedSessions.ts";
import { endUnlessSession, exchangeOf, type Place, recorded, type Shared } from "./passing.ts";
import { clientOf, type Posted, postedOf } from "./posted.ts";

const isInitialize = (envelope: Envelope): boolean =>
  messagesOf(envelope).some(({ kind, method }) => kind === "request" && method === "initialize");

/** One request of a client. */
export class PassedRequest {
  readonly #shared: Shared;
  readonly #arrival: Arrival;
  readonly #call: Call;
  readonly #question: PassedQuestion;

  constructor(shared: Shared, arrival: Arrival, call: Call, question: PassedQuestion) {
    this.#shared = shared;
    this.#arrival = arrival;
    this.#call = call;
    this.#question = question;
  }

  get #upstream(): Upstream {
    return this.#call.upstream;
  }

  async answer(): Promise<Response> {
    const { request } = this.#arrival;
    const posted =
      request.method === "POST" ? postedOf(new Uint8Array(await request.arrayBuffer())) : undefined;
    const room = this.#roomFor(posted?.envelope);
    if (room instanceof NoPlace) return noPlace(room, posted?.envelope.id);
    const place = this.#placeOf(posted?.envelope);
    if (place === undefined) return sessionUnknown();
    let isKnown = false;
    try {
      const answer = await this.#ask(place, posted);
      if (answer instanceof UpstreamUnreachable) return this.#failed(place, answer.message);
      isKnown = isOk(answer);
      return this.#pass(this.#opened(place, posted, answer, room), answer);
    } catch (fault) {
      place.lent?.giveBack();
      throw fault;
    } finally {
      room?.release();
      if (place.session !== undefined) {
        this.#shared.sessions.settle(place.session, this.#arrival.principal, isKnown);
      }
    }
  }

  async #ask(
    place: Place,
    posted: Posted | undefined,
  ): Promise<ExchangeAnswer | UpstreamUnreachable> {
    if (posted !== undefined && posted.bytes.length > 0) {
      place.session?.asked(posted.envelope);
      await recorded(place.stream, "to_upstream", [posted.frame]);
    }
    const answer = await this.#question.ask(place.session, posted?.bytes);
    const isEnd = this.#arrival.request.method === "DELETE";
    const isTaken = !(answer instanceof UpstreamUnreachable) && answer.status < 500;
    if (isEnd && isTaken && place.session !== undefined) {
      this.#shared.sessions.end(place.session, "The client ended the session.");
    }
    return answer;
  }

  get #sessionId(): string | null {
    return this.#arrival.request.headers.get("mcp-session-id") || null;
  }

  /** The place of the session that the request asks for, taken before its upstream opens it. */
  #roomFor(envelope: Envelope | undefined): Reservation | NoPlace | undefined {
    const begins = this.#sessionId === null && envelope !== undefined && isInitialize(envelope);
    return begins ? this.#shared.sessions.reserve(this.#arrival.principal) : undefined;
  }

  /** Where the request belongs; undefined where its session is somebody else's, or may be. */
  #placeOf(envelope: Envelope | undefined): Place | undefined {
    const { capture, sessions } = this.#shared;
    const { principal } = this.#arrival;
    const upstream = this.#upstream.name;
    const id = this.#sessionId;
    const requests = envelope === undefined ? new Map<string, Envelope>() : requestsOf(envelope);
    if (id === null) {
      const begins = envelope !== undefined && isInitialize(envelope);
      if (!begins) {
        const lent = capture.lend(this.#describe("stateless", envelope), exchangeOf(envelope));
        return { stream: lent, lent, session: undefined, requests, begins };
      }
      const stream = capture.open(this.#describe("session", envelope));
      stream.event({ event: "opened" });
      return { stream, session: undefined, requests, begins };
    }
    const known = sessions.find(upstream, id, principal);
    if (known === null) return undefined;
    if (known !== undefined)
      return { stream: known.stream, session: known, requests, begins: false };
    // Begun before Dewey was started, or silent for long: nobody knows any more whose it is.
    if (!isAnonymous(principal)) return undefined;
    // The upstream may know it still.
    const session = sessions.claim(upstream, id, () => {
      const stream = capture.open(this.#describe("session", envelope));
      stream.event({ event: "opened" });
      return new PassedSession({ id, upstream, principal, stream });
    });
    return { stream: session.stream, session, requests, begins: false };
  }

  #describe(kind: StreamDescription["kind"], envelope: Envelope | undefined): StreamDescription {
    const client = clientOf(envelope, this.#arrival.request.headers);
    return descriptionOf(this.#call, "http", kind, client);
  }

  /** The same place with the session that the answer to an `initialize` opens. */
  #opened(
    place: Place,
    posted: Posted | undefined,
    answer: ExchangeAnswer,
    room: Reservation | undefined,
  ): Place {
    if (room === undefined || posted === undefined) return place;
    const id = answer.headers.get("mcp-session-id");
    if (id === null || !isOk(answer)) return place;
    const session = new PassedSession({
      id,
      upstream: this.#upstream.name,
      principal: this.#arrival.principal,
      stream: place.stream,
    });
    session.initializeHeaders = headersForUpstream(this.#arrival.request.headers);
    session.asked(posted.envelope);
    room.enter(session);
    return { ...place, session };
  }

  async #pass(place: Place, answer: ExchangeAnswer): Promise<Response> {
    const { session } = place;
    const { body, headers, status } = answer;
    if (session !== undefined && headers.has("mcp-session-id")) {
      headers.set("mcp-session-id", session.id);
    }
    if (body instanceof ReadableStream && isEventStream(headers)) {
      const stream = new PassedStream(this.#shared, this.#question).open(place, body);
      return new Response(stream, { status, headers });
    }
    if (!contentTypeOf(headers).endsWith("json")) {
      endUnlessSession(place);
      return new Response(body, { status, headers });
    }
    let bytes: Uint8Array<ArrayBuffer> | undefined;
    try {
      bytes = await wholeOf(answer, mostEventBytes);
    } catch {
      return this.#failed(place, lostMidway(this.#upstream.name));
    }
    if (bytes === undefined) return this.#failed(place, tooLong(this.#upstream.name));
    await this.#recordAnswer(place, frameOf(bytes));
    return new Response(bytes, { status, headers });
  }

  async #recordAnswer(place: Place, frame: Frame): Promise<void> {
    const envelope = readEnvelope(frame);
    place.session?.answered(envelope);
    if (envelope.kind !== "other") await recorded(place.stream, "to_client", [frame]);
    for (const { key, kind } of messagesOf(envelope)) {
      if (kind === "response" && key !== undefined) place.lent?.answered(key);
    }
    endUnlessSession(place);
  }

  /** The answer where the upstream gave none. */
  async #failed(place: Place, message: string): Promise<Response> {
    const { lent, requests, session, stream } = place;
    const { name } = this.#upstream;
    // Nobody is there to be answered.
    if (this.#question.isGivenUp) {
      endUnlessSession(place);
      return upstreamAway(message);
    }
    const isGet = this.#arrival.request.method === "GET";
    const waiting = isGet ? (session?.unanswered ?? requests) : requests;
    const frames = Array.from(waiting.values(), ({ id = "null" }) =>
      retryableError(id, message, name),
    );
    for (const key of waiting.keys()) lent?.answered(key);
    waiting.clear();
    const [only] = frames;
    if (only === undefined) {
      endUnlessSession(place);
      return upstreamAway(message);
    }
    if (isGet) {
      await recorded(stream, "to_client", frames);
      endUnlessSession(place);
      return new Response(Buffer.concat(frames.map(eventOf)), { headers: eventStreamHeaders });
    }
    const text = frames.length === 1 ? only : `[${frames.join(",")}]`;
    await recorded(stream, "to_client", [text]);
    endUnlessSession(place);
    return jsonText(text);
  }
}
