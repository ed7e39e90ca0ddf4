// A relay between two HTTP ends that a defect may be planted in.

/** What a relay does to what passes. */
export interface HttpDefect {
  /** Changes what goes on; `given` is what the client sent. */
  readonly request?: (headers: Headers, given: Headers) => void;
  readonly response?: (headers: Headers) => void;
  readonly status?: (status: number) => number;
  /** Goes on with requests whose client has gone. */
  readonly keepsRequests?: true;
}

const ofTheConnection = ["connection", "content-length", "host", "transfer-encoding"];

/** The same body, of which all is read even if nobody takes it any more. */
const readToTheEnd = (body: Response["body"]) => {
  const [taken, rest] = body?.tee() ?? [null, null];
  rest?.pipeTo(new WritableStream()).catch(() => {});
  return taken;
};

/** A relay on a port of its own. */
export interface BrokenHttpRelay extends AsyncDisposable {
  readonly url: string;
}

/** Opens a relay to a server; a sound one keeps the client's token and cookies to itself. */
export const openBrokenHttpRelay = (address: string, defect: HttpDefect): BrokenHttpRelay => {
  const ending = new AbortController();
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    fetch: async (request) => {
      const headers = new Headers(request.headers);
      for (const name of [...ofTheConnection, "authorization", "cookie"]) headers.delete(name);
      defect.request?.(headers, request.headers);
      const answer = await fetch(address, {
        method: request.method,
        headers,
        ...(request.method === "POST" && { body: await request.bytes() }),
        signal:
          defect.keepsRequests === true
            ? ending.signal
            : AbortSignal.any([request.signal, ending.signal]),
      });
      const answerHeaders = new Headers(answer.headers);
      for (const name of ofTheConnection) answerHeaders.delete(name);
      defect.response?.(answerHeaders);
      const status = defect.status?.(answer.status) ?? answer.status;
      return new Response(defect.keepsRequests === true ? readToTheEnd(answer.body) : answer.body, {
        status,
        headers: answerHeaders,
      });
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}/mcp`,
    [Symbol.asyncDispose]: async () => {
      ending.abort();
      await server.stop(true);
    },
  };
};
