/** What a kind of secret is noticed by, and how it is then made certain of. */

/** A secret's place in a text, and what it is, as the marker says it. */
export interface Secret {
  readonly start: number;
  readonly end: number;
  readonly what: string;
}

/** Four characters one after the other, each given as all that may stand there. */
export type Sign = readonly [string, string, string, string];

/** One kind of secret. */
export interface Rule {
  /** No secret of this kind is without one of these. */
  readonly signs: ReadonlyArray<Sign>;
  /** The secret whose sign ends right before that place. It reads no more than it takes, or than a bound. */
  readonly find: (text: string, at: number) => Secret | undefined;
}

/** The sign of a text that is always the same; the first four characters of it, or those from an offset on. */
export const signOf = (text: string, offset = 0): Sign => {
  const [a, b, c, d] = text.slice(offset, offset + 4);
  if (a === undefined || b === undefined || c === undefined || d === undefined) {
    throw new Error(`A sign has four characters, which ${text} has not.`);
  }
  return [a, b, c, d];
};
