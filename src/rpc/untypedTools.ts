/**
 * The tools with payloads that nobody checks on the way. The stock protocol answers a wrong payload with a defect, and
 * strips properties that it does not know; here the payload reaches the tool box as it came, which answers by the contract.
 */
import { Schema } from "effect";
import { Rpc, RpcGroup } from "effect/unstable/rpc";
import { DeweyTools } from "./DeweyTools.ts";

/** Any value, handed on by reference. (`Schema.Unknown` would be checked and copied on its way to JSON.) */
export const Unchecked = Schema.declare((_value: unknown): _value is unknown => true, {
  toCodecJson: () => undefined,
});

/** The tools of the contract, with its results and errors, and unchecked payloads. */
export const UntypedTools = RpcGroup.make(
  ...Array.from(DeweyTools.requests.values(), (tool) =>
    Rpc.make(tool._tag, {
      payload: Unchecked,
      success: tool.successSchema,
      error: tool.errorSchema,
    }),
  ),
);
