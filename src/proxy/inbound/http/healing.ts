/**
 * Brings an upstream that was restarted to where the client believes it to be: the client's own `initialize` is
 * repeated, with what it set and subscribed to since, and from then on its session goes by a new name upstream.
 */
import { readEnvelope } from "../../../actors/envelope.ts";
import type { Frame } from "../../../domain/Frame.ts";
import { UpstreamUnreachable } from "../../../domain/Upstream.ts";
import { isEventStream } from "../../contentType.ts";
import { agreedVersion, frameOf } from "../../frames.ts";
import { EventStreamParser } from "../../sse.ts";
import type { Exchange, ExchangeAnswer } from "../../upstreams/UpstreamKind.ts";
import { chunksOf } from "./bodies.ts";
import type { PassedSession } from "./PassedSession.ts";

/** Sends a request to the upstream. */
export type Send = (request: Exchange) => Promise<ExchangeAnswer | UpstreamUnreachable>;

/** Whether the upstream has done what it was asked for. */
export const isOk = ({ status }: ExchangeAnswer): boolean => status >= 200 && status < 300;

const healMillis = 30_000;

const encoder = new TextEncoder();

/** The answer to the request of this key; undefined where there is none, or what came was cut. */
const answerIn = async ({ body, headers }: ExchangeAnswer, key: string | undefined) => {
  if (body === null) return undefined;
  if (body instanceof Uint8Array) return answerOf(frameOf(body), key);
  const isStream = isEventStream(headers);
  const parser = new EventStreamParser();
  const whole: Array<Uint8Array> = [];
  try {
    for await (const chunk of chunksOf(body)) {
      if (!isStream) whole.push(chunk);
      for (const { data } of isStream ? parser.push(chunk) : []) {
        const answer = answerOf(data, key);
        // Leaving the loop gives up the rest of the stream.
        if (answer !== undefined) return answer;
      }
    }
  } catch {
    return undefined;
  }
  return answerOf(frameOf(Buffer.concat(whole)), key);
};

const answerOf = (frame: Frame | undefined, key: string | undefined) => {
  const envelope = frame === undefined ? undefined : readEnvelope(frame);
  return envelope?.kind === "response" && envelope.key === key ? envelope : undefined;
};

/** Repeats the handshake; false where the upstream does not take it, or agrees to something else than before. */
export const heal = async (
  session: PassedSession,
  send: Send,
  record: (frames: ReadonlyArray<Frame>) => Promise<void>,
): Promise<boolean> => {
  const { handshake, stream } = session;
  const { initialize, initialized } = handshake;
  if (initialize === undefined) return false;
  stream.event({
    event: "upstream_lost",
    reason: "The upstream does not know the session any more.",
  });
  const signal = AbortSignal.timeout(healMillis);
  const post = async (text: string, more: Readonly<Record<string, string>>) => {
    await record([text]);
    const headers = { ...session.initializeHeaders, ...more };
    return send({ method: "POST", headers, body: encoder.encode(text), signal });
  };
  const first = await post(initialize.text, {});
  if (first instanceof UpstreamUnreachable) return false;
  const id = first.headers.get("mcp-session-id");
  const answer = await answerIn(first, initialize.key);
  if (id === null || answer === undefined || answer.isError) return false;
  const version = agreedVersion(answer);
  if (version !== session.version) return false;
  handshake.offered(answer);
  const headers = {
    "mcp-session-id": id,
    ...(version === undefined ? {} : { "mcp-protocol-version": version }),
  };
  if (initialized !== undefined) {
    const accepted = await post(initialized, headers);
    if (accepted instanceof UpstreamUnreachable || !isOk(accepted)) return false;
    if (accepted.body instanceof ReadableStream) await accepted.body.cancel();
  }
  for (const { key, text } of handshake.requests) {
    const response = await post(text, headers);
    if (response instanceof UpstreamUnreachable) return false;
    await answerIn(response, key);
  }
  session.renamed(id);
  stream.event({ event: "reconnected" });
  return true;
};
