import { describe, expect } from "bun:test";
import { Effect, Logger } from "effect";
import { exportSPKI, SignJWT, UnsecuredJWT } from "jose";
import { type JwtOptions, makeJwts } from "../../../src/services/access/Jwts.ts";
import {
  makeSigningKeys,
  type SigningKeysOptions,
} from "../../../src/services/access/SigningKeys.ts";
import {
  claims,
  inSeconds,
  newKey,
  published,
  type SigningKey,
  sign,
  startAuthority,
} from "../../support/authority.ts";
import { it } from "../../support/it.ts";

const settings: Omit<JwtOptions, "jwksUrl"> = {
  issuer: claims.iss,
  audiences: [claims.aud, "dewey"],
  scopesClaim: "scope",
  spaceClaim: undefined,
};

/** Dewey before an authority that has these keys at first; the clock is the test's. */
const before = Effect.fnUntraced(function* (
  first: ReadonlyArray<SigningKey>,
  options: Partial<JwtOptions> = {},
  bounds: Partial<SigningKeysOptions> = {},
) {
  let now = 0;
  let answer = () => Response.json({ keys: first.map(published) });
  const authority = yield* startAuthority(() => answer());
  const jwksUrl = authority.url;
  const { grant } = makeJwts(
    { ...settings, ...options, jwksUrl },
    makeSigningKeys({ url: jwksUrl, now: () => now, ...bounds }),
  );
  const quiet = Effect.provide(Logger.layer([]));
  return {
    asked: authority.asked,
    pass: (seconds: number) => void (now += seconds * 1000),
    serves: (keys: ReadonlyArray<SigningKey>) => {
      answer = () => Response.json({ keys: keys.map(published) });
    },
    answers: (other: () => Response) => {
      answer = other;
    },
    principal: (token: string) => Effect.map(grant(token), ({ principal }) => principal),
    /** The code of the refusal and its sentence. */
    refusal: (token: string) =>
      grant(token).pipe(
        Effect.flip,
        Effect.map(({ code, message }) => `${code}: ${message}`),
        quiet,
      ),
    grant,
  };
});

describe("a token of the authority", () => {
  for (const alg of ["RS256", "PS384", "ES256", "ES512", "EdDSA"]) {
    it.effect(`signed with ${alg} names its bearer`, () =>
      Effect.gen(function* () {
        const key = yield* newKey(alg);
        const { asked, principal } = yield* before([yield* newKey("ES384"), key]);
        expect(yield* principal(yield* sign(key))).toEqual({
          name: "alice",
          space: "default",
          scopes: new Set(["read", "write"]),
        });
        yield* principal(yield* sign(key, { sub: "bob" }));
        expect(asked()).toBe(1);
      }),
    );
  }

  it.effect("has its scopes and its space where the settings say", () =>
    Effect.gen(function* () {
      const key = yield* newKey("ES256");
      const usual = yield* before([key]);
      const principal = (more: object) => Effect.flatMap(sign(key, { ...more }), usual.principal);
      expect((yield* principal({ scope: ["admin", "read", "fly", 7] })).scopes).toEqual(
        new Set(["admin", "read"]),
      );
      expect((yield* principal({ scope: undefined })).scopes).toEqual(new Set());
      expect((yield* principal({ space: "team" })).space).toBe("team");
      expect((yield* principal({ aud: ["other", "dewey"] })).name).toBe("alice");

      const other = yield* before([key], {
        scopesClaim: "https://dewey.example.org/scopes",
        spaceClaim: "tenant",
      });
      const token = yield* sign(key, {
        tenant: "acme",
        space: "ignored",
        "https://dewey.example.org/scopes": ["delete"],
      });
      expect(yield* other.principal(token)).toEqual({
        name: "alice",
        space: "acme",
        scopes: new Set(["delete"]),
      });
      // With a claim of its own nobody falls into the space of others.
      for (const tenant of [undefined, "", 7, "x".repeat(256)]) {
        expect(yield* other.refusal(yield* sign(key, { tenant }))).toContain("names no space");
      }
    }),
  );

  it.effect("may name no key, and have any type that access tokens have", () =>
    Effect.gen(function* () {
      const keys = [yield* newKey("ES256"), yield* newKey("ES256"), yield* newKey("ES256")];
      const { principal, refusal } = yield* before(keys.slice(0, 2));
      for (const key of keys.slice(0, 2)) {
        const { kid: _, ...nameless } = key;
        const token = yield* Effect.promise(() =>
          new SignJWT({ ...claims, exp: inSeconds(60) })
            .setProtectedHeader({ alg: nameless.alg })
            .sign(nameless.privateKey),
        );
        expect((yield* principal(token)).name).toBe("alice");
      }
      const [first, , foreign] = keys;
      if (first === undefined || foreign === undefined) return expect.unreachable();
      for (const typ of ["JWT", "jwt", "at+JWT", "application/at+jwt"]) {
        expect((yield* principal(yield* sign(first, {}, { typ }))).name).toBe("alice");
      }
      const token = yield* Effect.promise(() =>
        new SignJWT({ ...claims, exp: inSeconds(60) })
          .setProtectedHeader({ alg: foreign.alg })
          .sign(foreign.privateKey),
      );
      expect(yield* refusal(token)).toContain("signature is wrong");
    }),
  );
});

describe("a token is refused", () => {
  const wrong: ReadonlyArray<readonly [string, Readonly<Record<string, unknown>>, string]> = [
    ["meant for somebody else", { aud: "https://other.example.org" }, "its claim aud"],
    ["meant for nobody", { aud: undefined }, "its claim aud"],
    ["of another authority", { iss: "https://evil.example.org/" }, "its claim iss"],
    [
      "of an authority that is almost the same",
      { iss: "https://login.example.org" },
      "its claim iss",
    ],
    ["that has expired", { exp: inSeconds(-31) }, "it has expired"],
    ["that never expires", { exp: undefined }, "its claim exp"],
    ["that is not valid yet", { nbf: inSeconds(60) }, "its claim nbf"],
    ["of nobody", { sub: undefined }, "its claim sub"],
    ["of an empty name", { sub: "" }, "its claim sub names nobody"],
    ["of a name that cannot be stored", { sub: "a\u0000b" }, "its claim sub names nobody"],
    ["of a name that is too long", { sub: "x".repeat(256) }, "its claim sub names nobody"],
    ["that is worth something with a key alone", { cnf: { jkt: "x" } }, "bound to a key"],
  ];
  for (const [what, more, reason] of wrong) {
    it.effect(what, () =>
      Effect.gen(function* () {
        const key = yield* newKey("ES256");
        const { refusal } = yield* before([key]);
        const said = yield* refusal(yield* sign(key, more));
        expect(said).toStartWith("UNAUTHENTICATED: The token is not valid: ");
        expect(said).toContain(reason);
      }),
    );
  }

  it.effect("but not for a clock that is half a minute off", () =>
    Effect.gen(function* () {
      const key = yield* newKey("ES256");
      const { principal } = yield* before([key]);
      const token = yield* sign(key, { exp: inSeconds(-20), nbf: inSeconds(20) });
      expect((yield* principal(token)).name).toBe("alice");
    }),
  );

  it.effect("by its header alone, without a question to the authority", () =>
    Effect.gen(function* () {
      const key = yield* newKey("RS256");
      const { asked, refusal } = yield* before([key]);
      const { kid, publicJwk } = key;
      const none = new UnsecuredJWT({ ...claims, exp: inSeconds(60) }).encode();
      expect(yield* refusal(none)).toContain("algorithm is not allowed");
      // The public key, which everybody has, as the secret of an HMAC.
      const { publicKey } = yield* Effect.promise(async () => ({
        publicKey: await crypto.subtle.importKey(
          "jwk",
          publicJwk,
          { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
          true,
          ["verify"],
        ),
      }));
      const pem = yield* Effect.promise(() => exportSPKI(publicKey));
      for (const secret of [pem, JSON.stringify(publicJwk), publicJwk.n ?? ""]) {
        const forged = yield* Effect.promise(() =>
          new SignJWT({ ...claims, exp: inSeconds(60) })
            .setProtectedHeader({ alg: "HS256", kid })
            .sign(new TextEncoder().encode(secret)),
        );
        expect(yield* refusal(forged)).toContain("algorithm is not allowed");
      }
      for (const typ of ["logout+jwt", "dpop+jwt", "secevent+jwt"]) {
        expect(yield* refusal(yield* sign(key, {}, { typ }))).toContain("its type");
      }
      expect(yield* refusal("not.a.jwt")).toContain("cannot be read");
      expect(asked()).toBe(0);
    }),
  );

  it.effect("when its signature, its claims or its key were changed", () =>
    Effect.gen(function* () {
      const key = yield* newKey("ES256");
      const { principal, refusal } = yield* before([key]);
      const token = yield* sign(key);
      expect((yield* principal(token)).name).toBe("alice");
      const [head = "", , signature = ""] = token.split(".");
      const body = Buffer.from(
        JSON.stringify({ ...claims, exp: inSeconds(60), scope: "admin" }),
      ).toString("base64url");
      expect(yield* refusal(`${head}.${body}.${signature}`)).toContain("signature is wrong");
      const impostor = yield* newKey("ES256", key.kid);
      expect(yield* refusal(yield* sign(impostor))).toContain("signature is wrong");
      // It brings its own key along, which nobody asked for.
      const own = yield* sign(impostor, {}, { jwk: impostor.publicJwk });
      expect(yield* refusal(own)).toContain("signature is wrong");
    }),
  );
});

describe("the keys", () => {
  it.effect(
    "are fetched anew for one that is not there yet, but not more often than the cooldown",
    () =>
      Effect.gen(function* () {
        const [old, next] = [yield* newKey("ES256"), yield* newKey("ES256")];
        const { asked, pass, principal, refusal, serves } = yield* before([old]);
        yield* principal(yield* sign(old));
        serves([old, next]);
        const token = yield* sign(next);
        expect(yield* refusal(token)).toContain("its key is not known");
        expect(asked()).toBe(1);
        pass(29.9);
        expect(yield* refusal(token)).toContain("its key is not known");
        pass(0.1);
        const both = yield* Effect.all([principal(token), principal(token), principal(token)], {
          concurrency: "unbounded",
        });
        expect(both.map(({ name }) => name)).toEqual(["alice", "alice", "alice"]);
        expect(asked()).toBe(2);
        // Whatever keys tokens name.
        for (let number = 0; number < 50; number++) {
          yield* refusal(yield* sign(old, {}, { kid: `made up ${number}` }));
        }
        expect(asked()).toBe(2);
      }),
  );

  it.effect("that the authority has taken back are forgotten after ten minutes", () =>
    Effect.gen(function* () {
      const [old, next] = [yield* newKey("ES256"), yield* newKey("ES256")];
      const { asked, pass, principal, refusal, serves } = yield* before([old]);
      const token = yield* sign(old);
      yield* principal(token);
      serves([next]);
      pass(599.9);
      yield* principal(token);
      expect(asked()).toBe(1);
      pass(0.1);
      expect(yield* refusal(token)).toContain("its key is not known");
      expect(asked()).toBe(2);
    }),
  );

  it.effect("stay good for a day while the authority is away", () =>
    Effect.gen(function* () {
      const key = yield* newKey("ES256");
      const { answers, asked, pass, principal, refusal, serves } = yield* before([key]);
      const token = yield* sign(key, { exp: inSeconds(100_000) });
      yield* principal(token);
      answers(() => new Response("away", { status: 503 }));
      pass(3600);
      yield* principal(token).pipe(Effect.provide(Logger.layer([])));
      yield* principal(token);
      expect(asked()).toBe(2);
      pass(86_400 - 3600);
      expect(yield* refusal(token)).toStartWith("UNAVAILABLE: The token cannot be checked now");
      serves([key]);
      // It was asked a moment ago.
      expect(yield* refusal(token)).toStartWith("UNAVAILABLE");
      pass(5);
      expect((yield* principal(token)).name).toBe("alice");
    }),
  );

  const answers: ReadonlyArray<readonly [string, () => Response]> = [
    ["an error", () => new Response("no", { status: 500 })],
    ["no JSON", () => new Response("<html>")],
    ["no keys", () => Response.json({ key: [] })],
    ["more than a megabyte", () => new Response(`{"keys":[${" ".repeat(1024 * 1024)}]}`)],
    ["a redirection", () => Response.redirect("https://login.example.org/keys")],
  ];
  for (const [what, answer] of answers) {
    it.effect(`that cannot be had because ${what} came make tokens unavailable, not invalid`, () =>
      Effect.gen(function* () {
        const key = yield* newKey("ES256");
        const dewey = yield* before([key]);
        dewey.answers(answer);
        expect(yield* dewey.refusal(yield* sign(key))).toStartWith("UNAVAILABLE");
      }),
    );
  }

  it.effect("are not waited for when the authority does not answer", () =>
    Effect.gen(function* () {
      const key = yield* newKey("ES256");
      const dewey = yield* before([key], {}, { timeout: "50 millis" });
      const stalled = new ReadableStream({ start: () => {} });
      dewey.answers(() => new Response(stalled));
      expect(yield* dewey.refusal(yield* sign(key))).toStartWith("UNAVAILABLE");
    }),
  );

  it.effect("that are secrets check nothing", () =>
    Effect.gen(function* () {
      const key = yield* newKey("ES256");
      const dewey = yield* before([key]);
      dewey.answers(() => Response.json({ keys: [{ kty: "oct", k: "c2VjcmV0", kid: key.kid }] }));
      expect(yield* dewey.refusal(yield* sign(key))).toContain("its key is not known");
    }),
  );
});

describe("a grant by a token", () => {
  it.effect("ends when the token expires", () =>
    Effect.gen(function* () {
      const key = yield* newKey("ES256");
      const { grant } = yield* before([key]);
      // Within the tolerance still, for a second or two.
      const token = yield* sign(key, { exp: inSeconds(-28) });
      const given = yield* grant(token);
      const reason = yield* Effect.callback<string>((resume) => {
        const unwatch = given.watch((why) => resume(Effect.succeed(why)));
        return Effect.sync(unwatch);
      });
      expect(reason).toBe("The token has expired.");
    }),
  );
});
