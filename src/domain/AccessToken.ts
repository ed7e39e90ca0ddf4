/** Access tokens as they are written down: `name:token:scopes:space`, one a line or separated by commas. */
import { Scope } from "./Principal.ts";

/** A token that lets its bearer in, and as whom. */
export interface AccessToken {
  readonly name: string;
  /** All that is kept of the token itself. */
  readonly digest: Uint8Array;
  readonly scopes: ReadonlySet<Scope>;
  readonly space: string;
}

/** What a text of tokens holds. Neither mistakes nor warnings show any part of a token. */
export interface AccessTokens {
  readonly tokens: ReadonlyArray<AccessToken>;
  readonly mistakes: ReadonlyArray<string>;
  readonly warnings: ReadonlyArray<string>;
}

/** What a token may do whose scopes are left out: everything but the operation of Dewey itself. */
export const defaultScopes: ReadonlySet<Scope> = new Set(["read", "write", "delete", "proxy"]);

/** The space of a token that names none. */
export const defaultSpace = "default";

/** As many characters of base64 as 192 random bits have: less may be a word that somebody thought of. */
const strongLength = 32;

/** The hash of a token: of 256 random bits nobody can tell them, so that it needs neither salt nor many rounds. */
export const tokenDigest = (token: string): Uint8Array =>
  new Bun.CryptoHasher("sha256").update(token).digest();

const isName = (text: string): boolean => /^[\p{L}\p{N}_.@/+-]{1,64}$/u.test(text);
const isSpace = (text: string): boolean => /^[\p{L}\p{N}_.@/+-]{1,255}$/u.test(text);

/** What an `Authorization` header can carry as a bearer token. */
const isToken = (text: string): boolean => /^[A-Za-z0-9._~+/-]+=*$/.test(text);

const isScope = (text: string): text is Scope => Scope.literals.some((literal) => literal === text);

const readScopes = (text: string): ReadonlySet<Scope> | undefined => {
  const scopes = text.split("+");
  return scopes.every(isScope) ? new Set(scopes) : undefined;
};

interface Entry {
  readonly accessToken: AccessToken;
  readonly token: string;
}

const readEntry = (entry: string): Entry | string => {
  const [name = "", token = "", scopes = "", space = "", ...more] = entry
    .split(":")
    .map((part) => part.trim());
  if (token === "")
    return "no token. Write name:token, name:token:scopes or name:token:scopes:space";
  if (more.length > 0) return "more than four parts. Write name:token:scopes:space";
  if (!isName(name)) return "no name of 1 to 64 letters, digits and _ . @ / + -";
  if (!isToken(token)) {
    return "a token that no client can send. Use letters, digits and - . _ ~ + /";
  }
  const granted = scopes === "" ? defaultScopes : readScopes(scopes);
  if (granted === undefined) {
    return `a scope that there is not. The scopes are ${Scope.literals.join(", ")}, joined by +`;
  }
  if (space !== "" && !isSpace(space)) {
    return "no space of 1 to 255 letters, digits and _ . @ / + -";
  }
  const digest = tokenDigest(token);
  return {
    accessToken: { name, digest, scopes: granted, space: space || defaultSpace },
    token,
  };
};

/** A name that is long enough to be a token in the wrong place is not shown. */
const shownName = (name: string, number: number): string =>
  name.length < strongLength ? `the token of ${name}` : `the token of entry ${number}`;

/** Reads all entries. Lines that begin with `#` are comments. */
export const parseAccessTokens = (text: string): AccessTokens => {
  const entries = text
    .split(/\r?\n/)
    .filter((line) => !line.trimStart().startsWith("#"))
    .flatMap((line) => line.split(","))
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
  const tokens: Array<AccessToken> = [];
  const mistakes: Array<string> = [];
  const warnings: Array<string> = [];
  const numbers = new Map<string, number>();
  entries.forEach((entry, index) => {
    const number = index + 1;
    const read = readEntry(entry);
    if (typeof read === "string") {
      mistakes.push(`Entry ${number} has ${read}.`);
      return;
    }
    const { accessToken, token } = read;
    const first = numbers.get(token);
    if (first !== undefined) {
      mistakes.push(`Entries ${first} and ${number} have the same token. Give each its own.`);
      return;
    }
    numbers.set(token, number);
    tokens.push(accessToken);
    if (token.length < strongLength) {
      warnings.push(
        `${shownName(accessToken.name, number)} has fewer than ${strongLength} characters and may be guessed. Make one with: openssl rand -hex 32`,
      );
    }
  });
  if (entries.length === 0) mistakes.push("There is no token in it. Write name:token.");
  return { tokens, mistakes, warnings };
};
