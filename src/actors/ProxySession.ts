/**
 * One client's session with one upstream, which outlives the upstream's connections: one that is lost is opened again,
 * and told what the client had agreed with the one before. The frames themselves pass in `proxySession/Traffic.ts`.
 */
import { Clock, Deferred, Duration, Effect, Option, type Scope } from "effect";
import type { Frame } from "../domain/Frame.ts";
import type { StreamDescription } from "../domain/Recording.ts";
import { type Upstream, UpstreamUnreachable } from "../domain/Upstream.ts";
import { Capture, type CapturedStream } from "../services/Capture.ts";
import { Drain } from "../services/Drain.ts";
import { Upstreams } from "../services/Upstreams.ts";
import type { Envelope } from "./envelope.ts";
import type { Link, OpenLink } from "./links.ts";
import { type Connected, Connector, type Run } from "./proxySession/Connector.ts";
import { type ConnectBounds, defaultConnectBounds } from "./proxySession/connectBounds.ts";
import { defaultLaneBounds, type LaneBounds } from "./proxySession/Lane.ts";
import { lastAnswers } from "./proxySession/lastAnswers.ts";
import { type Sentences, sentencesOf } from "./proxySession/ownFrames.ts";
import { type ClientEnd, Traffic, type Translated } from "./proxySession/Traffic.ts";

/** The client's end of a session. */
export interface ClientLink extends ClientEnd {
  /** Ends the client's session, with a WebSocket's code and a reason for a person. */
  readonly close: (code: number, reason: string) => void;
}

/** How a session ended by itself. */
export interface SessionEnd {
  readonly code: number;
  readonly reason: string;
}

/** What a session is made of. */
export interface ProxySessionOptions {
  readonly description: StreamDescription;
  /** The definition at hand; a newer one is looked for when it is replaced. */
  readonly upstream: Upstream;
  /** Opens a connection to the definition that is current then. */
  readonly open: OpenLink;
  readonly client: ClientLink;
  /** Where the client's end is handed something else than what is recorded, such as other ids. */
  readonly translate?: (frame: Frame, envelope: Envelope) => Translated;
  readonly connectBounds?: Partial<ConnectBounds>;
  readonly laneBounds?: LaneBounds;
}

/** One session; it lives until its scope closes. */
export interface ProxySession {
  /**
   * A frame of the client; `forwarded` where something else is sent upstream than what is recorded, and its envelope;
   * `stream` where it is recorded elsewhere than the rest of the session.
   */
  readonly receive: (
    frame: Frame,
    forwarded?: Frame,
    envelope?: Envelope,
    stream?: CapturedStream,
  ) => void;
  /** Waits until the session ended by itself: its upstream was taken away, or ends its sessions when it restarts. */
  readonly ended: Effect.Effect<SessionEnd>;
  /**
   * The client says nothing more, but still listens. Tells the upstream so where it can be told, and waits until it has
   * ended, or until nothing is to be expected any more: after so long a silence, say.
   */
  readonly finish: (silence: Duration.Input) => Effect.Effect<void>;
  /** Looks again whether a shutdown has to wait for the session: whoever listened may be gone. */
  readonly rest: () => void;
  /** Says why the session's scope is about to close. */
  readonly leaving: (reason: string) => void;
}

/** How long what the client said last may take to leave once it is gone. */
const lastWordsTimeout = Duration.seconds(2);

/** WebSocket codes: the server goes away, or restarts. */
const goneAway = 1001;
const restarting = 1012;

const refusedHandshake = new UpstreamUnreachable({
  message: "It refused the initialize that it had accepted before.",
});

interface Services {
  readonly capture: Capture["Service"];
  readonly drain: Drain["Service"];
  readonly upstreams: Upstreams["Service"];
  readonly clock: Clock.Clock;
  readonly run: Run;
}

class Session implements ProxySession, Connected {
  readonly receive: ProxySession["receive"];
  readonly rest: ProxySession["rest"];
  readonly onFrame: Connected["onFrame"];
  readonly #client: ClientLink;
  readonly #services: Services;
  readonly #sentences: Sentences;
  readonly #traffic: Traffic;
  readonly #connector: Connector;
  readonly #ended = Deferred.makeUnsafe<SessionEnd>();
  /** Set once the client says nothing more: an upstream that ends from then on is not looked for again. */
  #finished: Deferred.Deferred<void> | undefined;
  #upstream: Upstream;
  #unwatch: () => void;
  /** Whether there was an upstream before the one that is looked for. */
  #wasLost = false;
  #reason: string | undefined;

  constructor(options: ProxySessionOptions, services: Services) {
    const { client, connectBounds, description, open, upstream } = options;
    const { capture, clock, drain, run, upstreams } = services;
    this.#client = client;
    this.#services = services;
    this.#upstream = upstream;
    this.#sentences = sentencesOf(upstream.name);
    this.#traffic = new Traffic({
      stream: capture.open(description),
      upstream: upstream.name,
      client,
      translate: options.translate,
      drain,
      laneBounds: options.laneBounds ?? defaultLaneBounds,
      wanted: () => {
        if (this.#connector.wanted()) this.#traffic.expect();
      },
    });
    this.receive = this.#traffic.receive;
    this.rest = () => this.#traffic.rest();
    this.onFrame = this.#traffic.fromUpstream;
    this.#connector = new Connector({
      name: upstream.name,
      open,
      bounds:
        connectBounds === undefined
          ? defaultConnectBounds
          : { ...defaultConnectBounds, ...connectBounds },
      states: upstreams.states,
      session: this,
      run,
      clock,
    });
    this.#traffic.event({ event: "opened" });
    this.#unwatch = this.#watch();
    this.#connector.connect();
  }

  get ended(): Effect.Effect<SessionEnd> {
    return Deferred.await(this.#ended);
  }

  finish(silence: Duration.Input): Effect.Effect<void> {
    return Effect.suspend(() => {
      const finished = (this.#finished = Deferred.makeUnsafe<void>());
      return lastAnswers(this.#traffic, Deferred.await(finished), silence);
    });
  }

  leaving(reason: string): void {
    this.#reason ??= reason;
  }

  /** What the client said last is still passed on; then everything of the session is closed. */
  get closed(): Effect.Effect<void> {
    return Effect.promise(() => this.#traffic.flushed()).pipe(
      Effect.interruptible,
      Effect.timeoutOption(lastWordsTimeout),
      Effect.andThen(
        Effect.suspend(() => {
          this.#unwatch();
          const isDraining = this.#services.drain.isDraining();
          this.leaving(isDraining ? "Dewey shut down." : "The client is gone.");
          this.#traffic.event({ event: "closed", reason: this.#reason ?? "" });
          this.#traffic.stop();
          return this.#connector.closed;
        }),
      ),
    );
  }

  /** Brings a server that was started anew to where the one before it was. */
  prepare(
    link: Link,
    lost: Effect.Effect<never, UpstreamUnreachable>,
  ): Effect.Effect<void, UpstreamUnreachable> {
    const traffic = this.#traffic;
    const { handshake } = traffic;
    const { initialize, initialized } = handshake;
    if (initialize === undefined) return Effect.void;
    return Effect.gen(function* () {
      const answer = yield* Effect.callback<Envelope>((resume) =>
        traffic.repeat(link, initialize, (answered) => resume(Effect.succeed(answered))),
      ).pipe(Effect.raceFirst(lost));
      if (answer.isError) return yield* refusedHandshake;
      handshake.offered(answer);
      if (initialized === undefined) return;
      traffic.tell(link, initialized);
      for (const request of handshake.requests) traffic.repeat(link, request, () => {});
      // What the client waits to send must not overtake them on their way through the journal.
      yield* Effect.promise(() => traffic.told());
    });
  }

  connected(link: Link): void {
    const traffic = this.#traffic;
    if (this.#wasLost) {
      this.#wasLost = false;
      traffic.event({ event: "reconnected" });
      for (const change of traffic.handshake.changes) traffic.say(change);
    }
    traffic.connected(link);
  }

  lost(why: string): boolean {
    return this.#lose(this.#sentences.lost, why);
  }

  gaveUp(isWorn: boolean): void {
    this.#traffic.refuse(isWorn ? this.#sentences.worn : this.#sentences.unreachable);
  }

  /** Answers whether the session goes on. */
  #lose(message: string, why: string): boolean {
    const traffic = this.#traffic;
    if (traffic.isConnected) {
      this.#wasLost = true;
      traffic.event({ event: "upstream_lost", reason: why });
    }
    traffic.disconnected(message);
    if (this.#finished !== undefined) {
      Deferred.doneUnsafe(this.#finished, Effect.void);
      return false;
    }
    if (this.#upstream.onRestart === "resume") return true;
    this.#end(restarting, this.#sentences.restarted);
    return false;
  }

  #end(code: number, reason: string): void {
    this.#unwatch();
    this.leaving(reason);
    this.#connector.stop();
    this.#traffic.refuse(reason);
    void this.#traffic.said().then(() => {
      Deferred.doneUnsafe(this.#ended, Effect.succeed({ code, reason }));
      this.#client.close(code, reason);
    });
  }

  #watch(): () => void {
    return this.#services.upstreams.watch(this.#upstream, (what) => {
      this.#services.run(this.#replaced(what));
    });
  }

  #replaced(what: "changed" | "removed"): Effect.Effect<void> {
    const { name } = this.#upstream;
    return Effect.map(Effect.option(this.#services.upstreams.find(name)), (found) => {
      if (what === "removed" || Option.isNone(found)) {
        this.#traffic.disconnected(this.#sentences.removed);
        return this.#end(goneAway, this.#sentences.removed);
      }
      this.#upstream = found.value;
      this.#connector.drop();
      if (!this.#lose(this.#sentences.changed, "Its configuration changed.")) return;
      this.#unwatch = this.#watch();
      this.#connector.connect();
    });
  }
}

/** Opens a session; it closes with its scope. */
export const makeProxySession = Effect.fnUntraced(function* (
  options: ProxySessionOptions,
): Effect.fn.Return<ProxySession, never, Scope.Scope | Capture | Drain | Upstreams> {
  const services: Services = {
    capture: yield* Capture,
    drain: yield* Drain,
    upstreams: yield* Upstreams,
    clock: yield* Clock.Clock,
    run: Effect.runForkWith(yield* Effect.context<never>()),
  };
  const session = new Session(options, services);
  yield* Effect.addFinalizer(() => session.closed);
  return session;
});
