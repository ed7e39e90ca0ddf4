/** The messages around a call on the wire: those of Effect's RPC protocol, read without trust. */
import { Option, Schema } from "effect";
import type { FromServerEncoded } from "effect/unstable/rpc/RpcMessage";
import { DeweyError } from "../domain/Errors.ts";
import { Unchecked } from "./untypedTools.ts";

/** How a client names a call, to tell the answers apart. */
const CallId = Schema.Union([Schema.String.check(Schema.isMaxLength(255)), Schema.Finite]);
export type CallId = typeof CallId.Type;

/** A call of a tool. Headers inside it are not read: who calls is known from the connection. */
const Request = Schema.Struct({
  _tag: Schema.tag("Request"),
  id: CallId,
  tag: Schema.String,
  payload: Schema.optionalKey(Unchecked),
  traceId: Schema.optionalKey(Schema.String),
  spanId: Schema.optionalKey(Schema.String),
  sampled: Schema.optionalKey(Schema.Boolean),
});
export type Request = typeof Request.Type;

/** Everything that a client may send. `Ack` and `Eof` belong to streams and to pipes, which no tool and no door has. */
const FromClient = Schema.Union([
  Request,
  Schema.Struct({ _tag: Schema.tag("Interrupt"), requestId: CallId }),
  Schema.Struct({ _tag: Schema.tag("Ping") }),
  Schema.Struct({ _tag: Schema.Literals(["Ack", "Eof"]) }),
]);

export type FromClient = typeof FromClient.Type;

/** Reads what a client sent, or `None` where it is not of the protocol. */
export const readMessage = Schema.decodeUnknownOption(FromClient);

const Named = Schema.Struct({ id: CallId });
const readNamed = Schema.decodeUnknownOption(Named);

/** The call that a broken message was meant to be, so that its caller does not wait for ever. */
export const readCallId = (message: unknown): Option.Option<CallId> =>
  Option.map(readNamed(message), ({ id }) => id);

const encodeError = Schema.encodeSync(Schema.toCodecJson(DeweyError));

/** The answer to a call that failed before or after its tool ran. */
export const failed = (requestId: CallId, error: DeweyError): FromServerEncoded => ({
  _tag: "Exit",
  requestId,
  exit: { _tag: "Failure", cause: [{ _tag: "Fail", error: encodeError(error) }] },
});

/** The answer to what is no call at all. A client of Effect fails every call of the connection on it. */
export const refused = (reason: string): FromServerEncoded => ({ _tag: "Defect", defect: reason });
