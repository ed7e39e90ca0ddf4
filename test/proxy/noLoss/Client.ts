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
  /** To the process that carries it, where it has one of its own. */
  readonly signal?: (signal: Signal) => void;
}

/** What ends a process: at once, or as it likes. */
export type Signal = "SIGKILL" | "SIGTERM";

/** What a line is opened with. */
export interface LineOptions {
  readonly log: SessionLog;
  /** The line is there: nothing was said before. */
  readonly opened: () => void;
  /** A frame came on one of the streams of the log. */
  readonly received: (frame: string, stream: Array<string>) => void;
  /** Called once, however it came to its end. */
  readonly closed: () => void;
}

/** What a client is made of. */
export interface ClientOptions extends Pick<SessionLog, "era" | "isOrdered"> {
  readonly door: string;
  readonly upstream: string;
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
  /** The door and the upstream. */
  readonly way: string;
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
    this.way = `${options.door} to ${options.upstream}`;
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

  /** Signals the process that carries the session, where there is one. */
  signal(signal: Signal): void {
    this.#line?.signal?.(signal);
  }

  /** Leaves the session to whom carries it, where that is a process that would see it through. */
  hangUp(): void {
    if (this.#line?.signal !== undefined) this.#line.close();
  }

  #begin(): void {
    const { chance, era, isOrdered, open, speech, stir } = this.#options;
    const log: SessionLog = {
      id: randomUUID(),
      way: this.way,
      era,
      isOrdered,
      sent: [],
      received: [],
    };
    const over = Promise.withResolvers<void>();
    const talk = new Talk(log, chance, speech, {
      send: (frame) => line.send(frame),
      leave: () => line.close(),
    });
    const line = open({
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
