/** What of a frame the proxy reads, beyond its envelope: the messages in it, and a few texts by their place. */
import type { Envelope } from "../actors/envelope.ts";
import { PartReader, skipSpace } from "../actors/proxySession/jsonText.ts";
import type { Frame } from "../domain/Frame.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Bytes as the frame that they are: text where they are UTF-8. */
export const frameOf = (bytes: Uint8Array): Frame => {
  try {
    return decoder.decode(bytes);
  } catch {
    return bytes;
  }
};

/** The messages of a frame: one, or those of a batch. */
export const messagesOf = (envelope: Envelope): ReadonlyArray<Envelope> =>
  envelope.kind === "batch" ? envelope.items : [envelope];

/** The requests of a frame by their keys; a batch may hold many. */
export const requestsOf = (envelope: Envelope): Map<string, Envelope> => {
  const requests = new Map<string, Envelope>();
  for (const message of messagesOf(envelope)) {
    if (message.kind === "request" && message.key !== undefined) {
      requests.set(message.key, message);
    }
  }
  return requests;
};

/** The JSON text of what is found by going from member to member. */
export const textAt = (text: string, path: ReadonlyArray<string>): string | undefined => {
  let at = skipSpace(text, 0);
  let to = text.length;
  for (const name of path) {
    if (text[at] !== "{") return undefined;
    const reader = new PartReader(text, at);
    let from = -1;
    while (reader.next()) {
      if (reader.is(name)) ({ from, to } = reader);
    }
    if (from < 0) return undefined;
    at = from;
  }
  return text.slice(at, to);
};

/** The string that is found by going from member to member. */
export const stringAt = (
  text: string | undefined,
  path: ReadonlyArray<string>,
): string | undefined => {
  const found = text === undefined ? undefined : textAt(text, path);
  return found?.startsWith('"') ? String(JSON.parse(found)) : undefined;
};

/** The version that a request of the stateless protocol names; undefined in the older ones. */
export const statedVersion = ({ params }: Envelope): string | undefined =>
  stringAt(params, ["_meta", "io.modelcontextprotocol/protocolVersion"]);

/** The version that a server agreed to in its answer to `initialize`. */
export const agreedVersion = ({ result }: Envelope): string | undefined =>
  stringAt(result, ["protocolVersion"]);
