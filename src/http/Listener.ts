/** One port of Bun's server: lets requests in past the guards, and hands them to the door of their path. */
import type { Server } from "bun";
import { Cause, Duration, Effect, Exit, FiberSet, Option, Schedule, Schema } from "effect";
import { type DeweyError, Forbidden, Internal, InvalidInput, NotFound } from "../domain/Errors.ts";
import { Access } from "../services/Access.ts";
import { Drain, shuttingDown } from "../services/Drain.ts";
import { heldWhileStreaming, makeAdmission } from "./admission.ts";
import { refusal } from "./challenge.ts";
import type { Door, ServeConnection } from "./Door.ts";
import { type Origin, originReader } from "./forwarded.ts";
import { type AllowedNames, preflight, refusalOf, withCors } from "./guards.ts";
import { Port } from "./Port.ts";
import { errorResponse } from "./responses.ts";
import {
  type ConnectionBounds,
  defaultBounds,
  type SocketData,
  WebSocketConnection,
} from "./webSocket.ts";

/** A certificate with its chain, and its key, both in PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Where a listener stands, what is behind it, and its bounds. */
export interface ListenOptions {
  readonly hostname: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** The first door that has the path serves it. */
  readonly doors: ReadonlyArray<Door>;
  readonly allowed: AllowedNames;
  /** Addresses and networks of proxies whose `X-Forwarded-*` headers are believed. */
  readonly trustedProxies?: ReadonlyArray<string>;
  readonly tls?: Certificate;
  /** How long calls in flight may take to finish at the end. */
  readonly shutdownTimeout: Duration.Input;
  readonly bounds?: Partial<ConnectionBounds>;
}

/** A listener that accepts connections. */
export interface Listening {
  readonly hostname: string;
  readonly port: number;
  /** Has it serve with another certificate from now on; connections that are open stay as they are. */
  readonly renew: (certificate: Certificate) => Effect.Effect<void>;
}

/** The address cannot be listened on. */
export class ListenFailed extends Schema.TaggedError<ListenFailed>()("ListenFailed", {
  message: Schema.String,
}) {}

/** Seconds of silence after which an HTTP connection is given up (the longest that Bun can wait). */
const httpIdleSeconds = 255;

/** Seconds of silence after which a WebSocket that answers no ping is given up. */
const socketIdleSeconds = 120;

/** How long the last answers may take to leave once everything else has ended. */
const flushTimeout = Duration.seconds(2);

const isUpgrade = (request: Request): boolean =>
  request.headers.get("upgrade")?.toLowerCase() === "websocket";

const offeredSubprotocols = (request: Request): ReadonlyArray<string> =>
  (request.headers.get("sec-websocket-protocol") ?? "").split(",").map((name) => name.trim());

const chooseSubprotocol = (door: Door, request: Request): string | undefined => {
  const offered = offeredSubprotocols(request);
  return door.subprotocols?.find((name) => offered.includes(name));
};

/** Who serves every upgrade of a door that does not look at them. */
const always = (serve: ServeConnection | undefined): Door["onUpgrade"] => {
  if (serve === undefined) return undefined;
  const served = Effect.succeed(serve);
  return () => served;
};

const noHost =
  "The Host header is missing or is no host's name. Send the name that Dewey is reached by.";

const noDoor = new NotFound({
  message: "Nothing is served at this path. Use /mcp for MCP, /rpc for typed RPC, or /health.",
});

const crashed = Effect.fnUntraced(function* (door: Door, cause: Cause.Cause<unknown>) {
  const errorId = crypto.randomUUID();
  yield* Effect.logError(`The ${door.name} door failed.`, cause).pipe(
    Effect.annotateLogs("error_id", errorId),
  );
  return new Internal({
    message: `Dewey failed to answer. The log has the details under ${errorId}.`,
    details: { error_id: errorId },
  });
});

const cannotListen =
  ({ hostname, port }: Pick<ListenOptions, "hostname" | "port">) =>
  (cause: unknown) =>
    new ListenFailed({
      message: `Cannot listen on ${hostname}:${port}: ${cause instanceof Error ? cause.message : String(cause)}. Stop what uses the port, or choose another.`,
    });

/**
 * Listens until its scope closes. Then it accepts nothing new, lets calls in flight finish within the timeout, closes
 * its WebSockets with 1001, and stops.
 */
export const listen = Effect.fn("Listener.listen")(function* (options: ListenOptions) {
  const access = yield* Access;
  const drain = yield* Drain;
  const bounds: ConnectionBounds = { ...defaultBounds, ...options.bounds };
  const doors = new Map<string, Door>();
  for (const door of options.doors) {
    for (const path of door.paths) if (!doors.has(path)) doors.set(path, door);
  }
  const doorOf = (path: string): Door | undefined =>
    doors.get(path) ??
    options.doors.find(({ prefixes = [] }) => prefixes.some((prefix) => path.startsWith(prefix)));

  const fibers = yield* FiberSet.make<unknown, unknown>();
  const run = yield* FiberSet.runtime(fibers)();

  const serveConnection = ({ door, serve }: SocketData, connection: WebSocketConnection) =>
    Effect.scoped(serve(connection)).pipe(
      Effect.onExit((exit) => {
        if (Exit.isSuccess(exit)) return connection.close(1000, "");
        // A socket that closes both fails what waits for it and interrupts.
        if (!Cause.hasDies(exit.cause)) {
          return connection.close(1001, "Dewey is shutting down.");
        }
        return Effect.andThen(crashed(door, exit.cause), (error) =>
          connection.close(1011, error.message),
        );
      }),
      // A trace of where it began would be kept for as long as the connection.
      Effect.withSpan(`${door.name}.connection`, { root: true }, { captureStackTrace: false }),
    );

  const admit = makeAdmission(access);
  const originOf = originReader(options.trustedProxies ?? []);

  /** Resolves to undefined when the socket has been upgraded and Bun must not answer. */
  const upgrade = (
    door: Door,
    serverOf: NonNullable<Door["onUpgrade"]>,
    request: Request,
    origin: Origin,
    server: Server<SocketData>,
  ) =>
    admit(door, request, origin, ({ arrival, visitor, leave }) =>
      Effect.map(serverOf(arrival), (serve) => {
        const subprotocol = chooseSubprotocol(door, request);
        // Bun echoes the first subprotocol offered unless the header is set; an empty one is left out.
        const headers = { "Sec-WebSocket-Protocol": subprotocol ?? "" };
        const data: SocketData = { door, serve, visitor, leave, subprotocol };
        if (server.upgrade(request, { data, headers })) return undefined;
        leave();
        return errorResponse(
          new InvalidInput({
            message: "This is not a WebSocket handshake. Use version 13 with a key.",
          }),
        );
      }),
    );

  const answer = (door: Door, request: Request, origin: Origin) => {
    const { onRequest } = door;
    if (onRequest === undefined) {
      const response = errorResponse(
        new InvalidInput({ message: `Open ${origin.url.pathname} as a WebSocket.` }),
        426,
      );
      response.headers.set("Upgrade", "websocket");
      return Effect.succeed(response);
    }
    return admit(door, request, origin, (admission) =>
      Effect.map(onRequest(admission.arrival), (response) =>
        heldWhileStreaming(response, admission),
      ),
    );
  };

  const respond = (door: Door, request: Request, origin: Origin, server: Server<SocketData>) => {
    if (drain.isDraining() && door.alwaysOpen !== true) return errorResponse(shuttingDown);
    const serverOf = door.onUpgrade ?? always(door.onConnection);
    const response: Effect.Effect<Response | undefined, DeweyError> =
      isUpgrade(request) && serverOf !== undefined
        ? upgrade(door, serverOf, request, origin, server)
        : answer(door, request, origin);
    const effect = response.pipe(
      Effect.catch((error) =>
        Effect.succeed(
          refusal(
            error,
            { url: origin.url, headers: request.headers },
            access.resourceServer,
            door.scope === undefined ? undefined : [door.scope],
          ),
        ),
      ),
      Effect.catchCauseIf(
        (cause) => !Cause.hasInterrupts(cause),
        (cause) => Effect.map(crashed(door, cause), (error) => errorResponse(error)),
      ),
    );
    // Left in the observer, not in the effect: the shutdown must not come between the answer and its delivery.
    const leave = drain.enter();
    const fiber = run(effect);
    const gone = () => fiber.interruptUnsafe();
    if (request.signal.aborted) gone();
    else request.signal.addEventListener("abort", gone);
    return new Promise<Response | undefined>((resolve) => {
      fiber.addObserver((exit) => {
        request.signal.removeEventListener("abort", gone);
        resolve(Exit.isSuccess(exit) ? exit.value : errorResponse(shuttingDown));
        leave();
      });
    });
  };

  const fetch = async (request: Request, server: Server<SocketData>) => {
    // Without a Host, or with one that is none, there is no whole URL.
    if (!URL.canParse(request.url)) return errorResponse(new Forbidden({ message: noHost }));
    const origin = originOf(request, server.requestIP(request)?.address ?? "");
    const foreign = refusalOf(request.headers, options.allowed, origin.host);
    if (foreign !== undefined) return errorResponse(new Forbidden({ message: foreign }));
    const preflighted = preflight(request);
    if (preflighted !== undefined) return withCors(request, preflighted);
    const door = doorOf(origin.url.pathname);
    if (door === undefined) return withCors(request, errorResponse(noDoor));
    const isPatient = door.isPatient === true && !isUpgrade(request);
    if (isPatient) server.timeout(request, 0);
    const response = await respond(door, request, origin, server);
    // From here on silence says that nobody is there.
    if (isPatient) server.timeout(request, httpIdleSeconds);
    return response === undefined ? undefined : withCors(request, response);
  };

  const serve = (port: number, tls: Certificate | undefined) =>
    Bun.serve<SocketData>({
      hostname: options.hostname,
      port,
      ...(tls === undefined ? {} : { tls: { cert: tls.cert, key: tls.key } }),
      idleTimeout: httpIdleSeconds,
      maxRequestBodySize: bounds.messageBytes,
      // Neither pages of errors with their sources, nor (which Bun takes from the same setting) a shared port.
      development: false,
      reusePort: false,
      fetch,
      error: (error) => {
        run(Effect.logError("A request failed on its way to its door.", Cause.die(error)));
        return new Response(null, { status: 500 });
      },
      websocket: {
        maxPayloadLength: bounds.messageBytes,
        backpressureLimit: bounds.outboxBytes,
        idleTimeout: socketIdleSeconds,
        open: (socket) => {
          const connection = new WebSocketConnection(socket, bounds);
          socket.data.connection = connection;
          connection.fiber = run(serveConnection(socket.data, connection));
          socket.data.unwatch = socket.data.visitor.watch((why) =>
            run(connection.close(1008, why)),
          );
        },
        message: (socket, frame) => socket.data.connection?.received(frame),
        drain: (socket) => socket.data.connection?.drained(),
        close: (socket, code, reason) => {
          socket.data.unwatch?.();
          socket.data.leave();
          socket.data.connection?.closed(code, reason);
        },
        // Without it, an exception in one of the handlers above ends the process.
        error: (error, socket) => {
          run(
            Effect.logError(
              "A WebSocket handler failed; its connection is cut off.",
              Cause.die(error),
            ),
          );
          socket.terminate();
        },
      },
    });

  const shutDown = Effect.fnUntraced(function* (port: Port<SocketData>) {
    yield* drain.begin;
    const stopped = port.stop();
    const answered = yield* drain.idle.pipe(
      Effect.interruptible,
      Effect.timeoutOption(options.shutdownTimeout),
    );
    if (Option.isNone(answered)) {
      yield* Effect.logWarning(
        "Calls were still in flight at the end of DEWEY_SHUTDOWN_TIMEOUT; they are cut off.",
      );
    }
    yield* Effect.forEach(options.doors, (door) => door.endStreams ?? Effect.void);
    yield* FiberSet.clear(fibers);
    yield* Effect.promise(() => stopped).pipe(
      Effect.interruptible,
      Effect.timeoutOption(flushTimeout),
    );
    yield* Effect.promise(() => port.cutOff());
  });

  const port = yield* Effect.acquireRelease(
    Effect.try({
      try: () => new Port(serve(options.port, options.tls)),
      catch: cannotListen(options),
    }),
    shutDown,
  );
  // Another listener's shutdown, or the process's, closes this port at once too.
  yield* drain.begun.pipe(Effect.andThen(Effect.sync(() => void port.stop())), Effect.forkScoped);

  const replace = (certificate: Certificate | undefined) =>
    Effect.try({
      try: () => port.replace((number) => serve(number, certificate)),
      catch: cannotListen({ ...options, port: port.number }),
    });
  let certificate = options.tls;
  const renew = (newer: Certificate) =>
    replace(newer).pipe(
      Effect.tap(() =>
        Effect.sync(() => {
          certificate = newer;
        }),
      ),
      Effect.catchTag("ListenFailed", ({ message }) =>
        Effect.logError(`${message} The certificate from before is used again.`).pipe(
          Effect.andThen(
            Effect.retry(replace(certificate), Schedule.spaced("100 millis")).pipe(Effect.orDie),
          ),
        ),
      ),
    );

  return { hostname: options.hostname, port: port.number, renew } satisfies Listening;
});
