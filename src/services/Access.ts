/** Who is asking, and how much they may ask for: the one place where what a request carries becomes a principal. */
import { Context, type Duration, Effect, Layer } from "effect";
import type { AccessToken } from "../domain/AccessToken.ts";
import { type RateLimited, Unauthenticated, type Unavailable } from "../domain/Errors.ts";
import { anonymous, type Principal } from "../domain/Principal.ts";
import { Grant } from "./access/Grant.ts";
import { isJwt, type JwtOptions, makeJwts } from "./access/Jwts.ts";
import { type PlaceLimits, Places } from "./access/Places.ts";
import { RateLimits } from "./access/RateLimits.ts";
import { TokenTable } from "./access/TokenTable.ts";
import { watchTokensFile } from "./access/tokensFile.ts";

/** How a caller comes to the door. */
export interface Knock {
  /** The value of the `Authorization` header. */
  readonly authorization: string | null;
  readonly remoteAddress: string;
}

/** A caller who was let in, and what bounds them. */
export interface Visitor {
  readonly principal: Principal;
  /** Whether the caller can get a token with more scopes by asking the authority. */
  readonly canGrow: boolean;
  /** Takes so many requests from what the caller may ask for in a minute, or says when to ask again. */
  readonly charge: (requests: number) => RateLimited | undefined;
  /** Takes one of the places for connections until what it returns is called. */
  readonly enter: () => (() => void) | RateLimited;
  /** Calls `ended` once, when the token is no longer good; what it returns takes that back. */
  readonly watch: (ended: (reason: string) => void) => () => void;
}

/** Whose JWTs are taken, as clients that look for a token are told. */
export interface ResourceServer {
  readonly issuer: string;
  readonly audiences: ReadonlyArray<string>;
}

/** Bounds that hold with tokens and without. */
export interface AccessLimits {
  /** 0: none. */
  readonly requestsPerMinute: number;
  readonly connections: PlaceLimits;
}

/** Who is let in. Without tokens and without JWTs, nobody is. */
export interface AccessOptions extends AccessLimits {
  readonly tokens: ReadonlyArray<AccessToken>;
  /** Where the tokens come from, to be looked at again and again. */
  readonly tokensFile?: { readonly path: string; readonly every: Duration.Input };
  readonly jwt?: JwtOptions;
}

const unbounded: AccessLimits = {
  requestsPerMinute: 0,
  connections: { inAll: Number.POSITIVE_INFINITY, perToken: Number.POSITIVE_INFINITY },
};

const noToken = new Unauthenticated({
  message: "A token is needed. Send it in the header: Authorization: Bearer <token>.",
});

const wrongToken = new Unauthenticated({
  message: "The token is not known. Check it, or ask whoever runs this Dewey for one.",
});

/** The credentials of the `Bearer` scheme, the one that there is. */
const bearerOf = (authorization: string): string | undefined =>
  /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i.exec(authorization)?.[1];

const visitors = ({ requestsPerMinute, connections }: AccessLimits) => {
  const rates = new RateLimits(requestsPerMinute);
  const places = new Places(connections);
  return (grant: Grant, remoteAddress: string): Visitor => {
    const rateKey = grant.key ?? remoteAddress;
    return {
      principal: grant.principal,
      canGrow: grant.canGrow,
      charge: (requests) => rates.take(rateKey, requests),
      enter: () => places.enter(grant.key),
      watch: (ended) => grant.watch(ended),
    };
  };
};

/** Lets callers in by what their requests carry. */
export class Access extends Context.Service<
  Access,
  {
    readonly identify: (knock: Knock) => Effect.Effect<Visitor, Unauthenticated | Unavailable>;
    /** Undefined where no JWTs are taken: then there is no authority to send anybody to. */
    readonly resourceServer: ResourceServer | undefined;
  }
>()("dewey/services/Access") {
  /** Everybody is `anonymous`: Dewey without tokens. */
  static readonly layerOpen = Access.layerAnonymous(unbounded);

  /** The same within bounds, those of requests for each address. */
  static layerAnonymous(limits: AccessLimits) {
    return Layer.sync(Access, () => {
      const visitorOf = visitors(limits);
      const grant = new Grant({ principal: anonymous });
      return Access.of({
        identify: ({ remoteAddress }) => Effect.succeed(visitorOf(grant, remoteAddress)),
        resourceServer: undefined,
      });
    });
  }

  /** Whoever has a token, or a JWT. */
  static layer(options: AccessOptions) {
    return Layer.effect(
      Access,
      Effect.gen(function* () {
        const { tokens, tokensFile, jwt } = options;
        const table = new TokenTable(tokens);
        const jwts = jwt === undefined ? undefined : makeJwts(jwt);
        const visitorOf = visitors(options);

        if (tokensFile !== undefined) {
          yield* watchTokensFile(tokensFile.path, tokensFile.every, (newer) =>
            table.replace(newer),
          ).pipe(Effect.forkScoped);
        }

        const grantOf = (authorization: string | null) => {
          if (authorization === null) return Effect.fail(noToken);
          const token = bearerOf(authorization);
          if (token === undefined) return Effect.fail(noToken);
          const known = table.find(token);
          if (known !== undefined) return Effect.succeed(known);
          return jwts !== undefined && isJwt(token) ? jwts.grant(token) : Effect.fail(wrongToken);
        };

        return Access.of({
          identify: ({ authorization, remoteAddress }) =>
            Effect.map(grantOf(authorization), (grant) => visitorOf(grant, remoteAddress)),
          resourceServer:
            jwt === undefined ? undefined : { issuer: jwt.issuer, audiences: jwt.audiences },
        });
      }),
    );
  }
}
