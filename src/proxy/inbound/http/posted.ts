/** What of a posted body the proxy reads: its frame with its envelope, and the name that the client gives itself. */
import { type Envelope, readEnvelope } from "../../../actors/envelope.ts";
import type { Frame } from "../../../domain/Frame.ts";
import { frameOf, messagesOf, stringAt } from "../../frames.ts";

/** A body that was posted. */
export interface Posted {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly frame: Frame;
  readonly envelope: Envelope;
}

/** Reads the envelope of a body. */
export const postedOf = (bytes: Uint8Array<ArrayBuffer>): Posted => {
  const frame = frameOf(bytes);
  return { bytes, frame, envelope: readEnvelope(frame) };
};

/** The first product of a `User-Agent`: `claude-code` of `claude-code/2.1 (cli)`. */
const productOf = (headers: Headers): string | null =>
  /^[^\s/()]+/.exec(headers.get("user-agent") ?? "")?.[0] ?? null;

/** The name that a client gives itself in a message. */
export const ownNameOf = (envelope: Envelope): string | undefined => {
  for (const { method, params } of messagesOf(envelope)) {
    const named =
      method === "initialize"
        ? stringAt(params, ["clientInfo", "name"])
        : stringAt(params, ["_meta", "io.modelcontextprotocol/clientInfo", "name"]);
    if (named !== undefined) return named;
  }
  return undefined;
};

/** The client's name: its own, or that of the program that makes its requests. */
export const clientOf = (envelope: Envelope | undefined, headers: Headers): string | null =>
  (envelope === undefined ? undefined : ownNameOf(envelope)) ?? productOf(headers);
