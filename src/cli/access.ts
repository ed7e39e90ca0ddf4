/** Who is let in, as the settings say, and the token that Dewey makes where nobody has set one. */
import { join } from "node:path";
import { Console, Duration, Effect, Layer } from "effect";
import type { AccessSettings } from "../Config/accessSettings.ts";
import { Config } from "../Config.ts";
import { Access, type AccessLimits } from "../services/Access.ts";
import { makeTokensFile, readTokensFile } from "../services/access/tokensFile.ts";

/** How often the file of tokens is looked at. */
const every = Duration.seconds(1);

const limitsOf = (settings: AccessSettings): AccessLimits => ({
  requestsPerMinute: settings.requestsPerMinute,
  connections: { inAll: settings.maxConnections, perToken: settings.maxConnectionsPerToken },
});

const shownOnce = (token: string, path: string): string =>
  [
    "Dewey made an access token, which is shown only now:",
    "",
    `  ${token}`,
    "",
    `It is kept in ${path}.`,
    "",
  ].join("\n");

const generated = Effect.fnUntraced(function* (path: string, limits: AccessLimits) {
  const token = yield* makeTokensFile(path);
  if (token !== undefined) yield* Console.log(shownOnce(token, path));
  const { tokens, warnings } = yield* readTokensFile(path);
  yield* Effect.forEach(warnings, (warning) => Effect.logWarning(`In ${path}: ${warning}`));
  return Access.layer({ ...limits, tokens, tokensFile: { path, every } });
});

/** Access for the doors of one process. */
export const accessLayer = Layer.unwrap(
  Effect.gen(function* () {
    const { access, dataDir } = yield* Config;
    const { authentication } = access;
    const limits = limitsOf(access);
    switch (authentication._tag) {
      case "Open":
        return Access.layerAnonymous(limits);
      case "Generated":
        return yield* generated(join(dataDir, "access-tokens"), limits);
      case "Tokens": {
        const { jwt, tokens, tokensFile } = authentication;
        return Access.layer({
          ...limits,
          tokens,
          ...(tokensFile === undefined ? {} : { tokensFile: { path: tokensFile, every } }),
          ...(jwt === undefined ? {} : { jwt }),
        });
      }
    }
  }),
);
