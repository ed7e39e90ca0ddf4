// Compares the frames of a conversation with what both ends have logged: everything that either of them received is
// there once, in order; what was said and reached nobody may be there, once.
import { isOwnCancellation } from "./clientIds.ts";
import { read } from "./frames.ts";
import type { ConnectionLog, SessionLog } from "./logs.ts";
import { overtaken } from "./overtaking.ts";
import type { Problem } from "./Problem.ts";
import type { Recorded } from "./recorded.ts";

type Find = (kind: Problem["kind"], about: string) => void;

/** What both ends of a session saw. */
interface Seen {
  readonly session: SessionLog;
  /** In the order of opening. */
  readonly connections: ReadonlyArray<ConnectionLog>;
  /** What the upstream said, as it may be recorded where nobody waited for it, by what is in the logs. */
  readonly strays: ReadonlyMap<string, string>;
  /** How many more cancellations the upstream received than its logs have. */
  readonly unknown: number;
}

const isInitialize = (frame: string): boolean => read(frame).method === "initialize";

/** The proxy repeats the client's handshake towards a new connection, its request under an id of its own. */
const isRepeatedInitialize = (frame: string): boolean => {
  const { id, method } = read(frame);
  return method === "initialize" && String(id).startsWith("dewey-");
};

const isInitialized = (frame: string): boolean =>
  read(frame).method === "notifications/initialized";

const isListChanged = (frame: string): boolean =>
  read(frame).method === "notifications/tools/list_changed";

/** What the proxy says to a client itself: that a server is gone, and that another one may offer something else. */
const isOwnToClient = (frame: string): boolean => read(frame).isRetryable || isListChanged(frame);

/** What was said: nothing of it may be recorded twice. */
class Saying {
  protected readonly find: Find;
  protected readonly places: ReadonlyMap<string, number>;
  protected readonly taken = new Set<string>();

  constructor(said: ReadonlyArray<string>, find: Find) {
    this.find = find;
    this.places = new Map(said.map((frame, place) => [frame, place]));
  }

  has(frame: string): boolean {
    return this.places.has(frame);
  }

  /** `isStray`: it is recorded by itself, where nobody waited for it any more. */
  take(frame: string, _isStray = false): void {
    if (this.taken.has(frame)) this.find("doubled", frame);
    this.taken.add(frame);
  }

  /** Everything that was recorded has been taken. */
  finish(): void {}
}

/** What was said on one connection: what is recorded of it is its beginning, with nothing missing before the last. */
class OrderedSaying extends Saying {
  #next = 0;

  override take(frame: string, isStray = false): void {
    const place = this.places.get(frame) ?? 0;
    if (!isStray) {
      if (place < this.#next && !this.taken.has(frame)) this.find("order", frame);
      this.#next = Math.max(this.#next, place + 1);
    }
    super.take(frame);
  }

  override finish(): void {
    for (const [frame, place] of this.places) {
      if (place < this.#next && !this.taken.has(frame)) this.find("lost", frame);
    }
  }
}

/** What was received has to be within what was recorded, in the same order. */
const checkWithin = (
  received: ReadonlyArray<string>,
  recorded: ReadonlyArray<string>,
  find: Find,
): void => {
  const known = new Set(recorded);
  let at = 0;
  for (const frame of received) {
    if (!known.has(frame)) {
      find("lost", frame);
      continue;
    }
    const place = recorded.indexOf(frame, at);
    if (place === -1) find("order", frame);
    else at = place + 1;
  }
};

/** `restarts`: how often an upstream was told the handshake again. */
const checkSaidByClient = (
  recorded: ReadonlyArray<string>,
  { era, isOrdered, sent }: SessionLog,
  restarts: number,
  find: Find,
): void => {
  const said = isOrdered ? new OrderedSaying(sent, find) : new Saying(sent, find);
  const cancellations = new Saying([], find);
  const handshakes = new Map<string, number>();
  for (const frame of recorded) {
    if (era === "modern" && isOwnCancellation(frame)) {
      cancellations.take(frame);
      continue;
    }
    const isOwn = isRepeatedInitialize(frame);
    if (!isOwn && !said.has(frame)) find("foreign", frame);
    else if (isOwn || isInitialize(frame) || isInitialized(frame)) {
      const times = (handshakes.get(frame) ?? 0) + 1;
      handshakes.set(frame, times);
      if (times === 1 && !isOwn) said.take(frame);
      else if (times > (isOwn ? 1 : 1 + restarts)) find("doubled", frame);
    } else said.take(frame);
  }
  said.finish();
};

const checkSaidByUpstream = (
  recorded: ReadonlyArray<string>,
  { connections, session, strays }: Seen,
  find: Find,
): void => {
  const asked = new Set(session.sent.map((frame) => read(frame).id));
  const all = connections.map(({ sent }) => new OrderedSaying(sent, find));
  const refused = new Set<string>();
  let current = 0;
  const places = new Map(
    connections.flatMap(({ sent }, place) => sent.map((frame) => [frame, place] as const)),
  );
  for (const each of recorded) {
    const frame = strays.get(each) ?? each;
    const place = places.get(frame);
    if (place !== undefined) {
      if (place < current && connections[place]?.isOrdered === true) find("order", frame);
      current = place;
      all[place]?.take(frame, frame !== each);
    } else if (!isOwnToClient(frame)) find("foreign", frame);
    // What the proxy calls a request whose client is gone, it may call others too.
    else if (read(frame).isRetryable && asked.has(read(frame).id)) {
      if (refused.has(frame)) find("doubled", frame);
      refused.add(frame);
    }
  }
  for (const said of all) said.finish();
};

/** Nobody is answered or told anything twice, and nobody's request is sent twice. */
const checkOnce = (received: ReadonlyArray<string>, find: Find): void => {
  const seen = new Set<string>();
  for (const frame of received) {
    const { id, kind } = read(frame);
    const key = id === undefined ? frame : JSON.stringify([kind === "request", id]);
    if (seen.has(key)) find("doubled", frame);
    seen.add(key);
  }
};

/** Whether a frame is of the handshake, which leaves no conversation when nothing follows, or when it is refused. */
const isOpening = (frame: string, openingIds: ReadonlySet<string | number>): boolean => {
  const { id, kind, method } = read(frame);
  if (method !== undefined) return isInitialize(frame) || isInitialized(frame) || method === "ping";
  return (kind === "result" || kind === "error") && id !== undefined && openingIds.has(id);
};

/** Nothing may have been received beyond a handshake where nothing is recorded. */
export const checkUnrecorded = (
  session: SessionLog,
  connections: ReadonlyArray<ConnectionLog>,
  find: Find,
): void => {
  const toUpstream = connections.flatMap(({ received }) => received);
  const asked = [...session.sent, ...toUpstream].map(read);
  const openings = new Set(
    asked.flatMap(({ id, method }) =>
      id !== undefined && (method === "initialize" || method === "ping") ? [id] : [],
    ),
  );
  for (const frame of [...session.received.flat(), ...toUpstream]) {
    if (!isOpening(frame, openings)) find("lost", frame);
  }
};

/** Compares. */
export const checkFrames = ({ frames, messages }: Recorded, seen: Seen, find: Find): void => {
  const { connections, session, unknown } = seen;
  const way = (direction: string) =>
    frames.filter((each) => each.direction === direction).map(({ frame }) => frame);
  const [toUpstream, toClient] = [way("to_upstream"), way("to_client")];
  for (const [index, { frame, redactions, sequence }] of frames.entries()) {
    if (sequence !== index + 1) find("number", `${sequence} in place of ${index + 1}: ${frame}`);
    if (redactions > 0) find("redacted", frame);
  }
  // One that is lost again while it is told the handshake was not there in the meantime.
  const restarts = Math.max(
    messages.filter(({ event }) => event === "upstream_lost").length,
    toUpstream.filter(isRepeatedInitialize).length,
  );
  checkSaidByClient(toUpstream, session, restarts, find);
  checkSaidByUpstream(toClient, seen, find);

  for (const stream of session.received) checkWithin(stream, toClient, find);
  checkOnce(
    session.received.flat().filter((frame) => !isListChanged(frame)),
    find,
  );

  const ordered = connections.filter(({ isOrdered }) => isOrdered);
  const others = connections.filter(({ isOrdered }) => !isOrdered);
  const streams = [ordered, ...others.map((each) => [each])].map((each) =>
    each.flatMap(({ received }) => received),
  );
  // What waited for the upstream is recorded before the handshake that is repeated for it, and sent behind it: the
  // client's frames keep their order, and the proxy's own theirs.
  const isOwn = (frame: string) => isInitialize(frame) || isInitialized(frame);
  const late = new Set(connections.flatMap((each) => [...overtaken(each, frames)]));
  for (const stream of streams) {
    checkWithin(
      stream.filter((frame) => !isOwn(frame) && !late.has(frame)),
      toUpstream.filter((frame) => !isOwn(frame)),
      find,
    );
  }
  const cancellations = (all: ReadonlyArray<string>) => all.filter(isOwnCancellation).length;
  const missing = cancellations(streams.flat()) + unknown - cancellations(toUpstream);
  if (missing > 0) find("lost", `${missing} cancellations`);
  const handshakes = new Set(toUpstream.filter(isOwn));
  for (const frame of streams.flat().filter(isOwn)) {
    if (!handshakes.has(frame)) find("lost", frame);
  }
  checkOnce(
    streams.flat().filter((frame) => !isOwn(frame) || isRepeatedInitialize(frame)),
    find,
  );
};
