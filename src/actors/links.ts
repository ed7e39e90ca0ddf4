/** The two ends of a proxied session as the session sees them: duplex, in order, and pushing back. */
import type { Effect, Scope } from "effect";
import type { Frame } from "../domain/Frame.ts";
import type { UpstreamUnreachable } from "../domain/Upstream.ts";

/** One end. Its methods are called on every frame, so they are plain. */
export interface Link {
  /**
   * Sends a frame; frames leave in the order in which they were sent. Undefined when there is room for more; otherwise
   * a promise that resolves, and never rejects, once there is room again or the link is gone.
   */
  readonly send: (frame: Frame) => Promise<void> | undefined;
  /** Reads nothing more from this end until `resume`; a frame that was read already may still come. */
  readonly pause: () => void;
  readonly resume: () => void;
  /** Says that nothing more will be sent, where the other end can hear that and go on to speak. */
  readonly endInput?: () => void;
}

/** What an upstream's connection calls; none of it before `open` has succeeded. */
export interface LinkHandlers {
  /** Called once a frame, in order. */
  readonly onFrame: (frame: Frame) => void;
  /** Called once, at most: the connection ended although nobody here closed it. No frame comes after it. */
  readonly onLost: (reason: string) => void;
}

/** Opens a connection to an upstream, once; it lives until the scope closes. Its retries are the session's. */
export type OpenLink = (
  handlers: LinkHandlers,
) => Effect.Effect<Link, UpstreamUnreachable, Scope.Scope>;
