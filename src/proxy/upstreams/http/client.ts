/**
 * HTTP requests to upstreams. Not `fetch`: it has a bound on requests that are open at a time, under which streams that
 * never end would starve everybody else's calls; it follows redirects or tells nothing of them; and it does not say
 * whether a request that failed can have arrived.
 */
import { type IncomingMessage, Agent as PlainAgent, request as plainRequest } from "node:http";
import { request as secureRequest, Agent as TlsAgent } from "node:https";
import { urlToHttpOptions } from "node:url";
import { Schema } from "effect";
import type { GiveUpSignal } from "../../../http/giveUp.ts";

/** A request got no answer. */
export class RequestFailed extends Schema.TaggedError<RequestFailed>()("RequestFailed", {
  message: Schema.String,
  /** Whether the upstream can have received it; when not, it can be sent again. */
  wasSent: Schema.Boolean,
  /** Whether there is no hope in trying again at once: a certificate that is refused stays refused. */
  isFinal: Schema.Boolean,
}) {}

/** What is asked of an upstream. */
export interface UpstreamRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers | Readonly<Record<string, string>>;
  readonly body: Uint8Array | string | undefined;
  /** Ends the request, and its answer's stream. */
  readonly signal: GiveUpSignal;
  /** Called when the last byte has been handed to the network. */
  readonly onSent?: () => void;
}

/** The head of an answer, with what follows it. */
export interface UpstreamAnswer {
  readonly status: number;
  /** Without those of the connection. */
  readonly headers: Headers;
  readonly body: UpstreamBody;
}

/** For how long a connection may take to be made. */
const connectMillis = 10_000;

/** Shorter than what common servers wait (5 s) before they close an idle connection, so that none closes under a request. */
const idleMillis = 4_000;

const agentOptions = { keepAlive: true, timeout: idleMillis };
const plainAgent = new PlainAgent(agentOptions);
const tlsAgent = new TlsAgent(agentOptions);

/** What may have come without having been read, before the upstream is made to wait. */
const mostUnread = 64 * 1024;

const textOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

/** The bytes of an answer, read at the reader's pace. */
export class UpstreamBody {
  readonly #message: IncomingMessage;
  readonly #chunks: Array<Uint8Array<ArrayBuffer>> = [];
  #bytes = 0;
  #end: "open" | "ended" | Error = "open";
  #wake: (() => void) | undefined;

  constructor(message: IncomingMessage) {
    this.#message = message;
    message.on("data", (chunk: Uint8Array<ArrayBuffer>) => {
      this.#chunks.push(chunk);
      this.#bytes += chunk.length;
      if (this.#bytes > mostUnread) message.pause();
      this.#woken();
    });
    message.on("end", () => this.#finish("ended"));
    message.on("error", (cause) => this.#finish(cause));
    message.on("aborted", () => this.#cut());
    message.on("close", () => this.#cut());
  }

  /** The next bytes, or undefined at the end; rejects where the answer was cut off. One reader at a time. */
  async read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#bytes -= chunk.length;
        if (this.#bytes <= mostUnread && this.#message.isPaused()) this.#message.resume();
        return chunk;
      }
      if (this.#end === "ended") return undefined;
      if (this.#end !== "open") throw this.#end;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** All of it, or undefined where it is more than so many bytes. */
  async whole(limit: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const chunks: Array<Uint8Array<ArrayBuffer>> = [];
    let bytes = 0;
    for (let chunk = await this.read(); chunk !== undefined; chunk = await this.read()) {
      bytes += chunk.length;
      if (bytes > limit) {
        this.cancel();
        return undefined;
      }
      chunks.push(chunk);
    }
    const [only] = chunks;
    return only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks);
  }

  /** Nobody reads it any more. */
  cancel(): void {
    this.#finish(new Error("The answer was given up."));
    this.#message.destroy();
  }

  #cut(): void {
    if (this.#end === "open") this.#finish(new Error("The connection was cut."));
  }

  #finish(end: "ended" | Error): void {
    if (this.#end !== "open") return;
    this.#end = end;
    this.#woken();
  }

  #woken(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}

/** Hop-by-hop fields, which belong to one connection alone. */
const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

const isHopByHop = (name: string): boolean => hopByHop.has(name);

/** Tells which headers, by their names in small letters, belong to the connection alone: it may list more of them. */
export const ofConnection = (connection: string | undefined): ((name: string) => boolean) => {
  if (connection === undefined || connection === "keep-alive") return isHopByHop;
  const listed = connection.split(",").map((name) => name.trim().toLowerCase());
  return (name) => hopByHop.has(name) || listed.includes(name);
};

const headersOf = ({ headers: known, rawHeaders }: IncomingMessage): Headers => {
  const isOurs = ofConnection(known.connection);
  const headers = new Headers();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]?.toLowerCase() ?? "";
    if (!isOurs(name)) headers.append(name, rawHeaders[at + 1] ?? "");
  }
  return headers;
};

/** What of an address a request is made of; all of it is copied for each. */
type Target = Pick<
  ReturnType<typeof urlToHttpOptions>,
  "protocol" | "hostname" | "port" | "path" | "auth"
>;

/** Of addresses that were asked before, so that they are not taken apart for each request; forgotten when too many. */
const targets = new Map<string, Target | undefined>();
const mostTargets = 256;

const targetAt = ({ auth, hostname, path, port, protocol }: Target): Target => ({
  protocol,
  hostname,
  port,
  path,
  ...(auth === undefined ? {} : { auth }),
});

const targetOf = (text: string): Target | undefined => {
  if (targets.has(text)) return targets.get(text);
  const url = URL.parse(text);
  const target =
    url === null || !/^https?:$/.test(url.protocol) ? undefined : targetAt(urlToHttpOptions(url));
  if (targets.size >= mostTargets) targets.clear();
  targets.set(text, target);
  return target;
};

const givenUp = () => new DOMException("The request was given up.", "AbortError");

/** Errors of the network and of name servers, which may pass; all others before a connection stands are for good. */
const passing =
  /^(?:ECONN|ENOTFOUND|EAI_AGAIN|EHOST|ENET|ETIMEDOUT|EPIPE|EADDR|EMFILE|ENFILE|ENOENT)/;

/** Sends one request, once. The promise is that of the answer's head, and rejects with `RequestFailed` alone. */
export const sendRequest = (asked: UpstreamRequest): Promise<UpstreamAnswer> => {
  const { promise, resolve, reject } = Promise.withResolvers<UpstreamAnswer>();
  const { body, method, signal } = asked;
  const fail = (cause: unknown, wasSent: boolean) => {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "ECONNRESET";
    reject(
      new RequestFailed({
        message: textOf(cause),
        wasSent,
        isFinal: !wasSent && !passing.test(code),
      }),
    );
  };
  const target = targetOf(asked.url);
  if (target === undefined) {
    const message = "The address is no URL that begins with http:// or https://.";
    return Promise.reject(new RequestFailed({ message, wasSent: false, isFinal: true }));
  }
  const isTls = target.protocol === "https:";
  const headers: Record<string, string> =
    asked.headers instanceof Headers ? Object.fromEntries(asked.headers) : { ...asked.headers };
  if (body !== undefined) headers["content-length"] = String(Buffer.byteLength(body));
  let isConnected = false;
  let timer: Timer | undefined;
  const request = (isTls ? secureRequest : plainRequest)({
    ...target,
    method,
    headers,
    agent: isTls ? tlsAgent : plainAgent,
  });
  const abort = () => request.destroy(givenUp());
  request.on("close", () => signal.removeEventListener("abort", abort));
  signal.addEventListener("abort", abort);
  const connected = () => {
    isConnected = true;
    clearTimeout(timer);
  };
  request.on("socket", (socket) => {
    if (!socket.connecting && (!isTls || request.reusedSocket)) return connected();
    timer = setTimeout(
      () => request.destroy(new Error(`No connection within ${connectMillis / 1000} s.`)),
      connectMillis,
    );
    socket.once(isTls ? "secureConnect" : "connect", connected);
  });
  request.on("error", (cause) => {
    clearTimeout(timer);
    fail(cause, isConnected);
  });
  request.on("finish", () => asked.onSent?.());
  request.on("response", (message) => {
    resolve({
      status: message.statusCode ?? 0,
      headers: headersOf(message),
      body: new UpstreamBody(message),
    });
  });
  if (signal.aborted) abort();
  else request.end(body);
  return promise;
};
