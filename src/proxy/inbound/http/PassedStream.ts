/**
 * The event stream that answers a client's request, from an upstream that speaks HTTP too: where it is cut, the rest of
 * it is sought, and what will not be answered is answered here.
 */
import { retryableError } from "../../../actors/proxySession/ownFrames.ts";
import { messagesOf } from "../../frames.ts";
import { mostEventBytes } from "../../sse.ts";
import { type Continuation, passEvents, type StreamEnd } from "./eventPassage.ts";
import type { PassedQuestion } from "./PassedQuestion.ts";
import type { PassedSession } from "./PassedSession.ts";
import { endUnlessSession, type Place, recorded, type Shared } from "./passing.ts";

/** How often a stream that was cut is asked to go on behind its last event. */
const mostResumptions = 3;

/** For how long, in all, the stream of notifications is sought again; then the client may do so itself. */
const reopenMillis = [200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000];

/** The stream of one request's answer. */
export class PassedStream {
  readonly #shared: Shared;
  readonly #question: PassedQuestion;

  constructor(shared: Shared, question: PassedQuestion) {
    this.#shared = shared;
    this.#question = question;
  }

  get #upstream(): string {
    return this.#question.upstream.name;
  }

  /** What the client reads while the upstream is read. */
  open(place: Place, body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
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
          if (kind !== "response" || key === undefined) continue;
          requests.delete(key);
          place.lent?.answered(key);
        }
        session?.answered(envelope);
      },
      onEventId: (id) => session?.sawEvent(id),
      first: () => session?.takeOwed() ?? [],
      resume: async (end) => {
        if (this.#question.isGivenUp) return undefined;
        if (this.#question.method === "GET") return this.#reopened(session, end);
        return this.#resumed(place, end, ++resumptions);
      },
      onDone: () => {
        leave();
        endless.delete(stop);
        this.#question.giveUp();
        endUnlessSession(place);
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
    { lent, requests, session }: Place,
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
      const body = await this.#question.listen(session, lastEventId);
      if (body !== undefined) return { frames: [], body };
    }
    const why = isTooLong
      ? `An event of the upstream ${this.#upstream} is longer than ${mostEventBytes} bytes.`
      : `The upstream ${this.#upstream} was lost before it answered.`;
    if (!isClean) this.#shared.states.failed(this.#upstream, why);
    const frames = Array.from(requests.values(), ({ id = "null" }) =>
      retryableError(id, why, this.#upstream),
    );
    for (const key of requests.keys()) lent?.answered(key);
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
      if (this.#question.isGivenUp) return undefined;
      const body = await this.#question.listen(session, lastEventId);
      if (body !== undefined) return { frames: session.takeOwed(), body };
    }
    return undefined;
  }
}
