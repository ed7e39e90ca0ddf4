// An HTTP server whose answers a test writes, and that can be killed and started again where it was.
import { Effect } from "effect";

/** A request as it came. */
export interface Received {
  readonly method: string;
  readonly headers: Headers;
  readonly body: string;
  readonly signal: AbortSignal;
}

/** Answers a request. */
export type Script = (received: Received) => Response | Promise<Response>;

/** One server. */
export interface ScriptedServer {
  readonly url: string;
  readonly received: Array<Received>;
  script: Script;
  /** Cuts every connection; nobody listens there any more. */
  readonly kill: () => Promise<void>;
  /** Listens there again. */
  readonly start: () => void;
}

/** Serves until the scope closes. */
export const scriptedServer = Effect.fnUntraced(function* (script: Script) {
  let port = 0;
  const received: Array<Received> = [];
  const serve = () =>
    Bun.serve({
      hostname: "127.0.0.1",
      port,
      idleTimeout: 0,
      fetch: async (request) => {
        const { headers, method, signal } = request;
        const one = { method, headers, body: await request.text(), signal };
        received.push(one);
        return server.script(one);
      },
    });
  let serving = serve();
  port = serving.port ?? 0;
  const server: ScriptedServer = {
    url: `http://127.0.0.1:${port}/mcp`,
    received,
    script,
    kill: () => serving.stop(true),
    start: () => {
      serving = serve();
    },
  };
  yield* Effect.addFinalizer(() => Effect.promise(() => serving.stop(true)));
  return server;
});

/** An event stream that a test writes to. */
export const writtenStream = (headers: Readonly<Record<string, string>> = {}) => {
  const encoder = new TextEncoder();
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const gone = Promise.withResolvers<void>();
  const stream = new ReadableStream<Uint8Array>({
    start: (own) => {
      controller = own;
      // Bun sends the head of an answer with its first bytes.
      own.enqueue(encoder.encode(":\n\n"));
    },
    cancel: () => gone.resolve(),
  });
  return {
    response: new Response(stream, {
      headers: { "content-type": "text/event-stream", ...headers },
    }),
    write: (text: string) => controller?.enqueue(encoder.encode(text)),
    end: () => controller?.close(),
    /** Resolves when nobody reads any more. */
    gone: gone.promise,
  };
};

/** The messages of a body that was answered with, whatever it is. */
export const messagesIn = (text: string): ReadonlyArray<unknown> =>
  text.startsWith("{") || text.startsWith("[")
    ? [JSON.parse(text)].flat()
    : text
        .split("\n")
        .filter((line) => /^data: ?\S/.test(line))
        .map((line): unknown => JSON.parse(line.slice("data:".length)));

/** Reads a body part by part. */
export const readerOf = (response: Response) => {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let text = "";
  return {
    /** Reads on until the text that came holds this, and answers all of it. */
    until: async (part: string): Promise<string> => {
      while (!text.includes(part)) {
        const next: { readonly value?: Uint8Array } | undefined = await reader?.read();
        if (next?.value === undefined) throw new Error(`The stream ended with: ${text}`);
        text += decoder.decode(next.value, { stream: true });
      }
      return text;
    },
    /** Reads to the end. */
    rest: async (): Promise<string> => {
      for (;;) {
        const next: { readonly value?: Uint8Array } | undefined = await reader?.read();
        if (next?.value === undefined) return text;
        text += decoder.decode(next.value, { stream: true });
      }
    },
    cancel: () => reader?.cancel(),
  };
};
