/** What a listener offers to the doors behind it: connections and requests that were let in, with who is asking. */
import { type Array as Arrays, type Effect, Schema, type Scope } from "effect";
import type { DeweyError, RateLimited } from "../domain/Errors.ts";
import type { Frame } from "../domain/Frame.ts";
import type { Principal, Scope as TokenScope } from "../domain/Principal.ts";

export type { Frame };

/** A request or an upgrade that passed the guards. */
export interface Arrival {
  readonly request: Request;
  readonly url: URL;
  readonly remoteAddress: string;
  readonly principal: Principal;
  /**
   * Takes so many requests from what the caller may ask for in a minute, or says when to ask again. The listener takes
   * one for an HTTP request or an upgrade; what else comes with it or after it is the door's to count.
   */
  readonly charge: (requests: number) => RateLimited | undefined;
  /**
   * The answer that makes a client ask its authority for a token with these scopes; undefined where there is nobody to
   * ask, and a tool's own error says more.
   */
  readonly askForScopes: ((scopes: ReadonlyArray<TokenScope>) => Response) | undefined;
}

/** The client is gone, or the connection was closed from this side. */
export class ConnectionClosed extends Schema.TaggedError<ConnectionClosed>()("ConnectionClosed", {
  code: Schema.Int,
  reason: Schema.String,
}) {}

/** A WebSocket that pushes back both ways: what nobody takes stops the client, what it does not read stops us. */
export interface Connection {
  /** Different for every connection of this process. */
  readonly id: number;
  /** The request of the upgrade is not kept for as long as the connection. */
  readonly arrival: Pick<Arrival, "principal" | "charge">;
  /** The subprotocol agreed on, where the client offered one that the door accepts. */
  readonly subprotocol: string | undefined;
  /** Waits for frames, and takes all that have arrived, in order. One fiber at a time may wait. */
  readonly take: Effect.Effect<Arrays.NonEmptyReadonlyArray<Frame>, ConnectionClosed>;
  /**
   * The same for hot paths: hands over each frame as it comes, without a fiber in between, and none while frames wait
   * for the client to read, unless the two directions are independent. An exception of the taker is a defect.
   */
  readonly takeEach: (
    taker: (frame: Frame) => void,
    directions?: "coupled" | "independent",
  ) => Effect.Effect<never, ConnectionClosed>;
  /** Hands over nothing more until `resume`; what arrives meanwhile waits, and stops the client when it is too much. */
  readonly pause: () => void;
  readonly resume: () => void;
  /**
   * Sends a frame; frames leave in the order in which they were sent. Succeeds once the client's side has room for
   * more, so that whoever waits for it cannot outrun a slow reader. Interrupting it withdraws a frame that still waits.
   */
  readonly send: (frame: Frame) => Effect.Effect<void, ConnectionClosed>;
  /**
   * The same at once and without a fiber, for hot paths: undefined when the frame has left and there is room for more;
   * otherwise what is left of `send`, which has to be run.
   */
  readonly sendUnsafe: (frame: Frame) => Effect.Effect<void, ConnectionClosed> | undefined;
  /** Starts the closing handshake. A door that simply returns closes with 1000. */
  readonly close: (code: number, reason: string) => Effect.Effect<void>;
}

/** Serves one WebSocket. */
export type ServeConnection = (connection: Connection) => Effect.Effect<void, never, Scope.Scope>;

/** One protocol behind a listener. */
export interface Door {
  /** As it stands in logs and spans. */
  readonly name: string;
  /** Exact paths, such as `/mcp`. */
  readonly paths: ReadonlyArray<string>;
  /** It has every path too that begins so, such as `/mcp/`; exact paths come first. */
  readonly prefixes?: ReadonlyArray<string>;
  /** WebSocket subprotocols that it speaks, the preferred first; a client that offers none is served too. */
  readonly subprotocols?: ReadonlyArray<string>;
  /** Also served while Dewey shuts down; other doors' requests are refused with 503 then. */
  readonly alwaysOpen?: boolean;
  /** Also serves who shows no token, as the principal `stranger`, and counts nobody's requests. */
  readonly admitsStrangers?: boolean;
  /** Nothing of it counts against what the caller may ask for in a minute. */
  readonly isUncounted?: boolean;
  /** How long an answer takes is not the door's to say: no request of it is given up for silence. */
  readonly isPatient?: boolean;
  /** The scope without which nobody is served. */
  readonly scope?: TokenScope;
  /**
   * Serves one WebSocket for as long as it runs: returning closes the socket, and a socket that closes interrupts it.
   * Its scope ends with the connection.
   */
  readonly onConnection?: ServeConnection;
  /** Instead of `onConnection`: looks at an upgrade before it takes place, and refuses it or says who serves it. */
  readonly onUpgrade?: (arrival: Arrival) => Effect.Effect<ServeConnection, DeweyError>;
  /**
   * Answers one HTTP request; a client that goes away before the answer interrupts it. A door that streams its answer
   * learns of a client that goes away later by the cancellation of its stream, and by `arrival.request.signal`.
   */
  readonly onRequest?: (arrival: Arrival) => Effect.Effect<Response>;
  /** Ends what would never end by itself, such as open event streams; run when no call is in flight any more. */
  readonly endStreams?: Effect.Effect<void>;
}
