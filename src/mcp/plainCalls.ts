/** The first Dewey's form: a request whose method is a tool's name, answered with the tool's plain result. */
import { ProtocolErrorCode } from "@modelcontextprotocol/server";
import { Effect } from "effect";
import { errorBody } from "../domain/ErrorBody.ts";
import type { DeweyError } from "../domain/Errors.ts";
import type { Calls } from "./Calls.ts";
import type { Catalog } from "./Catalog.ts";
import { runIntercepted } from "./intercepted.ts";
import { errorReply } from "./messages.ts";
import type { Interceptor, Reply } from "./WireTransport.ts";

/** The code that JSON-RPC leaves to servers. */
const serverError = -32000;

const failure = (id: string | number, error: DeweyError): Reply =>
  errorReply(
    id,
    error.code === "INVALID_INPUT" ? ProtocolErrorCode.InvalidParams : serverError,
    error.message,
    errorBody(error),
  );

/** Answers requests of this form, and hands on all others. */
export const plainCalls =
  ({ tools }: Catalog["Service"], calls: Calls, next: Interceptor): Interceptor =>
  (request, protocolVersion) => {
    const { id, method, params } = request;
    const tool = tools.get(method);
    if (tool?.callPlain === undefined) return next(request, protocolVersion);
    const refusal = calls.refusal();
    if (refusal !== undefined) return () => Promise.resolve(failure(id, refusal));
    const reply = Effect.match(tool.callPlain(params ?? {}), {
      onSuccess: (result): Reply => ({ jsonrpc: "2.0", id, result }),
      onFailure: (error) => failure(id, error),
    });
    return (signal) => runIntercepted(calls, tool, reply, { id, signal });
  };
