/**
 * Upstreams behind a WebSocket. Bun's client tells how much waits to leave and can stop reading; what it cannot tell is
 * when there is room again, so that is looked for while somebody waits.
 */
import { Duration, Effect, type Scope } from "effect";
import type { Link, LinkHandlers } from "../../actors/links.ts";
import type { Frame } from "../../domain/Frame.ts";
import { UpstreamUnreachable, type WebSocketUpstream } from "../../domain/Upstream.ts";
import { answersPing } from "./ping.ts";
import { shownUrl } from "./shownUrl.ts";
import type { UpstreamKind } from "./UpstreamKind.ts";

/** The bounds of one connection. */
export interface WebSocketBounds {
  readonly frameBytes: number;
  /** What may wait to leave before whoever sends is told to wait. */
  readonly roomBytes: number;
  readonly opening: Duration.Input;
  /** After so long without a sign of life the upstream is asked for one, and once more; after as long again it is lost. */
  readonly silence: Duration.Input;
  /** How long the upstream has to finish a closing handshake. */
  readonly closing: Duration.Input;
}

const MiB = 1024 * 1024;

const defaultBounds: WebSocketBounds = {
  frameBytes: 16 * MiB,
  roomBytes: MiB,
  opening: "10 seconds",
  silence: "30 seconds",
  closing: "1 second",
};

/** How often an upstream is asked for a sign of life before it is lost. */
const mostAsked = 2;

/** How often it is looked whether there is room, at first and at most. */
const lookMillis = { first: 1, most: 32 };

const closedFor: Readonly<Record<number, string>> = {
  1000: "closed the connection",
  1001: "is going away",
  1005: "closed the connection",
  1006: "is gone without a word",
  1009: "says that a message is too large",
  1011: "says that it failed",
  1012: "is restarting",
  1013: "says to come back later",
};

const sentence = (url: string, what: string, reason: string) =>
  `${url} ${what}${reason === "" ? "" : `: ${reason.slice(0, 200)}`}.`;

class SocketLink implements Link {
  readonly #socket: WebSocket;
  readonly #bounds: WebSocketBounds;
  readonly #url: string;
  readonly #silence: number;
  #handlers: LinkHandlers | undefined;
  /** What came before anybody was told that the link is open. */
  #early: Array<() => void> | undefined = [];
  /** Whether the session wants to hear nothing. */
  #isHeld = false;
  #room: PromiseWithResolvers<void> | undefined;
  #roomTimer: Timer | undefined;
  #lifeTimer: Timer | undefined;
  #heard = performance.now();
  /** How often it has been asked for a sign of life since. */
  #asked = 0;

  constructor(socket: WebSocket, handlers: LinkHandlers, url: string, bounds: WebSocketBounds) {
    this.#socket = socket;
    this.#handlers = handlers;
    this.#url = url;
    this.#bounds = bounds;
    this.#silence = Duration.toMillis(bounds.silence);
    const later = (event: () => void) => {
      if (this.#early === undefined) event();
      else this.#early.push(event);
    };
    socket.addEventListener("message", ({ data }: MessageEvent<string | Uint8Array>) =>
      later(() => this.#received(data)),
    );
    socket.addEventListener("pong", () => this.#isAlive());
    socket.addEventListener("ping", () => this.#isAlive());
    socket.addEventListener("close", ({ code, reason }) =>
      later(() =>
        this.#lost(sentence(url, closedFor[code] ?? `closed the connection with ${code}`, reason)),
      ),
    );
  }

  /** Tells the handlers from now on. */
  begin(): void {
    this.#lifeTimer = setInterval(() => this.#lookForLife(), this.#silence);
    setImmediate(() => {
      const early = this.#early ?? [];
      this.#early = undefined;
      for (const event of early) event();
      if (!this.#isHeld) this.resume();
    });
  }

  readonly send = (frame: Frame): Promise<void> | undefined => {
    if (this.#handlers === undefined || this.#socket.readyState !== WebSocket.OPEN)
      return undefined;
    this.#socket.send(frame);
    return this.#hasRoom() ? undefined : this.#waitForRoom();
  };

  readonly pause = (): void => {
    this.#isHeld = true;
    this.#socket.pause();
  };

  readonly resume = (): void => {
    this.#isHeld = false;
    if (this.#early !== undefined) return;
    // A pong may have waited behind what was not read.
    this.#isAlive();
    this.#socket.resume();
  };

  /** Closes politely where the upstream listens, and in any case. */
  get end(): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      this.#detach();
      const socket = this.#socket;
      if (socket.readyState === WebSocket.CLOSED) return resume(Effect.void);
      socket.addEventListener("close", () => resume(Effect.void));
      if (socket.isPaused) socket.resume();
      socket.close(1000);
      return Effect.sync(() => socket.terminate());
    }).pipe(Effect.interruptible, Effect.timeoutOption(this.#bounds.closing), Effect.asVoid);
  }

  /** Nothing more is told to the handlers. */
  #detach(): void {
    this.#handlers = undefined;
    clearInterval(this.#lifeTimer);
    this.#roomAgain();
  }

  #received(data: string | Uint8Array): void {
    this.#isAlive();
    const size = data.length;
    if (size <= this.#bounds.frameBytes) return this.#handlers?.onFrame(data);
    this.#lost(
      `${this.#url} sent a message of ${size} bytes: at most ${this.#bounds.frameBytes} are taken.`,
    );
    this.#socket.close(1009, "The message is too large.");
  }

  #isAlive(): void {
    this.#heard = performance.now();
    this.#asked = 0;
  }

  #lookForLife(): void {
    // Nothing can be heard of what is not read.
    if (this.#socket.isPaused) return this.#isAlive();
    const silence = performance.now() - this.#heard;
    if (silence < this.#silence * 0.9) return;
    // Not by the clock alone: a process that stood still has heard nothing, and asked nothing either.
    if (this.#asked < mostAsked) {
      this.#asked += 1;
      this.#socket.ping();
      return;
    }
    this.#lost(`${this.#url} has not given a sign of life for ${Math.round(silence / 1000)} s.`);
    this.#socket.terminate();
  }

  #hasRoom(): boolean {
    return this.#socket.bufferedAmount < this.#bounds.roomBytes;
  }

  #waitForRoom(): Promise<void> {
    if (this.#room !== undefined) return this.#room.promise;
    this.#room = Promise.withResolvers<void>();
    this.#look(lookMillis.first);
    return this.#room.promise;
  }

  #look(millis: number): void {
    this.#roomTimer = setTimeout(() => {
      if (this.#hasRoom()) this.#roomAgain();
      else this.#look(Math.min(2 * millis, lookMillis.most));
    }, millis);
  }

  #roomAgain(): void {
    clearTimeout(this.#roomTimer);
    this.#room?.resolve();
    this.#room = undefined;
  }

  #lost(reason: string): void {
    const handlers = this.#handlers;
    this.#detach();
    handlers?.onLost(reason);
  }
}

/** A link that is open and silent until it begins. */
const connect = (upstream: WebSocketUpstream, handlers: LinkHandlers, bounds: WebSocketBounds) => {
  const url = shownUrl(upstream.url);
  const refused = (why: string) =>
    new UpstreamUnreachable({ message: `${url} cannot be connected to: ${why}.` });
  return Effect.callback<SocketLink, UpstreamUnreachable>((resume) => {
    let socket: WebSocket;
    try {
      socket = new WebSocket(upstream.url, {
        headers: { ...upstream.headers },
        protocols: ["mcp"],
        // Saves little on one machine, and costs CPU for every frame.
        perMessageDeflate: false,
      });
    } catch (cause) {
      return resume(refused(cause instanceof Error ? cause.message : "its address is wrong"));
    }
    socket.binaryType = "nodebuffer";
    let why = "it closed the connection at once";
    const opened = () => {
      leave();
      const link = new SocketLink(socket, handlers, url, bounds);
      socket.pause();
      resume(Effect.succeed(link));
    };
    const failed = ({ message }: ErrorEvent) => {
      why = message.replace(/^WebSocket connection to '.*' failed: /, "").replace(/\.$/, "");
    };
    const closed = () => {
      leave();
      resume(refused(why));
    };
    const leave = () => {
      socket.removeEventListener("open", opened);
      socket.removeEventListener("error", failed);
      socket.removeEventListener("close", closed);
    };
    socket.addEventListener("open", opened);
    socket.addEventListener("error", failed);
    socket.addEventListener("close", closed);
    return Effect.sync(() => {
      leave();
      socket.terminate();
    });
  }).pipe(
    Effect.timeoutOrElse({
      duration: bounds.opening,
      orElse: () =>
        refused(
          `it has not answered within ${Duration.format(Duration.fromInputUnsafe(bounds.opening))}`,
        ),
    }),
  );
};

const open = Effect.fn("webSocket.open")(function* (
  upstream: WebSocketUpstream,
  handlers: LinkHandlers,
  bounds: WebSocketBounds,
): Effect.fn.Return<Link, UpstreamUnreachable, Scope.Scope> {
  const link = yield* Effect.acquireRelease(
    connect(upstream, handlers, bounds),
    (connected) => connected.end,
    { interruptible: true },
  );
  link.begin();
  return link;
});

/** The kind, with bounds that a test may lower. */
export const makeWebSocketKind = (
  given: Partial<WebSocketBounds> = {},
): UpstreamKind<WebSocketUpstream> => {
  const bounds = { ...defaultBounds, ...given };
  return {
    open: (upstream, handlers) => open(upstream, handlers, bounds),
    check: (upstream) => answersPing((handlers) => open(upstream, handlers, bounds)),
  };
};
