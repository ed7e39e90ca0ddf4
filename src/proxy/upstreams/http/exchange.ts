/** One HTTP request of a client, passed on to an upstream as it is, and its answer back as it comes. */
import { Effect } from "effect";
import {
  type ConnectBounds,
  defaultConnectBounds,
  waitAfter,
} from "../../../actors/proxySession/connectBounds.ts";
import { type HttpUpstream, UpstreamUnreachable } from "../../../domain/Upstream.ts";
import { contentTypeOf } from "../../contentType.ts";
import { mostEventBytes } from "../../sse.ts";
import type { Exchange, ExchangeAnswer } from "../UpstreamKind.ts";
import {
  ofConnection,
  RequestFailed,
  sendRequest,
  type UpstreamAnswer,
  type UpstreamBody,
  type UpstreamRequest,
} from "./client.ts";

const mostRedirects = 3;

/** What a fault is told as: no credential and no query of the address is in it. */
const addressOf = (url: string): string => {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
};

/** The sentence for a request that got no answer. */
export const unreachable = ({ name, url }: HttpUpstream, { message, wasSent }: RequestFailed) =>
  new UpstreamUnreachable({
    message: wasSent
      ? `The upstream ${name} was lost before it answered (${message}). Whether it did what was asked is not known; ask again if that can be done twice.`
      : `The upstream ${name} cannot be reached at ${URL.canParse(url) ? addressOf(url) : "its address"}: ${message}. Try again when it is up.`,
  });

/** The sentence for an upstream that does not let Dewey in; the client's own credentials have nothing to do with it. */
export const refusedCredentials = ({ name }: HttpUpstream) =>
  new UpstreamUnreachable({
    message: `The upstream ${name} asks for other credentials than Dewey has for it (401). Set its headers in the upstreams file.`,
  });

/** The sentence for an answer that was cut. */
export const lostMidway = (name: string): string =>
  `The upstream ${name} was lost in the middle of its answer.`;

/** The sentence for an answer that is longer than any message may be. */
export const tooLong = (name: string): string =>
  `The answer of the upstream ${name} is longer than ${mostEventBytes} bytes.`;

/** The headers of every request to the upstream, with those that its entry in the file has. */
export const headersFor = (
  { headers: own }: HttpUpstream,
  headers: Readonly<Record<string, string>> = {},
): Record<string, string> => {
  const sent: Record<string, string> = {};
  const isOurs = ofConnection(headers["connection"]);
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined && !isOurs(name)) sent[name] = value;
  }
  // What is recorded is what was said, not how it was packed.
  sent["accept-encoding"] = "identity";
  for (const [name, value] of Object.entries(own)) sent[name.toLowerCase()] = value;
  return sent;
};

/** Sends a request again for as long as it cannot have arrived, to the bound. A promise, since every call waits on it. */
export const sendPatiently = async (
  request: UpstreamRequest,
  bounds: ConnectBounds,
): Promise<UpstreamAnswer | RequestFailed> => {
  for (let failures = 1; ; failures++) {
    try {
      return await sendRequest(request);
    } catch (cause) {
      if (!(cause instanceof RequestFailed)) throw cause;
      if (cause.wasSent || cause.isFinal || failures >= bounds.tries) return cause;
      await Effect.runPromise(waitAfter(failures, bounds));
    }
  }
};

const isRedirect = (status: number): boolean => [301, 302, 303, 307, 308].includes(status);

/** Where an answer sends its client instead, if it does. */
const redirectOf = ({ headers, status }: UpstreamAnswer, url: string): string | undefined => {
  const location = isRedirect(status) ? headers.get("location") : null;
  return location !== null && URL.canParse(location, url) ? new URL(location, url).href : undefined;
};

const canFollow = (method: string, status: number, from: string, to: string): boolean =>
  new URL(from).origin === new URL(to).origin &&
  (method === "GET" || status === 307 || status === 308);

const streamOf = (body: UpstreamBody): ReadableStream<Uint8Array<ArrayBuffer>> =>
  new ReadableStream(
    {
      pull: async (controller) => {
        const chunk = await body.read();
        if (chunk === undefined) controller.close();
        else controller.enqueue(chunk);
      },
      cancel: () => body.cancel(),
    },
    { highWaterMark: 0 },
  );

const unpacked = (
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  encoding: string,
): ReadableStream<Uint8Array> | undefined => {
  switch (encoding) {
    case "":
    case "identity":
      return body;
    case "gzip":
    case "deflate":
      return body.pipeThrough(new DecompressionStream(encoding));
    default:
      return undefined;
  }
};

const isBodiless = (method: string, status: number): boolean =>
  method === "HEAD" || status === 204 || status === 205 || status === 304;

/** The answer for the client, without what was between Dewey and the upstream alone. */
const answerFor = async (
  { name }: HttpUpstream,
  method: string,
  { body, headers, status }: UpstreamAnswer,
): Promise<ExchangeAnswer | UpstreamUnreachable> => {
  const encoding = headers.get("content-encoding")?.trim().toLowerCase() ?? "";
  headers.delete("content-encoding");
  headers.delete("content-length");
  // The client's cookies do not go upstream either: one could not be told from another's.
  headers.delete("set-cookie");
  if (isBodiless(method, status)) {
    body.cancel();
    return { status, headers, body: null };
  }
  const isPlain = encoding === "" || encoding === "identity";
  if (isPlain && status >= 200 && contentTypeOf(headers).endsWith("json")) {
    // A message is of use as a whole alone.
    try {
      const bytes = await body.whole(mostEventBytes);
      return bytes === undefined
        ? new UpstreamUnreachable({ message: tooLong(name) })
        : { status, headers, body: bytes };
    } catch {
      return new UpstreamUnreachable({ message: lostMidway(name) });
    }
  }
  const plain = unpacked(streamOf(body), encoding);
  if (plain !== undefined && status >= 200) return { status, headers, body: plain };
  body.cancel();
  return new UpstreamUnreachable({
    message: `The upstream ${name} answered in a way that Dewey does not read: status ${status}, encoding ${JSON.stringify(encoding)}.`,
  });
};

/** Passes requests on. One that cannot have arrived is sent again, to the bounds; no other is. */
export const makeExchange = (bounds: ConnectBounds = defaultConnectBounds) => {
  /** Asks at this address, which so many others have sent it on to. */
  const ask = async (
    upstream: HttpUpstream,
    request: Exchange,
    url: string,
    redirects: number,
  ): Promise<ExchangeAnswer | UpstreamUnreachable> => {
    const { body, method, signal } = request;
    const headers = headersFor(upstream, request.headers);
    const answer = await sendPatiently({ url, method, headers, body, signal }, bounds);
    if (answer instanceof RequestFailed) return unreachable(upstream, answer);
    const { status } = answer;
    const target = redirectOf(answer, url);
    if (status !== 401 && target === undefined) return answerFor(upstream, method, answer);
    answer.body.cancel();
    if (target === undefined) return refusedCredentials(upstream);
    if (redirects < mostRedirects && canFollow(method, status, url, target)) {
      return ask(upstream, request, target, redirects + 1);
    }
    return new UpstreamUnreachable({
      message: `The upstream ${upstream.name} sends its clients on to ${addressOf(target)}. Set that as its url in the upstreams file, if it is where it should be.`,
    });
  };
  return (upstream: HttpUpstream, request: Exchange) =>
    Effect.flatMap(
      Effect.promise(() => ask(upstream, request, upstream.url, 0)),
      (answer) =>
        answer instanceof UpstreamUnreachable ? Effect.fail(answer) : Effect.succeed(answer),
    );
};
