/** Secrets that are known by their form: JWTs, private keys, passwords in URLs, credentials of HTTP, tokens of bots. */
import {
  alphanumerics,
  beginsRun,
  beginsWord,
  belongs,
  looksRandom,
  runEnd,
  runStart,
} from "./characters.ts";
import { isPlaceholder } from "./placeholders.ts";
import { type Rule, signOf } from "./Rule.ts";

const urlCharacters = `${alphanumerics}-_`;
const digits = "0123456789";

/** The header of a JWT begins with `{"`, or with a space after the brace. */
const jwt: Rule = {
  signs: [
    ["e", "y", "J", urlCharacters],
    ["e", "y", "A", "ig"],
  ],
  find: (text, at) => {
    const start = at - 4;
    if (!beginsRun(text, start)) return undefined;
    const header = runEnd(text, start, "base64url");
    if (header - start < 10 || text[header] !== ".") return undefined;
    // The key of an encrypted one may be empty.
    const payload = runEnd(text, header + 1, "base64url");
    if (text[payload] !== ".") return undefined;
    let end = runEnd(text, payload + 1, "base64url");
    // The encrypted ones have five parts.
    for (let part = 3; part < 5 && text[end] === "."; part++) {
      const next = runEnd(text, end + 1, "base64url");
      if (next === end + 1) break;
      end = next;
    }
    return end - header < 12 ? undefined : { start, end, what: "jwt" };
  },
};

const keyBegin = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/y;
const keyEnd = /-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/y;

/** The whole block; where its end is missing, as much as looks like it. */
const privateKey: Rule = {
  signs: [signOf("-BEG")],
  find: (text, at) => {
    const start = at - 8;
    keyBegin.lastIndex = start;
    if (start < 0 || !keyBegin.test(text)) return undefined;
    const body = keyBegin.lastIndex;
    let end = body;
    while (belongs(text, end, "armor") && !text.startsWith("-----", end)) end++;
    keyEnd.lastIndex = end;
    if (keyEnd.test(text)) return { start, end: keyEnd.lastIndex, what: "private-key" };
    // The backslashes that escape what comes next stay with it.
    while (end > body && text[end - 1] === "\\") end--;
    return end - body < 32 ? undefined : { start, end, what: "private-key" };
  },
};

const authority = /[^ \t\r\n\f\v/?#"'<>`\\(){}|^]{0,2048}/y;
/** A port, and then the text goes on; an address in it comes later. */
const portOnly = /^\d{1,5}(?:[,;]|[^\u0021-\u007E])/;

/** `scheme://user:password@host`: the password alone. */
const urlPassword: Rule = {
  signs: [[`${alphanumerics}+.-`, ":", "/", "/"]],
  find: (text, at) => {
    authority.lastIndex = at;
    authority.test(text);
    const name = text.slice(at, authority.lastIndex);
    const host = name.lastIndexOf("@");
    const colon = name.indexOf(":");
    if (colon < 0 || colon + 1 >= host) return undefined;
    const password = name.slice(colon + 1, host);
    if (portOnly.test(password) || isPlaceholder(password)) return undefined;
    return { start: at + colon + 1, end: at + host, what: "password" };
  },
};

/** Where the credentials begin behind a scheme of HTTP, written in any case, whose name ends here. */
const behindScheme = (text: string, at: number, scheme: string): number | undefined => {
  const begin = at - scheme.length;
  const word = text.slice(Math.max(0, begin), at).toLowerCase();
  if (word !== scheme || !beginsWord(text, begin)) return undefined;
  let start = at;
  while (start < at + 4 && text[start] === " ") start++;
  return start === at ? undefined : start;
};

/** `Bearer` and what looks random, wherever it stands. */
const bearer: Rule = {
  signs: [signOf("arer"), signOf("ARER")],
  find: (text, at) => {
    const start = behindScheme(text, at, "bearer");
    if (start === undefined) return undefined;
    const enough = runEnd(text, start, "token68", 16);
    if (enough - start < 16 || isPlaceholder(text.slice(start, enough))) return undefined;
    let end = runEnd(text, enough, "token68");
    while (text[end - 1] === ".") end--;
    // A word of an ordinary text has no digits.
    for (let i = start; i < end; i++) {
      if (belongs(text, i, "digit")) return { start, end, what: "bearer-token" };
    }
    return undefined;
  },
};

const printableCredentials = /^[^\p{Cc}:]*:\P{Cc}+$/u;

/** `Basic` and what is a name and a password in base64. */
const basic: Rule = {
  signs: [signOf("asic"), signOf("ASIC")],
  find: (text, at) => {
    const start = behindScheme(text, at, "basic");
    if (start === undefined) return undefined;
    const end = runEnd(text, start, "base64");
    if (end - start < 8) return undefined;
    const credentials = Buffer.from(text.slice(start, end), "base64").toString("utf8");
    return printableCredentials.test(credentials)
      ? { start, end, what: "basic-credentials" }
      : undefined;
  },
};

/** `123456789:AA…`, also as it stands in the URLs of the Bot API, after `bot`. */
const telegram: Rule = {
  signs: [[digits, ":", "A", "A"]],
  find: (text, at) => {
    const colon = at - 3;
    const start = runStart(text, colon, "digit", 11);
    if (colon - start < 8 || colon - start > 10) return undefined;
    if (!beginsWord(text, start) && text.slice(start - 3, start) !== "bot") return undefined;
    const end = runEnd(text, colon + 1, "base64url", 36);
    return end - colon - 1 === 35 ? { start, end, what: "telegram-token" } : undefined;
  },
};

const discordToken = /[\w-]{24,28}\.[\w-]{6}\.[\w-]{27,40}(?![\w-])/y;

/** It begins with the digits of the bot's id in base64, which leaves few characters to choose from. */
const discord: Rule = {
  signs: [["MNO", "DTjz", "AEIMQUYcgk", "wxyz012345"]],
  find: (text, at) => {
    const start = at - 4;
    if (!beginsWord(text, start)) return undefined;
    discordToken.lastIndex = start;
    if (!discordToken.test(text)) return undefined;
    return { start, end: discordToken.lastIndex, what: "discord-token" };
  },
};

const azureSecret = /[\w.~-]{3}\dQ~[\w.~-]{31,34}(?![\w.~-])/y;

/** A client secret of Entra: three characters, a digit, and `Q~`. */
const azure: Rule = {
  signs: [[digits, "Q", "~", `${urlCharacters}.~`]],
  find: (text, at) => {
    const start = at - 7;
    if (start < 0 || !beginsWord(text, start)) return undefined;
    azureSecret.lastIndex = start;
    if (!azureSecret.test(text)) return undefined;
    return { start, end: azureSecret.lastIndex, what: "azure-client-secret" };
  },
};

const signatureName = /[?&](?:sig|X-Amz-Signature|X-Goog-Signature)=$/;

/** The signature of a URL that lets in whoever has it: of Azure, S3 and Google's storage. */
const signedUrl: Rule = {
  signs: [signOf("sig="), signOf("ure=")],
  find: (text, at) => {
    if (!signatureName.test(text.slice(Math.max(0, at - 18), at))) return undefined;
    const end = runEnd(text, at, "path", 1024);
    if (end - at < 40 || !looksRandom(text, at, end)) return undefined;
    return { start: at, end, what: "url-signature" };
  },
};

/** All of them. */
export const structureRules: ReadonlyArray<Rule> = [
  jwt,
  privateKey,
  urlPassword,
  bearer,
  basic,
  telegram,
  discord,
  azure,
  signedUrl,
];
