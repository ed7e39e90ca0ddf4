// A session over Streamable HTTP: a request for every frame, each on a connection of its own, and one for what belongs
// to none. Whatever fails ends it.
import { eventsOf } from "../eventStreams.ts";
import type { Line, LineOptions } from "./Client.ts";
import { keyOf, read } from "./frames.ts";

const version = "2025-11-25";

/** Opens one. */
export const openHttpLine = ({ address, closed, log, opened, received }: LineOptions): Line => {
  const url = `http://${address}`;
  const over = new AbortController();
  /** What is under way, which has to end before the line has. */
  const exchanges = new Set<Promise<void>>();
  let session: string | undefined;

  const exchange = async (method: "GET" | "POST", body?: string | Uint8Array<ArrayBuffer>) => {
    const response = await fetch(url, {
      method,
      ...(body === undefined ? {} : { body }),
      // A connection that was used before may be gone: what was sent on it would be sent again, and be there twice.
      keepalive: false,
      signal: over.signal,
      headers: {
        accept: method === "GET" ? "text/event-stream" : "application/json, text/event-stream",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(session === undefined
          ? {}
          : { "mcp-session-id": session, "mcp-protocol-version": version }),
      },
    });
    session ??= response.headers.get("mcp-session-id") ?? undefined;
    if (method === "GET" && response.status === 405) return;
    if (!response.ok) throw new Error(`the status ${response.status}`);
    if (response.status === 202 || response.body === null) return;
    const stream: Array<string> = [];
    log.received.push(stream);
    if (response.headers.get("content-type")?.startsWith("text/event-stream") !== true) {
      return received(await response.text(), stream);
    }
    for await (const { data } of eventsOf(response.body)) if (data !== "") received(data, stream);
    if (method === "GET") throw new Error("the end of what should not end");
  };

  const close = () => {
    if (over.signal.aborted) return;
    over.abort();
    void Promise.allSettled(exchanges).then(closed);
  };
  const run = (work: Promise<void>) => {
    const settled = work.catch(close).finally(() => exchanges.delete(settled));
    exchanges.add(settled);
  };

  const line: Line = {
    close,
    send: (frame) => {
      if (over.signal.aborted) return;
      log.sent.push(keyOf(frame));
      const posted = exchange("POST", frame);
      run(posted);
      if (read(keyOf(frame)).method !== "notifications/initialized") return;
      run(posted.then(() => exchange("GET")));
    },
  };
  setImmediate(opened);
  return line;
};
