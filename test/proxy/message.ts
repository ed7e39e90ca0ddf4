// Messages of JSON-RPC as tests look at them.
import { Schema } from "effect";

/** A message with whatever it holds; decoded, so that what is no message fails the test that waits for it. */
const Message = Schema.Struct({
  id: Schema.optionalKey(Schema.Unknown),
  method: Schema.optionalKey(Schema.String),
  params: Schema.optionalKey(Schema.Unknown),
  result: Schema.optionalKey(Schema.Unknown),
  error: Schema.optionalKey(Schema.Unknown),
  jsonrpc: Schema.optionalKey(Schema.String),
});
export type Message = typeof Message.Type;

const decode = Schema.decodeUnknownSync(Schema.fromJsonString(Message));

/** Reads a message. */
export const messageOf = (frame: string | Uint8Array): Message => decode(String(frame));

const Pid = Schema.Struct({ pid: Schema.Int });
const decodePid = Schema.decodeUnknownSync(Pid);

/** The process that answered, as `stagedProgram.ts` says it. */
export const pidIn = ({ result }: Message): number => decodePid(result).pid;
