/** What tests of upstreams share: who asks, and how a server answers. */
import { Schema } from "effect";
import { anonymous } from "../../../src/domain/Principal.ts";
import type { UpstreamCaller } from "../../../src/proxy/upstreams/UpstreamKind.ts";

/** For upstreams that are never told who asks. */
export const caller: UpstreamCaller = { principal: anonymous, remoteAddress: "127.0.0.1" };

const decode = Schema.decodeUnknownSync(
  Schema.fromJsonString(Schema.Struct({ id: Schema.String, method: Schema.Literal("ping") })),
);

/** The answer to a ping, so or with an empty result. */
export const pong = (ping: string | Uint8Array, answer: object = { result: {} }): string =>
  JSON.stringify({ jsonrpc: "2.0", id: decode(String(ping)).id, ...answer });
