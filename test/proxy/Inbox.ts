// What has come in and nobody has taken yet, for tests that wait for it.

/** Things in the order in which they came. */
export class Inbox<A> {
  readonly #waiting: Array<A> = [];
  readonly #takers: Array<PromiseWithResolvers<A>> = [];
  #why: string | undefined;

  put(item: A): void {
    const taker = this.#takers.shift();
    if (taker === undefined) this.#waiting.push(item);
    else taker.resolve(item);
  }

  /** Nothing more comes; who waits is told why. */
  end(why: string): void {
    this.#why = why;
    for (const taker of this.#takers.splice(0)) taker.reject(new Error(why));
  }

  /** The next one, which may be there already. */
  next(): Promise<A> {
    const item = this.#waiting.shift();
    if (item !== undefined) return Promise.resolve(item);
    if (this.#why !== undefined) return Promise.reject(new Error(this.#why));
    const taker = Promise.withResolvers<A>();
    this.#takers.push(taker);
    return taker.promise;
  }

  async take(count: number): Promise<ReadonlyArray<A>> {
    const items: Array<A> = [];
    while (items.length < count) items.push(await this.next());
    return items;
  }

  /** What has come and was not taken. */
  get rest(): ReadonlyArray<A> {
    return this.#waiting;
  }
}
