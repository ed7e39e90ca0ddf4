// The two eras of the protocol, as far as clients and servers here differ by them: the newest version has no handshake
// and no sessions, every message says itself what it needs, and the server asks nothing.
import { read, type Said } from "./frames.ts";

export type Era = "legacy" | "modern";

/** The version that is spoken. */
export const versionOf: Readonly<Record<Era, string>> = {
  legacy: "2025-11-25",
  modern: "2026-07-28",
};

const prefix = "io.modelcontextprotocol/";

/** What a modern message says of itself and its client. */
export const modernMeta = (client: string): Readonly<Record<string, unknown>> => ({
  [`${prefix}protocolVersion`]: versionOf.modern,
  [`${prefix}clientCapabilities`]: {},
  [`${prefix}clientInfo`]: { name: client, version: "1" },
});

/** What asks to be told what the server logs meanwhile. */
export const wantingLogs: Readonly<Record<string, unknown>> = { [`${prefix}logLevel`]: "debug" };

/** The era of a message. */
export const eraOf = ({ meta }: Said): Era =>
  `${prefix}protocolVersion` in meta ? "modern" : "legacy";

/** Whether its sender is to be told what the server logs; in the older versions everybody is. */
export const wantsLogs = (said: Said): boolean =>
  eraOf(said) === "legacy" || `${prefix}logLevel` in said.meta;

/** What every result says, besides what was asked for. */
export const ofResult = (asked: Said): Readonly<Record<string, unknown>> =>
  eraOf(asked) === "modern" ? { resultType: "complete" } : {};

/** What the head of a request over HTTP repeats of a modern message. */
export const modernHeaders = (frame: string): Readonly<Record<string, string>> => {
  const { method, params } = read(frame);
  const name = method === "tools/call" ? params["name"] : undefined;
  return {
    "mcp-protocol-version": versionOf.modern,
    ...(method !== undefined && { "mcp-method": method }),
    ...(typeof name === "string" && { "mcp-name": name }),
  };
};
