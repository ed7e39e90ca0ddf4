/** The bound of requests a minute, where many requests come over one connection: each is counted, whatever it asks for. */
import { errorBody } from "../domain/ErrorBody.ts";
import type { RateLimited } from "../domain/Errors.ts";
import { failureResult } from "./McpTool.ts";
import { errorReply } from "./messages.ts";
import type { Interceptor, Reply } from "./WireTransport.ts";

/** The code that JSON-RPC leaves to servers. */
const serverError = -32000;

/** The newest era marks every result with its kind; the others know no such property. */
const resultKind = (meta: unknown): { readonly resultType?: "complete" } =>
  typeof meta === "object" && meta !== null && "io.modelcontextprotocol/protocolVersion" in meta
    ? { resultType: "complete" }
    : {};

/** Answers what comes too soon, as a tool's failure where a model waits for the answer; hands on all else. */
export const withinRate =
  (charge: (requests: number) => RateLimited | undefined, next: Interceptor): Interceptor =>
  (request, protocolVersion) => {
    const tooSoon = charge(1);
    if (tooSoon === undefined) return next(request, protocolVersion);
    const { id, method, params } = request;
    const reply: Reply =
      method === "tools/call"
        ? {
            jsonrpc: "2.0",
            id,
            result: { ...failureResult(tooSoon), ...resultKind(params?._meta) },
          }
        : errorReply(id, serverError, tooSoon.message, errorBody(tooSoon));
    return () => Promise.resolve(reply);
  };
