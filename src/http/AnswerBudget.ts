/**
 * The bytes of answers that clients have not read yet: bounded for each client and for all of them, so that clients who
 * ask for much and read nothing cost no more than that. How large an answer is, nobody knows before it is made: one for
 * which there is no room is dropped, and made again when there is. A call that is slow takes no room meanwhile, so that
 * nobody waits for it.
 */
import { Context, Effect } from "effect";
import { roughBytes } from "./roughBytes.ts";

const MiB = 1024 * 1024;

/** What one client may have waiting. An answer is at most 8 MiB, about twice that with MCP's text beside it. */
export const clientAnswerBytes = 32 * MiB;

/** What all clients together may have waiting. */
const allAnswerBytes = 48 * MiB;

/** Answers up to here are given in any case: there are never many of them in flight. Those of all writes are. */
export const smallAnswerBytes = 64 * 1024;

/** The answers of all clients. */
export class AllAnswers {
  readonly limit: number;
  /** Those who wait for room. */
  readonly waiting = new Set<AnswerBudget>();
  bytes = 0;

  constructor(limit: number = allAnswerBytes) {
    this.limit = limit;
  }
}

/** One for the process, unless a test has its own. */
export const ProcessAnswers = Context.Reference<AllAnswers>("dewey/http/ProcessAnswers", {
  defaultValue: () => new AllAnswers(),
});

/** Identifies an answer of a client, as long as it has not been read. */
export type AnswerKey = string | number;

/** The answers of one client. */
export class AnswerBudget {
  readonly #all: AllAnswers;
  readonly #limit: number;
  readonly #unread = new Map<AnswerKey, number>();
  /** Each goes on if there is room for it now. */
  readonly #waiters = new Set<() => void>();
  #bytes = 0;
  /** What the next answer is likely to hold: as much as the largest of late, half as much after each smaller one. */
  #likely = 0;
  #closed = false;

  constructor(all: AllAnswers, limit: number = clientAnswerBytes) {
    this.#all = all;
    this.#limit = limit;
  }

  /** About how many bytes wait to be read. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Runs a call whose answer counts until it has been read; one that can be repeated waits for room. */
  readonly counting = <A, E, R>(
    key: AnswerKey,
    call: Effect.Effect<A, E, R>,
    canRepeat: boolean,
  ): Effect.Effect<A, E, R> => {
    const counted = Effect.tap(call, (answer) =>
      Effect.sync(() => this.hold(key, roughBytes(answer))),
    );
    if (!canRepeat) return counted;
    const giveOrRepeat = (answer: A): Effect.Effect<A, E, R> => {
      const bytes = roughBytes(answer);
      this.#likely = Math.max(bytes, this.#likely / 2);
      if (bytes <= smallAnswerBytes || this.#hasRoom(key, bytes)) {
        this.hold(key, bytes);
        return Effect.succeed(answer);
      }
      // By itself the collector would come late: it does not see how much such texts take.
      const collect = Effect.sync(() => Bun.gc(false));
      return collect.pipe(Effect.andThen(this.#room(key, bytes)), Effect.andThen(counted));
    };
    return Effect.suspend(() => {
      const made = Effect.flatMap(call, giveOrRepeat);
      // Where it would be dropped in all likelihood, it is not made before there is room.
      return this.#likely <= smallAnswerBytes || this.#hasOwnRoom(key, this.#likely)
        ? made
        : Effect.andThen(this.#room(key, this.#likely), made);
    }).pipe(Effect.onError(() => Effect.sync(() => this.answered(key))));
  };

  /** Counts an answer that is there, or that will be. */
  readonly hold = (key: AnswerKey, bytes: number): void => {
    if (this.#closed) return;
    const before = this.#unread.get(key) ?? 0;
    this.#unread.set(key, bytes);
    this.#bytes += bytes - before;
    this.#all.bytes += bytes - before;
    if (bytes < before) this.#wakeAll();
  };

  /** The answer has been read, or nobody will. */
  readonly answered = (key: AnswerKey): void => {
    const bytes = this.#unread.get(key);
    if (bytes === undefined) return;
    this.#unread.delete(key);
    this.#bytes -= bytes;
    this.#all.bytes -= bytes;
    this.#wakeAll();
  };

  /** The client is gone, or has read everything: nothing counts any more. */
  readonly close = (): void => {
    for (const key of [...this.#unread.keys()]) this.answered(key);
    this.#closed = true;
  };

  /** Nobody waits for ever: what is too large for any budget goes alone. */
  #hasOwnRoom(key: AnswerKey, bytes: number): boolean {
    const others = this.#bytes - (this.#unread.get(key) ?? 0);
    return others === 0 || others + bytes <= this.#limit;
  }

  #hasRoom(key: AnswerKey, bytes: number): boolean {
    const others = this.#all.bytes - (this.#unread.get(key) ?? 0);
    return this.#hasOwnRoom(key, bytes) && (others === 0 || others + bytes <= this.#all.limit);
  }

  /** Waits until there is room for so many bytes, and takes it. */
  #room(key: AnswerKey, bytes: number): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      const waiter = () => {
        if (!this.#hasRoom(key, bytes)) return;
        leave();
        this.hold(key, bytes);
        resume(Effect.void);
      };
      const leave = () => {
        this.#waiters.delete(waiter);
        if (this.#waiters.size === 0) this.#all.waiting.delete(this);
      };
      this.#waiters.add(waiter);
      this.#all.waiting.add(this);
      waiter();
      return Effect.sync(leave);
    });
  }

  #wakeAll(): void {
    // Whose answer made the room comes first.
    for (const waiter of this.#waiters) waiter();
    for (const budget of this.#all.waiting) for (const waiter of budget.#waiters) waiter();
  }
}
