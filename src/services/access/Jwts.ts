/** JWTs as access tokens: Dewey as the resource server of an OAuth 2.1 authority, which it knows by its keys alone. */

import { Effect, Option, Schema } from "effect";
import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from "jose";
import { defaultSpace } from "../../domain/AccessToken.ts";
import { Unauthenticated, type Unavailable } from "../../domain/Errors.ts";
import { type Principal, Scope } from "../../domain/Principal.ts";
import { shortText } from "../../domain/Text.ts";
import { Grant } from "./Grant.ts";
import { type KeySet, makeSigningKeys, type SigningKeys } from "./SigningKeys.ts";

/** What a JWT must say, and where it says who its bearer is. */
export interface JwtOptions {
  readonly jwksUrl: string;
  readonly issuer: string;
  /** One of them must be in `aud`. */
  readonly audiences: ReadonlyArray<string>;
  readonly scopesClaim: string;
  /** Undefined: `space`, and the default one for tokens that name none; given: every token must have it. */
  readonly spaceClaim: string | undefined;
}

/** Signatures that a public key checks. No `none`, and no HMAC, for which a public key would be the secret. */
const algorithms = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
];

/** Access tokens by RFC 9068, and what most authorities write there; other types are meant for something else. */
const types = ["at+jwt", "application/at+jwt", "jwt", "application/jwt"];

/** Seconds that the authority's clock may differ from ours. */
const clockTolerance = 30;

const invalid = (why: string) =>
  new Unauthenticated({ message: `The token is not valid: ${why}. Get a new one.` });

const reasonOf = (error: unknown): Unauthenticated => {
  if (error instanceof errors.JWTExpired) return invalid("it has expired");
  if (error instanceof errors.JWTClaimValidationFailed) {
    return invalid(`its claim ${error.claim} is not what is asked for here`);
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return invalid("its algorithm is not allowed");
  if (error instanceof errors.JWKSNoMatchingKey) return invalid("its key is not known");
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return invalid("its signature is wrong");
  return invalid("it cannot be read");
};

const shortName = Schema.decodeUnknownOption(shortText(1, 255));

const isScope = Schema.is(Scope);

/** `read write` as OAuth has it, or an array; scopes of other services are passed over. */
const scopesOf = (claim: unknown): ReadonlySet<Scope> => {
  const values: ReadonlyArray<unknown> =
    typeof claim === "string" ? claim.split(" ") : Array.isArray(claim) ? claim : [];
  return new Set(values.filter(isScope));
};

class KeyUnknown extends Schema.TaggedError<KeyUnknown>()("KeyUnknown", {}) {}

/** Whether a bearer token has the form of a JWT. */
export const isJwt = (token: string): boolean => /^[\w-]+\.[\w-]+\.[\w-]*$/.test(token);

/** Makes what turns JWTs into grants. */
export const makeJwts = (
  options: JwtOptions,
  keys: SigningKeys = makeSigningKeys({ url: options.jwksUrl }),
) => {
  const expected = {
    algorithms,
    issuer: options.issuer,
    audience: [...options.audiences],
    clockTolerance,
    requiredClaims: ["exp", "sub"],
  };

  const tryKeys = async (token: string, { find }: KeySet): Promise<JWTPayload> => {
    try {
      return (await jwtVerify(token, find, expected)).payload;
    } catch (error) {
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
      // A token that names no key, and an authority with several: one of them may be it.
      for await (const key of error) {
        try {
          return (await jwtVerify(token, key, expected)).payload;
        } catch (other) {
          if (!(other instanceof errors.JWSSignatureVerificationFailed)) throw other;
        }
      }
      throw new errors.JWSSignatureVerificationFailed();
    }
  };

  const verifyWith = (token: string, set: KeySet) =>
    Effect.tryPromise({
      try: () => tryKeys(token, set),
      catch: (error) =>
        error instanceof errors.JWKSNoMatchingKey ? new KeyUnknown() : reasonOf(error),
    });

  const checkHeader = (token: string) =>
    Effect.try({ try: () => decodeProtectedHeader(token), catch: reasonOf }).pipe(
      Effect.flatMap(({ alg, typ }) => {
        // Before any key is looked for: what can never be valid costs the authority nothing.
        if (alg === undefined || !algorithms.includes(alg)) {
          return Effect.fail(invalid("its algorithm is not allowed"));
        }
        return typ === undefined || types.includes(typ.toLowerCase())
          ? Effect.void
          : Effect.fail(invalid("its type is not that of an access token"));
      }),
    );

  const spaceOf = (payload: JWTPayload): Option.Option<string> => {
    const { spaceClaim } = options;
    const given = payload[spaceClaim ?? "space"];
    return given === undefined && spaceClaim === undefined
      ? Option.some(defaultSpace)
      : shortName(given);
  };

  const grantOf = (payload: JWTPayload): Effect.Effect<Grant, Unauthenticated> => {
    // Such a token is worth something only with the key that it names, and nobody proves that here.
    if (payload["cnf"] !== undefined) return Effect.fail(invalid("it is bound to a key"));
    const name = shortName(payload.sub);
    if (Option.isNone(name)) return Effect.fail(invalid("its claim sub names nobody"));
    const space = spaceOf(payload);
    if (Option.isNone(space)) return Effect.fail(invalid("it names no space"));
    const principal: Principal = {
      name: name.value,
      space: space.value,
      scopes: scopesOf(payload[options.scopesClaim]),
    };
    return Effect.succeed(
      new Grant({
        principal,
        canGrow: true,
        key: JSON.stringify(["jwt", principal.name, principal.space]),
        expiresAt: ((payload.exp ?? 0) + clockTolerance) * 1000,
      }),
    );
  };

  /** Grants what a JWT says, if it is the authority's and meant for this Dewey. */
  const grant = Effect.fn("Jwts.grant")(function* (
    token: string,
  ): Effect.fn.Return<Grant, Unauthenticated | Unavailable> {
    yield* checkHeader(token);
    const set = yield* keys.current;
    const payload = yield* verifyWith(token, set).pipe(
      Effect.catchTag("KeyUnknown", () =>
        Effect.flatMap(keys.newer(set), (newer) =>
          newer === set ? Effect.fail(new KeyUnknown()) : verifyWith(token, newer),
        ),
      ),
      Effect.catchTag("KeyUnknown", () => Effect.fail(invalid("its key is not known"))),
    );
    return yield* grantOf(payload);
  });

  return { grant };
};
