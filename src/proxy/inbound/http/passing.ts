/** What the parts of a request that passes have in common. */
import type { Effect } from "effect";
import type { Envelope } from "../../../actors/envelope.ts";
import type { Frame } from "../../../domain/Frame.ts";
import type { Capture, CapturedStream } from "../../../services/Capture.ts";
import type { Exchange, LentStream } from "../../../services/capture/StatelessStreams.ts";
import type { Drain } from "../../../services/Drain.ts";
import type { Upstreams } from "../../../services/Upstreams.ts";
import { requestsOf } from "../../frames.ts";
import type { PassedSession } from "./PassedSession.ts";
import type { makePassedSessions } from "./passedSessions.ts";

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
export interface Place {
  readonly stream: CapturedStream;
  readonly session: PassedSession | undefined;
  /** The requests that wait for the answer. */
  readonly requests: Map<string, Envelope>;
  /** Whether the stream was opened for the session that is asked for. */
  readonly begins: boolean;
  /** The same stream, where it is lent for this one exchange. */
  readonly lent?: LentStream;
}

/** What an exchange without a session asks, and of which other one it is. */
export const exchangeOf = (envelope: Envelope | undefined): Exchange => ({
  asks: envelope === undefined ? [] : requestsOf(envelope).keys(),
  about:
    envelope?.kind === "response"
      ? envelope.key
      : envelope?.kind === "notification"
        ? envelope.referenceKey("requestId")
        : undefined,
});

/** Resolves once the frames are in the journal, or are known not to be kept. */
export const recorded = (
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

/** A stream that was opened for a session which the upstream did not open ends with its answer; a lent one goes back. */
export const endUnlessSession = ({ begins, lent, session, stream }: Place): void => {
  lent?.giveBack();
  if (begins && session === undefined) {
    stream.event({ event: "closed", reason: "The upstream keeps no session." });
  }
};
