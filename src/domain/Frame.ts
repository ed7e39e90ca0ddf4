/** A message as it stood on the wire between a client and an upstream, and which way it went. */
import { Schema } from "effect";

/** Text where the transport carries text, else its bytes; it is forwarded as it came. */
export type Frame = string | Uint8Array;

export const Direction = Schema.Literals(["to_upstream", "to_client"]);
export type Direction = typeof Direction.Type;
