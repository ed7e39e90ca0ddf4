// A relay between two WebSockets that a defect may be planted in: what the comparison has to find.

/** What a relay does to what passes. */
export interface Defect {
  /** Undefined: the frame is lost. Several: each goes on. */
  readonly toUpstream?: (frame: string) => string | undefined;
  readonly toClient?: (frame: string) => string | ReadonlyArray<string> | undefined;
  /** The client is not told that the server has gone. */
  readonly keepsClient?: true;
  /** The server is not told that the client has gone. */
  readonly keepsUpstream?: true;
  /** The server is told another code than the client gave. */
  readonly closesWith?: number;
}

/** A relay on a port of its own. */
export interface BrokenRelay extends AsyncDisposable {
  readonly url: string;
}

interface Session {
  readonly upstream: WebSocket;
  readonly waiting: Array<string>;
}

/** Opens a relay to a server. */
export const openBrokenRelay = (address: string, defect: Defect): BrokenRelay => {
  const upstreams = new Set<WebSocket>();
  const server = Bun.serve<Session>({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request, bun) => {
      const upstream = new WebSocket(address, ["mcp"]);
      upstreams.add(upstream);
      const headers = { "Sec-WebSocket-Protocol": "mcp" };
      bun.upgrade(request, { data: { upstream, waiting: [] }, headers });
      return undefined;
    },
    websocket: {
      maxPayloadLength: 64 * 1024 * 1024,
      open: (socket) => {
        const { upstream, waiting } = socket.data;
        upstream.addEventListener("open", () => {
          for (const frame of waiting.splice(0)) upstream.send(frame);
        });
        upstream.addEventListener("message", ({ data }) => {
          const text = String(data);
          const changed = defect.toClient === undefined ? text : defect.toClient(text);
          const frames = typeof changed === "string" ? [changed] : (changed ?? []);
          for (const frame of frames) socket.send(frame);
        });
        upstream.addEventListener("close", () => {
          if (defect.keepsClient !== true) socket.close(1011, "gone");
        });
      },
      message: ({ data }, frame) => {
        const text = frame.toString();
        const changed = defect.toUpstream === undefined ? text : defect.toUpstream(text);
        if (changed === undefined) return;
        if (data.upstream.readyState === WebSocket.OPEN) data.upstream.send(changed);
        else data.waiting.push(changed);
      },
      close: ({ data }, code) => {
        if (defect.keepsUpstream === true) return;
        if (defect.closesWith === undefined) data.upstream.close(code);
        else data.upstream.close(defect.closesWith);
      },
    },
  });
  return {
    url: `ws://127.0.0.1:${server.port}/mcp`,
    [Symbol.asyncDispose]: async () => {
      for (const upstream of upstreams) upstream.close();
      await server.stop(true);
    },
  };
};
