/**
 * HTTP requests to upstreams. Not `fetch`: it has a bound on requests that are open at a time, under which streams that
 * never end would starve everybody else's calls; it follows redirects or tells nothing of them; and it does not say
 * whether a request that failed can have arrived.
 */
import { type IncomingMessage, Agent as PlainAgent, request as plainRequest } from "node:http";
import { request as secureRequest, Agent as TlsAgent } from "node:https";
import { Schema } from "effect";

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
  readonly headers: Headers;
  readonly body: Uint8Array | string | undefined;
  /** Ends the request, and its answer's stream. */
  readonly signal: AbortSignal;
  /** Called when the last byte has been handed to the network. */
  readonly onSent?: () => void;
}

/** The head of an answer, with what follows it. */
export interface UpstreamAnswer {
  readonly status: number;
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
    message.on("aborted", () => this.#finish(new Error("The connection was cut.")));
    message.on("close", () => this.#finish(new Error("The connection was cut.")));
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
    const chunks: Array<Uint8Array> = [];
    let bytes = 0;
    for (let chunk = await this.read(); chunk !== undefined; chunk = await this.read()) {
      bytes += chunk.length;
      if (bytes > limit) {
        this.cancel();
        return undefined;
      }
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  /** Nobody reads it any more. */
  cancel(): void {
    this.#finish(new Error("The answer was given up."));
    this.#message.destroy();
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
const hopByHop = [
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** Takes out what belongs to the connection alone, by its own list too. */
export const withoutHopByHop = (headers: Headers): Headers => {
  const kept = new Headers(headers);
  for (const name of (headers.get("connection") ?? "").split(",")) {
    const trimmed = name.trim();
    if (/^[\w!#$%&'*+.^`|~-]+$/.test(trimmed)) kept.delete(trimmed);
  }
  for (const name of hopByHop) kept.delete(name);
  return kept;
};

const headersOf = (message: IncomingMessage): Headers => {
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(message.headersDistinct)) {
    for (const value of values) headers.append(name, value);
  }
  return headers;
};

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
  const url = URL.parse(asked.url);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    const message = "The address is no URL that begins with http:// or https://.";
    return Promise.reject(new RequestFailed({ message, wasSent: false, isFinal: true }));
  }
  const isTls = url.protocol === "https:";
  const headers: Record<string, string> = Object.fromEntries(asked.headers);
  if (body !== undefined) headers["content-length"] = String(Buffer.byteLength(body));
  let isConnected = false;
  let timer: Timer | undefined;
  const request = (isTls ? secureRequest : plainRequest)(url, {
    method,
    headers,
    signal,
    agent: isTls ? tlsAgent : plainAgent,
  });
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
  request.end(body);
  return promise;
};
