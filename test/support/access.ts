// Access as the settings would make it, from tokens written as they are written in a file.
import type { Layer } from "effect";
import { parseAccessTokens } from "../../src/domain/AccessToken.ts";
import { Access, type AccessOptions } from "../../src/services/Access.ts";

/** No bounds that a test could come to by accident. */
export const wideLimits = {
  requestsPerMinute: 0,
  connections: { inAll: 1_000_000, perToken: 1_000_000 },
};

/** Lets in whoever has one of these tokens. */
export const accessWith = (
  text: string,
  options: Partial<AccessOptions> = {},
): Layer.Layer<Access> =>
  Access.layer({ ...wideLimits, tokens: parseAccessTokens(text).tokens, ...options });
