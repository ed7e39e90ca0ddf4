/**
 * Keeps one session connected to its upstream: tries again with longer and longer waits when it cannot be reached or is
 * lost, and gives up after so many failures in a row, until somebody wants it again.
 */
import { Cause, type Clock, Deferred, Duration, Effect, Exit, Fiber, Scope } from "effect";
import { UpstreamUnreachable } from "../../domain/Upstream.ts";
import type { UpstreamStates } from "../../services/upstreams/UpstreamStates.ts";
import type { Link, LinkHandlers, OpenLink } from "../links.ts";
import { type ConnectBounds, waitAfter } from "./connectBounds.ts";

/** Whose connection it is. */
export interface Connected {
  readonly onFrame: LinkHandlers["onFrame"];
  /** Makes a new connection ready; `lost` fails as soon as it is lost. Nothing is sent meanwhile. */
  readonly prepare: (
    link: Link,
    lost: Effect.Effect<never, UpstreamUnreachable>,
  ) => Effect.Effect<void, UpstreamUnreachable>;
  /** The connection is ready. */
  readonly connected: (link: Link) => void;
  /** The connection that was ready is lost. Answers whether to connect again. */
  readonly lost: (why: string) => boolean;
  /** Nobody tries any more; `isWorn`: connections were made, and lost. */
  readonly gaveUp: (isWorn: boolean) => void;
}

/** Runs what goes on beside the frames. */
export type Run = (effect: Effect.Effect<void>) => Fiber.Fiber<void>;

/** What a connector works with. */
export interface ConnectorOptions {
  readonly name: string;
  readonly open: OpenLink;
  readonly bounds: ConnectBounds;
  readonly states: UpstreamStates;
  readonly session: Connected;
  readonly run: Run;
  readonly clock: Clock.Clock;
}

const tooSlow = new UpstreamUnreachable({ message: "It was not ready in time." });

const whyFailed = Effect.fnUntraced(function* (cause: Cause.Cause<UpstreamUnreachable>) {
  const [failure] = cause.reasons.filter(Cause.isFailReason);
  if (failure !== undefined && !Cause.hasDies(cause)) return failure.error.message;
  yield* Effect.logError("Connecting to an upstream failed by a fault of Dewey's own.", cause);
  return "Dewey failed to connect to it; the log has the details.";
});

/** One connection, from the attempt on. */
class Connection implements LinkHandlers {
  readonly scope = Scope.makeUnsafe();
  readonly onFrame: LinkHandlers["onFrame"];
  openedAt = 0;
  readonly #lost = Deferred.makeUnsafe<never, UpstreamUnreachable>();
  readonly #told: (connection: Connection, why: string) => void;

  constructor(
    onFrame: LinkHandlers["onFrame"],
    told: (connection: Connection, why: string) => void,
  ) {
    this.onFrame = onFrame;
    this.#told = told;
  }

  readonly onLost = (why: string): void => {
    Deferred.doneUnsafe(this.#lost, Effect.fail(new UpstreamUnreachable({ message: why })));
    this.#told(this, why);
  };

  get isLost(): boolean {
    return Deferred.isDoneUnsafe(this.#lost);
  }

  /** Fails once it is lost. */
  get lost(): Effect.Effect<never, UpstreamUnreachable> {
    return Deferred.await(this.#lost);
  }
}

/** One session's. */
export class Connector {
  readonly #options: ConnectorOptions;
  #trying: Fiber.Fiber<void> | undefined;
  #current: Connection | undefined;
  /** Connections that are being closed. */
  #closing: Set<Fiber.Fiber<void>> | undefined;
  /** In a row. */
  #failures = 0;
  /** Whether the last of them was a connection that was lost, not one that could not be made. */
  #isWorn = false;
  #restsUntil = 0;
  #isStopped = false;

  constructor(options: ConnectorOptions) {
    this.#options = options;
  }

  /** Begins to connect, as if nothing had failed before. */
  connect(): void {
    this.#failures = 0;
    this.#restsUntil = 0;
    this.#try();
  }

  /** Somebody waits for the upstream after it was given up; false while it is left alone. */
  wanted(): boolean {
    if (this.#isStopped || this.#now < this.#restsUntil) return false;
    this.connect();
    return true;
  }

  /** Lets go of the connection, if there is one, and of trying. */
  drop(): void {
    if (this.#trying !== undefined) this.#end(this.#trying);
    this.#trying = undefined;
    const dropped = this.#current;
    this.#current = undefined;
    if (dropped !== undefined) this.#close(dropped);
  }

  /** Nothing is tried from now on. */
  stop(): void {
    this.#isStopped = true;
    this.drop();
  }

  /** Stops, and waits until every connection is closed. */
  get closed(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.stop();
      return this.#closing === undefined ? Effect.void : Fiber.awaitAll([...this.#closing]);
    }).pipe(Effect.asVoid);
  }

  get #now(): number {
    return this.#options.clock.currentTimeMillisUnsafe();
  }

  #try(): void {
    if (this.#isStopped) return;
    if (this.#trying !== undefined) this.#end(this.#trying);
    const trying = this.#options.run(this.#untilConnected);
    this.#trying = trying;
    trying.addObserver(() => {
      if (this.#trying === trying) this.#trying = undefined;
    });
  }

  get #untilConnected(): Effect.Effect<void> {
    const { bounds, name, states } = this.#options;
    return Effect.gen({ self: this }, function* () {
      while (true) {
        if (this.#failures > 0) yield* waitAfter(this.#failures, bounds);
        const tried = yield* Effect.exit(this.#attempt);
        if (Exit.isSuccess(tried)) return;
        if (Cause.hasInterruptsOnly(tried.cause)) return yield* Effect.interrupt;
        const why = yield* whyFailed(tried.cause);
        this.#failures++;
        this.#isWorn = false;
        states.failed(name, why);
        if (this.#failures >= bounds.tries) return yield* this.#giveUp(why);
      }
    });
  }

  get #attempt(): Effect.Effect<void, UpstreamUnreachable> {
    const { bounds, name, open, session, states } = this.#options;
    return Effect.suspend(() => {
      const connection = new Connection(session.onFrame, this.#told);
      const { scope } = connection;
      return Effect.gen({ self: this }, function* () {
        const link = yield* Scope.provide(open(connection), scope);
        yield* session.prepare(link, connection.lost);
        const closed = states.opened(name);
        yield* Scope.addFinalizer(scope, Effect.sync(closed));
        if (connection.isLost) return yield* connection.lost;
        // From here on nothing comes in between: it is lost before, or later.
        connection.openedAt = this.#now;
        this.#current = connection;
        session.connected(link);
      }).pipe(
        Effect.timeoutOrElse({ duration: bounds.timeout, orElse: () => Effect.fail(tooSlow) }),
        Effect.onError(() => Scope.close(scope, Exit.void)),
      );
    });
  }

  readonly #told = (connection: Connection, why: string): void => {
    if (connection !== this.#current) return;
    const { bounds, name, run, session, states } = this.#options;
    this.#current = undefined;
    this.#close(connection);
    states.failed(name, why);
    const lasted = this.#now - connection.openedAt;
    this.#failures = lasted >= Duration.toMillis(bounds.steady) ? 1 : this.#failures + 1;
    this.#isWorn = true;
    if (!session.lost(why)) return;
    if (this.#failures >= bounds.tries) run(this.#giveUp(why));
    else this.#try();
  };

  #giveUp(why: string): Effect.Effect<void> {
    const { bounds, name, session, states } = this.#options;
    return Effect.suspend(() => {
      const rest = this.#isWorn ? Duration.toMillis(bounds.coolDown) : 0;
      this.#restsUntil = this.#now + rest;
      const before = states.gaveUp(name, why, this.#isWorn);
      session.gaveUp(this.#isWorn);
      const again = rest === 0 ? "" : ` after ${Duration.format(Duration.millis(rest))}`;
      if (before === undefined) return Effect.void;
      const others =
        before === 0 ? "" : ` So it was ${before} more times since this was said last.`;
      return Effect.logWarning(
        `The upstream ${JSON.stringify(name)} is given up after ${this.#failures} failures in a row; its client's next request${again} tries it again. The last failure: ${why}${others}`,
      );
    });
  }

  /** Not cut short by anything: a process may have to be ended. */
  #close({ scope }: Connection): void {
    this.#awaitLater(this.#options.run(Effect.uninterruptible(Scope.close(scope, Exit.void))));
  }

  /** An attempt that is given up closes what it has opened. */
  #end(trying: Fiber.Fiber<void>): void {
    trying.interruptUnsafe();
    this.#awaitLater(trying);
  }

  #awaitLater(fiber: Fiber.Fiber<void>): void {
    const closing = (this.#closing ??= new Set());
    closing.add(fiber);
    fiber.addObserver(() => closing.delete(fiber));
  }
}
