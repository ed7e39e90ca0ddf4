// What a connection that serves a client without sessions has logged, in the client's own ids: the proxy gives each
// request one of its own towards such a connection, and changes nothing else of it.
import { read } from "./frames.ts";
import type { ConnectionLog } from "./logs.ts";

const ownId = /^(\{"jsonrpc":"2\.0","id":)("[^"]*"|\d+)/;
const progressToken = /("progressToken":)("[^"]*"|\d+)/;
const requestId = /("requestId":)("[^"]*"|\d+)/;

const idOf = (frame: string): string | undefined => ownId.exec(frame)?.[2];

/** A request without what the proxy may change. */
const withoutIds = (frame: string): string =>
  frame.replace(ownId, "$1*").replace(progressToken, "$1*");

/** A connection's log, and what of it may be recorded as it came. */
interface Restored {
  readonly log: ConnectionLog;
  /** What the upstream said, as it was said, and with the client's ids. */
  readonly strays: ReadonlyMap<string, string>;
  /** How many requests were cancelled here that never came here: nobody knows which they were. */
  readonly unknown: number;
}

/** Whether the proxy says it in place of a client that has closed the stream of a request. */
export const isOwnCancellation = (frame: string): boolean => {
  const { method, params } = read(frame);
  return (
    method === "notifications/cancelled" && params["reason"] === "The client closed the stream."
  );
};

/** Restores the ids of a log by the requests that the client has sent. */
export const inClientIds = (log: ConnectionLog, asked: ReadonlyArray<string>): Restored => {
  const known = new Map(asked.map((frame) => [withoutIds(frame), idOf(frame)]));
  const ids = new Map<string, string>();
  for (const frame of log.received) {
    const [given, own] = [idOf(frame), known.get(withoutIds(frame))];
    if (given !== undefined && own !== undefined) ids.set(given, own);
  }
  const restored = (frame: string): string => {
    const put = (_: string, name: string, id: string) => `${name}${ids.get(id) ?? id}`;
    return frame.replace(ownId, put).replace(progressToken, put).replace(requestId, put);
  };
  const isKnown = log.received.map(
    (frame) => !isOwnCancellation(frame) || ids.has(requestId.exec(frame)?.[2] ?? ""),
  );
  const received = log.received.filter((_, place) => isKnown[place]);
  const strays = new Map<string, string>();
  for (const frame of log.sent) {
    const own = restored(frame);
    if (own !== frame) strays.set(frame, own);
  }
  return {
    log: {
      ...log,
      // Connections of one client are there side by side.
      isOrdered: false,
      sent: log.sent.map(restored),
      received: received.map(restored),
      ...(log.receivedAt && { receivedAt: log.receivedAt.filter((_, place) => isKnown[place]) }),
    },
    strays,
    unknown: log.received.length - received.length,
  };
};
