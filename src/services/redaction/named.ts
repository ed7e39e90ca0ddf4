/** Values that are secrets because of what they are called: members, assignments, headers, options, XML elements. */
import { runEnd, runStart } from "./characters.ts";
import { type Meaning, meaningOf } from "./names.ts";
import { isPlaceholder, isProse } from "./placeholders.ts";
import type { Rule, Sign } from "./Rule.ts";
import { bareEnd, type Value, valueAt } from "./values.ts";

/** What may come right after a name: a quote, perhaps escaped, or what gives it a value. */
const afterName = "\"'`\\=: >]";

const both = (ending: string): ReadonlyArray<Sign> =>
  [ending, ending.toUpperCase(), `${ending.slice(0, 1).toUpperCase()}${ending.slice(1)}`].map(
    (text) => [text.charAt(0), text.charAt(1), text.charAt(2), afterName] as const,
  );

/** The last three letters of the names that `names.ts` knows. */
const endings = ["ord", "swd", "ase", "pwd", "ret", "key", "ken", "ass", "uth"];

/** How a value is given: its quote, and then `:`, `=`, `=>`, or `: str =` as in typed languages. */
const giving =
  /(?:\\*["'`])?\]?[ \t]*(?:=>|:=|={1,3}|:(?:[ \t]*[A-Za-z_][\w.]{0,30}[ \t]*=(?!=))?)[ \t]*/y;
/** `{"name": "TOKEN", "value": …}`, as environments are written. */
const listed = /\\*["'],[ \t]*\\*["']value\\*["'][ \t]*:[ \t]*(?=\\*["'])/y;
/** `["--token", …]`, unless it is followed by the next option. */
const nextArgument = /\\*["'],[ \t]*(?=\\*["'][^-])/y;
/** `--password …`, and `PASSWORD '…'` of SQL. */
const spaced = / (?=[^ =:-])/y;

/** A name, and where it stands. */
interface Name {
  readonly start: number;
  readonly name: string;
}

const after = (pattern: RegExp, text: string, at: number): number | undefined => {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
};

const capital = /^[A-Z][A-Z0-9_]*$/;

const isDashed = (name: string) => name.startsWith("--");

/** Where the value is that belongs to the name, if it has one. */
const valueOf = (text: string, name: string, at: number): Value | undefined => {
  const given = after(giving, text, at);
  if (given !== undefined) return givenValue(text, at, given);
  if (text[at] === ">") return elementValue(text, name, at);
  const next = after(listed, text, at);
  if (next !== undefined) return valueAt(text, next);
  if (isDashed(name)) {
    const argument = after(nextArgument, text, at) ?? after(spaced, text, at);
    return argument === undefined ? undefined : valueAt(text, argument);
  }
  const beyond = capital.test(name) ? after(spaced, text, at) : undefined;
  return beyond !== undefined && text[beyond] === "'" ? valueAt(text, beyond) : undefined;
};

const goesOn = /^[,;)\]}]/;

/** What is compared with something else, or is the end of the string that the name was in, is no value. */
const givenValue = (text: string, at: number, given: number) => {
  const value = valueAt(text, given);
  if (value === undefined) return undefined;
  const giver = text.slice(at, given);
  if (!value.isQuoted) return giver.includes("==") ? undefined : value;
  const isOwnQuote = giver.startsWith(":") && goesOn.test(text.slice(value.start, value.start + 1));
  return isOwnQuote ? undefined : value;
};

const element = /[^<>"'`\\ \t\r\n]{1,512}(?=<\/)/y;

/** The text of an XML element. */
const elementValue = (text: string, name: string, at: number): Value | undefined => {
  if (text[at - name.length - 1] !== "<") return undefined;
  const end = after(element, text, at + 1);
  return end === undefined ? undefined : { start: at + 1, end, isQuoted: false };
};

const identifier = /^[A-Za-z_$][\w$]*(?:(?:\.|::|->|\?\.)[\w$]+)*!?$/;
/** Types of programming languages and names of algorithms, which have digits. */
const technical =
  /^(?:sha|md|utf|base|u?int|float|[uif]|aes|hs|rs|es|argon|bcrypt|v)[-_]?\d+\w{0,3}$|(?:Array|Type|Schema|Ref)\d*$/i;
const punctuated = /[!@#$%^+=~?]/;
const hasDigit = /\d/;
const hasLetter = /[A-Za-z]/;
const date = /^\d{4}-\d\d-\d\dT/;

/** What an opaque token looks like: long, of one piece, of letters and digits. */
const looksOpaque = (value: string) =>
  value.length >= 16 &&
  !/\s/.test(value) &&
  hasDigit.test(value) &&
  hasLetter.test(value) &&
  !date.test(value) &&
  !value.includes("://");

/** Whether it is set as a shell, a file of settings or a URL does, where a word of letters is a value. */
const isSetting = (text: string, { start, name }: Name, value: Value) => {
  if (isDashed(name) || text[start - 1] === "<") return true;
  const between = text.slice(start + name.length, value.start);
  if (between === "=" && /[?&;]/.test(text[start - 1] ?? "")) return true;
  return capital.test(name) && !/ =|= /.test(between);
};

/** `object.member`, whatever comes after it; a long token may look like it. */
const member = /^[A-Za-z_$][\w$]*(?:\??\.|::|->)[A-Za-z_]/;
const long = /^[\w.~+/-]{32,}=*$/;

/** Whether a value without quotes is one, and no expression or type of some code. */
const isBareSecret = (text: string, name: Name, value: Value, content: string) => {
  if (/^[$%*]/.test(content) && !/^%[0-9A-F]{2}/i.test(content)) return false;
  const isIdentifier = identifier.test(content) && !hasDigit.test(content);
  if (isIdentifier && (/[.:>]/.test(content) || meaningOf(content) !== undefined)) return false;
  if (isSetting(text, name, value)) return true;
  if (content.length < 6 || isIdentifier) return false;
  if (technical.test(content) || (member.test(content) && !long.test(content))) return false;
  return hasLetter.test(content) && (hasDigit.test(content) || punctuated.test(content));
};

const path = /^(?:~?\/|[A-Z]:\\)/;
const constant = /^0x[0-9A-Fa-f]+$/;

/** What a name that may mean something else has for a value then. */
const isSomethingElse = (text: string, { name, start }: Name, content: string) =>
  // The directory that a shell is in.
  (/pwd$/i.test(name) && path.test(content)) ||
  constant.test(content) ||
  // The name of the variable that holds it.
  (content.length <= 64 &&
    content.includes("_") &&
    capital.test(content) &&
    meaningOf(content) !== undefined) ||
  // One of two values, after `?`.
  /\? ?\\{0,15}["'`]$/.test(text.slice(Math.max(0, start - 18), start));

const isSecret = (text: string, name: Name, meaning: Meaning, value: Value) => {
  const content = text.slice(value.start, value.end);
  if (isPlaceholder(content)) return false;
  if (!meaning.isSure && !looksOpaque(content)) return false;
  if (isSomethingElse(text, name, content)) return false;
  return value.isQuoted ? !isProse(content) : isBareSecret(text, name, value, content);
};

/** Tells what a value is by itself, whatever it is called. */
export type Known = (text: string, start: number, end: number) => string | undefined;

/** The names that make their values secret. */
const namedRule = (known: Known): Rule => ({
  signs: endings.flatMap(both),
  find: (text, at) => {
    const nameEnd = at - 1;
    let start = runStart(text, nameEnd, "dotted", 64);
    // The letter of an escaped line end is none of the name.
    if (text[start - 1] === "\\" && "nrt".includes(text.charAt(start))) start++;
    while (text[start] === ".") start++;
    const name = text.slice(start, nameEnd);
    const meaning = meaningOf(name);
    if (meaning === undefined) return undefined;
    const value = valueOf(text, name, nameEnd);
    if (value === undefined || !isSecret(text, { start, name }, meaning, value)) return undefined;
    const { start: first } = value;
    const end = value.isQuoted ? value.end : bareEnd(text, value.end);
    return { start: first, end, what: known(text, first, end) ?? meaning.what };
  },
});

const header = /uthorization$/i;
const scheme =
  /(?:(?:bearer|basic|token|apikey|api-key|bot|ssws|key|geniekey|negotiate|ntlm|dpop)[ ]{1,4})?/iy;

const openingQuote = /\\{0,15}["'`]/y;

/** `Authorization: Bearer …`, as a header or a member: the scheme stays. */
const authorizationRule = (known: Known): Rule => ({
  signs: both("ion"),
  find: (text, at) => {
    const nameEnd = at - 1;
    if (!header.test(text.slice(Math.max(0, nameEnd - 13), nameEnd))) return undefined;
    const given = after(giving, text, nameEnd);
    if (given === undefined) return undefined;
    const opened = after(openingQuote, text, given) ?? given;
    const start = after(scheme, text, opened) ?? opened;
    // What is refused costs no more than this.
    const enough = runEnd(text, start, "token68", 64);
    const content = text.slice(start, enough);
    if (content === "" || isPlaceholder(content)) return undefined;
    if (start === opened && !looksOpaque(content)) return undefined;
    const end = runEnd(text, enough, "token68");
    const isBasic = /^basic /i.test(text.slice(opened, start));
    const what = known(text, start, end) ?? (isBasic ? "basic-credentials" : "bearer-token");
    return { start, end, what };
  },
});

/** The rules that go by names. */
export const makeNamedRules = (known: Known): ReadonlyArray<Rule> => [
  namedRule(known),
  authorizationRule(known),
];
