// An upstream behind a WebSocket.
import type { Chance } from "./chance.ts";
import { keyOf } from "./frames.ts";
import { type ConnectionLog, sessionIn } from "./logs.ts";
import { restartable } from "./restartable.ts";
import { ToolServer } from "./ToolServer.ts";
import type { Upstream } from "./Upstream.ts";

interface Ends {
  readonly log: ConnectionLog;
  readonly server: ToolServer;
}

/** Starts one. */
export const startSocketUpstream = (chance: Chance): Upstream => {
  const connections: Array<ConnectionLog> = [];
  const ends = new WeakMap<Bun.ServerWebSocket, Ends>();
  const serve = (port: number) =>
    Bun.serve({
      hostname: "127.0.0.1",
      port,
      fetch: (request, server) =>
        server.upgrade(request) ? undefined : new Response(null, { status: 400 }),
      websocket: {
        maxPayloadLength: 16 * 1024 * 1024,
        open: (socket) => {
          const log: ConnectionLog = {
            session: undefined,
            isOrdered: true,
            sent: [],
            received: [],
          };
          connections.push(log);
          ends.set(socket, { log, server: new ToolServer(chance.fork()) });
        },
        message: (socket, data) => {
          const { log, server } = ends.get(socket) ?? {};
          const frame = keyOf(data);
          log?.received.push(frame);
          if (log !== undefined) log.session ??= sessionIn(frame);
          server?.receive(frame, (answer) => {
            log?.sent.push(answer);
            socket.send(answer);
          });
        },
        close: (socket) => ends.get(socket)?.server.close(),
      },
    });
  return { connections, ...restartable(serve) };
};
