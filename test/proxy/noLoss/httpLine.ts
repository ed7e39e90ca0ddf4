// A session over Streamable HTTP: a request for every frame, and one for what belongs to none.
import type { Line, LineOptions } from "./Client.ts";
import { Exchanges } from "./Exchanges.ts";
import { versionOf } from "./eras.ts";
import { keyOf, read } from "./frames.ts";

/** Opens one. */
export const openHttpLine = (address: string, options: LineOptions): Line => {
  const { log, opened } = options;
  const exchanges = new Exchanges(address, options);
  let session: string | undefined;
  const head = (): Readonly<Record<string, string>> =>
    session === undefined
      ? {}
      : { "mcp-session-id": session, "mcp-protocol-version": versionOf.legacy };

  const post = async (frame: string | Uint8Array<ArrayBuffer>) => {
    const response = await exchanges.post(frame, head());
    session ??= response.headers.get("mcp-session-id") ?? undefined;
    await exchanges.take(response);
  };
  const listen = async () => {
    const response = await exchanges.get(head());
    if (response.status === 405) return;
    await exchanges.take(response);
    throw new Error("the end of what should not end");
  };

  setImmediate(opened);
  return {
    close: exchanges.close,
    send: (frame) => {
      if (exchanges.isOver) return;
      const key = keyOf(frame);
      log.sent.push(key);
      const posted = post(frame);
      exchanges.run(posted);
      if (read(key).method === "notifications/initialized") exchanges.run(posted.then(listen));
    },
  };
};
