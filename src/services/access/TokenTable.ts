/** The access tokens that are good now: in memory as hashes, compared in constant time, replaced while others are served. */
import { timingSafeEqual } from "node:crypto";
import { type AccessToken, tokenDigest } from "../../domain/AccessToken.ts";
import { isSamePrincipal } from "../../domain/Principal.ts";
import { Grant } from "./Grant.ts";

interface Entry {
  readonly digest: Uint8Array;
  readonly grant: Grant;
}

const entryOf = ({ name, digest, scopes, space }: AccessToken): Entry => ({
  digest,
  grant: new Grant({
    principal: { name, space, scopes },
    // Of the name and not of the token: rotating a token gives no second allowance.
    key: JSON.stringify(["token", name, space]),
  }),
});

/** Tokens by their hashes. */
export class TokenTable {
  #entries: ReadonlyArray<Entry>;

  readonly #isEqual: typeof timingSafeEqual;

  constructor(tokens: ReadonlyArray<AccessToken>, isEqual = timingSafeEqual) {
    this.#entries = tokens.map(entryOf);
    this.#isEqual = isEqual;
  }

  /** Looks at every entry whichever matches, so that the time tells nothing. */
  find(token: string): Grant | undefined {
    const digest = tokenDigest(token);
    let found: Grant | undefined;
    for (const entry of this.#entries) {
      if (this.#isEqual(entry.digest, digest)) found = entry.grant;
    }
    return found;
  }

  /** Takes other tokens from now on. Grants of tokens that are gone, or that now grant something else, end. */
  replace(tokens: ReadonlyArray<AccessToken>): void {
    const before = this.#entries;
    this.#entries = tokens
      .map(entryOf)
      .map(
        (entry) =>
          before.find(
            ({ digest, grant }) =>
              this.#isEqual(digest, entry.digest) &&
              isSamePrincipal(grant.principal, entry.grant.principal),
          ) ?? entry,
      );
    const kept = new Set(this.#entries);
    for (const entry of before) {
      if (!kept.has(entry))
        entry.grant.end("The token is no longer valid. Connect with another one.");
    }
  }
}
