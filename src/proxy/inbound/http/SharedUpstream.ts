/**
 * A duplex upstream behind the requests of a stateless client. Each request goes upstream under an id of its own, by
 * which its answer, its progress and what it subscribed to find the way back; nothing else of a message is touched, and
 * what is recorded are the client's own ids.
 */
import { type Envelope, readEnvelope, splice } from "../../../actors/envelope.ts";
import type { ClientLink, ProxySession } from "../../../actors/ProxySession.ts";
import type { Translated } from "../../../actors/proxySession/Traffic.ts";
import type { Frame } from "../../../domain/Frame.ts";
import type { LentStream } from "../../../services/capture/StatelessStreams.ts";
import { stringAt } from "../../frames.ts";
import type { RequestHeaders } from "../../upstreams/http/requestHeaders.ts";
import { statusOf } from "./modernChecks.ts";
import type { Posted } from "./posted.ts";
import { Reply } from "./Reply.ts";

/** A request that is not answered. */
interface Route {
  /** The client's, as JSON text, and what is equal for equal ones. */
  readonly id: string;
  readonly key: string | undefined;
  readonly progressToken: string | undefined;
  readonly method: string | undefined;
  /** Whether it wants to be told what the server logs, which messages do not say whom they are for. */
  readonly isLogging: boolean;
  readonly reply: Reply;
  /** Where it is recorded while another request of its id is unanswered. */
  readonly stream: LentStream | undefined;
}

/** What is used of the session that it is the client's end of. */
type Proxied = Pick<ProxySession, "receive" | "rest">;

const levelPath = ["_meta", "io.modelcontextprotocol/logLevel"];

/** Whether a request asks to be told what the server logs. */
export const wantsLogs = ({ params }: Envelope): boolean =>
  stringAt(params, levelPath) !== undefined;

const textOf = (frame: Frame): string =>
  typeof frame === "string" ? frame : new TextDecoder().decode(frame);

/** One connection, and who waits for what on it. */
export class SharedUpstream {
  /** The end of the proxied session that is the clients'. */
  readonly link: ClientLink;
  readonly #requestHeaders: RequestHeaders;
  /** By the keys of the ids that the upstream knows. */
  readonly #routes = new Map<string, Route>();
  readonly #ended: () => void;
  /** Nobody waits for anything on it any more. */
  readonly #idle: () => void;
  readonly #lend: (keys: ReadonlyArray<string>) => LentStream;
  /** Of what is answered to nobody any more: the ids in it are not the client's. */
  #strays: LentStream | undefined;
  #lastId = 0;
  #hasServed = false;
  #gate: PromiseWithResolvers<void> | undefined;

  constructor(options: {
    readonly requestHeaders: RequestHeaders;
    readonly ended: () => void;
    readonly idle: () => void;
    /** Lends a stream beside the session's own, for the requests of some ids, by their keys. */
    readonly lend: (keys: ReadonlyArray<string>) => LentStream;
  }) {
    this.#requestHeaders = options.requestHeaders;
    this.#ended = options.ended;
    this.#idle = options.idle;
    this.#lend = options.lend;
    this.link = {
      send: (frame, envelope) => this.#say(frame, envelope ?? readEnvelope(frame)),
      pause: () => {
        this.#gate ??= Promise.withResolvers();
      },
      resume: () => {
        this.#gate?.resolve();
        this.#gate = undefined;
      },
      close: () => this.close(),
      isHeard: () => !this.isIdle,
    };
  }

  /** Whether any request was answered with something else than an error. */
  get hasServed(): boolean {
    return this.#hasServed;
  }

  get isIdle(): boolean {
    return this.#routes.size === 0;
  }

  /** Whether what the server logs is for somebody already. */
  get isLogging(): boolean {
    return [...this.#routes.values()].some(({ isLogging }) => isLogging);
  }

  /** Whether a request of this id, as the client says it, is unanswered. */
  isAsked(id: string): boolean {
    return [...this.#routes.values()].some((route) => route.id === id);
  }

  /** How a frame of the upstream is recorded; which request it is for is found out when it is delivered. */
  readonly translate = (frame: Frame, envelope: Envelope): Translated => {
    const route = this.#routeOf(envelope)?.[1];
    const isStray = route === undefined && envelope.kind === "response";
    return {
      recorded: this.#restored(frame, envelope, route),
      delivered: frame,
      stream: isStray ? (this.#strays ??= this.#lend([])) : route?.stream,
    };
  };

  /** Takes a request; the answer is there when there is something to be said. */
  async request(
    { envelope, frame }: Posted,
    { headers, signal }: Request,
    session: Proxied,
  ): Promise<Response> {
    const id = String(++this.#lastId);
    const progressToken = envelope.reference("progressToken");
    const reply = new Reply({
      accept: headers.get("accept"),
      headers: () => ({}),
      prelude: () => "",
      gone: () => this.#gone(id, session),
    });
    const { key: ownKey } = envelope;
    const isTwice = ownKey !== undefined && this.#isOpen(ownKey);
    const stream = isTwice ? this.#lend([ownKey]) : undefined;
    this.#routes.set(id, {
      id: envelope.id ?? "null",
      key: ownKey,
      stream,
      progressToken,
      method: envelope.method,
      isLogging: wantsLogs(envelope),
      reply,
    });
    signal.addEventListener("abort", () => this.#gone(id, session), { once: true });
    // What the upstream has no room for waits here, and its client with it.
    while (this.#gate !== undefined) await this.#gate.promise;
    if (this.#routes.has(id)) {
      session.receive(frame, splice(frame, envelope, { id, progressToken: id }), undefined, stream);
      if (envelope.method === "subscriptions/listen") reply.begin();
    }
    return reply.response;
  }

  /** Takes a notification. */
  notify({ envelope, frame }: Posted, session: Proxied): void {
    if (envelope.method !== "notifications/cancelled") return session.receive(frame);
    const cancelled = envelope.reference("requestId");
    for (const [key, route] of this.#routes) {
      if (route.id !== cancelled) continue;
      const told = splice(frame, envelope, { requestId: key });
      session.receive(frame, told, undefined, route.stream);
      return;
    }
  }

  /** Ends every stream. */
  close(): void {
    const routes = [...this.#routes.values()];
    // Nobody is there who could be told that they are cancelled.
    this.#routes.clear();
    for (const { reply, stream } of routes) {
      reply.end();
      stream?.giveBack("The connection to the upstream was closed.");
    }
    this.#strays?.giveBack();
    this.#strays = undefined;
    this.link.resume();
    this.#ended();
  }

  /** Ends what would not end by itself. */
  endListening(): void {
    for (const { method, reply } of this.#routes.values()) {
      if (method === "subscriptions/listen") reply.end();
    }
  }

  #routeOf(envelope: Envelope): readonly [string, Route] | undefined {
    const key =
      envelope.kind === "response"
        ? envelope.key
        : (envelope.referenceKey("progressToken") ??
          envelope.referenceKey("requestId") ??
          envelope.referenceKey("subscriptionId"));
    if (key === undefined) return this.#guessed(envelope.method);
    const route = this.#routes.get(key);
    return route && [key, route];
  }

  /** Whom a message is for that does not say it: who asked last, and for such as it is. */
  #guessed(method: string | undefined): readonly [string, Route] | undefined {
    const routes = [...this.#routes];
    if (method === "notifications/message") return routes.findLast(([, route]) => route.isLogging);
    return routes.findLast(([, route]) => route.method !== "subscriptions/listen") ?? routes.at(-1);
  }

  #restored(frame: Frame, envelope: Envelope, route: Route | undefined): Frame {
    if (route === undefined) return frame;
    const { id, progressToken } = route;
    return splice(frame, envelope, {
      ...(envelope.kind === "response" && { id }),
      ...(progressToken !== undefined && { progressToken }),
      requestId: id,
      subscriptionId: id,
    });
  }

  #say(frame: Frame, envelope: Envelope): Promise<void> | undefined {
    const found = this.#routeOf(envelope);
    // Whoever it was for is gone.
    if (found === undefined) return undefined;
    const [key, route] = found;
    const text = textOf(this.#restored(frame, envelope, route));
    this.#hasServed ||= !envelope.isError;
    if (envelope.kind !== "response") return route.reply.say(text);
    if (route.method === "tools/list") this.#requestHeaders.learn(envelope);
    this.#forget(key);
    return route.reply.finish(text, { status: statusOf(envelope) });
  }

  #isOpen(key: string): boolean {
    return [...this.#routes.values()].some((route) => route.key === key);
  }

  /** What it asked is answered, or was cancelled. */
  #forget(key: string): void {
    const route = this.#routes.get(key);
    if (route?.key !== undefined) route.stream?.answered(route.key);
    route?.stream?.giveBack();
    if (this.#routes.delete(key) && this.#routes.size === 0) this.#idle();
  }

  /** A client that closes its stream cancels its request. */
  #gone(key: string, session: Proxied): void {
    const route = this.#routes.get(key);
    if (route === undefined) return;
    const cancelled = (requestId: string) =>
      `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":${requestId},"reason":"The client closed the stream."}}`;
    session.receive(cancelled(route.id), cancelled(key), undefined, route.stream);
    route.reply.end();
    this.#forget(key);
    session.rest();
  }
}
