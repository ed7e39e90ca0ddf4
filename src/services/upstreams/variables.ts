/** `${NAME}` and `${NAME:-default}` in what the upstreams file says, so that secrets stay in the environment. */
import { Result } from "effect";

/** Variables by name, as a process has them. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** `${env:NAME}` and `${input:name}` are how editors write them. */
const reference = /\$\{(?:(env|input):)?([A-Za-z_][\w-]*)(?::-([^}]*))?\}/g;

/** The text with its variables filled in, or the sentence that says what is missing; it shows no value. */
export const fillIn = (text: string, variables: Variables): Result.Result<string, string> => {
  let missing: string | undefined;
  const filled = text.replace(reference, (all, kind, name: string, fallback?: string) => {
    if (kind === "input") {
      missing ??= `uses ${all}, and there is nobody to ask for it: write \${NAME}, and set that variable for Dewey`;
      return "";
    }
    const value = variables[name];
    if (fallback !== undefined) return value === undefined || value === "" ? fallback : value;
    if (value === undefined) {
      missing ??= `uses the variable ${name}, which is not set: set it for Dewey, or write \${${name}:-default}`;
    }
    return value ?? "";
  });
  return missing === undefined ? Result.succeed(filled) : Result.fail(missing);
};
