/** Upstreams that are programs of this machine: one process for each client session. */
import { type ProcessSurroundings, startUpstreamProcess } from "../../actors/UpstreamProcess.ts";
import type { StdioUpstream } from "../../domain/Upstream.ts";
import type { UpstreamKind } from "./UpstreamKind.ts";

/** The kind. It has no check: that would start a process. */
export const makeStdioKind = (surroundings: ProcessSurroundings): UpstreamKind<StdioUpstream> => ({
  open: (upstream, handlers) => startUpstreamProcess(upstream, handlers, surroundings),
});
