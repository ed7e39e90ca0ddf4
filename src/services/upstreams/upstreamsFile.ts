/** The file of upstreams: the `mcpServers` that MCP clients are configured with, comments and all. */
import * as fs from "node:fs/promises";
import { Effect, Result, Schema } from "effect";
import type { Upstream } from "../../domain/Upstream.ts";
import { type EntryContext, readEntry } from "./entries.ts";

/** The file as a whole cannot be used. */
export class UpstreamsFileError extends Schema.TaggedError<UpstreamsFileError>()(
  "UpstreamsFileError",
  { message: Schema.String, isMissing: Schema.Boolean },
) {}

/** What a file says, entry by entry. */
export interface UpstreamsFile {
  readonly upstreams: ReadonlyMap<string, Upstream>;
  /** Why an entry cannot be used, by its name: a sentence that shows no value. */
  readonly unusable: ReadonlyMap<string, string>;
  /** The upstream for clients that name none. */
  readonly default: string | undefined;
  readonly warnings: ReadonlyArray<string>;
}

/** The upstream that is always there. */
export const deweyName = "dewey";

/** Far more than anybody writes upstreams into. */
const maxBytes = 4 * 1024 * 1024;

const longestName = 128;

const Servers = Schema.Record(Schema.String, Schema.Unknown);
const Root = Schema.Struct({
  mcpServers: Schema.optionalKey(Servers),
  /** What Visual Studio Code calls them. */
  servers: Schema.optionalKey(Servers),
});
const decodeRoot = Schema.decodeUnknownResult(Root);

/** What a segment of a path can carry once it is percent-encoded; `.` and `..` never arrive. */
const isName = (name: string): boolean =>
  name !== "." &&
  name !== ".." &&
  name.length > 0 &&
  name.length <= longestName &&
  name.isWellFormed() &&
  !/\p{Cc}/u.test(name);

const faultOf = (text: string): string | undefined => {
  const parsed = Result.try(() => void Bun.JSONC.parse(text));
  return Result.isFailure(parsed) ? String(parsed.failure) : undefined;
};

/** The line that is wrong: the first with which the text has the fault that it has as a whole. */
const wrongLine = (text: string): number => {
  const lines = text.split("\n");
  const fault = faultOf(text);
  let [least, most] = [1, lines.length];
  while (least < most) {
    const middle = Math.floor((least + most) / 2);
    if (faultOf(lines.slice(0, middle).join("\n")) === fault) most = middle;
    else least = middle + 1;
  }
  return least;
};

/** Reads a file's text; a failure is why nothing in it can be used, without its subject. */
export const parseUpstreams = (
  text: string,
  context: EntryContext,
): Result.Result<UpstreamsFile, string> => {
  const clean = text.replace(/^\uFEFF/, "");
  const parsed = Result.try((): unknown => Bun.JSONC.parse(clean));
  if (Result.isFailure(parsed)) {
    return Result.fail(`it is no JSON, in line ${wrongLine(clean)} or before`);
  }
  const root = decodeRoot(parsed.success);
  if (Result.isFailure(root)) return Result.fail('its "mcpServers" is not an object');
  const entries = root.success.mcpServers ?? root.success.servers;
  if (entries === undefined) return Result.fail('it has no "mcpServers"');

  const upstreams = new Map<string, Upstream>();
  const unusable = new Map<string, string>();
  const warnings: Array<string> = [];
  let byDefault: string | undefined;
  for (const [name, raw] of Object.entries(entries)) {
    const shown = JSON.stringify(name.slice(0, longestName));
    if (!isName(name)) {
      warnings.push(
        `The entry ${shown} has a name that no URL can carry: use 1 to ${longestName} characters, none of them a control character.`,
      );
      continue;
    }
    if (name === deweyName) {
      warnings.push(
        `The entry ${shown} is left out: that name is always this Dewey itself. Give another server another name.`,
      );
      continue;
    }
    const read = readEntry(name, raw, context);
    if (Result.isFailure(read)) {
      unusable.set(name, `The entry ${shown} ${read.failure}.`);
      continue;
    }
    if (read.success === undefined) continue;
    upstreams.set(name, read.success.upstream);
    if (!read.success.isDefault) continue;
    if (byDefault === undefined) byDefault = name;
    else {
      warnings.push(
        `The entry ${shown} is marked as the default, and so is ${JSON.stringify(byDefault)} before it, which is taken.`,
      );
    }
  }
  return Result.succeed({ upstreams, unusable, default: byDefault, warnings });
};

/** Reads and checks a file. */
export const readUpstreamsFile = Effect.fn("upstreamsFile.read")(function* (
  path: string,
  context: EntryContext,
) {
  const refused = (why: string, isMissing = false) =>
    new UpstreamsFileError({
      message: `The upstreams in ${path} cannot be used: ${why}.`,
      isMissing,
    });
  const text = yield* Effect.tryPromise({
    try: async () => {
      const { size } = await fs.stat(path);
      return size > maxBytes ? undefined : await fs.readFile(path, "utf8");
    },
    catch: (error) => {
      const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
      return code === "ENOENT"
        ? refused("there is no such file", true)
        : refused(code ?? "it cannot be read");
    },
  });
  if (text === undefined) return yield* refused(`the file has more than ${maxBytes} bytes`);
  const parsed = parseUpstreams(text, context);
  return Result.isFailure(parsed) ? yield* refused(parsed.failure) : parsed.success;
});
