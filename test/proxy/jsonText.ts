// Finding a value in JSON as it stands in the text, without reading the rest of it into values.

const space = new Set([" ", "\t", "\n", "\r"]);

const skipSpace = (text: string, from: number): number => {
  let at = from;
  while (space.has(text[at] ?? "")) at += 1;
  return at;
};

const endOfString = (text: string, from: number): number => {
  let at = from + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at + 1;
};

const endOfValue = (text: string, from: number): number => {
  const first = text[from];
  if (first === '"') return endOfString(text, from);
  if (first !== "{" && first !== "[") {
    let at = from;
    while (at < text.length && !/[\s,\]}]/.test(text[at] ?? "")) at += 1;
    return at;
  }
  let depth = 0;
  for (let at = from; at < text.length; ) {
    const char = text[at];
    if (char === '"') {
      at = endOfString(text, at);
      continue;
    }
    at += 1;
    if (char === "{" || char === "[") depth += 1;
    else if (char === "}" || char === "]") depth -= 1;
    if (depth === 0) return at;
  }
  return text.length;
};

/** Where the value at a path of keys stands: the first one where a key is there twice, undefined where there is none. */
export const spanOf = (
  text: string,
  path: ReadonlyArray<string>,
  from = 0,
): readonly [number, number] | undefined => {
  const start = skipSpace(text, from);
  const [key, ...rest] = path;
  if (key === undefined) return [start, endOfValue(text, start)];
  if (text[start] !== "{") return undefined;
  let at = skipSpace(text, start + 1);
  while (at < text.length && text[at] === '"') {
    const end = endOfString(text, at);
    const found = text.slice(at, end) === JSON.stringify(key);
    const value = skipSpace(text, skipSpace(text, end) + 1);
    if (found) return spanOf(text, rest, value);
    at = skipSpace(text, endOfValue(text, value));
    if (text[at] !== ",") return undefined;
    at = skipSpace(text, at + 1);
  }
  return undefined;
};

/** The value at a path as it stands. */
export const valueAt = (text: string, path: ReadonlyArray<string>): string | undefined => {
  const span = spanOf(text, path);
  return span === undefined ? undefined : text.slice(...span);
};

/** The text with another value at the path, or as it is where there is none. */
export const withValueAt = (
  text: string,
  path: ReadonlyArray<string>,
  replace: (value: string) => string,
): string => {
  const span = spanOf(text, path);
  if (span === undefined) return text;
  const [start, end] = span;
  return `${text.slice(0, start)}${replace(text.slice(start, end))}${text.slice(end)}`;
};

/** The text without a key, wherever it stands, and its value. */
export const withoutKey = (text: string, key: string): string => {
  const name = `${JSON.stringify(key)}:`;
  let rest = text;
  for (let at = rest.indexOf(name); at !== -1; at = rest.indexOf(name, at)) {
    const end = skipSpace(rest, endOfValue(rest, skipSpace(rest, at + name.length)));
    const before = rest.slice(0, at);
    rest =
      rest[end] === ","
        ? `${before}${rest.slice(end + 1)}`
        : `${before.replace(/,\s*$/, "")}${rest.slice(end)}`;
  }
  return rest;
};
