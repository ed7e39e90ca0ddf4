/** Which names of members, variables, headers and options say that their value is a secret. */

/** What a name says. A value of a name that is not `sure` must look random besides. */
export interface Meaning {
  readonly what: string;
  readonly isSure: boolean;
}

const sure = (what: string): Meaning => ({ what, isSure: true });
const unsure = (what: string): Meaning => ({ what, isSure: false });

const password = sure("password");
const secret = sure("secret");
const key = sure("api-key");

/** By how the name ends, without what joins its words: the first that fits. */
const endings: ReadonlyArray<readonly [string, Meaning | undefined]> = [
  // The questions of an interface, not their answers.
  ...[
    "forgot",
    "reset",
    "change",
    "show",
    "hide",
    "lost",
    "has",
    "is",
    "no",
    "invalid",
    "wrong",
  ].map((before) => [`${before}password`, undefined] as const),
  ["password", password],
  ["passwd", password],
  ["passphrase", password],
  ["pwd", password],
  ["secret", secret],
  ...["privatekey", "signingkey", "encryptionkey", "masterkey", "hmackey", "jwtkey"].map(
    (name) => [name, sure("private-key")] as const,
  ),
  ...["apikey", "accesskey", "secretkey", "authkey", "accountkey", "subscriptionkey"].map(
    (name) => [name, key] as const,
  ),
  ...["servicekey", "servicerolekey", "storagekey", "adminkey", "appkey", "integrationkey"].map(
    (name) => [name, unsure("api-key")] as const,
  ),
  ["invalidtoken", undefined],
  // Where a list goes on, and what tokenizers have.
  ...["page", "next", "progress", "continuation", "sync", "cursor", "resume", "pagination"].map(
    (before) => [`${before}token`, undefined] as const,
  ),
  ...["accesstoken", "refreshtoken", "authtoken", "apitoken", "bearertoken", "idtoken"].map(
    (name) => [name, sure("token")] as const,
  ),
  ...["clienttoken", "sessiontoken", "securitytoken", "bottoken", "privatetoken"].map(
    (name) => [name, sure("token")] as const,
  ),
  ["token", unsure("token")],
];

/** Names that mean it only as they are, or after `_`. */
const whole: ReadonlyMap<string, Meaning> = new Map([
  ["pass", password],
  ["auth", unsure("secret")],
]);

const joints = /[_.-]/g;

const read = (name: string): Meaning | undefined => {
  const lower = name.toLowerCase();
  const joint = Math.max(lower.lastIndexOf("_"), lower.lastIndexOf("."), lower.lastIndexOf("-"));
  const alone = whole.get(lower.slice(joint + 1));
  if (alone !== undefined) return alone;
  const joined = lower.replace(joints, "");
  return endings.find(([ending]) => joined.endsWith(ending))?.[1];
};

/** Frames have the same names again and again. */
const seen = new Map<string, Meaning | undefined>();
const mostSeen = 1000;

/** What a name says about its value, if it says anything. */
export const meaningOf = (name: string): Meaning | undefined => {
  const before = seen.get(name);
  if (before !== undefined || seen.has(name)) return before;
  const meaning = read(name);
  if (seen.size < mostSeen && name.length <= 64) seen.set(name, meaning);
  return meaning;
};
