// An upstream of the transport of 2024-11-05: an event stream that names an address, to which each message is posted.
import { randomUUID } from "node:crypto";
import type { Chance } from "./chance.ts";
import { keyOf } from "./frames.ts";
import { type ConnectionLog, sessionIn } from "./logs.ts";
import { restartable } from "./restartable.ts";
import { ToolServer } from "./ToolServer.ts";
import type { Upstream } from "./Upstream.ts";

/** One event stream, and what came for it. */
interface Connection {
  readonly log: ConnectionLog;
  readonly receivedAt: Array<number>;
  readonly receive: (frame: string) => void;
  readonly end: () => void;
}

/** Starts one. */
export const startSseUpstream = (chance: Chance): Upstream => {
  const connections: Array<ConnectionLog> = [];
  /** By their names; those that have ended are known on, for what is still on its way to them. */
  const open = new Map<string, Connection>();

  const stream = (): Response => {
    const receivedAt: Array<number> = [];
    const log: ConnectionLog = {
      session: undefined,
      isOrdered: true,
      sent: [],
      received: [],
      receivedAt,
    };
    connections.push(log);
    const name = randomUUID();
    const server = new ToolServer(chance.fork());
    const encoder = new TextEncoder();
    let isOver = false;
    const end = () => {
      isOver = true;
      server.close();
    };
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        const say = (event: string, data: string) =>
          controller.enqueue(encoder.encode(`event: ${event}\ndata: ${data}\n\n`));
        const receive = (frame: string) =>
          server.receive(frame, (said) => {
            if (isOver) return;
            log.sent.push(said);
            say("message", said);
          });
        open.set(name, { log, receivedAt, receive, end });
        say("endpoint", `/messages?connection=${name}`);
      },
      cancel: end,
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  };

  const post = async (request: Request): Promise<Response> => {
    const connection = open.get(new URL(request.url).searchParams.get("connection") ?? "");
    const frame = keyOf(new Uint8Array(await request.arrayBuffer()));
    if (connection === undefined) return new Response(null, { status: 404 });
    const { log, receive, receivedAt } = connection;
    log.session ??= sessionIn(frame);
    log.received.push(frame);
    receivedAt.push(Date.now());
    receive(frame);
    return new Response(null, { status: 202 });
  };

  const serve = (port: number) =>
    Bun.serve({
      hostname: "127.0.0.1",
      port,
      idleTimeout: 0,
      fetch: (request) => (request.method === "POST" ? post(request) : stream()),
    });
  return {
    connections,
    ...restartable(serve, () => {
      for (const { end } of open.values()) end();
      open.clear();
    }),
  };
};
