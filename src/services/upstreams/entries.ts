/** One entry of the upstreams file as an upstream, or the sentence that says why it cannot be used. */
import { Result, Schema } from "effect";
import { OnRestart, type Upstream } from "../../domain/Upstream.ts";
import { fillIn, type Variables } from "./variables.ts";

/** What an entry is read with. */
export interface EntryContext {
  readonly variables: Variables;
  /** Whether a URL leads back to the proxy's own port. */
  readonly isOwn: (url: URL) => boolean;
}

/** People write ports and switches without quotes. */
const Value = Schema.Union([Schema.String, Schema.Number, Schema.Boolean]);
const Values = Schema.Record(Schema.String, Value);

/** Only what is used is looked at: other members are some client's own affair. */
const Entry = Schema.Struct({
  type: Schema.optionalKey(Schema.String),
  command: Schema.optionalKey(Schema.String),
  args: Schema.optionalKey(Schema.Array(Value)),
  env: Schema.optionalKey(Values),
  cwd: Schema.optionalKey(Schema.NullOr(Schema.String)),
  url: Schema.optionalKey(Schema.String),
  /** What Gemini and Windsurf call the URL of Streamable HTTP. */
  httpUrl: Schema.optionalKey(Schema.String),
  serverUrl: Schema.optionalKey(Schema.String),
  headers: Schema.optionalKey(Values),
  onRestart: Schema.optionalKey(OnRestart),
  default: Schema.optionalKey(Schema.Boolean),
  disabled: Schema.optionalKey(Schema.Boolean),
});
type Entry = typeof Entry.Type;

const decodeEntry = Schema.decodeUnknownResult(Entry);

/** What each member has to be, for the sentence about one that is not. */
const expected: Readonly<Record<keyof Entry, string>> = {
  type: "a text",
  command: "a text",
  args: "a list of texts",
  env: "an object of texts",
  cwd: "a text",
  url: "a text",
  httpUrl: "a text",
  serverUrl: "a text",
  headers: "an object of texts",
  onRestart: '"close" or "resume"',
  default: "true or false",
  disabled: "true or false",
};

const isMember = (name: string): name is keyof Entry => Object.hasOwn(expected, name);

const wrongMember = (raw: unknown): string => {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) return "is not an object";
  const members = new Map<string, unknown>(Object.entries(raw));
  const name = [...members.keys()]
    .filter(isMember)
    .find((key) => Result.isFailure(decodeEntry({ [key]: members.get(key) })));
  return name === undefined
    ? "cannot be read"
    : `has a wrong "${name}": it has to be ${expected[name]}`;
};

type Kind = "Stdio" | "Http" | "WebSocket" | "Sse";

const kinds: Readonly<Record<string, Kind>> = {
  stdio: "Stdio",
  http: "Http",
  streamablehttp: "Http",
  ws: "WebSocket",
  websocket: "WebSocket",
  sse: "Sse",
};

const protocols: Readonly<Record<Exclude<Kind, "Stdio">, ReadonlyArray<string>>> = {
  Http: ["http:", "https:"],
  WebSocket: ["ws:", "wss:"],
  Sse: ["http:", "https:"],
};

/** What an entry says, or a sentence without a subject and an end. */
type Reading<A> = Result.Result<A, string>;

const urlOf = (entry: Entry) => entry.url ?? entry.httpUrl ?? entry.serverUrl;

const kindOf = (entry: Entry): Reading<Kind> => {
  const { command, type } = entry;
  const url = urlOf(entry);
  if (type !== undefined) {
    const name = type.toLowerCase().replaceAll(/[-_]/g, "");
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    return kind === undefined
      ? Result.fail(`has a type that there is not: use "stdio", "http", "ws" or "sse"`)
      : Result.succeed(kind);
  }
  if (command !== undefined) return Result.succeed("Stdio");
  if (url === undefined) return Result.fail("has neither a command nor a url");
  return Result.succeed(/^wss?:/i.test(url) ? "WebSocket" : "Http");
};

const texts = (values: Readonly<Record<string, unknown>>, variables: Variables) => {
  const filled: Array<readonly [string, string]> = [];
  for (const [name, value] of Object.entries(values)) {
    const text = fillIn(String(value), variables);
    if (Result.isFailure(text)) return Result.fail(text.failure);
    filled.push([name, text.success]);
  }
  return Result.succeed(Object.fromEntries(filled));
};

const readStdio = (name: string, entry: Entry, { variables }: EntryContext): Reading<Upstream> =>
  Result.gen(function* () {
    const { args = [], cwd, env = {}, onRestart = "resume" } = entry;
    const command = yield* fillIn(entry.command ?? "", variables);
    if (command.trim() === "") return yield* Result.fail("has no command");
    const filledArgs: Array<string> = [];
    for (const arg of args) filledArgs.push(yield* fillIn(String(arg), variables));
    const filledEnv = yield* texts(env, variables);
    const folder = yield* fillIn(cwd ?? "", variables);
    const withNul = [command, folder, ...filledArgs, ...Object.entries(filledEnv).flat()];
    if (withNul.some((text) => text.includes("\0"))) {
      return yield* Result.fail("has a NUL character, which no program can be given");
    }
    return {
      _tag: "Stdio",
      name,
      onRestart,
      command,
      args: filledArgs,
      env: filledEnv,
      cwd: folder === "" ? null : folder,
    };
  });

/** Whether a request can carry them. */
const areSendable = (headers: Readonly<Record<string, string>>): boolean => {
  try {
    void new Headers(headers);
    return true;
  } catch {
    return false;
  }
};

/** A user and a password of the URL are sent as a header, and are then in no line of a log. */
const withoutCredentials = (url: URL, headers: Readonly<Record<string, string>>) => {
  if (url.username === "" && url.password === "") return headers;
  const credentials = [url.username, url.password].map(decodeURIComponent).join(":");
  url.username = "";
  url.password = "";
  return new Headers(headers).has("authorization")
    ? headers
    : { ...headers, Authorization: `Basic ${Buffer.from(credentials).toString("base64")}` };
};

const readRemote = (
  name: string,
  _tag: Exclude<Kind, "Stdio">,
  entry: Entry,
  { isOwn, variables }: EntryContext,
): Reading<Upstream> =>
  Result.gen(function* () {
    const text = yield* fillIn(urlOf(entry) ?? "", variables);
    if (text === "") return yield* Result.fail("has no url");
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined || !protocols[_tag].includes(url.protocol)) {
      const [plain, secure] = protocols[_tag];
      return yield* Result.fail(
        `has a url that cannot be used: it has to begin with ${plain}// or ${secure}//`,
      );
    }
    if (isOwn(url)) {
      return yield* Result.fail(
        "leads back to this proxy: write the address of the server itself (Dewey itself is the upstream dewey)",
      );
    }
    const headers = yield* texts(entry.headers ?? {}, variables);
    if (!areSendable(headers)) {
      return yield* Result.fail("has headers with characters that no header can carry");
    }
    url.hash = "";
    const sent = withoutCredentials(url, headers);
    return { _tag, name, onRestart: entry.onRestart ?? "resume", url: url.href, headers: sent };
  });

/** An upstream and whether it is the one for clients that name none; undefined for an entry that is switched off. */
export const readEntry = (
  name: string,
  raw: unknown,
  context: EntryContext,
): Reading<{ readonly upstream: Upstream; readonly isDefault: boolean } | undefined> =>
  Result.gen(function* () {
    const decoded = decodeEntry(raw);
    if (Result.isFailure(decoded)) return yield* Result.fail(wrongMember(raw));
    const entry = decoded.success;
    if (entry.disabled === true) return undefined;
    const kind = yield* kindOf(entry);
    const upstream =
      kind === "Stdio"
        ? yield* readStdio(name, entry, context)
        : yield* readRemote(name, kind, entry, context);
    return { upstream, isDefault: entry.default === true };
  });
