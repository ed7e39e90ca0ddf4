/** Says what is wrong with an input: the property at fault, by its path, in a sentence. */
import { SchemaIssue } from "effect";
import { InvalidInput, TooLarge } from "../domain/Errors.ts";

const plainName = /^[A-Za-z_][A-Za-z0-9_]*$/;
const longestName = 64;

/** A property's name as a path shows it: quoted where it could be mistaken, cut where it is long. */
const nameText = (name: string): string => {
  if (name.length > longestName) return `[${JSON.stringify(`${name.slice(0, longestName)}…`)}]`;
  return plainName.test(name) ? name : `[${JSON.stringify(name)}]`;
};

const pathText = (path: ReadonlyArray<unknown>): string =>
  path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    const name = nameText(String(key));
    return text === "" || name.startsWith("[") ? `${text}${name}` : `${text}.${name}`;
  }, "");

const leafHook: SchemaIssue.LeafHook = (issue) => {
  switch (issue._tag) {
    case "MissingKey":
      return "it is required and missing";
    case "UnexpectedKey":
      return "there is no such parameter, leave it out";
    default:
      return SchemaIssue.defaultLeafHook(issue);
  }
};

/** The error of an input that did not decode: `TOO_LARGE` where a bound in bytes was passed. */
export const inputError = (issue: SchemaIssue.Issue): InvalidInput | TooLarge => {
  let byteLimit: number | undefined;
  const format = SchemaIssue.makeFormatterStandardSchemaV1({
    leafHook,
    checkHook: (check) => {
      const limit = check.filter.annotations?.byteLimit;
      if (typeof limit === "number") byteLimit = limit;
      return SchemaIssue.defaultCheckHook(check);
    },
  });
  const [first] = format(issue).issues;
  const path = pathText(first?.path ?? []);
  const fault = (first?.message ?? "Expected another value").replace(/^Expected /, "expected ");
  const message = `${path === "" ? "The input" : path}: ${fault}.`;
  const where = path === "" ? {} : { path };
  return byteLimit === undefined
    ? new InvalidInput({ message, details: where })
    : new TooLarge({ message, details: { ...where, limit: byteLimit } });
};
