/**
 * A client's request as it is asked of an upstream that speaks HTTP: with the headers and the session that this one
 * knows, and once more where it was restarted and can be told of the session.
 */
import { type Upstream, UpstreamUnreachable } from "../../../domain/Upstream.ts";
import { GiveUp } from "../../../http/giveUp.ts";
import { isEventStream } from "../../contentType.ts";
import { frameOf } from "../../frames.ts";
import { mostEventBytes } from "../../sse.ts";
import { lostMidway } from "../../upstreams/http/exchange.ts";
import { isSessionLost } from "../../upstreams/http/sessionLoss.ts";
import type { ExchangeAnswer } from "../../upstreams/UpstreamKind.ts";
import { wholeOf } from "./bodies.ts";
import { headersForUpstream } from "./clientHeaders.ts";
import { heal, isOk, type Send } from "./healing.ts";
import type { PassedSession } from "./PassedSession.ts";
import { recorded, type Shared } from "./passing.ts";

/** One request of a client. */
export class PassedQuestion {
  readonly upstream: Upstream;
  readonly #sessions: Shared["sessions"];
  readonly #request: Pick<Request, "headers" | "method">;
  readonly #send: Send;
  readonly #gone = new GiveUp();

  constructor(
    sessions: Shared["sessions"],
    request: Pick<Request, "headers" | "method">,
    upstream: Upstream,
    send: Send,
  ) {
    this.#sessions = sessions;
    this.#request = request;
    this.upstream = upstream;
    this.#send = send;
  }

  get method(): string {
    return this.#request.method;
  }

  /** Whether nobody waits for the answer any more. */
  get isGivenUp(): boolean {
    return this.#gone.aborted;
  }

  /** Nobody does: what is open at the upstream ends. */
  giveUp(): void {
    this.#gone.abort();
  }

  /** Sends the request, and once more where a restarted upstream refused it for a session that it can be told of. */
  async ask(
    session: PassedSession | undefined,
    body: Uint8Array<ArrayBuffer> | undefined,
  ): Promise<ExchangeAnswer | UpstreamUnreachable> {
    const { method } = this.#request;
    for (let isFirst = true; ; isFirst = false) {
      const known = session?.upstreamId;
      const headers = this.#headersOf(session);
      const answer = await this.#send({ method, headers, body, signal: this.#gone });
      if (session === undefined || !isFirst || answer instanceof UpstreamUnreachable) return answer;
      if (answer.status !== 404 && answer.status !== 400) return answer;
      const bytes = await wholeOf(answer, mostEventBytes).catch(() => undefined);
      if (bytes === undefined) {
        return new UpstreamUnreachable({ message: lostMidway(this.upstream.name) });
      }
      const refusal = { ...answer, body: bytes };
      if (!isSessionLost(answer.status, String(frameOf(bytes)))) return refusal;
      if (!(await this.#healed(session, known))) {
        if (answer.status === 404) {
          this.#sessions.end(session, "The upstream ended the session.");
        }
        return refusal;
      }
    }
  }

  /** Whether the upstream knows the session again; many may ask at a time. */
  #healed(session: PassedSession, knownAs: string | undefined): Promise<boolean> {
    if (session.upstreamId !== knownAs) return Promise.resolve(true);
    if (this.upstream.onRestart === "close") return Promise.resolve(false);
    session.healing ??= heal(session, this.#send, (frames) =>
      recorded(session.stream, "to_upstream", frames),
    ).finally(() => {
      session.healing = undefined;
    });
    return session.healing;
  }

  /** A stream of the session that goes on behind an event, or anew. */
  async listen(
    session: PassedSession,
    lastEventId: string | undefined,
  ): Promise<ReadableStream<Uint8Array> | undefined> {
    for (let isFirst = true; ; isFirst = false) {
      const known = session.upstreamId;
      const headers = this.#headersOf(session);
      for (const name of ["content-type", "mcp-method", "mcp-name", "last-event-id"]) {
        delete headers[name];
      }
      headers["accept"] = "text/event-stream";
      if (lastEventId !== undefined && session.canResumeAfter(lastEventId)) {
        headers["last-event-id"] = lastEventId;
      }
      const answer = await this.#send({
        method: "GET",
        headers,
        body: undefined,
        signal: this.#gone,
      });
      if (answer instanceof UpstreamUnreachable) return undefined;
      const { body } = answer;
      if (isOk(answer) && body instanceof ReadableStream && isEventStream(answer.headers)) {
        return body;
      }
      const bytes = await wholeOf(answer, mostEventBytes).catch(() => undefined);
      const text = String(frameOf(bytes ?? new Uint8Array()));
      // Where the upstream was restarted, it has no more of a stream than that of its notifications.
      const isLost = isFirst && isSessionLost(answer.status, text);
      if (!isLost || !(await this.#healed(session, known))) return undefined;
    }
  }

  #headersOf(session: PassedSession | undefined): Record<string, string> {
    const headers = headersForUpstream(this.#request.headers);
    if (session === undefined) return headers;
    headers["mcp-session-id"] = session.upstreamId;
    const lastEventId = headers["last-event-id"];
    if (lastEventId !== undefined && !session.canResumeAfter(lastEventId)) {
      delete headers["last-event-id"];
    }
    return headers;
  }
}
