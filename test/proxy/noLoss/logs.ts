// What both ends of the proxy saw and said, kept where no fault reaches it.
import type { Era } from "./eras.ts";

/** One session of a client. */
export interface SessionLog {
  /** Its name, under which its conversation is found. */
  readonly id: string;
  /** The door and the upstream, for those who read of it. */
  readonly way: string;
  /** What is `modern` has no sessions: these are requests that name the same one. */
  readonly era: Era;
  /** Whether what it sends arrives in the order of sending: each request over HTTP has a connection of its own. */
  readonly isOrdered: boolean;
  /** In the order in which they were sent; the last ones may have got nowhere. */
  readonly sent: Array<string>;
  /** What came, each stream in its order: a WebSocket is one, each answer over HTTP another. */
  readonly received: Array<Array<string>>;
}

/** One connection to an upstream, one process of it, or one request over HTTP with its answer. */
export interface ConnectionLog {
  /** The session that it was opened for, as its first frame says. */
  session: string | undefined;
  /** Whether it follows those before it: requests over HTTP are there side by side. */
  readonly isOrdered: boolean;
  readonly sent: Array<string>;
  readonly received: Array<string>;
  /** When each of those came, in milliseconds, where they may overtake one another. */
  readonly receivedAt?: Array<number>;
}

/** How a client names its session to the server, which is how the two are brought together. */
export const clientName = (session: string): string => `no-loss-${session}`;

/** The session that a frame names. */
export const sessionIn = (frame: string): string | undefined =>
  /"no-loss-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"/.exec(frame)?.[1];
