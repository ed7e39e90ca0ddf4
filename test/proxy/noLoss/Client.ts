// A client that begins a new session, under a new name, whenever it has lost the one before; what carries the session
// is another's.
import { randomUUID } from "node:crypto";
import type { Chance } from "./chance.ts";
import type { SessionLog } from "./logs.ts";
import { type Speech, Talk } from "./Talk.ts";

/** The end of a session that is the client's. */
export interface Line {
  readonly send: (frame: string | Uint8Array<ArrayBuffer>) => void;
  readonly close: () => void;
}

/** What a line is opened with. */
export interface LineOptions {
  readonly address: string;
  readonly log: SessionLog;
  /** The line is there: nothing was said before. */
  readonly opened: () => void;
  /** A frame came on one of the streams of the log. */
  readonly received: (frame: string, stream: Array<string>) => void;
  /** Called once, however it came to its end. */
  readonly closed: () => void;
}

/** What a client is made of. */
export interface ClientOptions {
  readonly upstream: string;
  /** Where it is reached, with a question mark at the end. */
  readonly address: () => string;
  readonly isOrdered: boolean;
  readonly speech: Speech;
  readonly open: (options: LineOptions) => Line;
  readonly chance: Chance;
  /** Told that something happened. */
  readonly stir: () => void;
}

/** How long it waits before it tries again, at most. */
const pauseMillis = 100;

/** One client. */
export class Client {
  readonly upstream: string;
  /** How many frames have come, over all sessions. */
  received = 0;
  readonly #options: ClientOptions;
  #line: Line | undefined;
  #talk: Talk | undefined;
  #retry: Timer | undefined;
  #isStopped = true;
  #ended = Promise.resolve();
  #sessions: Array<SessionLog> = [];

  constructor(options: ClientOptions) {
    this.#options = options;
    this.upstream = options.upstream;
  }

  get inFlight(): number {
    return this.#talk?.inFlight ?? 0;
  }

  /** Hands over the sessions so far. */
  take(): ReadonlyArray<SessionLog> {
    const taken = this.#sessions;
    this.#sessions = [];
    return taken;
  }

  start(): void {
    this.#isStopped = false;
    this.#begin();
  }

  /** Ends the session in the middle of what it does. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#retry);
    this.#talk?.end();
    this.#line?.close();
    await this.#ended;
  }

  #begin(): void {
    const { address, chance, isOrdered, open, speech, stir } = this.#options;
    const log: SessionLog = { id: randomUUID(), isOrdered, sent: [], received: [] };
    const over = Promise.withResolvers<void>();
    const talk = new Talk(log, chance, speech, {
      send: (frame) => line.send(frame),
      leave: () => line.close(),
    });
    const line = open({
      address: `${address()}session=${log.id}`,
      log,
      opened: () => {
        this.#sessions.push(log);
        talk.begin();
      },
      received: (frame, stream) => {
        stream.push(frame);
        this.received++;
        talk.receive(frame);
        stir();
      },
      closed: () => {
        talk.end();
        over.resolve();
        stir();
        if (this.#isStopped) return;
        this.#retry = setTimeout(() => this.#begin(), chance.between(0, pauseMillis));
      },
    });
    this.#ended = over.promise;
    this.#talk = talk;
    this.#line = line;
  }
}
