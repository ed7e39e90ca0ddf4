// The two ends of a proxied WebSocket: a client, and an upstream that can be stopped and started again on its port. Both
// do only what a test tells them to.
import type { ServerWebSocket } from "bun";
import type { Frame } from "../../src/domain/Frame.ts";
import { Inbox } from "./Inbox.ts";
import { type Message, messageOf } from "./message.ts";

/** One connection as the upstream sees it. */
export class UpstreamConnection {
  readonly received = new Inbox<Frame>();
  readonly headers: Headers;
  readonly closed: Promise<number>;
  readonly #closed = Promise.withResolvers<number>();
  #socket: ServerWebSocket<unknown> | undefined;

  constructor(headers: Headers) {
    this.headers = headers;
    this.closed = this.#closed.promise;
  }

  opened(socket: ServerWebSocket<unknown>): void {
    this.#socket = socket;
  }

  ended(code: number): void {
    this.#closed.resolve(code);
    this.received.end(`The connection was closed with ${code}.`);
  }

  send(frame: Frame): void {
    this.#socket?.send(frame);
  }

  /** What the server has sent and the proxy has not read. */
  get bufferedBytes(): number {
    return this.#socket?.getBufferedAmount() ?? 0;
  }

  close(code = 1000): void {
    this.#socket?.close(code);
  }

  /** Cuts it off without a handshake. */
  cut(): void {
    this.#socket?.terminate();
  }

  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  /** The next message, which has to be JSON. */
  async message(): Promise<Message> {
    return messageOf(await this.received.next());
  }
}

/** A server behind the proxy. */
export interface SocketUpstream extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** Connections in the order in which they came. */
  readonly connections: Inbox<UpstreamConnection>;
  /** Cuts every connection off, and refuses new ones. */
  readonly stop: () => Promise<void>;
  /** On the same port. */
  readonly start: () => void;
}

/** Starts a server that says nothing by itself unless `answer` does. */
export const startUpstream = async (
  answer?: (frame: Frame, connection: UpstreamConnection) => void,
): Promise<SocketUpstream> => {
  const connections = new Inbox<UpstreamConnection>();
  const serve = (port: number) =>
    Bun.serve<UpstreamConnection>({
      hostname: "127.0.0.1",
      port,
      fetch: (request, server) => {
        const subprotocol = request.headers.get("sec-websocket-protocol");
        return server.upgrade(request, {
          data: new UpstreamConnection(request.headers),
          headers: subprotocol === null ? {} : { "Sec-WebSocket-Protocol": subprotocol },
        })
          ? undefined
          : new Response("A WebSocket is needed.", { status: 426 });
      },
      websocket: {
        maxPayloadLength: 64 * 1024 * 1024,
        backpressureLimit: 64 * 1024 * 1024,
        open: (socket) => {
          socket.data.opened(socket);
          connections.put(socket.data);
        },
        message: (socket, frame) => {
          if (answer === undefined) socket.data.received.put(frame);
          else answer(frame, socket.data);
        },
        close: (socket, code) => socket.data.ended(code),
      },
    });
  let server: ReturnType<typeof serve> | undefined = serve(0);
  const port = server.port ?? 0;
  const stop = async () => {
    const stopped = server?.stop(true);
    server = undefined;
    await stopped;
  };
  return {
    port,
    url: `ws://127.0.0.1:${port}/`,
    connections,
    stop,
    start: () => {
      server ??= serve(port);
    },
    [Symbol.asyncDispose]: stop,
  };
};

/** A client of the proxy. */
export interface SocketClient {
  readonly socket: WebSocket;
  readonly received: Inbox<Frame>;
  /** The next message, which has to be JSON. */
  readonly message: () => Promise<Message>;
  readonly send: (frame: Frame) => void;
  readonly request: (id: number | string, method: string, params?: object) => void;
  readonly notify: (method: string, params?: object) => void;
  readonly close: (code?: number) => void;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
}

/** Connects; fails when it is refused. */
export const openClient = async (
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<SocketClient> => {
  const socket = new WebSocket(url, { protocols: ["mcp"], headers });
  const received = new Inbox<Frame>();
  const opened = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<{ readonly code: number; readonly reason: string }>();
  socket.binaryType = "nodebuffer";
  socket.addEventListener("open", () => opened.resolve());
  socket.addEventListener("message", ({ data }: MessageEvent<Frame>) => received.put(data));
  socket.addEventListener("close", ({ code, reason }) => {
    opened.reject(new Error(`The connection was refused with ${code}: ${reason}`));
    closed.resolve({ code, reason });
    received.end(`The connection was closed with ${code}: ${reason}`);
  });
  await opened.promise;
  const say = (message: object) => socket.send(JSON.stringify({ jsonrpc: "2.0", ...message }));
  return {
    socket,
    received,
    message: async () => messageOf(await received.next()),
    send: (frame) => {
      if (typeof frame === "string") socket.send(frame);
      else socket.send(frame);
    },
    request: (id, method, params = {}) => say({ id, method, params }),
    notify: (method, params) => say({ method, ...(params === undefined ? {} : { params }) }),
    close: (code = 1000) => socket.close(code),
    closed: closed.promise,
  };
};
