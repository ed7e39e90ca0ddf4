/** The small call that goes through all proxies, the answer to it, and what opens a connection. */
import { openingTexts } from "../door/call.ts";

/** Everything that a client sends before its first call. */
export { openingTexts };

/** All ids have as many digits, so that all frames are of one length. */
export const firstId = 100_000_000;

/** A call as it goes over the wire. */
export const callText = (id: number): string =>
  `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"find_passage","arguments":{"query":"where the harbour master keeps the tide tables","limit":3}}}`;

/** Its answer. */
export const answerText = (id: number | string): string =>
  `{"jsonrpc":"2.0","id":${id},"result":{"content":[{"type":"text","text":"The tide tables hang in the harbour office, beside the door to the slip; the master carries last year's in his coat."}],"isError":false}}`;

const initialized = (id: string): string =>
  `{"jsonrpc":"2.0","id":${id},"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"harbour","version":"1.0.0"}}}`;

/** As it stands: a proxy may make a text of the number. */
const id = /"id":(\d+|"[^"]*")/;

/** What the server says to a frame: nothing to a notification. */
export const replyTo = (text: string): string | undefined => {
  const found = id.exec(text)?.[1];
  if (found === undefined) return undefined;
  return text.includes('"initialize"') ? initialized(found) : answerText(found);
};

/** Frames of one connection and of one call, in both directions. */
export const framesOf = { opening: 3, call: 2 } as const;
