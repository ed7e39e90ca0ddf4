/**
 * `tools/call` without the SDK where it has nothing to add: in the versions with a handshake, for a tool that needs
 * arguments alone, from a client that asks for nothing else. The SDK would copy the call and its result several times
 * to find that out, which takes about as long as to store a message.
 */
import type { JSONRPCRequest } from "@modelcontextprotocol/server";
import { Effect, Predicate } from "effect";
import { type Reporter, Reports } from "../services/Reports.ts";
import type { Calls } from "./Calls.ts";
import type { Catalog } from "./Catalog.ts";
import { runIntercepted } from "./intercepted.ts";
import { failureResult, resultOf } from "./McpTool.ts";
import type { Interceptor, Reply } from "./WireTransport.ts";

/** The name and the arguments of a call that has nothing else, such as a token for progress. */
const bareCall = ({ method, params }: JSONRPCRequest) => {
  if (method !== "tools/call" || params === undefined) return undefined;
  const { name, arguments: input = {}, ...others } = params;
  if (typeof name !== "string" || !Predicate.isObject(input)) return undefined;
  for (const _ in others) return undefined;
  return { name, input };
};

/** Answers such calls as the SDK would, and leaves all else to it. */
export const directCalls =
  ({ tools }: Catalog["Service"], calls: Calls, reporter: Reporter): Interceptor =>
  (request, protocolVersion) => {
    if (protocolVersion === undefined) return undefined;
    const call = bareCall(request);
    const tool = call === undefined ? undefined : tools.get(call.name);
    if (call === undefined || tool?.callPlain === undefined) return undefined;
    const { id } = request;
    const refusal = calls.refusal();
    if (refusal !== undefined) {
      return () => Promise.resolve({ jsonrpc: "2.0", id, result: failureResult(refusal) });
    }
    const reply = resultOf(tool.callPlain(call.input)).pipe(
      Effect.map((result): Reply => ({ jsonrpc: "2.0", id, result })),
      Effect.provideService(Reports, reporter),
    );
    return (signal) => runIntercepted(calls, tool, reply, { id, signal });
  };
