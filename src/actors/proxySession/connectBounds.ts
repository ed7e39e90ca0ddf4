/** How a session tries to reach its upstream, and when it gives up. */
import { Duration, Effect, Random } from "effect";

/** The bounds of trying. */
export interface ConnectBounds {
  /** Failures in a row after which nobody tries on by himself; a connection that is lost early is one too. */
  readonly tries: number;
  /** How long to wait after the first failure; twice as long after each further one, less up to a half by chance. */
  readonly wait: Duration.Input;
  readonly longestWait: Duration.Input;
  /** How long one try may take, the repeated handshake included. */
  readonly timeout: Duration.Input;
  /** A connection that lasted so long says that the upstream is well. */
  readonly steady: Duration.Input;
  /** How long an upstream rests whose connections were lost one after the other. */
  readonly coolDown: Duration.Input;
}

/** About ten seconds until a client whose upstream is away gets its errors. */
export const defaultConnectBounds: ConnectBounds = {
  tries: 7,
  wait: "200 millis",
  longestWait: "5 seconds",
  timeout: "30 seconds",
  steady: "10 seconds",
  coolDown: "30 seconds",
};

/** Waits before the next try: longer each time, and not as long as everybody else. */
export const waitAfter = (failures: number, { longestWait, wait }: ConnectBounds) =>
  Effect.flatMap(Random.next, (chance) => {
    const full = Math.min(
      Duration.toMillis(wait) * 2 ** (failures - 1),
      Duration.toMillis(longestWait),
    );
    return Effect.sleep(full * (1 - chance / 2));
  });
