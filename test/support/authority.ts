// An OAuth authority for tests, as far as Dewey knows one: a server with public keys, and JWTs signed with the others.
import { Effect } from "effect";
import { exportJWK, generateKeyPair, type JWK, type JWTHeaderParameters, SignJWT } from "jose";

/** A key of the authority. */
export interface SigningKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

/** Makes a key for an algorithm. */
export const newKey = (alg: string, kid: string = crypto.randomUUID()) =>
  Effect.promise(async (): Promise<SigningKey> => {
    const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
    return { kid, alg, privateKey, publicJwk: await exportJWK(publicKey) };
  });

/** What a token says unless a test wants otherwise. */
export const claims = {
  iss: "https://login.example.org/",
  aud: "https://dewey.example.org/mcp",
  sub: "alice",
  scope: "read write",
};

/** Seconds since 1970, so many from now. */
export const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds;

/** Signs a token that expires in a minute. */
export const sign = (
  { alg, kid, privateKey }: SigningKey,
  more: Readonly<Record<string, unknown>> = {},
  header: Partial<JWTHeaderParameters> = {},
) =>
  Effect.promise(() =>
    new SignJWT({ ...claims, exp: inSeconds(60), ...more })
      .setProtectedHeader({ alg, kid, typ: "at+jwt", ...header })
      .sign(privateKey),
  );

/** A key as it stands in the authority's set. */
export const published = ({ alg, kid, publicJwk }: SigningKey): JWK => ({
  ...publicJwk,
  alg,
  kid,
  use: "sig",
});

/** Serves what `answer` says, and counts how often it is asked. */
export const startAuthority = Effect.fnUntraced(function* (answer: () => Response) {
  let asked = 0;
  const server = yield* Effect.acquireRelease(
    Effect.sync(() =>
      Bun.serve({
        hostname: "127.0.0.1",
        port: 0,
        fetch: () => {
          asked++;
          return answer();
        },
      }),
    ),
    (open) => Effect.promise(() => open.stop(true)),
  );
  return { url: `http://127.0.0.1:${server.port}/keys`, asked: () => asked };
});
