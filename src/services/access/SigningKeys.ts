/** The public keys that an authority signs its tokens with: fetched from its JWKS, kept, and fetched anew within bounds. */

import { type Duration, Effect, Schema, Semaphore } from "effect";
import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from "jose";
import { Unavailable } from "../../domain/Errors.ts";

/** Where the keys are, and how often they may be asked for. */
export interface SigningKeysOptions {
  readonly url: string;
  /** Keys older than this are fetched anew when they are next needed. */
  readonly freshMs?: number;
  /** A key that is not there yet is looked for this often at most, whatever tokens say. */
  readonly cooldownMs?: number;
  /** An authority that does not answer is asked this often at most. */
  readonly retryMs?: number;
  /** Keys that could not be fetched anew for so long are not believed any more. */
  readonly staleMs?: number;
  readonly timeout?: Duration.Input;
  /** Milliseconds that never go back. */
  readonly now?: () => number;
}

/** One fetched set of keys; a newer one is another object. */
export interface KeySet {
  readonly find: JWTVerifyGetKey;
  readonly fetchedAt: number;
}

/** The keys, as whoever checks a signature needs them. */
export interface SigningKeys {
  /** The keys to begin with. */
  readonly current: Effect.Effect<KeySet, Unavailable>;
  /** For a token whose key is not in `seen`: newer keys, or `seen` where it is too early to ask again. */
  readonly newer: (seen: KeySet) => Effect.Effect<KeySet, Unavailable>;
}

class FetchFailed extends Schema.TaggedError<FetchFailed>()("FetchFailed", {
  message: Schema.String,
}) {}

const maxBytes = 1024 * 1024;

const KeyDocument = Schema.fromJsonString(
  Schema.Struct({
    keys: Schema.Array(
      Schema.StructWithRest(Schema.Struct({ kty: Schema.String }), [
        Schema.Record(Schema.String, Schema.Unknown),
      ]),
    ),
  }),
);
const readDocument = Schema.decodeUnknownEffect(KeyDocument);

/** The body as text, unless it is larger than a set of keys ever is. */
const readBody = async (response: Response): Promise<string> => {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  const chunks: AsyncIterable<Uint8Array> | null = response.body;
  if (chunks === null) return "";
  for await (const chunk of chunks) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new Error(`more than ${maxBytes} bytes came`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
};

const request = async (url: string, signal: AbortSignal): Promise<string> => {
  const response = await fetch(url, {
    signal,
    redirect: "error",
    headers: { Accept: "application/jwk-set+json, application/json" },
  });
  if (response.status !== 200) throw new Error(`the status is ${response.status}`);
  return await readBody(response);
};

const failed = (why: unknown) =>
  new FetchFailed({ message: why instanceof Error ? why.message : String(why) });

/** Keeps the keys of one authority. Nothing is fetched before somebody asks. */
export const makeSigningKeys = (options: SigningKeysOptions): SigningKeys => {
  const {
    url,
    freshMs = 600_000,
    cooldownMs = 30_000,
    retryMs = 5000,
    staleMs = 86_400_000,
    timeout = "5 seconds",
    now = () => performance.now(),
  } = options;
  const oneAtATime = Semaphore.makeUnsafe(1);
  let keys: KeySet | undefined;
  let notBefore = Number.NEGATIVE_INFINITY;

  const fetchKeys = Effect.tryPromise({
    try: (signal) => request(url, signal),
    catch: failed,
  }).pipe(
    Effect.timeoutOrElse({
      duration: timeout,
      orElse: () => Effect.fail(failed("it does not answer")),
    }),
    Effect.flatMap((text) =>
      Effect.mapError(readDocument(text), () => failed("what came is not a JSON Web Key Set")),
    ),
    Effect.flatMap(({ keys: list }) => {
      const set: JSONWebKeySet = { keys: list.map((key) => ({ ...key })) };
      return Effect.try({ try: () => createLocalJWKSet(set), catch: failed });
    }),
  );

  const refresh = Effect.gen(function* () {
    notBefore = now() + retryMs;
    const find = yield* fetchKeys;
    keys = { find, fetchedAt: now() };
    notBefore = now() + cooldownMs;
  }).pipe(
    Effect.catchTag("FetchFailed", ({ message }) =>
      Effect.logWarning(`The keys for JWTs cannot be fetched from ${url}: ${message}.`),
    ),
    Effect.withSpan("SigningKeys.refresh"),
  );

  const believed = Effect.suspend(() =>
    keys !== undefined && now() - keys.fetchedAt < staleMs
      ? Effect.succeed(keys)
      : Effect.fail(
          new Unavailable({
            message: "The token cannot be checked now. Try again in a few seconds.",
            details: { retry_after_ms: retryMs },
          }),
        ),
  );

  const isFresh = () => keys !== undefined && now() - keys.fetchedAt < freshMs;

  const refreshUnless = (enough: () => boolean) =>
    oneAtATime.withPermit(
      Effect.suspend(() => (enough() || now() < notBefore ? Effect.void : refresh)),
    );

  return {
    current: Effect.suspend(() =>
      isFresh() ? believed : Effect.andThen(refreshUnless(isFresh), believed),
    ),
    newer: (seen) =>
      Effect.andThen(
        refreshUnless(() => keys !== seen),
        believed,
      ),
  };
};
