/** The frames of one session, on plain callbacks: each is captured and then forwarded, in order. */
import type { Frame } from "../../domain/Frame.ts";
import type { ConnectionEvent } from "../../domain/Recording.ts";
import type { CapturedStream } from "../../services/Capture.ts";
import type { Drain } from "../../services/Drain.ts";
import { type Envelope, readEnvelope, splice } from "../envelope.ts";
import type { Link } from "../links.ts";
import { ClientRequests } from "./ClientRequests.ts";
import { Handshake } from "./Handshake.ts";
import { Lane, type LaneBounds, type Passing } from "./Lane.ts";
import { retryableError } from "./ownFrames.ts";
import { ServerRequests } from "./ServerRequests.ts";

/** A frame from upstream as it is recorded, and as it is handed to the client's end. */
export interface Translated {
  readonly recorded: Frame;
  readonly delivered: Frame;
  /** Where it is recorded, if not in the session's own stream. */
  readonly stream?: CapturedStream | undefined;
}

/** The client's end of a session, as far as frames need it. */
export interface ClientEnd extends Omit<Link, "send"> {
  /** As a link's; the envelope of the frame where it was read already. */
  readonly send: (frame: Frame, envelope?: Envelope) => Promise<void> | undefined;
  /** Whether anybody is there to be told; without it somebody is for as long as the session. */
  readonly isHeard?: () => boolean;
}

/** What the traffic goes between. */
export interface TrafficOptions {
  readonly stream: CapturedStream;
  readonly upstream: string;
  readonly client: ClientEnd;
  readonly translate: ((frame: Frame, envelope: Envelope) => Translated) | undefined;
  readonly drain: Pick<Drain["Service"], "enter" | "isDraining">;
  readonly laneBounds: LaneBounds;
  /** A request came, and nobody tries to reach the upstream. */
  readonly wanted: () => void;
}

/** Requests in flight, at most; a client that asks for more without an answer is told so. */
const mostInFlight = 16_384;

const nothing = (): void => {};

let ownIds = 0;

/** The traffic of one session. */
export class Traffic {
  readonly handshake = new Handshake();
  readonly #options: TrafficOptions;
  readonly #up: Lane;
  readonly #down: Lane;
  readonly #clientRequests = new ClientRequests(this.handshake);
  #serverRequests: ServerRequests | undefined;
  /** Who waits for the answers to what the proxy itself asked. */
  #ownRequests: Map<string, (answer: Envelope) => void> | undefined;
  #lastTold: Promise<void> | undefined;
  #link: Link | undefined;
  /** Why requests are refused at once, while nobody tries to reach the upstream. */
  #refusal: string | undefined;
  #leave: (() => void) | undefined;
  #rested: Array<() => void> = [];
  #passed = 0;
  #isOver = false;

  constructor(options: TrafficOptions) {
    this.#options = options;
    const { client, laneBounds } = options;
    this.#up = new Lane(
      {
        deliver: (passing) => this.#deliverUp(passing),
        pause: () => client.pause(),
        resume: () => client.resume(),
      },
      laneBounds,
      true,
    );
    this.#down = new Lane(
      {
        deliver: ({ envelope, frame }) => {
          const room = client.send(frame, envelope);
          this.rest();
          return room;
        },
        pause: () => this.#link?.pause(),
        resume: () => this.#link?.resume(),
      },
      laneBounds,
      false,
    );
  }

  /**
   * A frame of the client; `forwarded` where something else is sent upstream than what is recorded, and its envelope;
   * `stream` where it is recorded elsewhere than the rest.
   */
  readonly receive = (
    frame: Frame,
    forwarded: Frame = frame,
    envelope: Envelope = readEnvelope(forwarded),
    stream: CapturedStream = this.#options.stream,
  ): void => {
    if (this.#isOver) return;
    this.#passed++;
    if (this.#refusal !== undefined && isAsking(envelope)) this.#options.wanted();
    this.#leave ??= this.#options.drain.enter();
    this.#up.push({ frame: forwarded, envelope });
    stream.frame("to_upstream", frame, this.#up.written);
  };

  /** A frame of the upstream. */
  readonly fromUpstream = (frame: Frame): void => {
    if (this.#isOver) return;
    this.#passed++;
    const envelope = readEnvelope(frame);
    if (envelope.kind === "request") {
      this.#serverRequests ??= new ServerRequests();
      return this.say(this.#serverRequests.asked(frame, envelope));
    }
    if (envelope.kind === "response") {
      if (this.#tookOwn(frame, envelope)) return;
      this.#clientRequests.answered(envelope);
    } else if (envelope.kind === "batch") {
      for (const item of envelope.items) {
        if (item.kind === "response") this.#clientRequests.answered(item);
      }
    }
    this.#toClient(frame, envelope);
  };

  /** Says something to the client that the upstream did not say. */
  say(frame: Frame): void {
    this.#toClient(frame, undefined);
  }

  event(event: ConnectionEvent): void {
    this.#options.stream.event(event);
  }

  /** There is an upstream: what waits is sent to it. */
  connected(link: Link): void {
    this.#link = link;
    this.#refusal = undefined;
    if (this.#down.isPaused) link.pause();
    this.#up.release();
  }

  /** The upstream is gone: what it has not answered is answered with an error, and what was not sent waits. */
  disconnected(message: string): void {
    this.#link = undefined;
    this.#up.hold();
    this.#ownRequests = undefined;
    this.#serverRequests?.forget();
    for (const id of this.#clientRequests.takeAll()) this.#refuse(id, message);
    this.rest();
  }

  /** Somebody tries to reach the upstream: what comes waits. */
  expect(): void {
    this.#refusal = undefined;
    this.#up.hold();
  }

  /** Nobody tries any more: requests are answered with an error, those that wait and those that come. */
  refuse(message: string): void {
    this.#refusal = message;
    this.#up.release();
  }

  /** Sends a request of the client again, under an id of its own, and hands over the answer, which the client never sees. */
  repeat(link: Link, request: Envelope, answered: (answer: Envelope) => void): void {
    const key = `dewey-${++ownIds}-${crypto.randomUUID()}`;
    this.#ownRequests ??= new Map();
    this.#ownRequests.set(`"${key}`, answered);
    this.tell(link, splice(request.text, request, { id: JSON.stringify(key) }));
  }

  /** Sends a frame of the proxy's own past what waits. */
  tell(link: Link, frame: Frame): void {
    const told = Promise.withResolvers<void>();
    this.#lastTold = told.promise;
    this.#options.stream.frame("to_upstream", frame, () => {
      void link.send(frame);
      told.resolve();
    });
  }

  /** Resolves when everything of the proxy's own has been sent. */
  told(): Promise<void> {
    return this.#lastTold ?? Promise.resolve();
  }

  /** Whether there is an upstream at the moment. */
  get isConnected(): boolean {
    return this.#link !== undefined;
  }

  /** Resolves when everything that the client has sent was forwarded. */
  flushed(): Promise<void> {
    return this.#link === undefined ? Promise.resolve() : this.#up.emptied();
  }

  /** The same although there may be no upstream yet. */
  forwarded(): Promise<void> {
    return this.#up.emptied();
  }

  /** Tells the upstream that nothing more will be sent; false where it cannot be told. */
  endInput(): boolean {
    this.#link?.endInput?.();
    return this.#link?.endInput !== undefined;
  }

  /** How many frames have come, from either side. */
  get passed(): number {
    return this.#passed;
  }

  /** Whether nobody waits for an answer, and nothing is on its way. */
  get isResting(): boolean {
    return this.#leave === undefined;
  }

  /** Resolves when that is so. */
  rested(): Promise<void> {
    if (this.isResting) return Promise.resolve();
    return new Promise((resolve) => this.#rested.push(resolve));
  }

  /** Resolves when everything that is to be said to the client was handed to its end. */
  said(): Promise<void> {
    return this.#down.emptied();
  }

  /** Nothing passes any more. */
  stop(): void {
    this.#isOver = true;
    this.#link = undefined;
    this.#up.hold();
    this.#leaveOff();
  }

  /** A shutdown waits for a session no longer than it has something to wait for. */
  rest(): void {
    if (this.#leave !== undefined && !this.#isBusy()) this.#leaveOff();
  }

  #toClient(frame: Frame, known: Envelope | undefined): void {
    const { stream, translate } = this.#options;
    if (translate === undefined) {
      this.#down.push({ frame, envelope: known });
      stream.frame("to_client", frame, this.#down.written);
      return;
    }
    const envelope = known ?? readEnvelope(frame);
    const { recorded, delivered, stream: own = stream } = translate(frame, envelope);
    this.#down.push({ frame: delivered, envelope: delivered === frame ? envelope : undefined });
    own.frame("to_client", recorded, this.#down.written);
  }

  #deliverUp({ frame, envelope }: Passing): Promise<void> | undefined {
    const link = this.#link;
    if (this.#isOver || envelope === undefined) return undefined;
    const refusal = link === undefined ? this.#refusal : this.#bound(envelope);
    if (link === undefined || refusal !== undefined) {
      if (refusal !== undefined) this.#refuseAll(envelope, refusal);
      this.rest();
      return undefined;
    }
    const sent = this.#registered(frame, envelope);
    const room = sent === undefined ? undefined : link.send(sent);
    this.rest();
    return room;
  }

  /** Why a request is not passed on although the upstream is there. */
  #bound(envelope: Envelope): string | undefined {
    if (!isAsking(envelope)) return undefined;
    if (this.#options.drain.isDraining()) {
      return "Dewey is shutting down. Connect again and repeat the request in a few seconds.";
    }
    return this.#clientRequests.size < mostInFlight
      ? undefined
      : `${mostInFlight} requests of this session are unanswered. Wait for some of them.`;
  }

  /** Notes what the frame begins or ends, and answers what is to be sent: undefined where nobody waits for it. */
  #registered(frame: Frame, envelope: Envelope): Frame | undefined {
    switch (envelope.kind) {
      case "request":
        this.#clientRequests.asked(envelope);
        return frame;
      case "response":
        return this.#serverRequests === undefined
          ? frame
          : this.#serverRequests.answered(frame, envelope);
      case "notification":
        if (envelope.method === "notifications/cancelled") this.#clientRequests.cancelled(envelope);
        else if (envelope.method === "notifications/initialized") {
          this.handshake.initialized = envelope.text;
        }
        return frame;
      case "batch":
        for (const item of envelope.items) {
          if (item.kind === "request") this.#clientRequests.asked(item);
        }
        return frame;
      case "other":
        return frame;
    }
  }

  /** Whether it answers something that the proxy itself asked: it is recorded, and goes no further. */
  #tookOwn(frame: Frame, envelope: Envelope): boolean {
    if (envelope.key === undefined || this.#ownRequests === undefined) return false;
    const answered = this.#ownRequests.get(envelope.key);
    if (answered === undefined) return false;
    this.#ownRequests.delete(envelope.key);
    this.#options.stream.frame("to_client", frame, nothing);
    answered(envelope);
    return true;
  }

  #refuseAll(envelope: Envelope, message: string): void {
    const asked = envelope.kind === "batch" ? envelope.items : [envelope];
    for (const { id, kind } of asked) {
      if (kind === "request" && id !== undefined) this.#refuse(id, message);
    }
  }

  #refuse(id: string, message: string): void {
    this.say(retryableError(id, message, this.#options.upstream));
  }

  #isBusy(): boolean {
    const { client, drain } = this.#options;
    // Of a client that is gone, only what it said last is still passed on.
    if (drain.isDraining() && client.isHeard?.() === false) {
      return this.#link !== undefined && this.#up.size > 0;
    }
    return this.#clientRequests.areWaitedFor || this.#up.size > 0 || this.#down.size > 0;
  }

  #leaveOff(): void {
    this.#leave?.();
    this.#leave = undefined;
    const rested = this.#rested;
    this.#rested = [];
    for (const resolve of rested) resolve();
  }
}

const isAsking = ({ items, kind }: Envelope): boolean =>
  kind === "request" || (kind === "batch" && items.some((item) => item.kind === "request"));
