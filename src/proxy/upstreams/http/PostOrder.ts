/**
 * The order of posts, which have none of their own. One leaves when the one before has been written to the network; what
 * is no request waits until requests before it were taken up, and what follows it until it was: a cancellation finds its
 * request, and a request the notification that it depends on. None waits for ever: some servers take a post up by
 * answering it, and the answer may need the next.
 */

/** A post on its way. */
export interface Departure {
  /** Its last byte was written to the network, or it failed. */
  readonly sent: Promise<void>;
  /** The head of its answer came, or it failed. */
  readonly taken: Promise<void>;
}

/** Nothing overtakes an `initialize`, whose answer names the session. */
export type PostKind = "initialize" | "request" | "other";

/** How long it waits, and how much. */
export interface OrderBounds {
  /** How long a post that is not taken up may keep another one waiting. */
  readonly patienceMillis: number;
  /** Posts that may wait before whoever makes them is told to wait. */
  readonly waiting: number;
}

/** The posts of one session. */
export class PostOrder {
  readonly #bounds: OrderBounds;
  /** Requests that the upstream has not taken up yet. */
  readonly #untaken = new Set<Promise<void>>();
  #turn: Promise<void> = Promise.resolve();
  #waiting = 0;
  #room: PromiseWithResolvers<void> | undefined;

  constructor(bounds: OrderBounds) {
    this.#bounds = bounds;
  }

  /** Resolves when all that was added before is on its way. */
  get departed(): Promise<void> {
    return this.#turn;
  }

  /** Lets a post leave in its turn; as a link's `send` it answers whether there is room for more. */
  add(kind: PostKind, depart: () => Departure | undefined): Promise<void> | undefined {
    this.#waiting++;
    this.#turn = this.#turn.then(() => this.#next(kind, depart));
    if (this.#waiting < this.#bounds.waiting) return undefined;
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  /** Nobody need wait for room any more. */
  end(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }

  /** Resolves when the next may leave. */
  async #next(kind: PostKind, depart: () => Departure | undefined): Promise<void> {
    if (kind === "other") await Promise.all(this.#untaken);
    this.#waiting--;
    if (this.#waiting < this.#bounds.waiting) this.end();
    const departure = depart();
    if (departure === undefined) return;
    if (kind === "initialize") return departure.taken;
    const inTime = this.#inTime(departure);
    if (kind === "other") return inTime;
    this.#untaken.add(inTime);
    void inTime.then(() => this.#untaken.delete(inTime));
    return departure.sent;
  }

  /** Resolves when the post was taken up, or could have been for long enough. */
  async #inTime({ sent, taken }: Departure): Promise<void> {
    await sent;
    let timer: Timer | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.#bounds.patienceMillis);
    });
    await Promise.race([taken, patience]);
    clearTimeout(timer);
  }
}
