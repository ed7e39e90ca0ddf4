/**
 * Finds secrets in a text in one pass: the last four characters are looked up at each place, which costs about a
 * nanosecond, and only where they are the sign of some kind of secret is it looked at closely.
 */
import { formatRules } from "./formats.ts";
import { type Known, makeNamedRules } from "./named.ts";
import type { Rule, Secret } from "./Rule.ts";
import { structureRules } from "./structures.ts";

const tableBits = 17;
const slotOf = (four: number) => Math.imul(four, 0x9e3779b1) >>> (32 - tableBits);

const expand = (rule: Rule): ReadonlyArray<number> =>
  rule.signs.flatMap((sign) =>
    sign.reduce<ReadonlyArray<number>>(
      (begun, characters) =>
        begun.flatMap((four) =>
          [...characters].map((character) => (four << 8) | character.charCodeAt(0)),
        ),
      [0],
    ),
  );

const rulesBySign = new Map<number, Array<Rule>>();
/** Which signs there may be: a few slots say so by chance. */
const maybe = new Uint8Array(1 << tableBits);

const none: ReadonlyArray<never> = [];

const add = (rule: Rule) => {
  for (const four of new Set(expand(rule))) {
    const rules = rulesBySign.get(four);
    if (rules === undefined) rulesBySign.set(four, [rule]);
    else rules.push(rule);
    maybe[slotOf(four)] = 1;
  }
};

for (const rule of structureRules) add(rule);
for (const rule of formatRules) add(rule);
/** What is known so far: the rules that go by names ask it what a value is. */
const unnamed = new Map([...rulesBySign].map(([four, rules]) => [four, [...rules]]));

/** The first secret that needs no name and begins where the bounds do, or soon after. */
const firstSecret = (text: string, start: number, end: number): Secret | undefined => {
  let four = 0;
  const last = Math.min(end, start + 32);
  for (let at = start; at < last; at++) {
    four = (four << 8) | text.charCodeAt(at);
    if (maybe[slotOf(four)] === 0) continue;
    for (const rule of unnamed.get(four) ?? none) {
      const secret = rule.find(text, at + 1);
      if (secret !== undefined) return secret;
    }
  }
  return undefined;
};

const known: Known = (text, start, end) => {
  const secret = firstSecret(text, start, end);
  return secret?.start === start && secret.end === end ? secret.what : undefined;
};

for (const rule of makeNamedRules(known)) add(rule);

/** All secrets of a text, in their order; none overlaps another. */
export const findSecrets = (text: string): ReadonlyArray<Secret> => {
  let found: Array<Secret> | undefined;
  let free = 0;
  let four = 0;
  const { length } = text;
  for (let at = 0; at < length; at++) {
    four = (four << 8) | text.charCodeAt(at);
    if (maybe[slotOf(four)] === 0) continue;
    const rules = rulesBySign.get(four);
    if (rules === undefined) continue;
    for (const rule of rules) {
      const secret = rule.find(text, at + 1);
      if (secret === undefined || secret.start < free) continue;
      found ??= [];
      found.push(secret);
      free = secret.end;
      // What was taken out is no part of the next sign.
      at = Math.max(at, secret.end - 1);
      four = 0;
      break;
    }
  }
  return found ?? none;
};
