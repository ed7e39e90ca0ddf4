/** The file of access tokens: read at the start and whenever it changes, and made where there is none yet. */
import { randomBytes } from "node:crypto";
import * as fs from "node:fs/promises";
import { dirname } from "node:path";
import { type Duration, Effect, Schema } from "effect";
import { type AccessToken, parseAccessTokens } from "../../domain/AccessToken.ts";
import { Scope } from "../../domain/Principal.ts";
import { onFileChange } from "../fileChanges.ts";

/** The file cannot be used. */
export class TokensFileError extends Schema.TaggedError<TokensFileError>()("TokensFileError", {
  message: Schema.String,
}) {}

/** Far more than anybody writes tokens into. */
const maxBytes = 1024 * 1024;

const reasonOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : "it cannot be read";

const unusable = (path: string) => (error: unknown) =>
  new TokensFileError({
    message: `The access tokens in ${path} cannot be used: ${reasonOf(error)}.`,
  });

/** Reads and checks the file. */
export const readTokensFile = Effect.fn("tokensFile.read")(function* (path: string) {
  const text = yield* Effect.tryPromise({
    try: async () => {
      const { size } = await fs.stat(path);
      return size > maxBytes ? undefined : await fs.readFile(path, "utf8");
    },
    catch: unusable(path),
  });
  if (text === undefined) {
    return yield* new TokensFileError({
      message: `The access tokens in ${path} cannot be used: the file has more than ${maxBytes} bytes.`,
    });
  }
  const { tokens, mistakes, warnings } = parseAccessTokens(text);
  if (mistakes.length > 0) {
    return yield* new TokensFileError({
      message: `The access tokens in ${path} cannot be used: ${mistakes.join(" ")}`,
    });
  }
  return { tokens, warnings };
});

/** Hands on the tokens of the file whenever it has changed; a file that cannot be used changes nothing. */
export const watchTokensFile = (
  path: string,
  every: Duration.Input,
  replace: (tokens: ReadonlyArray<AccessToken>) => void,
): Effect.Effect<never> => {
  let isFirst = true;
  const read = readTokensFile(path).pipe(
    Effect.flatMap(({ tokens, warnings }) => {
      replace(tokens);
      if (isFirst) return Effect.void;
      return Effect.andThen(
        Effect.forEach(warnings, (warning) => Effect.logWarning(`In ${path}: ${warning}`)),
        Effect.logInfo(`Read ${tokens.length} access tokens from ${path}.`),
      );
    }),
    Effect.catchTag("TokensFileError", ({ message }) =>
      Effect.logError(`${message} Those from before stay valid.`),
    ),
    Effect.ensuring(
      Effect.sync(() => {
        isFirst = false;
      }),
    ),
  );
  return onFileChange([path], every, read);
};

/** Readable by its owner alone; root's other files in the folder are the embedded database's, which walks through it. */
const modes = { file: 0o600, folder: process.getuid?.() === 0 ? 0o711 : 0o700 };

/**
 * Makes the file with one token for everything, and returns that token; undefined where the file is there already. Of
 * several processes that start at once one makes it.
 */
export const makeTokensFile = Effect.fn("tokensFile.make")(function* (path: string) {
  const token = randomBytes(32).toString("base64url");
  const text = [
    "# Access tokens of Dewey, one a line: name:token:scopes:space. Read again when the file changes.",
    `owner:${token}:${Scope.literals.join("+")}`,
    "",
  ].join("\n");
  const isMade = yield* Effect.tryPromise({
    try: async () => {
      const draft = `${path}.${randomBytes(6).toString("hex")}`;
      await fs.mkdir(dirname(path), { recursive: true, mode: modes.folder });
      await fs.writeFile(draft, text, { mode: modes.file, flag: "wx" });
      try {
        // Whole or not at all, and never over one that is there.
        await fs.link(draft, path);
        return true;
      } catch (error) {
        if (reasonOf(error) === "EEXIST") return false;
        throw error;
      } finally {
        await fs.unlink(draft);
      }
    },
    catch: unusable(path),
  });
  return isMade ? token : undefined;
});
