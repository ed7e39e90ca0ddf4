// An upstream behind Streamable HTTP with sessions, which it has forgotten when it was killed; what is of the stateless
// version needs none.
import { randomUUID } from "node:crypto";
import type { Chance } from "./chance.ts";
import { eraOf } from "./eras.ts";
import { read } from "./frames.ts";
import { type ConnectionLog, sessionIn } from "./logs.ts";
import { restartable } from "./restartable.ts";
import { ToolServer } from "./ToolServer.ts";
import type { Upstream } from "./Upstream.ts";

interface Session {
  /** Undefined where there is but this one request. */
  readonly id: string | undefined;
  readonly name: string | undefined;
  readonly server: ToolServer;
}

const sessionLost = () =>
  Response.json(
    { jsonrpc: "2.0", id: null, error: { code: -32_001, message: "Session not found" } },
    { status: 404 },
  );

/** The answer to a request: a stream, of which every event is logged before it is sent. */
const streamed = (session: Session, log: ConnectionLog, frame: string): Response => {
  const encoder = new TextEncoder();
  let isOver = false;
  const body = new ReadableStream<Uint8Array>({
    start: (controller) =>
      session.server.receive(frame, (said, isLast) => {
        if (isOver) return;
        log.sent.push(said);
        controller.enqueue(encoder.encode(`data: ${said}\n\n`));
        isOver = isLast;
        if (isLast) controller.close();
      }),
    cancel: () => {
      isOver = true;
    },
  });
  const headers = new Headers({ "content-type": "text/event-stream" });
  if (session.id !== undefined) headers.set("mcp-session-id", session.id);
  return new Response(body, { headers });
};

/** Starts one. */
export const startHttpUpstream = (chance: Chance): Upstream => {
  const connections: Array<ConnectionLog> = [];
  const sessions = new Map<string, Session>();

  const sessionOf = (request: Request, frame: string): Session | undefined => {
    const said = read(frame);
    const begin = (id: string | undefined): Session => ({
      id,
      name: sessionIn(frame),
      server: new ToolServer(chance.fork()),
    });
    if (eraOf(said) === "modern") return begin(undefined);
    if (said.method !== "initialize") {
      return sessions.get(request.headers.get("mcp-session-id") ?? "");
    }
    const id = randomUUID();
    const begun = begin(id);
    sessions.set(id, begun);
    return begun;
  };

  const post = async (request: Request): Promise<Response> => {
    const frame = await request.text();
    const session = sessionOf(request, frame);
    if (session === undefined) return sessionLost();
    const log: ConnectionLog = {
      session: session.name,
      isOrdered: false,
      sent: [],
      received: [frame],
    };
    connections.push(log);
    if (read(frame).kind === "request") return streamed(session, log, frame);
    session.server.receive(frame, () => {});
    return new Response(null, { status: 202 });
  };

  const serve = (port: number) =>
    Bun.serve({
      hostname: "127.0.0.1",
      port,
      idleTimeout: 0,
      fetch: (request) => {
        if (request.method === "POST") return post(request);
        const isEnd = request.method === "DELETE";
        if (isEnd) sessions.delete(request.headers.get("mcp-session-id") ?? "");
        return new Response(null, { status: isEnd ? 204 : 405 });
      },
    });
  return {
    connections,
    ...restartable(serve, () => {
      for (const { server } of sessions.values()) server.close();
      sessions.clear();
    }),
  };
};
